/** Mean around the median. */
import { meanAroundMedian } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, type RuleOptions } from './check.ts'
import { coordinateFactor, type Resilience } from './resilience.ts'

/**
 * Per coordinate: mean of the `n − f` values nearest to the median; of two equally near the smaller.
 * Source: RESAM, Appendix C.4.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(nd log n)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults
 * @example meamed([0, 1, 2, 3, 900].map(x => Float32Array.of(x)), 1) // 1.5
 */
export function meamed(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  checkVectors('meamed', vectors, options)
  checkMinority('meamed', vectors.length, maxFaulty)
  return meanAroundMedian(vectors, maxFaulty)
}

/** `λ = 2f/(n − f) · Δ` (RESAM, Proposition 5). */
export const meamedResilience: Resilience = (n, f, d) => ((2 * f) / (n - f)) * coordinateFactor(n, f, d)
