/** CVA's rule: the mean of the vectors nearest to the caller's own. */
import { meanOf, squaredDistancesTo } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkVector, checkVectors, checkWhole, type RuleOptions } from './check.ts'
import { nearest } from './nearest.ts'

/**
 * Mean of the `keep` vectors nearest to `own` in ℓ₂; of equally near ones the earlier in the list. `own` itself takes
 * part if it is in the list (in the agreement it always is). Source: collaborative-learning, §5.4 (`keep = q − f`).
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param own `d` coordinates
 * @param keep how many to average, `1 … n`
 * @returns a new vector of `d` coordinates; cost `O(nd)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, bad-parameter
 * @example cva([0, 1, 9].map(x => Float32Array.of(x)), Float32Array.of(0), 2) // 0.5
 */
export function cva(vectors: readonly Vector[], own: Vector, keep: number, options?: RuleOptions): Vector {
  checkVectors('cva', vectors, options)
  if (!options?.checked) checkVector('cva', 'own', own, vectors[0]!.length)
  checkWhole('cva', 'keep', keep, 1, vectors.length)
  const distances = squaredDistancesTo(vectors, own)
  return meanOf(nearest(distances, keep).map(j => vectors[j]!))
}
