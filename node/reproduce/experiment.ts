/**
 * An experiment: configurations to run, the code to run one, and what the results say about the paper's claim. The
 * framework around it (plan, pool, results, page) knows no paper.
 */

import type { OracleCache } from '../../learning/oracles/oracle-cache.ts'
import type { Figure } from './figures.ts'
import type { Point } from './statistics.ts'

/** One run: plain data that crosses to a worker thread and, as JSON, is the key of its result. */
export type Configuration = Readonly<Record<string, string | number | null>>

export interface Measurement {
  /** Null if there is none: an infinite loss, an accuracy that nobody measured. */
  readonly numbers: Readonly<Record<string, number | null>>
  readonly series: Readonly<Record<string, readonly Point[]>>
}

export interface Result<C> {
  readonly config: C
  readonly measurement: Measurement
  /** Seconds of one core, on the machine that ran it. */
  readonly seconds: number
}

/** A data set to run on: its name, and how `openData` finds it. */
export interface DataChoice {
  readonly name: string
  readonly path: string
}

/** Of `resam`: one setting of its grid in place of the usual one. */
export interface GridChoice {
  readonly model?: string
  readonly faults?: number
  readonly momentum?: number
}

export interface Settings {
  readonly quick: boolean
  /** How many seeds, from 1 on; null: the experiment's own number. */
  readonly seeds: number | null
  /** At least one; experiments on one data set take the first. */
  readonly data: readonly DataChoice[]
  /** Absent: the experiment's own grid. */
  readonly grid?: GridChoice
}

export interface RunContext {
  /** Of the plan that the run belongs to. */
  readonly settings: Settings
  /** What runs of one thread share, measured on so many examples of a test set. */
  readonly cacheFor: (examples: number) => OracleCache
  /** How much of this run is done, in [0, 1]. */
  progress(done: number): void
}

export interface Verdict {
  /** One claim of the paper, as a sentence. */
  readonly claim: string
  /** The measurement, with numbers. */
  readonly measured: string
  /** Null: these runs cannot decide it. */
  readonly holds: boolean | null
}

export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface Findings {
  readonly verdicts: readonly Verdict[]
  readonly tables: readonly Table[]
  readonly figures: readonly Figure[]
  /** Notes: where the paper's numbers do not follow from its parameters, and where this run differs from the paper. */
  readonly notes: readonly string[]
}

export interface ExperimentDefinition<C extends Configuration> {
  readonly name: string
  readonly title: string
  /** Paper and section. */
  readonly source: string
  /** One line for `--list`. */
  readonly summary: string
  /** What the paper did and claims, in paragraphs. */
  readonly claim: readonly string[]
  readonly needsData: boolean
  configurations(settings: Settings): readonly C[]
  /** Relative cost of a configuration, to estimate the time left. */
  cost(config: C): number
  run(config: C, context: RunContext): Promise<Measurement>
  judge(results: readonly Result<C>[], settings: Settings): Findings
}

/** An experiment whose configuration type is checked where it is defined, and erased here. */
export type Experiment = ExperimentDefinition<Configuration>

export function defineExperiment<C extends Configuration>(definition: ExperimentDefinition<C>): Experiment {
  return {
    ...definition,
    cost: config => definition.cost(config as C),
    run: (config, context) => definition.run(config as C, context),
    judge: (results, settings) => definition.judge(results as readonly Result<C>[], settings),
  }
}

export function seedsOf({ seeds, quick }: Settings, quickCount: number, fullCount: number): number[] {
  return Array.from({ length: seeds ?? (quick ? quickCount : fullCount) }, (_, i) => i + 1)
}

/** The product of the choices: one object for each combination, the last name varying fastest. */
export function combinations<T extends Readonly<Record<string, readonly unknown[]>>>(
  choices: T,
): { [K in keyof T]: T[K][number] }[] {
  let all: Record<string, unknown>[] = [{}]
  for (const [name, values] of Object.entries(choices))
    all = all.flatMap(before => values.map(value => ({ ...before, [name]: value })))
  return all as { [K in keyof T]: T[K][number] }[]
}

/** The names of the data sets that any of the experiment's runs uses: some experiments use only the first. */
export function usedData(experiment: Experiment, settings: Settings): string[] {
  const paths = new Set(experiment.configurations(settings).map(({ data }) => data))
  return settings.data.filter(({ path }) => paths.has(path)).map(({ name }) => name)
}
