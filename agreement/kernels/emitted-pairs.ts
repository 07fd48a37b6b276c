/** The passes over pairs of vectors, and over each vector and one point, as emitted kernels: the same bits as plain. */
import type { Vector } from '../vector.ts'
import {
  distanceKernel,
  type PairTerm,
  pairKernel,
  SIDE,
  SUMS_BYTES,
  wideMeanKernel,
  widenKernel,
} from './emit-pairs.ts'
import { type Matrix, needsMoreBits } from './matrix.ts'
import { BLOCK } from './plain.ts'
import { kernel, pointTo, type Rows, resultTile, roundUp, rowsOf, type Scratch, scratch } from './tiles.ts'

/** Columns of a tile of 64-bit rows; divides `BLOCK`, is divided by a strip's. */
const WIDE_COLUMNS = 512
const WIDE_ROW_BYTES = WIDE_COLUMNS * 8 + 64

export function squaredDistancesTo(vectors: readonly Vector[], point?: Vector): Float64Array {
  const n = vectors.length
  const d = vectors[0]!.length
  const space = scratch()
  const rows = rowsOf(point ? [...vectors, point] : vectors)
  const run = kernel(point ? 'distance to' : 'norm', 4, distanceKernel(point !== undefined))
  const [sums, at] = placeOf(space, LIST_OFFSET)
  const result = new Float64Array(n)
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK)
    pointTo(rows, from, to, space)
    for (let j = 0; j < n; j++) {
      run(space.pointers[j]!, space.pointers[n]!, sums, roundUp(to - from, 4) * 4)
      result[j]! +=
        space.doubles[at]! + space.doubles[at + 1]! + (space.doubles[at + 2]! + space.doubles[at + 3]!)
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
  space.doubles.fill(0, SUMS_OFFSET / 8, SUMS_OFFSET / 8 + sumsLength(n))
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK)
    pointTo(rows, from, to, space)
    addBlock('distance32', space, n, roundUp(to - from, 4) * 4, true, result)
  }
  return mirrored(result, n)
}

/** Pairs from copies of the rows in 64 bits, less the centre. */
function overWideRows(vectors: readonly Vector[], term: PairTerm, centre?: Vector): Matrix {
  const n = vectors.length
  const d = vectors[0]!.length
  const space = scratch()
  const rows = rowsOf(centre ? [...vectors, centre] : vectors)
  const result = new Float64Array(n * n)
  space.doubles.fill(0, SUMS_OFFSET / 8, SUMS_OFFSET / 8 + sumsLength(n))
  for (let from = 0; from < d; from += WIDE_COLUMNS) {
    const to = Math.min(d, from + WIDE_COLUMNS)
    widenRows(rows, n, from, to, space, centre !== undefined)
    const ends = to % BLOCK === 0 || to === d
    addBlock(term, space, n, roundUp(to - from, 4) * 8, ends, result)
  }
  return mirrored(result, n)
}

/** Fills the tile of 64-bit rows and points the table at them. */
function widenRows(rows: Rows, n: number, from: number, to: number, space: Scratch, centred: boolean): void {
  const run = kernel(centred ? 'widen less' : 'widen', 4, widenKernel(centred))
  pointTo(rows, from, to, space)
  for (let j = 0; j < n; j++) {
    const wide = space.wide + j * WIDE_ROW_BYTES
    run(space.pointers[j]!, space.pointers[n]!, wide, roundUp(to - from, 4) * 4)
    space.pointers[j] = wide
  }
}

/** Adds the pairs' terms to the running sums, and those to the result where a block of coordinates ends. */
function addBlock(
  term: PairTerm,
  space: Scratch,
  n: number,
  bytes: number,
  ends: boolean,
  result: Matrix,
): void {
  const padded = roundUp(n, SIDE)
  const [sums, at] = placeOf(space, SUMS_OFFSET)
  for (let j = n; j < padded; j++) space.pointers[j] = space.pointers[0]!
  kernel(`pairs ${term}`, 4, pairKernel(term))(space.base, padded, sums, bytes)
  if (!ends) return
  let block = at
  for (let top = 0; top < padded; top += SIDE)
    for (let side = top; side < padded; side += SIDE, block += SUMS_BYTES / 8)
      for (let index = 0; index < SIDE * SIDE; index++) {
        const [j, k] = [top + Math.floor(index / SIDE), side + (index % SIDE)]
        const sum = block + 2 * index
        if (k < n && j <= k) result[j * n + k]! += space.doubles[sum]! + space.doubles[sum + 1]!
        space.doubles[sum] = space.doubles[sum + 1] = 0
      }
}

/** In the table, behind pointers and weights: a list of pointers or a few sums for one call; the sums of all pairs. */
const LIST_OFFSET = 4096
const SUMS_OFFSET = 8192

function placeOf({ base }: Scratch, offset: number): [address: number, index: number] {
  return [base + offset, offset / 8]
}

/** How many doubles the sums of all pairs of `n` rows take. */
function sumsLength(n: number): number {
  const blocks = Math.ceil(n / SIDE)
  return ((blocks * (blocks + 1)) / 2) * (SUMS_BYTES / 8)
}

function mirrored(matrix: Matrix, n: number): Matrix {
  for (let j = 0; j < n; j++) for (let k = 0; k < j; k++) matrix[j * n + k] = matrix[k * n + j]!
  return matrix
}

export function meansOf(vectors: readonly Vector[], lists: readonly (readonly number[])[]): Vector[] {
  const d = vectors[0]!.length
  const n = vectors.length
  const space = scratch()
  const rows = rowsOf(vectors)
  const run = kernel('wide mean', 5, wideMeanKernel())
  const tile = resultTile(n, space, WIDE_COLUMNS)
  const results = lists.map(() => new Float32Array(d))
  const [address, at] = placeOf(space, LIST_OFFSET)
  for (let from = 0; from < d; from += WIDE_COLUMNS) {
    const to = Math.min(d, from + WIDE_COLUMNS)
    widenRows(rows, n, from, to, space, false)
    for (const [index, list] of lists.entries()) {
      space.doubles[at] = list.length
      for (let k = 0; k < list.length; k++)
        space.pointers[(address - space.base) / 4 + 2 + k] = space.pointers[list[k]!]!
      run(address + 8, address + 8 + 4 * list.length, tile.address, (to - from) * 8, address)
      results[index]!.set(tile.values.subarray(0, to - from), from)
    }
  }
  return results
}
