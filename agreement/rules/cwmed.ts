/** Coordinate-wise median. */
import { middleOfRanks } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkVectors, type RuleOptions } from './check.ts'
import { coordinateFactor, type Resilience } from './resilience.ts'

/**
 * Per coordinate the median; of an even number of values the mean of the middle two.
 * Source: RESAM, Appendix C.7.
 *
 * @param vectors `n ≥ 1` vectors of `d` coordinates
 * @returns a new vector of `d` coordinates; cost `O(nd log n)`
 * @throws RuleError empty-input, unequal-lengths, not-finite
 * @example cwmed([0, 1, 3, 900].map(x => Float32Array.of(x))) // 2
 */
export function cwmed(vectors: readonly Vector[], options?: RuleOptions): Vector {
  checkVectors('cwmed', vectors, options)
  const n = vectors.length
  return middleOfRanks(vectors, (n - 1) >> 1, n >> 1)
}

/** `λ = n/(2(n − f)) · Δ` (RESAM, Proposition 8). */
export const cwmedResilience: Resilience = (n, f, d) =>
  f === 0 && n === 1 ? 0 : (n / (2 * (n - f))) * coordinateFactor(n, f, d)
