/** Centered clipping. */
import { combine, squaredDistancesTo } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkPositive, checkVector, checkVectors, checkWhole, type RuleOptions } from './check.ts'

/** Parameters of `cc`. */
export interface CcOptions extends RuleOptions {
  /** The clipping radius `c_τ > 0`; 10 unless given. */
  readonly tau?: number
  /** How many passes, `L ≥ 1`; 1 unless given. */
  readonly passes?: number
  /** `v₀`, `d` coordinates, such as the previous aggregate; the origin by default. */
  readonly start?: Vector
}

/**
 * `L` times `v ← v + (1/n) Σ_i (x_i − v) min{1, c_τ/‖x_i − v‖}`, from `v₀`.
 * Source: RESAM, Appendix C.8, after Karimireddy et al. 2021; no `λ` that holds without knowing the variance.
 *
 * @param vectors `n ≥ 1` vectors of `d` coordinates
 * @returns a new vector of `d` coordinates; cost `O(Lnd)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, bad-parameter
 * @example cc([1, 2, 900].map(x => Float32Array.of(x)), { tau: 3 }) // 2
 */
export function cc(vectors: readonly Vector[], options: CcOptions = {}): Vector {
  checkVectors('cc', vectors, options)
  const { tau = 10, passes = 1, start } = options
  checkPositive('cc', 'tau', tau)
  checkWhole('cc', 'passes', passes, 1, 10_000)
  if (start !== undefined) checkVector('cc', 'start', start, vectors[0]!.length)
  // v as Σ a_j x_j + a_n v₀: only the distances ever see an iterate that is rounded to 32 bits.
  const points = start === undefined ? vectors : [...vectors, start]
  let weights = new Float64Array(points.length).fill(1, vectors.length)
  let centre = start
  for (let pass = 0; pass < passes; pass++) {
    const squares = squaredDistancesTo(vectors, centre)
    const shares = squares.map(square => Math.min(1, tau / Math.sqrt(square)) / vectors.length)
    const stay = 1 - shares.reduce((sum, share) => sum + share, 0)
    weights = weights.map((weight, j) => stay * weight + (shares[j] ?? 0))
    centre = combine(points, weights)
  }
  return centre!
}
