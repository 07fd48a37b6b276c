/** Runs an experiment's configurations on several threads, each the next one as soon as it is free. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Configuration, Measurement, Settings } from './experiment.ts'

export type FromThread =
  | { readonly kind: 'progress'; readonly index: number; readonly done: number }
  | {
      readonly kind: 'result'
      readonly index: number
      readonly measurement: Measurement
      readonly seconds: number
    }
  | { readonly kind: 'failed'; readonly index: number; readonly error: Error }

/** A run of an experiment failed. `message` says which. */
export class ReproduceError extends Error {
  override readonly name = 'ReproduceError'
  readonly code = 'run-failed'
}

interface PoolOptions {
  readonly experiment: string
  /** Of the plan that the configurations belong to. */
  readonly settings: Settings
  readonly configs: readonly Configuration[]
  readonly threads: number
  onProgress(index: number, done: number): void
  /** The next result is not announced before this one's promise has settled. */
  onResult(index: number, measurement: Measurement, seconds: number): Promise<void>
}

/** Ends when all have run, or at the first failure. @throws ReproduceError */
export async function runPool(options: PoolOptions): Promise<void> {
  const { experiment, settings, configs, threads } = options
  let next = 0
  let delivered: Promise<void> = Promise.resolve()
  // Beside this file and of its kind: .ts in a checkout, .js in a built package.
  const file = new URL(`./run-thread${extname(import.meta.url)}`, import.meta.url)
  const workers = Array.from(
    { length: Math.min(threads, configs.length) },
    () => new Worker(file, { workerData: { name: experiment, settings } }),
  )
  const work = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const give = () => {
        if (next >= configs.length) return resolve()
        worker.postMessage({ index: next, config: configs[next]! })
        next++
      }
      worker.on('error', reject)
      worker.on('exit', code => reject(new ReproduceError(`a thread ended with exit code ${code}`)))
      worker.on('message', (message: FromThread) => {
        if (message.kind === 'progress') return options.onProgress(message.index, message.done)
        if (message.kind === 'failed') return reject(failure(configs[message.index]!, message.error))
        delivered = delivered.then(() =>
          options.onResult(message.index, message.measurement, message.seconds),
        )
        delivered.then(give, reject)
      })
      give()
    })
  try {
    await Promise.all(workers.map(work))
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()))
  }
}

function failure(config: Configuration, error: Error): ReproduceError {
  return new ReproduceError(`${configText(config)}: ${error.message}`, { cause: error })
}

/** `rule cwtm, attack little, seed 3` */
export function configText(config: Configuration): string {
  return Object.entries(config)
    .map(([name, value]) => `${name} ${value ?? 'none'}`)
    .join(', ')
}
