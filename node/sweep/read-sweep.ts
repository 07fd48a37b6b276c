/** Reads a sweep's file once into a typed value; errors name the file, the line and the field. */
import { basename, dirname, extname, resolve } from 'node:path'
import { stringify } from 'yaml'
import { readText } from '../../learning/data/read-file.ts'
import { readYaml } from '../cohort/yaml.ts'
import { suggestion } from '../text/nearest.ts'
import { type Axis, type Condition, type SweepDefinition, SweepError } from './definition.ts'
import { choiceNamed } from './grid.ts'
import { metricNames } from './metrics.ts'
import { type At, type Path, readAxis, readFields, readSettings, readValues } from './read-fields.ts'
import { checkTuning, readStop, readTuning } from './read-search.ts'
import type { Setting } from './rows.ts'
import { isSetting, settingNames } from './settings.ts'

/** A person wrote it. */
const SWEEP_BYTES_MAX = 2 ** 20

/** @throws SweepError */
export async function readSweep(path: string): Promise<SweepDefinition> {
  return parseSweep(await sweepText(path), path)
}

/** @throws SweepError if there is no such file */
export async function sweepText(path: string): Promise<string> {
  return readText(path, SWEEP_BYTES_MAX).catch((error: NodeJS.ErrnoException) => {
    throw new SweepError(
      'sweep-missing',
      error.code === 'ENOENT' ? `${path}: no such file` : `${path}: cannot be read (${error.message})`,
    )
  })
}

/**
 * @param path of the file, for messages, and for relative paths in it
 * @throws SweepError
 */
export function parseSweep(text: string, path: string): SweepDefinition {
  const { value, lineOf } = readYaml(text, path, message => new SweepError('sweep-syntax', message))
  return sweepOf(value, { source: path, base: dirname(resolve(path)), lineOf, text })
}

interface Origin {
  /** Where the value comes from, for messages. */
  readonly source: string
  /** The folder that relative paths begin at; absent: this process's. */
  readonly base?: string
  readonly lineOf?: (path: Path) => number | null
  /** Absent: the document as YAML. */
  readonly text?: string
}

const fields = ['name', 'title', 'settings', 'axes', 'seeds', 'exclude', 'include', 'tune', 'stop'] as const

/** Checks a value of unknown shape, such as a sweep's file has. @throws SweepError */
export function sweepOf(
  document: unknown,
  { source, base = '.', lineOf = () => null, text = stringify(document) }: Origin,
): SweepDefinition {
  const at: At = path => {
    const line = lineOf(path)
    const place = path.reduce<string>(
      (before, step) =>
        typeof step === 'number' ? `${before}[${step}]` : `${before}${before && '.'}${step}`,
      '',
    )
    return `${source}${line === null ? '' : `, line ${line}`}${place && `: ${place}`}`
  }
  const given = readFields(document, [], at, fields)
  const axes = axesOf(given, at)
  const settings = readSettings(given.settings ?? {}, ['settings'], at)
  checkAxes(settings, axes, at)
  const tune = given.tune === undefined ? null : readTuning(given.tune, at)
  if (tune !== null) checkTuning(tune, settings, axes, at)
  const { name = basename(source, extname(source)), title } = given
  for (const [field, words] of Object.entries({ name, title }))
    if (words !== undefined && (typeof words !== 'string' || words.trim() === ''))
      throw new SweepError('sweep-field', `${at([field])} is ${JSON.stringify(words)}; expected a text`)
  const isEvaluated = [
    settings,
    ...axes.flatMap(({ choices }) => choices.map(choice => choice.settings)),
  ].some(each => each.evaluateEvery !== undefined)
  const conditions = (field: 'exclude' | 'include') => readConditions(given[field], field, axes, at)
  return {
    name: String(name),
    ...(title !== undefined && { title: String(title) }),
    settings,
    axes,
    exclude: conditions('exclude'),
    include: conditions('include'),
    tune,
    stop: readStop(given.stop, at, isEvaluated),
    base: resolve(base),
    text,
  }
}

/** Of the results, besides axes and settings. */
const columns: ReadonlySet<string> = new Set([
  ...['run', 'version', 'status', 'why', 'seconds', 'metric', 'step', 'value'],
  ...metricNames,
])

function axesOf(given: Readonly<Record<string, unknown>>, at: At): readonly Axis[] {
  const axes = Object.entries(readFields(given.axes ?? {}, ['axes'], at, null)).map(([name, value]) =>
    readAxis(name, value, ['axes', name], at),
  )
  for (const { name } of axes)
    if (columns.has(name) || name.startsWith('settings.'))
      throw new SweepError(
        'sweep-field',
        `${at(['axes', name])}: the results have a column ${name} of their own; expected another name`,
      )
  if (axes.some(({ name }) => name === 'seed'))
    throw new SweepError('sweep-field', `${at(['axes', 'seed'])}: expected seeds: beside axes: in its place`)
  const seeds =
    typeof given.seeds === 'number' && Number.isInteger(given.seeds) && given.seeds > 0
      ? { from: 1, to: given.seeds }
      : (given.seeds ?? [1])
  if (typeof seeds === 'string' || typeof seeds === 'number')
    throw new SweepError(
      'sweep-field',
      `${at(['seeds'])} is ${JSON.stringify(seeds)}; expected how many, such as 5, a list, or a range`,
    )
  const { choices } = readAxis('seed', seeds, ['seeds'], at)
  return [...axes, { name: 'seed', choices }]
}

/** @throws SweepError where a setting is given twice over */
function checkAxes(settings: Readonly<Record<string, unknown>>, axes: readonly Axis[], at: At): void {
  const by = new Map<string, string>()
  for (const name of Object.keys(settings)) by.set(name, 'settings')
  for (const { name: axis, choices } of axes) {
    const own = new Set(choices.flatMap(choice => Object.keys(choice.settings)))
    for (const name of own) {
      const other = by.get(name)
      // A variant may have its own value in place of the common one.
      if (other !== undefined && !(other === 'settings' && axis !== name))
        throw new SweepError(
          'sweep-field',
          `${at(axis === 'seed' ? ['seeds'] : ['axes', axis])} sets ${name}, and so does ${other}; expected one of the two`,
        )
      by.set(name, `axes.${axis}`)
    }
  }
}

function readConditions(given: unknown, field: string, axes: readonly Axis[], at: At): readonly Condition[] {
  if (given === undefined) return []
  if (!Array.isArray(given))
    throw new SweepError(
      'sweep-field',
      `${at([field])}: expected a list, such as - { rule: krum, faults: 3 }`,
    )
  return given.map((entry, place) => {
    const path = [field, place]
    const condition: Record<string, readonly Setting[]> = {}
    for (const [name, value] of Object.entries(readFields(entry, path, at, null)))
      condition[name] = readCondition(name, value, [...path, name], axes, at)
    if (Object.keys(condition).length === 0)
      throw new SweepError('sweep-field', `${at(path)} names nothing; expected an axis and its value`)
    return condition
  })
}

function readCondition(
  name: string,
  value: unknown,
  path: Path,
  axes: readonly Axis[],
  at: At,
): readonly Setting[] {
  const axis = axes.find(each => each.name === name)
  const isInclude = path[0] === 'include'
  if (axis === undefined && (isInclude || !isSetting(name))) {
    const known = [...axes.map(each => each.name), ...(isInclude ? [] : settingNames)]
    const kind = isInclude ? 'an axis' : 'an axis or a setting'
    throw new SweepError(
      'sweep-field',
      `${at(path)}: ${name} is not ${kind} of this sweep${suggestion(name, known) || `; the axes are ${axes.map(each => each.name).join(', ')}`}`,
    )
  }
  const values = readValues(value, path, at)
  if (axis === undefined) return values
  return values.map(each => {
    const known = axis.choices.find(choice => choice.name === each)
    if (known !== undefined) return known.name
    if (isInclude) return choiceNamed(axis, each).name
    const names = axis.choices.map(choice => String(choice.name))
    throw new SweepError(
      'sweep-field',
      `${at(path)} is ${JSON.stringify(each)}, which axes.${name} never is; expected one of ${names.join(', ')}${suggestion(String(each), names)}`,
    )
  })
}
