/** Coordinate-wise trimmed middle: the rule of the broadcast-based agreement. */
import { middleOfRanks } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, type RuleOptions } from './check.ts'

/**
 * Per coordinate: drop the `f` smallest and the `f` largest values, `(min + max)/2` of the rest.
 * Source: collaborative-learning §6 (RB-TM), after Abraham, Amit and Dolev 2004: two peers that share
 * `n − f` vectors halve every `Δ^cw[i]`.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(nd log n)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults
 * @example trimmedMiddle([0, 1, 5, 900].map(x => Float32Array.of(x)), 1) // 3
 */
export function trimmedMiddle(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  checkVectors('trimmed-middle', vectors, options)
  const n = vectors.length
  checkMinority('trimmed-middle', n, maxFaulty)
  return middleOfRanks(vectors, maxFaulty, n - 1 - maxFaulty)
}
