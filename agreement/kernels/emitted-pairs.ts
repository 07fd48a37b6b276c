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
import type { PairPass } from './passes.ts'
import { BLOCK } from './plain.ts'
import { inSlices } from './slices.ts'
import {
  kernel,
  LIST_OFFSET,
  pointTo,
  ROWS_MAX,
  type Rows,
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
  if (vectors.length >= ROWS_MAX) {
    const parts = partsOf(vectors, ROWS_MAX - 1).map(part => squaredDistancesTo(part, point))
    return Float64Array.from(parts.flatMap(part => [...part]))
  }
  const rows = rowsOf(point ? [...vectors, point] : vectors)
  return overBlocks({ kind: 'to', withPoint: point !== undefined }, rows, vectors.length, vectors[0]!.length)
}

export function squaredDistances(vectors: readonly Vector[]): Matrix {
  const matrix = squaredDistancesIn(32, vectors)
  return needsMoreBits(matrix, vectors.length, vectors[0]!.length) ? squaredDistancesIn(64, vectors) : matrix
}

export function squaredDistancesIn(bits: 32 | 64, vectors: readonly Vector[]): Matrix {
  const [n, d] = [vectors.length, vectors[0]!.length]
  if (n > ROWS_MAX) return inParts(bits, vectors)
  const pass: PairPass = { kind: 'pairs', term: `distance${bits}`, centred: false }
  return mirrored(overBlocks(pass, rowsOf(vectors), n * n, d), n)
}

/** Two parts of the rows at a time, where all together have no room: a pair's distance does not depend on the others. */
function inParts(bits: 32 | 64, vectors: readonly Vector[]): Matrix {
  const n = vectors.length
  const matrix = new Float64Array(n * n)
  const parts = partsOf([...vectors.keys()], ROWS_MAX / 2)
  for (const [place, part] of parts.entries())
    for (const other of parts.slice(place + 1)) {
      const rows = [...part, ...other]
      const distances = squaredDistancesIn(
        bits,
        rows.map(row => vectors[row]!),
      )
      for (const [j, row] of rows.entries())
        for (const [k, column] of rows.entries()) matrix[row * n + column] = distances[j * rows.length + k]!
    }
  return matrix
}

/** Parts of nearly equal length, of at most `most`. */
function partsOf<T>(items: readonly T[], most: number): T[][] {
  const count = Math.ceil(items.length / most)
  const at = (part: number) => Math.floor((part * items.length) / count)
  return Array.from({ length: count }, (_, part) => items.slice(at(part), at(part + 1)))
}

export function gram(vectors: readonly Vector[], centre: Vector): Matrix {
  const n = vectors.length
  const pass: PairPass = { kind: 'pairs', term: 'product64', centred: true }
  return mirrored(overBlocks(pass, rowsOf([...vectors, centre]), n * n, centre.length), n)
}

/** Adds up what the pass gives for each block of coordinates, in the order of the blocks. */
function overBlocks(pass: PairPass, rows: Rows, length: number, d: number): Float64Array {
  const result = new Float64Array(length)
  const add = (block: Float64Array) => {
    for (let index = 0; index < length; index++) result[index]! += block[index]!
  }
  const sliced = inSlices({ kind: 'blocks', pass, addresses: rows.addresses, d, length })
  const blocks = Math.ceil(d / BLOCK)
  if (sliced !== undefined)
    for (let block = 0; block < blocks; block++) add(new Float64Array(sliced, block * length * 8, length))
  else {
    const space = scratch()
    const one = new Float64Array(length)
    for (let block = 0; block < blocks; block++) {
      blockSums(pass, rows, block * BLOCK, Math.min(d, (block + 1) * BLOCK), space, one)
      add(one)
    }
  }
  return result
}

/** What the pass gives for coordinates `from … to − 1` of one block. */
export function blockSums(
  pass: PairPass,
  rows: Rows,
  from: number,
  to: number,
  space: Scratch,
  result: Float64Array,
): void {
  if (pass.kind === 'to') distancesTo(pass.withPoint, rows, from, to, space, result)
  else if (pass.term === 'distance32') {
    const n = rows.addresses.length
    clearSums(space, n)
    pointTo(rows, from, to, space)
    addPairs(pass.term, space, n, roundUp((to - from) * 4, PAIR_STEP_BYTES))
    takeSums(space, n, result)
  } else wideSums(pass.term, pass.centred, rows, from, to, space, result)
}

function distancesTo(
  withPoint: boolean,
  rows: Rows,
  from: number,
  to: number,
  space: Scratch,
  result: Float64Array,
): void {
  const n = result.length
  const run = kernel(withPoint ? 'distance to' : 'norm', 4, distanceKernel(withPoint))
  const lanes = space.doubles.subarray(LIST_OFFSET / 8, LIST_OFFSET / 8 + 4)
  pointTo(rows, from, to, space)
  for (let j = 0; j < n; j++) {
    run(space.pointers[j]!, space.pointers[n]!, space.base + LIST_OFFSET, roundUp(to - from, 4) * 4)
    result[j] = lanes[0]! + lanes[1]! + (lanes[2]! + lanes[3]!)
  }
}

/** Pairs from copies of the rows in 64 bits, less the centre, strip by strip. */
function wideSums(
  term: PairTerm,
  centred: boolean,
  rows: Rows,
  from: number,
  to: number,
  space: Scratch,
  result: Matrix,
): void {
  const n = rows.addresses.length - (centred ? 1 : 0)
  const widen = kernel(centred ? 'widen less' : 'widen', 5, widenKernel(centred, WIDE_ROW_BYTES))
  const inputs = space.base + LIST_OFFSET
  clearSums(space, n)
  for (let j = 0; j < n; j++) space.pointers[j] = space.wide + j * WIDE_ROW_BYTES
  pointTo(rows, from, to, space, LIST_OFFSET / 4)
  for (let strip = from; strip < to; strip += STRIP) {
    const columns = roundUp(Math.min(STRIP, to - strip), 4)
    widen(inputs, inputs + 4 * n, (strip - from) * 4, space.wide, columns * 4)
    addPairs(term, space, n, columns * 8)
  }
  takeSums(space, n, result)
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

/** The running sums of all pairs as a matrix. */
function takeSums({ doubles }: Scratch, n: number, result: Matrix): void {
  let block = SUMS_OFFSET / 8
  for (let top = 0; top < n; top += SIDE)
    for (let side = top; side < n; side += SIDE, block += SUMS_BYTES / 8)
      for (let index = 0; index < SIDE * SIDE; index++) {
        const [j, k] = [top + Math.floor(index / SIDE), side + (index % SIDE)]
        const sum = block + 2 * index
        if (k < n && j <= k) result[j * n + k] = doubles[sum]! + doubles[sum + 1]!
      }
}

function mirrored(matrix: Matrix, n: number): Matrix {
  for (let j = 0; j < n; j++) for (let k = 0; k < j; k++) matrix[j * n + k] = matrix[k * n + j]!
  return matrix
}
