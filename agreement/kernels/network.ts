/**
 * Selection networks: fixed lists of compare-exchanges that bring the values of the wanted ranks to the wanted wires
 * for every input. Plain code and emitted code run the same list, so both add the same values in the same order.
 */

/**
 * Compares wires `low < high` and leaves the smaller on `low` and the larger on `high`; `keep` says which of the two is
 * used afterwards.
 */
export interface Exchange {
  readonly low: number
  readonly high: number
  readonly keep: 'low' | 'high' | 'both'
}

/** What the caller does with a wire: nothing, reads the value of its rank, or takes it as one of a set. */
type Use = 'none' | 'rank' | 'set'

/** The network that puts the values of ranks `from … to − 1` on those wires, in any order among themselves. */
export function selectSet(n: number, from: number, to: number): readonly Exchange[] {
  return prune(n, j => (j >= from && j < to ? 'set' : 'none'))
}

/** The network that puts the value of each of the given ranks on its wire. */
export function selectRanks(n: number, ranks: (rank: number) => boolean): readonly Exchange[] {
  return prune(n, j => (ranks(j) ? 'rank' : 'none'))
}

/**
 * Takes a sorting network, and goes backwards to drop what is not used: an exchange of two unused wires, or of two
 * members of one set. If one wire of an exchange is used, only that half stays.
 */
function prune(n: number, useOf: (wire: number) => Use): readonly Exchange[] {
  const uses = Array.from({ length: n }, (_, j) => useOf(j))
  const kept: Exchange[] = []
  for (const [low, high] of sortingNetwork(n).reverse()) {
    const [below, above] = [uses[low]!, uses[high]!]
    if (below === above && below !== 'rank') continue
    kept.push({ low, high, keep: above === 'none' ? 'low' : below === 'none' ? 'high' : 'both' })
    uses[low] = uses[high] = 'rank'
  }
  return kept.reverse()
}

/** Batcher's odd-even merge sort for any `n`: that for the next power of two, without the wires past `n`. */
export function sortingNetwork(n: number): [number, number][] {
  const pairs: [number, number][] = []
  const sort = (from: number, size: number): void => {
    if (size < 2) return
    sort(from, size / 2)
    sort(from + size / 2, size / 2)
    merge(from, size, 1)
  }
  const merge = (from: number, size: number, step: number): void => {
    const twice = 2 * step
    if (twice >= size) {
      if (from + step < n) pairs.push([from, from + step])
      return
    }
    merge(from, size, twice)
    merge(from + step, size, twice)
    for (let j = from + step; j + step < from + size; j += twice) if (j + step < n) pairs.push([j, j + step])
  }
  sort(0, 2 ** Math.ceil(Math.log2(Math.max(2, n))))
  return pairs
}
