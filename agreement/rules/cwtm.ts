/** Coordinate-wise trimmed mean. */
import { meanOfRanks } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, type RuleOptions } from './check.ts'
import { coordinateFactor, type Resilience } from './resilience.ts'

/**
 * Per coordinate: drop the `f` smallest and the `f` largest values, mean of the rest.
 * Source: collaborative-learning §7 (the rule of ICwTM); RESAM, Table 1: `λ = f/(n − f) · Δ`,
 * `Δ = min(2√(n − f), √d)`.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(nd log n)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults
 * @example cwtm([Float32Array.of(1), Float32Array.of(2), Float32Array.of(900)], 1) // 2
 */
export function cwtm(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  checkVectors('cwtm', vectors, options)
  const n = vectors.length
  checkMinority('cwtm', n, maxFaulty)
  return meanOfRanks(vectors, maxFaulty, n - maxFaulty)
}

/** `λ = f/(n − f) · Δ` (RESAM, Proposition 4). */
export const cwtmResilience: Resilience = (n, f, d) => (f / (n - f)) * coordinateFactor(n, f, d)
