/** Experiments whose runs are those of a shipped sweep, docs/sweeps/papers/, which users take and change. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Cell, SweepDefinition } from '../sweep/definition.ts'
import { cellsOf } from '../sweep/grid.ts'
import { parseSweep } from '../sweep/read-sweep.ts'
import {
  type Configuration,
  defineExperiment,
  type Experiment,
  type ExperimentDefinition,
  type Settings,
  seedsOf,
} from './experiment.ts'
import { measure } from './measure.ts'
import { keyOf } from './results.ts'
import { type RuleKey, ruleKey } from './rule-key.ts'

interface SweepExperiment<C extends Configuration>
  extends Omit<ExperimentDefinition<C>, 'needsData' | 'configurations' | 'run'> {
  /** On each of the data sets that there are, or on the first. */
  readonly on: 'each' | 'first'
  /** What a result is known by: a `C`. */
  configOf(cell: Cell): Configuration
  /** The sweep with what was chosen of its grid; absent: there is nothing to choose. */
  regrid?(sweep: SweepDefinition, settings: Settings): SweepDefinition
  /** How many examples of the test set each evaluation takes. */
  examples(config: C): number
}

export function defineSweepExperiment<C extends Configuration>(definition: SweepExperiment<C>): Experiment {
  const { on, configOf, regrid = sweep => sweep, examples, ...others } = definition
  const runsOf = (settings: Settings) => {
    const cells = cellsBySeed(regrid(shippedSweep(others.name, settings), settings), settings)
    return settings.data.slice(0, on === 'first' ? 1 : Infinity).flatMap(({ path }) =>
      cells.map(({ axes, settings: own }) => {
        const cell = { axes, settings: { ...own, data: path } }
        return { cell, config: configOf(cell) }
      }),
    )
  }
  return defineExperiment<C>({
    ...others,
    needsData: true,
    configurations: settings => runsOf(settings).map(({ config }) => config as C),
    run(config, context) {
      const { cell } = runsOf(context.settings).find(run => keyOf(run.config) === keyOf(config))!
      return measure(cell.settings, examples(config), context)
    },
  })
}

/** docs/ is two folders up in a checkout, and three up in dist/. */
function shippedSweep(experiment: string, { quick }: Settings): SweepDefinition {
  const name = `docs/sweeps/papers/${quick ? 'quick/' : ''}${experiment}.yaml`
  const [checkout, installed] = ['../..', '../../..'].map(root => new URL(`${root}/${name}`, import.meta.url))
  const read = (url: URL) => parseSweep(readFileSync(url, 'utf8'), fileURLToPath(url))
  try {
    return read(checkout!)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return read(installed!)
  }
}

/** With as many seeds as are asked for; those of one seed come together, as they share their data. */
function cellsBySeed(sweep: SweepDefinition, settings: Settings): readonly Cell[] {
  const own = sweep.axes.at(-1)!.choices.length
  const choices = seedsOf(settings, own, own).map(seed => ({ name: seed, settings: { seed } }))
  const cells = cellsOf({ ...sweep, axes: [...sweep.axes.slice(0, -1), { name: 'seed', choices }] })
  return choices.flatMap(({ name: seed }) => cells.filter(({ axes }) => axes.seed === seed))
}

/** Null: nobody lies, which is a variant `none` of the axis. */
export function attackOf({ axes }: Cell): string | null {
  return axes.attack === 'none' ? null : String(axes.attack)
}

export function ruleKeyOf({ settings: { rule, param = '' } }: Cell): RuleKey {
  return { ...ruleKey(String(rule)), parameters: String(param) }
}

/** A run with its data, start and schedule, and these other settings. */
export function settingsOf({ settings }: Cell, ...others: readonly string[]): Configuration {
  const names = ['data', 'model', 'steps', 'seed', ...others]
  return Object.fromEntries(names.map(name => [name, settings[name] as string | number]))
}
