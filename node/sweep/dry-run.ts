/** What a sweep would run, and how long that would take. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { SweepDefinition } from './definition.ts'
import { cellsOf } from './grid.ts'
import { createPlanner, type PlannedRun } from './plan.ts'
import { estimateSeconds } from './probe.ts'
import { type Shard, shardOf } from './shard.ts'
import { openStore } from './store.ts'
import { candidatesOf } from './tuning.ts'

/** One run of a sweep that has not begun. */
interface ForeseenRun {
  readonly planned: PlannedRun
  readonly what: 'tuning' | 'run'
  /** Whether the folder has its result. */
  readonly isStored: boolean
  /** Of one core; 0 where it need not be run, and null where that cannot be said. */
  readonly seconds: number | null
  /** Why it cannot be said; null: it can. */
  readonly why: string | null
}

interface Forecast {
  readonly runs: readonly ForeseenRun[]
  /** On so many threads, without those of which nothing can be said. */
  readonly seconds: number
}

interface ForecastOptions {
  readonly folder: string
  readonly shard?: Shard
  readonly threads?: number
}

const STORED = { seconds: 0, why: null }

/**
 * Runs nothing but a few steps of each kind of run. Where a cell is tuned first, its own run is foreseen with the first of
 * the choices.
 * @throws as `runSweep`
 */
export async function dryRun(
  definition: SweepDefinition,
  { folder, shard, threads = availableParallelism() }: ForecastOptions,
): Promise<Forecast> {
  const { tune } = definition
  const cells = shardOf(definition, cellsOf(definition), shard)
  const planner = await createPlanner(definition)
  const candidates = tune === null ? [] : candidatesOf(cells, tune)
  const tuning = await planner.plan(
    candidates.map(({ cell }) => cell),
    tune?.holdout ?? null,
  )
  const first = Object.fromEntries(
    Object.entries(tune?.choices ?? {}).map(([name, values]) => [name, values[0]!]),
  )
  const measured = await planner.plan(
    cells.map(({ axes, settings }) => ({ axes, settings: { ...settings, ...first } })),
    null,
  )
  const runs: Omit<ForeseenRun, 'seconds' | 'why'>[] = []
  for (const [what, place, planned] of [
    ['tuning', 'tuning', tuning],
    ['run', 'runs', measured],
  ] as const) {
    const store = await openStore(join(folder, place), { make: false })
    for (const each of planned) {
      const row = await store.read(each.run, each.version)
      runs.push({ planned: each, what, isStored: row !== null && row.status !== 'failed' })
    }
  }
  const estimated = await estimateSeconds(runs.filter(run => !run.isStored).map(({ planned }) => planned))
  let place = 0
  const foreseen = runs.map(run => ({ ...run, ...(run.isStored ? STORED : estimated[place++]!) }))
  const each = foreseen.map(({ seconds }) => seconds ?? 0)
  const sum = each.reduce((all, seconds) => all + seconds, 0)
  const longest = each.reduce((most, seconds) => Math.max(most, seconds), 0)
  return { runs: foreseen, seconds: Math.max(longest, sum / threads) }
}
