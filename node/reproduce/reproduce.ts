/** An experiment from its plan to its findings: what has been run before is taken over, the rest is run. */
import { availableParallelism, cpus, loadavg } from 'node:os'
import { createEstimate } from './estimate.ts'
import type { Configuration, Experiment, Findings, Result, Settings } from './experiment.ts'
import { runPool } from './pool.ts'
import { keyOf, type Results, type Run, readRuns, toRun, writeResults } from './results.ts'

interface ReproduceOptions {
  readonly experiment: Experiment
  readonly settings: Settings
  /** Path of results.json. */
  readonly path: string
  /** Ignore what has been run before. */
  readonly fresh: boolean
  /** Null: one a core. */
  readonly threads: number | null
  readonly onPlan?: (plan: { readonly runs: number; readonly earlier: number }) => void
  readonly onProgress?: (progress: RunProgress) => void
}

export interface RunProgress {
  readonly finished: number
  readonly runs: number
  /** In [0, 1], by cost. */
  readonly done: number
  /** Null before anything can be said. */
  readonly secondsLeft: number | null
}

export interface Reproduction {
  readonly findings: Findings
  readonly results: Results
  /** Of those in `results`, the runs that these findings rest on. */
  readonly used: { readonly runs: number; readonly workSeconds: number }
}

/** @throws ResultsError, ReproduceError */
export async function reproduce(options: ReproduceOptions): Promise<Reproduction> {
  const { experiment, settings, path } = options
  const startedMs = performance.now()
  const threads = options.threads ?? availableParallelism()
  const configs = experiment.configurations(settings)
  const known = new Map<string, Run>()
  if (!options.fresh)
    for (const run of await readRuns(path, experiment.name)) known.set(keyOf(run.config), run)
  const wanted = configs.map(keyOf)
  const missing = configs.filter(config => !known.has(keyOf(config)))
  options.onPlan?.({ runs: configs.length, earlier: configs.length - missing.length })
  const snapshot = (findings: Findings): Results => ({
    experiment: experiment.name,
    quick: settings.quick,
    machine: machine(threads),
    wallSeconds: Math.round((performance.now() - startedMs) / 100) / 10,
    verdicts: [...findings.verdicts],
    notes: [...findings.notes],
    // Runs of other settings in the same folder stay: quick ones may serve the full experiment.
    runs: [...known.values()],
  })
  const meter = createMeter(experiment, configs, missing, threads, options.onProgress)
  const save = () => writeResults(path, snapshot({ verdicts: [], tables: [], figures: [], notes: [] }))
  try {
    await runPool({
      experiment: experiment.name,
      settings,
      configs: missing,
      threads,
      onProgress: meter.progress,
      async onResult(index, measurement, seconds) {
        known.set(keyOf(missing[index]!), toRun(missing[index]!, measurement, seconds))
        meter.finished(index)
        if (meter.shouldSave()) await save()
      },
    })
  } catch (error) {
    await save() // what has been run need not be run again
    throw error
  }
  const used = resultsOf(wanted, known)
  const findings = experiment.judge(used, settings)
  const results = snapshot(findings)
  await writeResults(path, results)
  const workSeconds = used.reduce((sum, { seconds }) => sum + seconds, 0)
  return { findings, results, used: { runs: used.length, workSeconds } }
}

function resultsOf(keys: readonly string[], known: ReadonlyMap<string, Run>): Result<Configuration>[] {
  return keys.flatMap(key => {
    const run = known.get(key)
    if (run === undefined) return []
    const { config, numbers, series, seconds } = run
    return [{ config, measurement: { numbers, series }, seconds }]
  })
}

function machine(threads: number): Results['machine'] {
  const load = Math.round(10 * loadavg()[0]!) / 10
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    threads,
    node: process.version,
    load,
  }
}

/** Results are saved at most this often, and at the end. */
const saveEveryMs = 2000

function createMeter(
  experiment: Experiment,
  configs: readonly Configuration[],
  missing: readonly Configuration[],
  threads: number,
  report: ReproduceOptions['onProgress'],
) {
  const costs = missing.map(config => experiment.cost(config))
  const total = configs.reduce((sum, config) => sum + experiment.cost(config), 0)
  const earlier = total - costs.reduce((a, b) => a + b, 0)
  const estimate = createEstimate(costs, threads)
  let finished = configs.length - missing.length
  let savedMs = performance.now()
  const tell = (index: number, part: number) => {
    const nowMs = performance.now()
    estimate.update(index, part, nowMs)
    report?.({
      finished,
      runs: configs.length,
      done: total === 0 ? 1 : (earlier + estimate.done()) / total,
      secondsLeft: estimate.secondsLeft(nowMs),
    })
  }
  return {
    progress: (index: number, done: number) => tell(index, Math.min(done, 0.999)),
    finished(index: number) {
      finished++
      tell(index, 1)
    },
    shouldSave() {
      const due = performance.now() - savedMs > saveEveryMs
      if (due) savedMs = performance.now()
      return due
    },
  }
}
