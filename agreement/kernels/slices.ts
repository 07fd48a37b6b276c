/**
 * Hands passes over long vectors to threads, a slice to each. Whoever has threads (`node/threads/`) lends them by
 * `lendThreads`; each of them computes its slice by `runSlice` (`run-slice.ts`).
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
