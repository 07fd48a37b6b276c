/** Clipping the vectors' norms, in front of another rule: to a fixed radius, or to one that depends on the vectors. */
import { combine, squaredDistancesTo } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkPositive, checkVectors, type RuleOptions } from './check.ts'

/** Parameters of `clip`. */
export interface ClipOptions extends RuleOptions {
  /** The largest norm to let through, `> 0`; 2 unless given (RESAM, Appendix D). */
  readonly radius?: number
}

/**
 * Static clipping: `x_j · min{1, radius/‖x_j‖}`.
 *
 * @param vectors `n ≥ 1` vectors of `d` coordinates
 * @returns `n` vectors of `d` coordinates, those within the radius the same objects; cost `O(nd)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, bad-parameter
 * @example clip([1, -8].map(x => Float32Array.of(x))) // 1, -2
 */
export function clip(vectors: readonly Vector[], options: ClipOptions = {}): Vector[] {
  checkVectors('clip', vectors, options)
  const { radius = 2 } = options
  checkPositive('clip', 'radius', radius)
  return clipTo(vectors, squaredDistancesTo(vectors).map(Math.sqrt), radius)
}

/**
 * Adaptive robust clipping: the `⌊2(f/n)(n − f)⌋` vectors of largest norm are clipped to the largest norm of the rest.
 * Source: Allouah et al. 2024, "The vital role of gradient clipping in Byzantine-resilient distributed learning".
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns as `clip`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults
 * @example arc([1, -2, 900].map(x => Float32Array.of(x)), 1) // 1, -2, 2
 */
export function arc(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector[] {
  checkVectors('arc', vectors, options)
  const n = vectors.length
  checkMinority('arc', n, maxFaulty)
  const norms = squaredDistancesTo(vectors).map(Math.sqrt)
  const clipped = Math.floor((2 * maxFaulty * (n - maxFaulty)) / n)
  return clipTo(vectors, norms, norms.toSorted()[n - 1 - clipped]!)
}

function clipTo(vectors: readonly Vector[], norms: Float64Array, radius: number): Vector[] {
  return vectors.map((vector, j) => (norms[j]! > radius ? combine([vector], [radius / norms[j]!]) : vector))
}
