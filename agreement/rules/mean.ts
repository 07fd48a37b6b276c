/** The plain mean: what every other rule is compared with. One faulty vector moves it anywhere. */
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

/** The mean of vectors known to be in order; sums in 64 bits, in the order given. */
export function meanOf(vectors: readonly Vector[]): Vector {
  const sums = new Float64Array(vectors[0]!.length)
  for (const vector of vectors) for (let i = 0; i < sums.length; i++) sums[i]! += vector[i]!
  return Float32Array.from(sums, sum => sum / vectors.length)
}
