/** Minimum-diameter averaging, exactly. */
import { squaredDistance, type Vector } from '../vector.ts'
import { checkFaults, checkVectors, checkWhole, type RuleOptions } from './check.ts'
import { meanOf } from './mean.ts'
import { leastDiameterSubset } from './subset.ts'

export interface MdaOptions extends RuleOptions {
  /** Size of the subset; `n − f` unless given. Inside averaging agreement `q − f`, however many are in. */
  readonly keep?: number
}

/**
 * Mean of the `keep` vectors of least ℓ₂ diameter. Of subsets with equal diameter: the one whose ascending
 * list of indices comes first in lexicographic order, so the result depends on the order of the vectors only
 * where two subsets tie. Callers who must agree on ties pass the vectors in an agreed order.
 * Source: collaborative-learning §5; RESAM, Table 1: `λ = 2f/(n − f)`.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(n²d)` and an exact search that is exponential in
 * `n − keep` only
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults, bad-parameter
 * @example mda([0, 1, 2, 900].map(x => Float32Array.of(x)), 1) // 1
 */
export function mda(vectors: readonly Vector[], faults: number, options: MdaOptions = {}): Vector {
  checkVectors('mda', vectors, options)
  const n = vectors.length
  checkFaults('mda', n, faults, Math.ceil(n / 2) - 1, '2f < n')
  const keep = options.keep ?? n - faults
  checkWhole('mda', 'keep', keep, 1, n)
  return meanOf(leastDiameterSubset(squaredDistances(vectors), n, keep).map(j => vectors[j]!))
}

/** All `‖x_j − x_k‖²` as an `n × n` matrix, row by row. */
function squaredDistances(vectors: readonly Vector[]): Float64Array {
  const n = vectors.length
  const matrix = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    for (let k = j + 1; k < n; k++)
      matrix[j * n + k] = matrix[k * n + j] = squaredDistance(vectors[j]!, vectors[k]!)
  return matrix
}
