/** Bulyan: Krum chooses the vectors, one after the other, and per coordinate a mean around the median is taken of these. */
import { squaredDistances } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkFaults, checkVectors, type RuleOptions } from './check.ts'

/**
 * `θ = n − 2f` times, Krum (of 2017, over the `m − f − 2` nearest others of the `m` vectors that are left, or one if that is
 * none) takes a vector out; per coordinate the mean of the `θ − 2f` of these nearest to their median, of two equally near
 * the smaller. Source: El Mhamdi, Guerraoui and Rouault 2018, "The hidden vulnerability of distributed learning in
 * Byzantium".
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `4f + 3 ≤ n`; without faults it is the mean
 * @returns a new vector of `d` coordinates; cost `O(n²d + n³ log n)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults
 * @example bulyan([0, 1, 2, 3, 4, 5, 900].map(x => Float32Array.of(x)), 1) // 2
 */
export function bulyan(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  checkVectors('bulyan', vectors, options)
  const n = vectors.length
  checkFaults('bulyan', n, maxFaulty, Math.max(0, Math.floor((n - 3) / 4)), '4f + 3 ≤ n')
  const chosen = chosenByKrum(squaredDistances(vectors), n, maxFaulty).map(j => vectors[j]!)
  return meanNearMedian(chosen, chosen.length - 2 * maxFaulty)
}

/** Indices of the `n − 2f` vectors, as they were chosen. */
function chosenByKrum(distances: Float64Array, n: number, maxFaulty: number): number[] {
  const left = Array.from({ length: n }, (_, j) => j)
  const chosen: number[] = []
  while (chosen.length < n - 2 * maxFaulty) {
    const neighbours = Math.min(left.length - 1, Math.max(1, left.length - maxFaulty - 2))
    let [best, least] = [left[0]!, Infinity]
    for (const j of left) {
      const own = Float64Array.from(left.filter(k => k !== j).map(k => distances[j * n + k]!)).sort()
      let score = 0
      for (let k = 0; k < neighbours; k++) score += own[k]!
      if (score < least) [best, least] = [j, score]
    }
    chosen.push(best)
    left.splice(left.indexOf(best), 1)
  }
  return chosen
}

/** Per coordinate the mean of the `keep` values nearest to the median: some that stand side by side when they are sorted. */
function meanNearMedian(vectors: readonly Vector[], keep: number): Vector {
  const count = vectors.length
  const result = new Float32Array(vectors[0]!.length)
  const values = new Float32Array(count)
  for (let i = 0; i < result.length; i++) {
    for (let j = 0; j < count; j++) values[j] = vectors[j]![i]!
    values.sort()
    const twiceMedian = values[(count - 1) >> 1]! + values[count >> 1]!
    let [low, high] = [0, count]
    while (high - low > keep) {
      if (twiceMedian <= values[low]! + values[high - 1]!) high--
      else low++
    }
    let total = 0
    for (let j = low; j < high; j++) total += values[j]!
    result[i] = total / keep
  }
  return result
}
