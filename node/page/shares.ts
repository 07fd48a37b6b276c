/** How much of each received vector entered the result of an agreement's rule. */
import type { Family } from '../../agreement/averaging/family.ts'
import type { ProtocolName } from '../../agreement/bounds.ts'
import { protocolNamed } from '../../agreement/protocols/registry.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Fate } from './run.ts'

interface Share {
  readonly fate: Fate
  /** All sum up to 1. */
  readonly weight: number
  /** Coordinate-wise rules: the share of coordinates in which it was among the f lowest, and the f highest; else null. */
  readonly low: number | null
  readonly high: number | null
}

export interface Shares {
  readonly shares: readonly Share[]
  /** In how many coordinates they were counted; null if the rule is not coordinate-wise. */
  readonly sampled: number | null
}

/** The most coordinates in which trimmed ones are counted. More of them, evenly spread, would show the same. */
export const SAMPLED_MAX = 2048

/**
 * Null where it is not known how a protocol's rule comes to its result.
 * @param squares `n × n`: squared distances of the family's vectors
 */
export function sharesOf(protocol: ProtocolName, family: Family, squares: Float64Array): Shares | null {
  const { vectors, maxFaulty } = family
  const n = vectors.length
  const parts = family.firstRule === undefined ? protocolNamed(protocol).parts : undefined
  switch (parts?.kind) {
    case undefined:
      return null
    case 'subset':
      return ofSubset(parts.kept(family, squares), n)
    case 'ranks':
      return ofRanks(vectors, maxFaulty, rank => parts.weight(rank, n, maxFaulty))
  }
}

function ofSubset(kept: readonly number[], n: number): Shares {
  return {
    sampled: null,
    shares: Array.from({ length: n }, (_, j): Share => {
      const isKept = kept.includes(j)
      return {
        fate: isKept ? 'kept' : 'dropped',
        weight: isKept ? 1 / kept.length : 0,
        low: null,
        high: null,
      }
    }),
  }
}

/** Of rules that sort each coordinate by itself. Equal values share their ranks: it makes no difference which is taken. */
function ofRanks(vectors: readonly Vector[], maxFaulty: number, weightOf: (rank: number) => number): Shares {
  const n = vectors.length
  const dimension = vectors[0]!.length
  const sampled = Math.min(dimension, SAMPLED_MAX)
  /** In how many coordinates vector `j` had a rank: at `j * n + rank`. */
  const counts = new Float64Array(n * n)
  const values = new Float64Array(n)
  const order = Int32Array.from({ length: n }, (_, j) => j)
  for (let each = 0; each < sampled; each++) {
    const at = Math.floor((each * dimension) / sampled)
    for (let j = 0; j < n; j++) values[j] = vectors[j]![at]!
    sortBy(order, values)
    for (let rank = 0, end = 0; rank < n; rank = end) {
      const value = values[order[rank]!]!
      end = rank + 1
      while (end < n && values[order[end]!] === value) end++
      countRanks(counts, order, rank, end)
    }
  }
  const share = (j: number, of: (rank: number) => number) => {
    let sum = 0
    for (let rank = 0; rank < n; rank++) sum += counts[j * n + rank]! * of(rank)
    return sum / sampled
  }
  return {
    sampled,
    shares: vectors.map((_, j) => ({
      fate: 'trimmed',
      weight: share(j, weightOf),
      low: share(j, rank => (rank < maxFaulty ? 1 : 0)),
      high: share(j, rank => (rank >= n - maxFaulty ? 1 : 0)),
    })),
  }
}

/** Those whose values are equal have each of these ranks, to equal parts. */
function countRanks(counts: Float64Array, order: Int32Array, from: number, to: number): void {
  const n = order.length
  const part = 1 / (to - from)
  for (let at = from; at < to; at++)
    for (let rank = from; rank < to; rank++) counts[order[at]! * n + rank]! += part
}

/** Insertion: the order of one coordinate is mostly near to that of the one before. */
function sortBy(order: Int32Array, values: Float64Array): void {
  for (let i = 1; i < order.length; i++) {
    const j = order[i]!
    const value = values[j]!
    let k = i
    for (; k > 0 && values[order[k - 1]!]! > value; k--) order[k] = order[k - 1]!
    order[k] = j
  }
}
