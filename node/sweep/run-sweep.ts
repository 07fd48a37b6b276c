/** A sweep from its definition to its rows: what has been run before is taken over, and the rest is run on all cores. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createEstimate } from '../reproduce/estimate.ts'
import type { Cell, SweepDefinition } from './definition.ts'
import { checkFolder, rowsOfList, skippedRow, writeList } from './folder.ts'
import { cellsOf } from './grid.ts'
import type { PageKind } from './page-kinds.ts'
import { openPages, type Pages } from './pages.ts'
import { cellText, createPlanner, type PlannedRun, type Planner } from './plan.ts'
import { runPool } from './pool.ts'
import { writeResults } from './results.ts'
import type { RunRow } from './rows.ts'
import { type Shard, shardOf } from './shard.ts'
import { openStore, type Store } from './store.ts'
import { bestOf, candidatesOf } from './tuning.ts'

/** How a sweep is run. Everything may be left out. */
export interface SweepOptions {
  /** Where runs are kept and results are written; absent: nowhere. */
  readonly folder?: string
  /** Absent: one a core. */
  readonly threads?: number
  /** Only the runs of this part. */
  readonly shard?: Shard
  /** After so long no further run begins. */
  readonly budgetSeconds?: number
  /** Ends all; runs under way are lost. */
  readonly signal?: AbortSignal
  /** What page each run gets in the folder; absent: a short one. Runs that are taken over keep what they have. */
  readonly pages?: PageKind
  readonly onPlan?: (plan: SweepPlan) => void
  /** After each run that has ended, and for those that were taken over or skipped. */
  readonly onRun?: (row: RunRow) => void
  readonly onProgress?: (progress: SweepProgress) => void
}

/** What is going to be run. */
export interface SweepPlan {
  readonly what: 'tuning' | 'runs'
  readonly runs: number
  /** Taken over from the folder. */
  readonly earlier: number
  /** Below their protocol's or rule's bound. */
  readonly skipped: number
}

/** How far a sweep is. */
export interface SweepProgress {
  readonly finished: number
  readonly runs: number
  /** How many of those that are finished were taken over from the folder. */
  readonly earlier: number
  /** How many of those that are finished have failed. */
  readonly failed: number
  /** In [0, 1], by cost. */
  readonly done: number
  /** Null before anything can be said. */
  readonly secondsLeft: number | null
  /** The cells under way. */
  readonly current: readonly string[]
}

/** What came of a sweep. */
export interface SweepResult {
  /** In the order of the grid; without those that were not reached. */
  readonly rows: readonly RunRow[]
  /** How many runs of this sweep, or of its shard, have no result yet. */
  readonly open: number
  /** Seconds of one core that the runs of this call took. */
  readonly workSeconds: number
  /** What was not taken over from the folder, and what the figures leave out, in sentences. */
  readonly notes: readonly string[]
}

/**
 * Runs all cells of a sweep. Each row, but for its `seconds`, is the same to the bit, however runs were scheduled, taken
 * over or cut into shards; unless a run's own time ended it.
 * @throws SweepError, DataError, ModelError, AttackError; StoreError where nothing can be written
 */
export async function runSweep(
  definition: SweepDefinition,
  options: SweepOptions = {},
): Promise<SweepResult> {
  const { folder } = options
  const startedMs = performance.now()
  const deadlineMs = startedMs + 1000 * (options.budgetSeconds ?? Infinity)
  const planner = await createPlanner(definition)
  const every = cellsOf(definition)
  const cells = shardOf(definition, every, options.shard)
  let workSeconds = 0
  const notes = new Set<string>()
  const isOver = () => performance.now() >= deadlineMs || options.signal?.aborted === true
  const execute = async (planned: readonly PlannedRun[], place: string, what: SweepPlan['what']) => {
    const path = folder === undefined ? null : join(folder, place)
    const store = path === null ? null : await openStore(path)
    const hasPages = path !== null && what === 'runs' && options.pages !== 'none'
    const pages = hasPages ? await openPages(path, definition) : null
    const run = await runAll(definition, planned, { ...options, what, store, isOver, written: pages })
    workSeconds += run.workSeconds
    for (const note of store?.notes() ?? []) notes.add(note)
    return run.rows
  }
  const begin = async (listed: readonly PlannedRun[]) => {
    if (folder === undefined) return
    await checkFolder(folder, definition)
    // The folder of the runs is made first: where that cannot be, the message names it.
    await openStore(join(folder, 'runs'))
    await writeList(folder, definition, listed)
  }
  const tuned = await tunedCells(definition, cells, planner, async runs => {
    // Which runs there will be is not known yet.
    await begin([])
    return execute(runs, 'tuning', 'tuning')
  })
  // Beside a shard's own runs stand those that others leave in the same folder. What others have tuned is known by
  // their rows alone: a plan of their cells would need their choice.
  const isShared = folder !== undefined && definition.tune === null
  const listed = await planner.plan(isShared ? every : tuned, null)
  const own = new Set(tuned.map(({ axes }) => JSON.stringify(axes)))
  const planned = isShared ? listed.filter(({ axes }) => own.has(JSON.stringify(axes))) : listed
  await begin(listed)
  const found = await execute(planned, 'runs', 'runs')
  const rows = planned.flatMap(run => rowOf(run, found) ?? [])
  for (const row of rows) if (row.status === 'skipped') options.onRun?.(row)
  const open = cells.length - rows.length
  const result = { rows, open, workSeconds }
  if (folder === undefined || options.signal?.aborted) return { ...result, notes: [...notes] }
  const all = planned.length === listed.length ? rows : (await rowsOfList(folder, listed)).rows
  for (const note of await writeResults(folder, definition, all)) notes.add(note)
  return { ...result, notes: [...notes] }
}

type Execute = (runs: readonly PlannedRun[]) => Promise<ReadonlyMap<string, RunRow>>

/** The cells with the settings that did best on the hold-out; those whose candidates have not all run are left out. */
async function tunedCells(
  { tune }: SweepDefinition,
  cells: readonly Cell[],
  planner: Planner,
  execute: Execute,
): Promise<readonly Cell[]> {
  if (tune === null) return cells
  const candidates = candidatesOf(cells, tune)
  const planned = await planner.plan(
    candidates.map(({ cell }) => cell),
    tune.holdout,
  )
  const found = await execute(planned)
  const rows = planned.map(run => rowOf(run, found))
  return bestOf(cells, candidates, rows, tune.metric)
}

/** The row of a planned run, with this sweep's own axes; null where it has none. */
function rowOf(planned: PlannedRun, found: ReadonlyMap<string, RunRow>): RunRow | null {
  const { run, axes, settings, skipped } = planned
  if (skipped !== null) return skippedRow(planned, skipped)
  const row = found.get(run)
  return row === undefined ? null : { ...row, axes, settings }
}

interface Batch extends SweepOptions {
  readonly what: SweepPlan['what']
  readonly store: Store | null
  readonly written: Pages | null
  isOver(): boolean
}

interface BatchResult {
  /** By name. */
  readonly rows: ReadonlyMap<string, RunRow>
  readonly workSeconds: number
}

/** Runs what is planned and not stored yet. */
async function runAll(
  definition: SweepDefinition,
  planned: readonly PlannedRun[],
  batch: Batch,
): Promise<BatchResult> {
  const { store, written, onRun, threads = availableParallelism() } = batch
  const rows = new Map<string, RunRow>()
  const missing = new Map<string, PlannedRun>()
  for (const each of planned) {
    if (each.skipped !== null || rows.has(each.run) || missing.has(each.run)) continue
    const row = (await store?.read(each.run, each.version)) ?? null
    // A run that failed may have failed for want of memory or time.
    if (row === null || row.status === 'failed') missing.set(each.run, each)
    else rows.set(each.run, { ...row, axes: each.axes, settings: each.settings })
  }
  for (const row of rows.values()) if (batch.what === 'runs') onRun?.(row)
  const runs = inOrder(definition, [...missing.values()])
  const skipped = planned.filter(each => each.skipped !== null).length
  batch.onPlan?.({ what: batch.what, runs: rows.size + runs.length, earlier: rows.size, skipped })
  const meter = createMeter(runs, rows.size, threads, batch.onProgress)
  let workSeconds = 0
  await runPool({
    jobs: runs.map(({ job }) => job),
    pages: runs.map(each => written?.orderOf(each, batch.pages === 'full') ?? null),
    threads,
    isOver: batch.isOver,
    ...(batch.signal && { signal: batch.signal }),
    onStart: meter.started,
    onProgress: meter.progress,
    async onResult(index, { measured, page }) {
      const { run, version, axes, settings, inputs } = runs[index]!
      const { status, why, metrics, series, seconds } = measured
      const row = {
        run,
        version,
        status,
        ...(why !== undefined && { why }),
        axes,
        settings,
        ...(Object.keys(inputs).length > 0 && { inputs }),
        metrics,
        series,
        seconds,
      }
      workSeconds += seconds
      // First: a row that is there has its page.
      if (page !== null) await written!.write(row, page)
      await store?.write(row)
      rows.set(run, row)
      meter.finished(index, status === 'failed')
      if (batch.what === 'runs') onRun?.(row)
    },
  })
  return { rows, workSeconds }
}

/**
 * One seed over all cells first, so that figures are useful early; among those the longest first, so that at the end no
 * core waits for another.
 */
function inOrder({ axes }: SweepDefinition, runs: readonly PlannedRun[]): readonly PlannedRun[] {
  const seeds = axes.at(-1)!.choices.map(({ name }) => name)
  const place = ({ axes: { seed } }: PlannedRun) => seeds.indexOf(seed!)
  return [...runs].sort((a, b) => place(a) - place(b) || b.cost - a.cost)
}

function createMeter(
  runs: readonly PlannedRun[],
  earlier: number,
  threads: number,
  report: SweepOptions['onProgress'],
) {
  const costs = runs.map(({ cost }) => cost)
  const total = costs.reduce((a, b) => a + b, 0)
  const estimate = createEstimate(costs, threads)
  const open = new Set<number>()
  let finished = earlier
  let failed = 0
  const tell = (index: number, part: number) => {
    const nowMs = performance.now()
    estimate.update(index, part, nowMs)
    report?.({
      finished,
      runs: earlier + runs.length,
      earlier,
      failed,
      done: total === 0 ? 1 : estimate.done() / total,
      secondsLeft: estimate.secondsLeft(nowMs),
      current: [...open].map(place => cellText(runs[place]!.axes)),
    })
  }
  return {
    started(index: number) {
      open.add(index)
      tell(index, 0)
    },
    progress: (index: number, step: number) => tell(index, Math.min(0.999, step / stepsOf(runs[index]!))),
    finished(index: number, hasFailed: boolean) {
      open.delete(index)
      finished++
      if (hasFailed) failed++
      tell(index, 1)
    },
  }
}

function stepsOf({ settings }: PlannedRun): number {
  return Number(settings.steps)
}
