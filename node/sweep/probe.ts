/** How long a sweep will take, from short runs of its kinds. */
import { createCaches } from './caches.ts'
import { createDigests } from './inputs.ts'
import type { PlannedRun } from './plan.ts'
import { createPrograms } from './programs.ts'
import { runOne } from './run-one.ts'

/** Steps of a probe: the first ones compile the model, and are subtracted. */
const STEPS = { first: 1, more: 5 } as const
/** Kinds that are tried; the others are judged by their cost. */
const KINDS_MAX = 12

/** Seconds of one core that each run is going to take. Runs that are skipped take none. */
export async function estimateSeconds(runs: readonly PlannedRun[]): Promise<readonly number[]> {
  const kinds = new Map<string, PlannedRun>()
  for (const run of runs) if (run.skipped === null && !kinds.has(kindOf(run))) kinds.set(kindOf(run), run)
  const context = { cacheFor: createCaches(), programs: createPrograms(), digests: createDigests() }
  const measured = new Map<string, { readonly fixed: number; readonly perCost: number }>()
  for (const [kind, run] of spreadOut([...kinds], KINDS_MAX)) {
    const time = async (steps: number) => {
      const { evaluateEvery: _, ...others } = run.job.settings
      const settings = { ...others, steps }
      return (await runOne({ ...run.job, settings }, context)).seconds
    }
    await time(STEPS.first)
    const [first, more] = [await time(STEPS.first), await time(STEPS.first + STEPS.more)]
    const perStep = Math.max(0, more - first) / STEPS.more
    const costPerStep = run.cost / Number(run.settings.steps)
    measured.set(kind, { fixed: Math.max(0, first - perStep), perCost: perStep / costPerStep })
  }
  const all = [...measured.values()]
  const mean = (of: (each: (typeof all)[number]) => number) =>
    all.reduce((sum, each) => sum + of(each), 0) / Math.max(1, all.length)
  const usual = { fixed: mean(({ fixed }) => fixed), perCost: mean(({ perCost }) => perCost) }
  return runs.map(run => {
    if (run.skipped !== null) return 0
    const { fixed, perCost } = measured.get(kindOf(run)) ?? usual
    return fixed * evaluationsOf(run) + perCost * run.cost
  })
}

/** The one at the end takes most of what a run takes besides its steps. */
function evaluationsOf({ settings }: PlannedRun): number {
  const { evaluateEvery, steps } = settings
  return evaluateEvery === undefined ? 1 : 1 + Math.ceil(Number(steps) / Number(evaluateEvery))
}

/** What a step's time depends on, but for sizes that the cost counts. */
function kindOf({ settings }: PlannedRun): string {
  const { architecture, topology, protocol, rule, model, data } = settings
  return JSON.stringify([architecture, topology, protocol, rule, model, data])
}

/** So many of them, evenly. */
function spreadOut<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!)
}
