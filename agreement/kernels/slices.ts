/**
 * Passes over long vectors in slices, one a thread. This module says what a slice is and computes one; who has
 * threads (see `node/threads/`) lends them by `lendThreads`. Slices are whole blocks of coordinates, and sums over
 * coordinates are added up block by block on one thread and on many: the bits are the same.
 */
import { type ColumnPass, columnRun } from './emitted.ts'
import { blockSums, type PairPass } from './emitted-pairs.ts'
import { kernelMemory, SCRATCHES } from './memory.ts'
import { BLOCK } from './plain.ts'
import { roundUp, type Scratch } from './tiles.ts'

/** A pass over rows that all lie in the kernels' memory. */
export type SlicedPass = { readonly addresses: readonly number[]; readonly d: number } & (
  | { readonly kind: 'columns'; readonly pass: ColumnPass }
  | { readonly kind: 'blocks'; readonly pass: PairPass; readonly length: number }
)

/** What one of `threads` threads is told: its number, and where the results go. */
export interface SliceTask {
  readonly sliced: SlicedPass
  readonly threads: number
  readonly result: number
}

export interface Threads {
  /** This one included, at most `THREADS_MAX`. */
  readonly count: number
  /** Has every thread do its slice, this one too, and returns when all are done. */
  run(task: SliceTask): void
  /** A place in the kernels' memory for a result of so many bytes, which stays until the next call. */
  resultPlace(bytes: number): number | undefined
}

/** As many as there are scratches. */
export const THREADS_MAX = SCRATCHES
/** Shorter vectors are done sooner than threads are told of them. */
const LENGTH_MIN = 16 * BLOCK

let lent: Threads | undefined

/** Lends threads to all passes from now on; nothing takes them back. */
export function lendThreads(threads: Threads | undefined): void {
  lent = threads
}

/** The pass's result, done by all threads; nothing where there are none, or a row lies elsewhere, or it is short. */
export function inSlices(sliced: SlicedPass): ArrayBuffer | undefined {
  if (lent === undefined || sliced.d < LENGTH_MIN || sliced.addresses.some(address => address < 0))
    return undefined
  const blocks = Math.ceil(sliced.d / BLOCK)
  const bytes = sliced.kind === 'columns' ? roundUp(sliced.d, 4) * 4 : blocks * sliced.length * 8
  const result = lent.resultPlace(bytes)
  if (result === undefined) return undefined
  lent.run({ sliced, threads: lent.count, result })
  return new Uint8Array(kernelMemory().memory.buffer, result, bytes).slice().buffer
}

/** Does thread `thread`'s part of a task. */
export function runSlice({ sliced, threads, result }: SliceTask, thread: number, space: Scratch): void {
  const { addresses, d } = sliced
  const blocks = Math.ceil(d / BLOCK)
  const first = Math.floor((blocks * thread) / threads)
  const last = Math.floor((blocks * (thread + 1)) / threads)
  if (sliced.kind === 'columns') {
    const run = columnRun(sliced.pass, addresses.length, space)
    const [from, to] = [first * BLOCK, Math.min(d, last * BLOCK)]
    for (const [j, address] of addresses.entries()) space.pointers[j] = address + from * 4
    space.pointers[addresses.length] = result + from * 4
    if (to > from) run(space.base, roundUp(to - from, 4) * 4)
    return
  }
  const rows = { vectors: [], addresses }
  for (let block = first; block < last; block++) {
    const sums = new Float64Array(
      kernelMemory().memory.buffer,
      result + block * sliced.length * 8,
      sliced.length,
    )
    blockSums(sliced.pass, rows, block * BLOCK, Math.min(d, (block + 1) * BLOCK), space, sums.fill(0))
  }
}
