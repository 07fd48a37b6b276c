/** CAF and SMEA: rules that look at the covariance of the vectors, through their inner products only. */
import { combine, gram, meanOf, middleOfRanks } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, type RuleOptions } from './check.ts'
import { RuleError } from './error.ts'
import { everySubset, subsetCount } from './every-subset.ts'
import { largestEigenpair } from './linear.ts'

/** The most subsets that `smea` searches. */
export const SMEA_SUBSETS_MAX = 50_000

/**
 * Covariance-bound agnostic filter: while the weights sum to more than `n − 2f`, lower each vector's weight by its
 * distance from the weighted mean along the direction of greatest variance, the farthest one's to 0. The result is the
 * weighted mean that had the least such variance. Source: Allouah, Guerraoui and Stephan 2025, "Towards trustworthy
 * federated learning with untrusted participants", Algorithm 2.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(n²d)` and at most `2f` eigenproblems of size `n`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults
 * @example caf([0, 1, 2, 900].map(x => Float32Array.of(x)), 1) // 1
 */
export function caf(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  checkVectors('caf', vectors, options)
  const n = vectors.length
  checkMinority('caf', n, maxFaulty)
  const products = centredGram(vectors)
  let weights = new Float64Array(n).fill(1)
  let best = { variance: Infinity, weights }
  for (let total = n; total > n - 2 * maxFaulty || best.variance === Infinity; ) {
    const { value, vector, centred } = principal(products, weights)
    if (value < best.variance) best = { variance: value, weights }
    const spread = vector.map((_, j) => along(centred, vector, weights, j) ** 2)
    const most = spread.reduce((high, value, j) => (weights[j]! > 0 ? Math.max(high, value) : high), 0)
    if (most === 0) break
    weights = weights.map((weight, j) => weight * Math.max(0, 1 - spread[j]! / most))
    total = weights.reduce((sum, weight) => sum + weight, 0)
  }
  const total = best.weights.reduce((sum, weight) => sum + weight, 0)
  return combine(
    vectors,
    best.weights.map(weight => weight / total),
  )
}

/**
 * Smallest maximum eigenvalue averaging: mean of the `n − f` vectors whose covariance has the least largest
 * eigenvalue; of equal ones the lexicographically first. By enumeration, so for few vectors.
 * Source: Allouah et al. 2023, "On the privacy-robustness-utility trilemma in distributed learning".
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n` and at most `SMEA_SUBSETS_MAX` subsets of `n − f`
 * @returns a new vector of `d` coordinates; cost `O(n²d)` and an eigenproblem for each subset
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults, work-limit
 * @example smea([0, 1, 2, 900].map(x => Float32Array.of(x)), 1) // 1
 */
export function smea(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  checkVectors('smea', vectors, options)
  const n = vectors.length
  checkMinority('smea', n, maxFaulty)
  const count = subsetCount(n, n - maxFaulty)
  if (count > SMEA_SUBSETS_MAX)
    throw new RuleError(
      'work-limit',
      `smea: ${count} subsets of ${n - maxFaulty} among ${n}, at most ${SMEA_SUBSETS_MAX} are searched; mda has no such limit`,
    )
  const products = centredGram(vectors)
  let least = Infinity
  let best: number[] = []
  for (const subset of everySubset(n, n - maxFaulty)) {
    const { value } = principal(
      products,
      Float64Array.from(vectors, (_, j) => (subset.includes(j) ? 1 : 0)),
    )
    if (value < least) {
      least = value
      best = subset
    }
  }
  return meanOf(best.map(j => vectors[j]!))
}

function centredGram(vectors: readonly Vector[]): Float64Array {
  const n = vectors.length
  return gram(vectors, middleOfRanks(vectors, (n - 1) >> 1, n >> 1))
}

/** The weighted covariance's greatest variance, with its direction as `Σ √c_j y_j (x_j − μ)`. */
function principal(products: Float64Array, weights: Float64Array) {
  const n = weights.length
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const image = weights.map((_, j) => {
    let sum = 0
    for (let k = 0; k < n; k++) sum += products[j * n + k]! * (weights[k]! / total)
    return sum
  })
  const own = image.reduce((sum, value, j) => sum + value * (weights[j]! / total), 0)
  const centred = products.map((value, at) => value - image[Math.floor(at / n)]! - image[at % n]! + own)
  const scaled = centred.map(
    (value, at) => (value * Math.sqrt(weights[Math.floor(at / n)]! * weights[at % n]!)) / total,
  )
  return { ...largestEigenpair(scaled, n), centred }
}

/** `⟨Σ_k √c_k y_k (x_k − μ), x_j − μ⟩`. */
function along(centred: Float64Array, vector: Float64Array, weights: Float64Array, j: number): number {
  let sum = 0
  for (let k = 0; k < weights.length; k++)
    sum += Math.sqrt(weights[k]!) * vector[k]! * centred[j * weights.length + k]!
  return sum
}
