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
  const byRank = {
    weight: Float64Array.from({ length: n }, (_, rank) => weightOf(rank)),
    low: Float64Array.from({ length: n }, (_, rank) => (rank < maxFaulty ? 1 : 0)),
    high: Float64Array.from({ length: n }, (_, rank) => (rank >= n - maxFaulty ? 1 : 0)),
  }
  const [weight, low, high] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)]
  const order = Int32Array.from({ length: n }, (_, j) => j)
  for (let each = 0; each < sampled; each++) {
    const at = Math.floor((each * dimension) / sampled)
    sortBy(order, vectors, at)
    for (let rank = 0, end = 0; rank < n; rank = end) {
      end = endOfEquals(order, vectors, at, rank)
      addMean(weight, byRank.weight, order, rank, end)
      addMean(low, byRank.low, order, rank, end)
      addMean(high, byRank.high, order, rank, end)
    }
  }
  return {
    sampled,
    shares: Array.from({ length: n }, (_, j) => ({
      fate: 'trimmed',
      weight: weight[j]! / sampled,
      low: low[j]! / sampled,
      high: high[j]! / sampled,
    })),
  }
}

/** The first rank whose value differs from that of this one. */
function endOfEquals(order: Int32Array, vectors: readonly Vector[], at: number, rank: number): number {
  const value = vectors[order[rank]!]![at]!
  let end = rank + 1
  while (end < order.length && vectors[order[end]!]![at]! === value) end++
  return end
}

/** Adds the mean over these ranks to each vector that has one of them. */
function addMean(
  sums: Float64Array,
  byRank: Float64Array,
  order: Int32Array,
  from: number,
  to: number,
): void {
  let sum = 0
  for (let rank = from; rank < to; rank++) sum += byRank[rank]!
  if (sum === 0) return
  for (let rank = from; rank < to; rank++) sums[order[rank]!]! += sum / (to - from)
}

/** Insertion: the order of one coordinate is mostly near to that of the one before. */
function sortBy(order: Int32Array, vectors: readonly Vector[], at: number): void {
  for (let i = 1; i < order.length; i++) {
    const j = order[i]!
    const value = vectors[j]![at]!
    let k = i
    for (; k > 0; k--) {
      const other = order[k - 1]!
      const theirs = vectors[other]![at]!
      if (theirs < value || (theirs === value && other < j)) break
      order[k] = other
    }
    order[k] = j
  }
}
