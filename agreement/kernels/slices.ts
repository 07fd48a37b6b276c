/**
 * Hands passes over long vectors to threads, a slice to each. The owner of the threads (`node/threads/`) lends them by
 * `lendThreads`; each thread computes its slice by `runSlice` (`run-slice.ts`).
 */
import { kernelMemory, SCRATCHES } from './memory.ts'
import type { SlicedPass } from './passes.ts'
import { BLOCK } from './plain.ts'
import { roundUp } from './tiles.ts'

/** What one of `threads` threads is told: its number, and where the results go. */
export interface SliceTask {
  readonly sliced: SlicedPass
  readonly threads: number
  readonly result: number
}

interface Threads {
  /** The calling thread included; at most `THREADS_MAX`. */
  readonly count: number
  /** Has every thread do its slice, the calling thread too, and returns when all are done. */
  run(task: SliceTask): void
  /** A place in the kernels' memory for a result of this many bytes, valid until the next call. */
  resultPlace(bytes: number): number | undefined
}

/** As many as there are scratches. */
export const THREADS_MAX = SCRATCHES
/** A pass over a shorter vector is over before the threads have heard of it. */
const LENGTH_MIN = 16 * BLOCK

let lent: Threads | undefined

/** Lends threads to all passes from now on; `undefined` takes them back. */
export function lendThreads(threads: Threads | undefined): void {
  lent = threads
}

/**
 * The result of the pass, computed by all threads; nothing if there are none, a row lies elsewhere, or the pass is
 * short.
 */
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
