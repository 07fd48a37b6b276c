/** The means of many lists of the same vectors, as an emitted kernel: the same bits as in plain code. */
import type { Vector } from '../vector.ts'
import { MEANS_STEP, meansKernel, widenKernel } from './emit-wide.ts'
import {
  kernel,
  LIST_OFFSET,
  pointTo,
  resultTiles,
  roundUp,
  rowsOf,
  type Scratch,
  SUMS_OFFSET,
  scratch,
  WIDE_ROW_BYTES,
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
  const [n, d] = [vectors.length, vectors[0]!.length]
  const space = scratch()
  const rows = rowsOf(vectors)
  const widen = kernel('widen', 5, widenKernel(false, WIDE_ROW_BYTES))
  const means = kernel(`means ${k}`, 4, meansKernel(k))
  const tiles = resultTiles(n, lists.length, TILE, space)
  const results = lists.map(() => new Float32Array(d))
  const [inputs, table, last] = pointLists(lists, k, tiles, space)
  for (let from = 0; from < d; from += TILE) {
    const to = Math.min(d, from + TILE)
    pointTo(rows, from, to, space, LIST_OFFSET / 4)
    for (let strip = from; strip < to; strip += STRIP) {
      const columns = Math.min(STRIP, to - strip)
      widen(inputs, inputs + 4 * n, (strip - from) * 4, space.wide, roundUp(columns, 4) * 4)
      means(table, last, (strip - from) * 4, roundUp(columns, MEANS_STEP) * 8)
    }
    for (const [index, { values }] of tiles.entries())
      results[index]!.set(to - from === TILE ? values : values.subarray(0, to - from), from)
  }
  return results
}

/** Writes the lists' pointers, which stay where they are from strip to strip. */
function pointLists(
  lists: readonly (readonly number[])[],
  k: number,
  tiles: readonly { address: number }[],
  { base, pointers, wide }: Scratch,
): [inputs: number, table: number, last: number] {
  let at = SUMS_OFFSET / 4
  for (const [index, list] of lists.entries()) {
    for (const j of list) pointers[at++] = wide + j * WIDE_ROW_BYTES
    pointers[at++] = tiles[index]!.address
  }
  const table = base + SUMS_OFFSET
  return [base + LIST_OFFSET, table, table + 4 * lists.length * (k + 1)]
}
