/** Minimum-diameter averaging, exactly. */
import { meanOf, squaredDistances } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, checkWhole, type RuleOptions } from './check.ts'
import type { Resilience } from './resilience.ts'
import { leastDiameterSubset } from './subset.ts'

/** Parameters of `mda`. */
export interface MdaOptions extends RuleOptions {
  /** Size of the subset; `n − f` unless given. Inside averaging agreement `q − f`, however many are in. */
  readonly keep?: number
  /** All `‖x_j − x_k‖²`, computed in another way; it must give the same bits. */
  readonly distances?: (vectors: readonly Vector[]) => Float64Array
}

/**
 * Mean of the `keep` vectors of least ℓ₂ diameter. Of subsets with equal diameter: the one whose ascending list of
 * indices comes first in lexicographic order, so the result depends on the order of the vectors only where two subsets
 * tie. Callers that must agree on ties pass the vectors in an agreed order. Source: collaborative-learning §5; RESAM,
 * Table 1: `λ = 2f/(n − f)`.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`; where `keep` is given, that alone counts
 * @returns a new vector of `d` coordinates; cost `O(n²d)` and an exact search that is exponential in
 * `n − keep` only
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults, bad-parameter
 * @example mda([0, 1, 2, 900].map(x => Float32Array.of(x)), 1) // 1
 */
export function mda(vectors: readonly Vector[], maxFaulty: number, options: MdaOptions = {}): Vector {
  checkVectors('mda', vectors, options)
  const n = vectors.length
  if (options.keep === undefined) checkMinority('mda', n, maxFaulty)
  const keep = options.keep ?? n - maxFaulty
  checkWhole('mda', 'keep', keep, 1, n)
  const { distances = squaredDistances } = options
  return meanOf(leastDiameterSubset(distances(vectors), n, keep).map(j => vectors[j]!))
}

/** `λ = 2f/(n − f)` (RESAM, Proposition 3). */
export const mdaResilience: Resilience = (n, f) => (2 * f) / (n - f)
