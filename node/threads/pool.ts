/**
 * Worker threads for the rules' kernels: they work on long vectors in the kernels' memory, which all share, a slice for
 * each thread. The calling thread does a slice itself and waits for the others, so rules stay ordinary functions.
 */
import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { addressOf, allocateVector, kernelMemory } from '../../agreement/kernels/memory.ts'
import { runSlice } from '../../agreement/kernels/run-slice.ts'
import { lendThreads, type SliceTask, THREADS_MAX } from '../../agreement/kernels/slices.ts'
import { scratchAt } from '../../agreement/kernels/tiles.ts'
import type { Vector } from '../../agreement/vector.ts'

/** The memory that the threads share: words to wait on, and the current task as text. */
export const words = { task: 0, done: 1, failed: 2, length: 3 } as const
export const HEADER_BYTES = 64
const TASK_BYTES = 65_536

/** Threads that the rules of this thread share their passes with. */
export interface KernelThreads {
  readonly count: number
  /** Gives the threads back; rules go on with the calling thread alone. */
  close(): Promise<void>
}

/**
 * Starts `count − 1` threads and lends them to all rules of this thread.
 *
 * @throws RangeError where `count` is not a whole number in `1 … THREADS_MAX`, or there is no shared memory
 */
export async function startKernelThreads(count: number): Promise<KernelThreads> {
  if (!Number.isInteger(count) || count < 1 || count > THREADS_MAX)
    throw new RangeError(`${count} threads for the rules; expected a whole number from 1 to ${THREADS_MAX}`)
  const { memory, shared } = kernelMemory()
  if (!shared)
    throw new RangeError('threads for the rules need shared memory, which this runtime does not have')
  const control = new SharedArrayBuffer(HEADER_BYTES + TASK_BYTES)
  const file = new URL(`./slice-thread${extname(import.meta.url)}`, import.meta.url)
  const workers = Array.from(
    { length: count - 1 },
    (_, index) => new Worker(file, { workerData: { memory, control, thread: index + 1 } }),
  )
  await Promise.all(workers.map(worker => once(worker, 'message')))
  for (const worker of workers) worker.unref()
  let place: Vector = new Float32Array()
  lendThreads({
    count,
    run: task => runTask(task, control, count),
    resultPlace(bytes) {
      if (place.byteLength < bytes) place = allocateVector(Math.ceil(bytes / 4))
      return addressOf(place)
    },
  })
  return {
    count,
    async close() {
      lendThreads(undefined)
      await Promise.all(workers.map(worker => worker.terminate()))
    },
  }
}

function runTask(task: SliceTask, control: SharedArrayBuffer, count: number): void {
  const state = new Int32Array(control, 0, HEADER_BYTES / 4)
  const text = new TextEncoder().encode(JSON.stringify(task))
  new Uint8Array(control, HEADER_BYTES).set(text)
  state[words.length] = text.length
  state[words.failed] = 0
  Atomics.store(state, words.done, 0)
  Atomics.add(state, words.task, 1)
  Atomics.notify(state, words.task)
  runSlice(task, 0, scratchAt(0))
  for (let done = 0; done < count - 1; done = Atomics.load(state, words.done))
    Atomics.wait(state, words.done, done)
  if (state[words.failed] !== 0)
    throw new Error(`thread ${state[words.failed]} of the rules failed; see its error above`)
}
