/**
 * The swarm on all cores. A seed gives the same result in every thread, so the table is the same on one core or many.
 */
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { createSwarmTable, runSeed, type SeedResult, type SwarmKind, type SwarmRow } from './swarm.ts'

interface SwarmOptions {
  /** Default: agreements. */
  readonly kind?: SwarmKind
  readonly from: number
  readonly seeds: number
  /** Default: one per core; 1 runs in this thread. */
  readonly threads?: number
  readonly onProgress?: (done: number) => void
}

interface SwarmResult {
  /** How many seeds ran: all, or those up to and around the first violation. */
  readonly runs: number
  readonly events: number
  readonly rows: readonly SwarmRow[]
  /** The result of the lowest seed with a violation; null if none has one. */
  readonly failed: SeedResult | null
}

/** How many seeds a thread gets at a time. */
const BATCH = 16

interface State {
  readonly options: SwarmOptions
  readonly table: ReturnType<typeof createSwarmTable>
  next: number
  runs: number
  events: number
  failed: SeedResult | null
}

/** Runs the seeds, and hands out no more after the first violation. */
export async function runSwarm(options: SwarmOptions): Promise<SwarmResult> {
  const state: State = {
    options,
    table: createSwarmTable(),
    next: options.from,
    runs: 0,
    events: 0,
    failed: null,
  }
  const { seeds, threads = availableParallelism() } = options
  const count = Math.min(threads, Math.ceil(seeds / BATCH))
  if (count <= 1) runHere(state)
  else await Promise.all(Array.from({ length: count }, () => runThread(state)))
  const { runs, events, failed } = state
  return { runs, events, failed, rows: state.table.rows() }
}

function nextBatch(state: State): { from: number; count: number } | null {
  const { from, seeds } = state.options
  const count = Math.min(BATCH, from + seeds - state.next)
  if (count <= 0 || state.failed !== null) return null
  state.next += count
  return { from: state.next - count, count }
}

function take(state: State, results: readonly SeedResult[]): void {
  for (const result of results) {
    state.table.add(result)
    state.runs++
    state.events += result.events
    if (result.violation !== null && (state.failed === null || result.seed < state.failed.seed))
      state.failed = result
  }
  state.options.onProgress?.(state.runs)
}

function runHere(state: State): void {
  for (let batch = nextBatch(state); batch !== null; batch = nextBatch(state)) {
    const { from, count } = batch
    take(
      state,
      Array.from({ length: count }, (_, i) => runSeed(from + i, state.options.kind ?? 'agreement')),
    )
  }
}

function runThread(state: State): Promise<void> {
  // The worker lies beside this file with the same extension: .ts in a checkout, .js in a built package.
  const file = new URL(`./worker${extname(import.meta.url)}`, import.meta.url)
  // The flags of this process are not meant for the thread.
  const worker = new Worker(file, { execArgv: [] })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const proceed = () => {
    const batch = nextBatch(state)
    if (batch !== null) worker.postMessage({ ...batch, kind: state.options.kind ?? 'agreement' })
    else worker.terminate().then(() => resolve(), reject)
  }
  worker.on('error', reject)
  worker.on('message', (results: readonly SeedResult[]) => {
    take(state, results)
    proceed()
  })
  proceed()
  return promise
}
