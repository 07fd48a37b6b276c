/** Runs jobs on several threads, each the next one as soon as it is free. A run that fails stops no other. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Job, Outcome } from './run-one.ts'
import type { PageOrder } from './run-page.ts'
import { type Patience, watchSilence } from './silence.ts'

export interface ToThread {
  readonly index: number
  readonly job: Job
  readonly page: PageOrder | null
}

export type FromThread =
  | { readonly kind: 'progress'; readonly index: number; readonly step: number }
  | { readonly kind: 'result'; readonly index: number; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly index: number; readonly message: string }

interface PoolOptions {
  /** In the order in which they begin. */
  readonly jobs: readonly Job[]
  /** The page that is wanted of each; absent: none of any. */
  readonly pages?: readonly (PageOrder | null)[]
  readonly threads: number
  /** Asked before each run: true begins no further one. */
  isOver(): boolean
  /** Asked before each run: true leaves that one out. Absent: none is. */
  isLeftOut?(index: number): boolean
  /** Ends all at once: what is under way is lost. */
  readonly signal?: AbortSignal
  /** Absent: ten minutes without a step; one minute when the run's own time is over. */
  readonly patience?: Patience
  onStart(index: number): void
  onProgress(index: number, step: number): void
  /** A rejected promise ends all. */
  onResult(index: number, outcome: Outcome): Promise<void>
}

/**
 * Ends when all have run, or are not to be run any more.
 * @throws what `onResult` rejects with
 */
export async function runPool(options: PoolOptions): Promise<void> {
  const { jobs, pages = [], threads, signal } = options
  const open = new Set<Worker>()
  const delivered: Promise<void>[] = []
  const failing = Promise.withResolvers<never>()
  failing.promise.catch(() => {})
  let next = 0
  const deliver = (index: number, outcome: Outcome) => {
    const delivery = options.onResult(index, outcome)
    delivery.catch(failing.reject)
    delivered.push(delivery)
  }
  const toThread = (index: number): ToThread => ({ index, job: jobs[index]!, page: pages[index] ?? null })
  /** Runs jobs until there are none, or the thread dies; then says so. */
  const work = () =>
    new Promise<boolean>(resolve => {
      const worker = startThread()
      let current: number | null = null
      let cause = ''
      open.add(worker)
      const silence = watchSilence(why => {
        cause = why
        void worker.terminate()
      }, options.patience)
      const give = () => {
        while (options.isLeftOut?.(next)) next++
        if (next >= jobs.length || options.isOver() || signal?.aborted) {
          current = null
          open.delete(worker)
          void worker.terminate()
          return
        }
        current = next++
        silence.begin(jobs[current]!)
        options.onStart(current)
        worker.postMessage(toThread(current))
      }
      const failed = (why: string) => deliver(current!, failedRun(why, silence.seconds()))
      worker.on('message', (message: FromThread) => {
        silence.heard()
        if (message.kind === 'progress') return options.onProgress(message.index, message.step)
        if (message.kind === 'result') deliver(message.index, message.outcome)
        else failed(message.message)
        give()
      })
      worker.on('error', error => {
        cause = error.message
      })
      worker.on('exit', code => {
        silence.close()
        const isLost = open.delete(worker) && current !== null && !signal?.aborted
        if (isLost) failed(`its thread ended: ${cause || `exit code ${code}`}`)
        resolve(isLost)
      })
      give()
    })
  const workInTurns = async () => {
    while (await work());
  }
  const stop = () => [...open].map(worker => worker.terminate())
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const all = Array.from({ length: Math.min(threads, jobs.length) }, workInTurns)
    await Promise.race([Promise.all(all), failing.promise])
    await Promise.all(delivered)
  } finally {
    signal?.removeEventListener('abort', stop)
    await Promise.all(stop())
  }
}

function startThread(): Worker {
  // Beside this file and of its kind: .ts in a checkout, .js in a built package.
  return new Worker(new URL(`./run-thread${extname(import.meta.url)}`, import.meta.url))
}

/** A run without a result. */
function failedRun(why: string, seconds: number): Outcome {
  return { measured: { status: 'failed', why, metrics: {}, series: {}, seconds }, page: null }
}
