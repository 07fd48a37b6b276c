/** The passes over pairs of vectors, and over each vector and one point, as emitted kernels: the same bits as plain. */
import type { Vector } from '../vector.ts'
import {
  distanceKernel,
  PAIR_STEP_BYTES,
  type PairTerm,
  pairKernel,
  SIDE,
  STRIP_BYTES,
  SUMS_BYTES,
} from './emit-pairs.ts'
import { widenKernel } from './emit-wide.ts'
import { type Matrix, needsMoreBits } from './matrix.ts'
import { BLOCK } from './plain.ts'
import {
  kernel,
  LIST_OFFSET,
  pointTo,
  roundUp,
  rowsOf,
  type Scratch,
  SUMS_OFFSET,
  scratch,
  WIDE_ROW_BYTES,
} from './tiles.ts'

/** Coordinates of a strip of 64-bit rows. */
const STRIP = STRIP_BYTES / 8

export function squaredDistancesTo(vectors: readonly Vector[], point?: Vector): Float64Array {
  const n = vectors.length
  const d = vectors[0]!.length
  const space = scratch()
  const rows = rowsOf(point ? [...vectors, point] : vectors)
  const run = kernel(point ? 'distance to' : 'norm', 4, distanceKernel(point !== undefined))
  const lanes = space.doubles.subarray(LIST_OFFSET / 8, LIST_OFFSET / 8 + 4)
  const result = new Float64Array(n)
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK)
    pointTo(rows, from, to, space)
    for (let j = 0; j < n; j++) {
      run(space.pointers[j]!, space.pointers[n]!, space.base + LIST_OFFSET, roundUp(to - from, 4) * 4)
      result[j]! += lanes[0]! + lanes[1]! + (lanes[2]! + lanes[3]!)
    }
  }
  return result
}

export function squaredDistances(vectors: readonly Vector[]): Matrix {
  const matrix = overRows(vectors)
  return needsMoreBits(matrix, vectors.length, vectors[0]!.length)
    ? overWideRows(vectors, 'distance64')
    : matrix
}

export function gram(vectors: readonly Vector[], centre: Vector): Matrix {
  return overWideRows(vectors, 'product64', centre)
}

/** Pairs straight from the rows as they are. */
function overRows(vectors: readonly Vector[]): Matrix {
  const n = vectors.length
  const d = vectors[0]!.length
  const space = scratch()
  const rows = rowsOf(vectors)
  const result = new Float64Array(n * n)
  clearSums(space, n)
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK)
    pointTo(rows, from, to, space)
    addPairs('distance32', space, n, roundUp((to - from) * 4, PAIR_STEP_BYTES))
    takeSums(space, n, result)
  }
  return mirrored(result, n)
}

/** Pairs from copies of the rows in 64 bits, less the centre, strip by strip. */
function overWideRows(vectors: readonly Vector[], term: PairTerm, centre?: Vector): Matrix {
  const n = vectors.length
  const d = vectors[0]!.length
  const space = scratch()
  const rows = rowsOf(centre ? [...vectors, centre] : vectors)
  const widen = kernel(centre ? 'widen less' : 'widen', 5, widenKernel(centre !== undefined, WIDE_ROW_BYTES))
  const result = new Float64Array(n * n)
  const inputs = space.base + LIST_OFFSET
  clearSums(space, n)
  for (let j = 0; j < n; j++) space.pointers[j] = space.wide + j * WIDE_ROW_BYTES
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK)
    pointTo(rows, from, to, space, LIST_OFFSET / 4)
    for (let strip = from; strip < to; strip += STRIP) {
      const columns = roundUp(Math.min(STRIP, to - strip), 4)
      widen(inputs, inputs + 4 * n, (strip - from) * 4, space.wide, columns * 4)
      addPairs(term, space, n, columns * 8)
    }
    takeSums(space, n, result)
  }
  return mirrored(result, n)
}

function clearSums({ doubles }: Scratch, n: number): void {
  const blocks = Math.ceil(n / SIDE)
  doubles.fill(0, SUMS_OFFSET / 8, (SUMS_OFFSET + ((blocks * (blocks + 1)) / 2) * SUMS_BYTES) / 8)
}

/** Adds the terms of all pairs of the `n` rows in the table to the running sums. */
function addPairs(term: PairTerm, { base, pointers }: Scratch, n: number, bytes: number): void {
  const padded = roundUp(n, SIDE)
  for (let j = n; j < padded; j++) pointers[j] = pointers[0]!
  kernel(`pairs ${term}`, 4, pairKernel(term))(base, padded, base + SUMS_OFFSET, bytes)
}

/** Moves the running sums of a block of coordinates to the result. */
function takeSums({ doubles }: Scratch, n: number, result: Matrix): void {
  let block = SUMS_OFFSET / 8
  for (let top = 0; top < n; top += SIDE)
    for (let side = top; side < n; side += SIDE, block += SUMS_BYTES / 8)
      for (let index = 0; index < SIDE * SIDE; index++) {
        const [j, k] = [top + Math.floor(index / SIDE), side + (index % SIDE)]
        const sum = block + 2 * index
        if (k < n && j <= k) result[j * n + k]! += doubles[sum]! + doubles[sum + 1]!
        doubles[sum] = doubles[sum + 1] = 0
      }
}

function mirrored(matrix: Matrix, n: number): Matrix {
  for (let j = 0; j < n; j++) for (let k = 0; k < j; k++) matrix[j * n + k] = matrix[k * n + j]!
  return matrix
}
