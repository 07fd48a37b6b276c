/**
 * The few passes over vectors that all rules are made of, in plain code. They define the arithmetic, bit for bit, and
 * they run where WebAssembly SIMD is missing.
 *
 * Sums over vectors run in 64 bits in the order given. Sums over coordinates run in 64 bits in two or four lanes,
 * coordinate `i` in lane `i mod 2` or `i mod 4`, and per block of `BLOCK` coordinates, so that machines with vector
 * registers, and several threads, can add in the same order. Only the distances of all pairs are first added in 32
 * bits, over strips short enough to keep six digits, and once more in 64 bits where 32 are too few.
 */
import type { Vector } from '../vector.ts'
import { type Matrix, needsMoreBits } from './matrix.ts'
import { type Exchange, selectRanks, selectSet } from './network.ts'

/** The number of coordinates whose sum is added up by itself. */
export const BLOCK = 4096
/** Coordinates of a strip: those of 1 KiB of numbers. */
const STRIP32 = 256
const STRIP64 = 128

/** `(1/n) Σ_j x_j`. */
export function meanOf(vectors: readonly Vector[]): Vector {
  const sums = plainSum(vectors)
  for (let i = 0; i < sums.length; i++) sums[i]! /= vectors.length
  return new Float32Array(sums)
}

/** `Σ_j x_j`. */
export function sumOf(vectors: readonly Vector[]): Vector {
  return new Float32Array(plainSum(vectors))
}

/** `Σ_j w_j x_j`. */
export function combine(vectors: readonly Vector[], weights: ArrayLike<number>): Vector {
  return Float32Array.from(sum(vectors, weights))
}

function sum(vectors: readonly Vector[], weights?: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(vectors[0]!.length)
  for (const [j, vector] of vectors.entries()) {
    const weight = weights?.[j] ?? 1
    for (let i = 0; i < sums.length; i++) sums[i]! += vector[i]! * weight
  }
  return sums
}

/** Four vectors a pass, added one after the other: the same bits, and the sums are fetched and stored a quarter as often. */
function plainSum(vectors: readonly Vector[]): Float64Array {
  const sums = new Float64Array(vectors[0]!.length)
  const whole = vectors.length - (vectors.length % 4)
  for (let j = 0; j < whole; j += 4) {
    const [a, b, c, d] = [vectors[j]!, vectors[j + 1]!, vectors[j + 2]!, vectors[j + 3]!]
    for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + a[i]! + b[i]! + c[i]! + d[i]!
  }
  for (const vector of vectors.slice(whole)) for (let i = 0; i < sums.length; i++) sums[i]! += vector[i]!
  return sums
}

/**
 * The mean of each of the given lists of vectors, which are lists of indices. It is the sum times `1/k`: there may be
 * as many results as vectors, and divisions would take half as long as the sums.
 */
export function meansOf(vectors: readonly Vector[], lists: readonly (readonly number[])[]): Vector[] {
  return lists.map(list => {
    const share = 1 / list.length
    return Float32Array.from(sum(list.map(j => vectors[j]!)), total => total * share)
  })
}

/** Vectors whose sums many lists may share: three, at neighbouring indices. */
export const GROUP = 3

/**
 * As `meansOf`, for many lists of one length, each ascending, of the same vectors: first the vectors of each `GROUP`
 * that a list names are added up, then those sums.
 */
export function mixturesOf(vectors: readonly Vector[], lists: readonly (readonly number[])[]): Vector[] {
  const sumOf = (list: readonly number[]) => sum(list.map(j => vectors[j]!))
  return lists.map(list => {
    const share = 1 / list.length
    const groups = Map.groupBy(list, j => Math.floor(j / GROUP))
    const sums = [...groups.values()].map(sumOf)
    return Float32Array.from(vectors[0]!, (_, i) => share * sums.reduce((total, part) => total + part[i]!, 0))
  })
}

/** Per coordinate, the mean of the values of ranks `from … to − 1` in ascending order. */
export function meanOfRanks(vectors: readonly Vector[], from: number, to: number): Vector {
  return columns(vectors, selectSet(vectors.length, from, to), wires => {
    let total = 0
    for (let j = from; j < to; j++) total += wires[j]!
    return total / (to - from)
  })
}

/** Per coordinate, the mean of the two values of the given ranks. */
export function middleOfRanks(vectors: readonly Vector[], low: number, high: number): Vector {
  const network = selectRanks(vectors.length, j => j === low || j === high)
  return columns(vectors, network, wires => (0 + wires[low]! + wires[high]!) / 2)
}

/**
 * Per coordinate, the mean of the `n − drop` values nearest to the median; of two equally near the smaller.
 * In ascending order the kept ones are a window, so the values of ranks `j` and `j + n − drop` compete: just
 * one of each such pair is kept.
 */
export function meanAroundMedian(vectors: readonly Vector[], drop: number): Vector {
  const n = vectors.length
  const keep = n - drop
  return columns(
    vectors,
    selectRanks(n, () => true),
    wires => {
      const twiceMedian = 0 + wires[(n - 1) >> 1]! + wires[n >> 1]!
      let total = 0
      for (let j = drop; j < keep; j++) total += wires[j]!
      for (let j = 0; j < drop; j++) {
        const [low, high] = [wires[j]!, wires[j + keep]!]
        total += twiceMedian <= low + high ? low : high
      }
      return total / keep
    },
  )
}

/** For each coordinate, `reduce` of the `n` values as the network leaves them (the array is reused). */
function columns(
  vectors: readonly Vector[],
  network: readonly Exchange[],
  reduce: (wires: Float32Array) => number,
): Vector {
  const result = new Float32Array(vectors[0]!.length)
  const wires = new Float32Array(vectors.length)
  for (let i = 0; i < result.length; i++) {
    for (let j = 0; j < wires.length; j++) wires[j] = vectors[j]![i]!
    for (const { low, high } of network) {
      const [a, b] = [wires[low]!, wires[high]!]
      if (b < a) {
        wires[low] = b
        wires[high] = a
      }
    }
    result[i] = reduce(wires)
  }
  return result
}

/** `‖x_j − point‖²` for each vector; `‖x_j‖²` where no point is given. */
export function squaredDistancesTo(vectors: readonly Vector[], point?: Vector): Float64Array {
  return Float64Array.from(vectors, vector =>
    overBlocks(vector.length, (from, to) => {
      const lanes = [0, 0, 0, 0]
      for (let i = from; i < to; i++) {
        const difference = point ? vector[i]! - point[i]! : vector[i]!
        lanes[i % 4]! += difference * difference
      }
      return lanes[0]! + lanes[1]! + (lanes[2]! + lanes[3]!)
    }),
  )
}

/** All `‖x_j − x_k‖²`. */
export function squaredDistances(vectors: readonly Vector[]): Matrix {
  const matrix = squaredDistancesIn(32, vectors)
  return needsMoreBits(matrix, vectors.length, vectors[0]!.length) ? squaredDistancesIn(64, vectors) : matrix
}

/** As `squaredDistances`, with terms of so many bits. */
export function squaredDistancesIn(bits: 32 | 64, vectors: readonly Vector[]): Matrix {
  return pairs(vectors, false, bits === 32 ? distance32 : distance64)
}

/** All `⟨x_j − centre, x_k − centre⟩`. */
export function gram(vectors: readonly Vector[], centre: Vector): Matrix {
  return pairs(vectors, true, (a, b) => inDoubles(a.length, i => (a[i]! - centre[i]!) * (b[i]! - centre[i]!)))
}

function pairs(
  vectors: readonly Vector[],
  diagonal: boolean,
  value: (a: Vector, b: Vector) => number,
): Matrix {
  const n = vectors.length
  const matrix = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    for (let k = diagonal ? j : j + 1; k < n; k++)
      matrix[j * n + k] = matrix[k * n + j] = value(vectors[j]!, vectors[k]!)
  return matrix
}

/** `‖a − b‖²` with each strip's terms in 32 bits. */
function distance32(a: Vector, b: Vector): number {
  const { fround } = Math
  return overBlocks(a.length, (from, to) => {
    let [even, odd] = [0, 0]
    for (let strip = from; strip < to; strip += STRIP32) {
      const lanes = new Float32Array(4)
      for (let i = strip; i < Math.min(to, strip + STRIP32); i++) {
        const difference = fround(a[i]! - b[i]!)
        lanes[i % 4]! += fround(difference * difference)
      }
      even += lanes[0]! + lanes[2]!
      odd += lanes[1]! + lanes[3]!
    }
    return even + odd
  })
}

function distance64(a: Vector, b: Vector): number {
  return inDoubles(a.length, i => {
    const difference = a[i]! - b[i]!
    return difference * difference
  })
}

function inDoubles(d: number, term: (i: number) => number): number {
  return overBlocks(d, (from, to) => {
    let [even, odd] = [0, 0]
    for (let strip = from; strip < to; strip += STRIP64) {
      const lanes = [0, 0]
      for (let i = strip; i < Math.min(to, strip + STRIP64); i++) lanes[i % 2]! += term(i)
      even += lanes[0]!
      odd += lanes[1]!
    }
    return even + odd
  })
}

function overBlocks(d: number, sumOf: (from: number, to: number) => number): number {
  let total = 0
  for (let from = 0; from < d; from += BLOCK) total += sumOf(from, Math.min(d, from + BLOCK))
  return total
}
