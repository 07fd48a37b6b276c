/** From cells to runs: each with its name, what it costs, and whether it can be run at all. */
import { createHash } from 'node:crypto'
import { basename, extname } from 'node:path'
import type { DataSource } from '../../learning/data/dataset.ts'
import { openData } from '../../learning/data/open.ts'
import { DEFAULT_GOSSIP_RULE } from '../../learning/gossip/rules.ts'
import { modelDimension } from '../../learning/models/model.ts'
import { modelNamed } from '../../learning/models/registry.ts'
import { DEFAULT_RULE } from '../cli/server-learning.ts'
import { moduleLabel } from '../files/own-module.ts'
import { EXTERNAL_MODEL } from '../oracle/open.ts'
import { type Cell, type SweepDefinition, SweepError } from './definition.ts'
import { createDigests, type Digests, dataPath, type Inputs } from './inputs.ts'
import { type Prepared, prepareOrSkip } from './prepare.ts'
import { createPrograms, type Programs } from './programs.ts'
import type { Setting } from './rows.ts'
import type { Job } from './run-one.ts'
import { isFallback, programFiles, withPaths } from './settings.ts'
import { codeVersion } from './version.ts'

/** A cell that is to be run. */
export interface PlannedRun {
  /** The digest of all that its result follows from. */
  readonly run: string
  readonly version: string
  readonly axes: Readonly<Record<string, Setting>>
  /** As the file has them, with what decides most by default: for tables. */
  readonly settings: Readonly<Record<string, Setting>>
  readonly job: Job
  /** The digests of its files, by their paths as the sweep has them. */
  readonly inputs: Inputs
  /** In a unit of no meaning but to compare. */
  readonly cost: number
  /** Why it is not run; null: it is. */
  readonly skipped: string | null
}

export interface Planner {
  /** @throws SweepError that names the cell; DataError, ModelError, AttackError */
  plan(cells: readonly Cell[], holdout: number | null): Promise<readonly PlannedRun[]>
}

type Settings = Readonly<Record<string, Setting>>

/** What plans of one sweep share: programs that were loaded, data that was opened. */
interface Known {
  readonly definition: SweepDefinition
  readonly version: string
  readonly programs: Programs
  readonly digests: Digests
  readonly sources: Map<string, DataSource>
  /** By data and model. */
  readonly dimensions: Map<string, number>
}

export async function createPlanner(definition: SweepDefinition): Promise<Planner> {
  const known: Known = {
    definition,
    version: await codeVersion(),
    programs: createPrograms(),
    digests: createDigests(),
    sources: new Map(),
    dimensions: new Map(),
  }
  return {
    async plan(cells, holdout) {
      const runs: PlannedRun[] = []
      for (const cell of cells) runs.push(await planned(known, cell, holdout))
      known.sources.clear()
      return runs
    },
  }
}

async function planned(known: Known, cell: Cell, holdout: number | null): Promise<PlannedRun> {
  const { definition, version } = known
  const whole = withPaths(cell.settings, definition.base)
  try {
    const prepared = await prepareOrSkip(whole, known.programs)
    const inputs = await known.digests.of(whole)
    const job = { settings: whole, stop: definition.stop, holdout, inputs }
    const isSkipped = typeof prepared === 'string'
    return {
      run: nameOf(version, cell.settings, job),
      version,
      axes: cell.axes,
      settings: isSkipped
        ? cell.settings
        : { ...shownSettings(cell.settings, prepared), ...programsOf(inputs, whole) },
      job,
      inputs: asWritten(inputs, cell.settings, whole),
      cost: isSkipped ? 0 : await costOf(known, prepared),
      skipped: isSkipped ? prepared : null,
    }
  } catch (error) {
    if (!isUsage(error)) throw error
    throw new SweepError('sweep-field', `${definition.name}: ${cellText(cell.axes)}: ${error.message}`)
  }
}

/** Errors of the settings themselves; those of data and files name their place already. */
function isUsage(error: unknown): error is Error {
  return error instanceof Error && ['UsageError', 'RuleError', 'ModelError'].includes(error.name)
}

/** `rule cwtm, attack little, seed 3` */
export function cellText(axes: Settings): string {
  return Object.entries(axes)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

/** A name has 64 bits: among a million runs two share one with probability 10⁻⁷. */
const NAME_DIGITS = 16

function nameOf(
  version: string,
  settings: Settings,
  { settings: whole, stop, holdout, inputs }: Job,
): string {
  const set = Object.keys(settings)
    .filter(name => !isFallback(name, settings[name]!))
    .sort()
    .map(name => [name, contentOf(name, settings[name]!, whole, inputs)])
  const files = programFiles(whole).map(path => inputs[path])
  return createHash('sha256')
    .update(JSON.stringify([version, set, files, stop, holdout]))
    .digest('hex')
    .slice(0, NAME_DIGITS)
}

/** The data and the start are known by what they hold, wherever they lie; data that is too large by its whole path. */
function contentOf(name: string, setting: Setting, whole: Settings, inputs: Inputs): Setting {
  if (name === 'init' || name === 'topology') return inputs[String(whole[name])] ?? setting
  if (name !== 'data') return setting
  const path = dataPath(whole.data)
  if (path === null) return setting
  // The ending says how a file is read.
  const content = inputs[path] === undefined ? path : `${inputs[path]}${extname(path)}`
  return String(whole.data).replace(path, () => content)
}

/** The same digests, with the paths that the file has: those of a machine's folders say nothing elsewhere. */
function asWritten(inputs: Inputs, settings: Settings, whole: Settings): Inputs {
  const pathsOf = (of: Settings) =>
    [...programFiles(of), of.init ?? '', of.topology ?? '', dataPath(of.data) ?? ''].map(String)
  const written = pathsOf(settings)
  const pairs = pathsOf(whole).map((path, place) => [written[place]!, inputs[path]] as const)
  return Object.fromEntries(
    pairs.flatMap(([path, digest]) => (digest === undefined ? [] : [[path, digest] as const])),
  )
}

/** The user's own programs by name and digest, so that tables tell two versions apart; nothing where there is none. */
function programsOf(inputs: Inputs, whole: Settings): Settings {
  const labels = programFiles(whole).map(path => moduleLabel(basename(path), inputs[path]!))
  return labels.length === 0 ? {} : { programs: labels.join(' ') }
}

/** What the file sets, and the values of what decides most where it sets nothing. */
function shownSettings(settings: Settings, { kind, values, scenario }: Prepared): Settings {
  const { faults, model, rate, momentum, batch, steps, seed } = scenario.settings
  return {
    architecture: values.architecture,
    ...ruleOf(kind, values),
    attack: values.attack,
    peers: scenario.peers,
    model,
    data: values.data,
    partition: values.partition,
    rate,
    momentum,
    batch,
    steps,
    seed,
    ...settings,
    faults,
    byzantine: scenario.liars.length,
  }
}

function ruleOf(kind: Prepared['kind'], { rule, protocol, topology }: Prepared['values']): Settings {
  if (kind === 'server') return { rule: rule ?? DEFAULT_RULE }
  if (kind === 'gossip') return { rule: rule ?? DEFAULT_GOSSIP_RULE, topology }
  return { protocol }
}

/** Of a step besides its gradients, in numbers that are read or written. */
const STEP_COST = 1e6
/** Peers send each other vectors, sign, check and decode them; a server, or a peer that gossips, reads what is there. */
const EXCHANGE_COST = { peers: 12, server: 1, gossip: 1 }

/** Of a program of the user's, which has not been asked. */
const UNKNOWN_DIMENSION = 1e5

async function costOf(known: Known, { kind, scenario }: Prepared): Promise<number> {
  const { peers, settings } = scenario
  const { steps, batch, localSteps = 1 } = settings
  const dimension = await dimensionOf(known, scenario)
  const gradients = peers * localSteps * batch * dimension
  const exchange = EXCHANGE_COST[kind] * peers * peers * dimension
  return steps * (gradients + exchange + STEP_COST)
}

async function dimensionOf(known: Known, { data, settings }: Prepared['scenario']): Promise<number> {
  const { model, dropout, classWeights } = settings
  if (model === EXTERNAL_MODEL) return UNKNOWN_DIMENSION
  const key = JSON.stringify([data, model, dropout, classWeights])
  const dimension = known.dimensions.get(key)
  if (dimension !== undefined) return dimension
  const source = known.sources.get(data) ?? (await openData(data))
  known.sources.set(data, source)
  const counted = modelDimension(modelNamed(model, source, { dropout, classWeights }))
  known.dimensions.set(key, counted)
  return counted
}
