/** The plain mean: what every other rule is compared with. One faulty vector moves it anywhere. */
import { meanOf } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkVectors, type RuleOptions } from './check.ts'

/**
 * `(1/n) Σ_j x_j`. No resilience (λ: none).
 *
 * @param vectors `n ≥ 1` vectors of `d` coordinates
 * @returns a new vector of `d` coordinates; cost `O(nd)`
 * @throws RuleError empty-input, unequal-lengths, not-finite
 * @example mean([Float32Array.of(1, 2), Float32Array.of(3, 6)]) // 2, 4
 */
export function mean(vectors: readonly Vector[], options?: RuleOptions): Vector {
  checkVectors('mean', vectors, options)
  return meanOf(vectors)
}
