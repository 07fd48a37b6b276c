/** Comparative gradient elimination: the vectors of least norm. */
import { meanOf, squaredDistancesTo, sumOf } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, type RuleOptions } from './check.ts'
import { nearest } from './nearest.ts'

/**
 * Mean of the `n − f` vectors of least ℓ₂ norm; of equal norms the earlier.
 * Source: RESAM, Appendix C.9, where it is shown to have no `λ`.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(nd)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults
 * @example cge([1, -2, 900].map(x => Float32Array.of(x)), 1) // -0.5
 */
export function cge(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  return meanOf(smallest('cge', vectors, maxFaulty, options))
}

/**
 * The sum of the same vectors, as in the two papers on CGE (comparative-gradient-elimination §2;
 * approximate-byzantine-fault-tolerance §4): `n − f` times `cge`.
 *
 * @throws RuleError as `cge`
 * @example cgeSum([1, -2, 900].map(x => Float32Array.of(x)), 1) // -1
 */
export function cgeSum(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  return sumOf(smallest('cge-sum', vectors, maxFaulty, options))
}

function smallest(
  rule: string,
  vectors: readonly Vector[],
  maxFaulty: number,
  options?: RuleOptions,
): Vector[] {
  checkVectors(rule, vectors, options)
  checkMinority(rule, vectors.length, maxFaulty)
  return nearest(squaredDistancesTo(vectors), vectors.length - maxFaulty).map(j => vectors[j]!)
}
