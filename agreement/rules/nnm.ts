/** Nearest-neighbour mixing, in front of another rule. */
import { mixturesOf, squaredDistances } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, type RuleOptions } from './check.ts'
import { nearest } from './nearest.ts'

/**
 * Each vector becomes the mean of the `n − f` nearest to it, itself included; of equally near ones the
 * earlier, after itself.
 * Source: Allouah et al. 2023, "Fixing by mixing", Algorithm 2.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns `n` new vectors of `d` coordinates, the same object where they are equal; cost `O(n²d)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults
 * @example nnm([0, 1, 900].map(x => Float32Array.of(x)), 1) // 0.5, 0.5, 450.5
 */
export function nnm(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector[] {
  checkVectors('nnm', vectors, options)
  const n = vectors.length
  checkMinority('nnm', n, maxFaulty)
  const distances = squaredDistances(vectors)
  const lists = vectors.map((_, j) => {
    const row = distances.slice(j * n, j * n + n)
    row[j] = -1 // itself first, even if others lie on the same spot
    return nearest(row, n - maxFaulty)
  })
  // If the faulty vectors lie apart, all honest vectors have the same neighbours: that mean is computed once.
  const places = new Map(lists.map(list => [list.join(), list]))
  const means = mixturesOf(vectors, [...places.values()])
  const meanAt = new Map([...places.keys()].map((place, index) => [place, means[index]!]))
  return lists.map(list => meanAt.get(list.join())!)
}
