/** The means of many lists of the same vectors, as an emitted kernel: the same bits as in plain code. */
import type { Vector } from '../vector.ts'
import { CHOICES, choicesKernel, MEANS_STEP, meansKernel, widenKernel } from './emit-wide.ts'
import { GROUP } from './plain.ts'
import {
  kernel,
  LIST_OFFSET,
  pointTo,
  type ResultTile,
  type Run,
  resultTiles,
  roundUp,
  rowsOf,
  type Scratch,
  SUMS_OFFSET,
  scratch,
  WIDE_ROW_BYTES,
  WIDE_ROWS_MAX,
  ZEROS_OFFSET,
} from './tiles.ts'

/** Coordinates of a tile of results, and of a strip of 64-bit rows. */
const TILE = 1024
const STRIP = 128
/** What the table has room for: pointers of all lists together. */
const POINTERS_MAX = 32_768

export function meansOf(vectors: readonly Vector[], lists: readonly (readonly number[])[]): Vector[] {
  const results: Vector[] = []
  for (let from = 0; from < lists.length; ) {
    const k = lists[from]!.length
    // One kernel takes on lists of one length, as many as there is room for.
    let to = from + 1
    while (
      to < lists.length &&
      lists[to]!.length === k &&
      (to + 1 - from) * (k + 1) <= POINTERS_MAX &&
      to - from < vectors.length
    )
      to++
    results.push(...meansOfLength(vectors, lists.slice(from, to), k))
    from = to
  }
  return results
}

function meansOfLength(
  vectors: readonly Vector[],
  lists: readonly (readonly number[])[],
  k: number,
): Vector[] {
  const n = vectors.length
  const space = scratch()
  const inputs = space.base + LIST_OFFSET
  const widen = kernel('widen', 5, widenKernel(false, WIDE_ROW_BYTES))
  const run = kernel(`means ${k}`, 4, meansKernel(k, k))
  const rowsOfLists = lists.map(list => list.map(j => space.wide + j * WIDE_ROW_BYTES))
  return averaged(vectors, rowsOfLists, run, STRIP, (offset, bytes) =>
    widen(inputs, inputs + 4 * n, offset, space.wide, bytes),
  )
}

/** As `meansOf`, for many ascending lists of one length: they share the sums of choices of three vectors. */
export function mixturesOf(vectors: readonly Vector[], lists: readonly (readonly number[])[]): Vector[] {
  const groups = Math.ceil(vectors.length / GROUP)
  // All choices have to find room beside each other.
  const strip = groups * CHOICES <= WIDE_ROWS_MAX ? STRIP : STRIP / 2
  const stride = 8 * strip + 64
  const space = scratch()
  const inputs = space.base + LIST_OFFSET
  space.doubles.fill(0, ZEROS_OFFSET / 8, ZEROS_OFFSET / 8 + STRIP)
  const choices = kernel(`choices ${stride}`, 5, choicesKernel(stride))
  const k = lists[0]!.length
  const run = kernel(`mixtures ${groups} ${k}`, 4, meansKernel(groups, k))
  const rowsOfLists = lists.map(list =>
    choicesOf(list, groups).map((choice, group) =>
      choice === 0 ? space.base + ZEROS_OFFSET : space.wide + (group * CHOICES + choice - 1) * stride,
    ),
  )
  return averaged(vectors, rowsOfLists, run, strip, (offset, bytes) =>
    choices(inputs, inputs + 4 * GROUP * groups, offset, space.wide, bytes),
  )
}

/** For each group the vectors of it that the list names, as bits. */
function choicesOf(list: readonly number[], groups: number): number[] {
  const choices = new Array<number>(groups).fill(0)
  for (const j of list) choices[Math.floor(j / GROUP)]! |= 1 << (j % GROUP)
  return choices
}

/**
 * Tile by tile and strip by strip: `prepare` makes rows in 64 bits of the vectors', from an offset in bytes on, and
 * `run` averages those rows that each list points to.
 */
function averaged(
  vectors: readonly Vector[],
  rowsOfLists: readonly (readonly number[])[],
  run: Run,
  strip: number,
  prepare: (offset: number, bytes: number) => void,
): Vector[] {
  const [n, d] = [vectors.length, vectors[0]!.length]
  const space = scratch()
  const rows = rowsOf(vectors)
  const tiles = resultTiles(n, rowsOfLists.length, TILE, space)
  const results = rowsOfLists.map(() => new Float32Array(d))
  const [table, last] = pointLists(rowsOfLists, tiles, space)
  for (let from = 0; from < d; from += TILE) {
    const to = Math.min(d, from + TILE)
    pointTo(rows, from, to, space, LIST_OFFSET / 4)
    // The last group may lack some rows; nothing that is made of them is looked at.
    for (let j = n; j % GROUP > 0; j++) space.pointers[LIST_OFFSET / 4 + j] = space.pointers[LIST_OFFSET / 4]!
    for (let start = from; start < to; start += strip) {
      const columns = Math.min(strip, to - start)
      prepare((start - from) * 4, roundUp(columns, 4) * 4)
      run(table, last, (start - from) * 4, roundUp(columns, MEANS_STEP) * 8)
    }
    for (const [index, { values }] of tiles.entries())
      results[index]!.set(to - from === TILE ? values : values.subarray(0, to - from), from)
  }
  return results
}

/** Writes the lists' pointers, which stay where they are from strip to strip. */
function pointLists(
  rowsOfLists: readonly (readonly number[])[],
  tiles: readonly ResultTile[],
  { base, pointers }: Scratch,
): [table: number, last: number] {
  let at = SUMS_OFFSET / 4
  for (const [index, rows] of rowsOfLists.entries()) {
    for (const row of rows) pointers[at++] = row
    pointers[at++] = tiles[index]!.address
  }
  return [base + SUMS_OFFSET, base + 4 * at]
}
