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
  const { parts } = protocolNamed(protocol)
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

/** Of rules that sort each coordinate by itself. Equal values rank in the order of the vectors. */
function ofRanks(vectors: readonly Vector[], maxFaulty: number, weightOf: (rank: number) => number): Shares {
  const n = vectors.length
  const dimension = vectors[0]!.length
  const sampled = Math.min(dimension, SAMPLED_MAX)
  const weights = Array.from({ length: n }, (_, rank) => weightOf(rank))
  const [weight, low, high] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)]
  const order = Int32Array.from({ length: n }, (_, j) => j)
  for (let each = 0; each < sampled; each++) {
    const at = Math.floor((each * dimension) / sampled)
    sortBy(order, vectors, at)
    for (let rank = 0; rank < n; rank++) {
      const j = order[rank]!
      weight[j]! += weights[rank]!
      if (rank < maxFaulty) low[j]!++
      if (rank >= n - maxFaulty) high[j]!++
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
