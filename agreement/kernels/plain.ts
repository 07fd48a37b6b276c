/**
 * The few passes over the vectors that all rules are made of, in plain code: what the emitted kernels are
 * measured against, and what runs where WebAssembly SIMD is missing.
 */
import { squaredDistance, type Vector } from '../vector.ts'
import { sortedColumns } from './columns.ts'

/** `(1/n) Σ_j x_j`, sums in 64 bits in the order given. */
export function meanOf(vectors: readonly Vector[]): Vector {
  const sums = sum(vectors)
  return Float32Array.from(sums, value => value / vectors.length)
}

/** `Σ_j x_j`. */
export function sumOf(vectors: readonly Vector[]): Vector {
  return Float32Array.from(sum(vectors))
}

function sum(vectors: readonly Vector[]): Float64Array {
  const sums = new Float64Array(vectors[0]!.length)
  for (const vector of vectors) for (let i = 0; i < sums.length; i++) sums[i]! += vector[i]!
  return sums
}

/** `Σ_j w_j x_j`. */
export function combine(vectors: readonly Vector[], weights: ArrayLike<number>): Vector {
  const sums = new Float64Array(vectors[0]!.length)
  for (const [j, vector] of vectors.entries()) {
    const weight = weights[j]!
    if (weight !== 0) for (let i = 0; i < sums.length; i++) sums[i]! += weight * vector[i]!
  }
  return Float32Array.from(sums)
}

/** The mean of each of the given lists of vectors, told by index. */
export function meansOf(vectors: readonly Vector[], lists: readonly (readonly number[])[]): Vector[] {
  return lists.map(list => meanOf(list.map(j => vectors[j]!)))
}

/** All `‖x_j − x_k‖²` as an `n × n` matrix, row by row. */
export function squaredDistances(vectors: readonly Vector[]): Float64Array {
  const n = vectors.length
  const matrix = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    for (let k = j + 1; k < n; k++)
      matrix[j * n + k] = matrix[k * n + j] = squaredDistance(vectors[j]!, vectors[k]!)
  return matrix
}

/** `‖x_j − point‖²` for each vector; `‖x_j‖²` where no point is given. */
export function squaredDistancesTo(vectors: readonly Vector[], point?: Vector): Float64Array {
  const from = point ?? new Float32Array(vectors[0]!.length)
  return Float64Array.from(vectors, vector => squaredDistance(vector, from))
}

/** `⟨x_j − centre, x_k − centre⟩` as an `n × n` matrix, row by row. */
export function gram(vectors: readonly Vector[], centre: Vector): Float64Array {
  const n = vectors.length
  const matrix = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    for (let k = j; k < n; k++) {
      const [a, b] = [vectors[j]!, vectors[k]!]
      let product = 0
      for (let i = 0; i < centre.length; i++) product += (a[i]! - centre[i]!) * (b[i]! - centre[i]!)
      matrix[j * n + k] = matrix[k * n + j] = product
    }
  return matrix
}

/** Per coordinate, the mean of the values of ranks `from … to − 1` in ascending order. */
export function meanOfRanks(vectors: readonly Vector[], from: number, to: number): Vector {
  return sortedColumns(vectors, column => {
    let total = 0
    for (let j = from; j < to; j++) total += column[j]!
    return total / (to - from)
  })
}

/** Per coordinate, the mean of the two values of the given ranks. */
export function middleOfRanks(vectors: readonly Vector[], low: number, high: number): Vector {
  return sortedColumns(vectors, column => (column[low]! + column[high]!) / 2)
}

/**
 * Per coordinate, the mean of the `n − drop` values nearest to the median; of two equally near the smaller.
 * In ascending order the kept ones are a window, so the values of ranks `j` and `j + n − drop` compete: just
 * one of each such pair is kept.
 */
export function meanAroundMedian(vectors: readonly Vector[], drop: number): Vector {
  const n = vectors.length
  const keep = n - drop
  return sortedColumns(vectors, column => {
    const twiceMedian = column[(n - 1) >> 1]! + column[n >> 1]!
    let total = 0
    for (let j = drop; j < keep; j++) total += column[j]!
    for (let j = 0; j < drop; j++) {
      const [low, high] = [column[j]!, column[j + keep]!]
      total += twiceMedian <= low + high ? low : high
    }
    return total / keep
  })
}
