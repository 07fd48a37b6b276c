/** How long a sweep will take, from short runs of its kinds. */
import { searchingAttacks } from '../../learning/attacks/adaptive-attacks.ts'
import { isModuleFile } from '../files/own-module.ts'
import type { PlannedRun } from './plan.ts'
import { runPool } from './pool.ts'
import type { Patience } from './silence.ts'

/** Steps of the three runs of a probe. The first one opens the data and compiles the model, and does not count. */
const STEPS = [1, 1, 6] as const
/** Kinds that are tried; the others are judged by their cost. */
const KINDS_MAX = 16
/** A run may be silent for longer: nobody waits for it as for an estimate. */
const PATIENCE: Patience = { silentMs: 60_000, overdueMs: 60_000 }

/** How long a run is going to take, in seconds of one core; or why that cannot be said. */
type Estimated =
  | { readonly seconds: number; readonly why: null }
  | { readonly seconds: null; readonly why: string }

/** What a probe found out about runs of one kind. */
type Found = { readonly fixed: number; readonly perCost: number } | { readonly why: string }

/**
 * Tries a few steps of each kind of run, in a thread that is ended where a file of the user's does not come back. Runs
 * that are skipped take no time.
 * @param patience absent: a minute without a step
 */
export async function estimateSeconds(
  runs: readonly PlannedRun[],
  patience: Patience = PATIENCE,
): Promise<readonly Estimated[]> {
  const kinds = new Map<string, PlannedRun>()
  for (const run of runs) if (run.skipped === null && !kinds.has(kindOf(run))) kinds.set(kindOf(run), run)
  const found = await triedOut(new Map(spreadOut([...kinds], KINDS_MAX)), patience)
  const known = [...found.values()].filter(each => 'fixed' in each)
  const mean = (of: (each: (typeof known)[number]) => number) =>
    known.reduce((sum, each) => sum + of(each), 0) / Math.max(1, known.length)
  const usual = { fixed: mean(({ fixed }) => fixed), perCost: mean(({ perCost }) => perCost) }
  return runs.map(run => {
    if (run.skipped !== null) return { seconds: 0, why: null }
    const tried = found.get(kindOf(run)) ?? usual
    if ('why' in tried) return { seconds: null, why: tried.why }
    return { seconds: tried.fixed * evaluationsOf(run) + tried.perCost * run.cost, why: null }
  })
}

async function triedOut(
  kinds: ReadonlyMap<string, PlannedRun>,
  patience: Patience,
): Promise<ReadonlyMap<string, Found>> {
  const names = [...kinds.keys()]
  const kindAt = (place: number) => names[Math.floor(place / STEPS.length)]!
  const times = new Map<string, number[]>(names.map(name => [name, []]))
  const failures = new Map<string, string>()
  await runPool({
    jobs: [...kinds.values()].flatMap(({ job }) =>
      STEPS.map(steps => {
        const { evaluateEvery: _, ...others } = job.settings
        return { ...job, settings: { ...others, steps } }
      }),
    ),
    threads: 1,
    patience,
    isOver: () => false,
    isLeftOut: place => failures.has(kindAt(place)),
    onStart() {},
    onProgress() {},
    async onResult(place, { measured: { status, why, seconds } }) {
      if (status === 'failed') failures.set(kindAt(place), why ?? 'it has failed')
      times.get(kindAt(place))!.push(seconds)
    },
  })
  return new Map(
    [...kinds].map(([name, run]) => {
      const why = failures.get(name)
      return [name, why === undefined ? rateOf(run, times.get(name)!) : { why }] as const
    }),
  )
}

function rateOf({ cost, settings }: PlannedRun, [, first, more]: readonly number[]): Found {
  const perStep = Math.max(0, more! - first!) / (STEPS[2] - STEPS[1])
  return { fixed: Math.max(0, first! - perStep), perCost: perStep / (cost / Number(settings.steps)) }
}

/** The one at the end takes most of what a run takes besides its steps. */
function evaluationsOf({ settings }: PlannedRun): number {
  const { evaluateEvery, steps } = settings
  return evaluateEvery === undefined ? 1 : 1 + Math.ceil(Number(steps) / Number(evaluateEvery))
}

/** What a step's time depends on, but for sizes that the cost counts. */
function kindOf({ settings }: PlannedRun): string {
  const { architecture, topology, protocol, rule, gradientRule, model, data } = settings
  const attack = String(settings.attack)
  // What stands in front, as in `late+search`, takes no time.
  const base = isModuleFile(attack) ? attack : attack.replace(/^.*\+|:.*$/g, '')
  // Of ours only those take long that try the rule. Of the user's nothing is known.
  const slow = isModuleFile(base) || searchingAttacks.has(base) ? base : null
  return JSON.stringify([architecture, topology, protocol, rule, gradientRule, model, data, slow])
}

/** So many of them, evenly. */
function spreadOut<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!)
}
