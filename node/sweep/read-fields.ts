/** The parts of a sweep's file: fields, settings, axes with lists, ranges and named variants. */
import { valueText } from '../cohort/errors.ts'
import { nearest, suggestion } from '../text/nearest.ts'
import { type Axis, type Choice, type Settings, type SettingValue, SweepError } from './definition.ts'
import type { Setting } from './rows.ts'
import { isSetting, readSetting, settingNames } from './settings.ts'

/** Where in a document something stands. */
export type Path = readonly (string | number)[]

/** A place in words, for messages: `sweep.yaml, line 3: settings.rate`. */
export type At = (path: Path) => string

type Fields = Readonly<Record<string, unknown>>

const refuse = (message: string) => new SweepError('sweep-field', message)

const isMapping = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isScalar = (value: unknown): value is Setting => ['string', 'number', 'boolean'].includes(typeof value)

/** @param known the names that there may be; null: any. @throws SweepError */
export function readFields(value: unknown, path: Path, at: At, known: readonly string[] | null): Fields {
  if (value === null && path.length === 0)
    throw refuse(`${at(path)} is empty; expected a sweep, as in docs/sweeps.md`)
  if (!isMapping(value)) throw refuse(`${at(path)} is ${valueText(value)}; expected a group of named fields`)
  for (const name of Object.keys(value)) {
    // Whatever asks for such a name by chance finds the language's own.
    if (name in Object.prototype) throw refuse(`${at([...path, name])}: expected another name than ${name}`)
    if (known !== null && !known.includes(name))
      throw refuse(
        `${at([...path, name])}: unknown field${suggestion(name, known) || `; the fields are ${known.join(', ')}`}`,
      )
  }
  return value
}

/** Settings by name, each a value or one that depends on another. @throws SweepError */
export function readSettings(value: unknown, path: Path, at: At): Settings {
  const settings: Record<string, SettingValue> = {}
  for (const [name, each] of Object.entries(readFields(value, path, at, null))) {
    if (name === 'seed') throw refuse(`${at([...path, name])}: expected seeds: beside settings: in its place`)
    settings[name] = readValue(name, each, [...path, name], at)
  }
  return settings
}

function readValue(name: string, value: unknown, path: Path, at: At): SettingValue {
  if (!isMapping(value) || !('by' in value)) return readSetting(name, value, at(path))
  const { by, ...others } = value
  if (typeof by !== 'string') throw refuse(`${at([...path, 'by'])} is ${valueText(by)}; expected a name`)
  if (by in Object.prototype) throw refuse(`${at([...path, 'by'])} is ${by}; expected a setting or an axis`)
  if (!isSetting(name)) return readSetting(name, value, at(path))
  const values = Object.fromEntries(
    Object.entries(others).map(([key, each]) => [key, readValue(name, each, [...path, key], at)]),
  )
  if (Object.keys(values).length === 0)
    throw refuse(`${at(path)} depends on ${by}, and has no value; expected one for each of its values`)
  return { by, values }
}

/**
 * A list of values, a range, or named variants: names of one setting's values, or of several settings each.
 * @throws SweepError
 */
export function readAxis(name: string, value: unknown, path: Path, at: At): Axis {
  if (isMapping(value) && 'from' in value) return valuesAxis(name, rangeOf(value, path, at), path, at)
  if (Array.isArray(value)) return valuesAxis(name, value, path, at)
  if (isScalar(value)) return valuesAxis(name, [value], path, at)
  const variants = Object.entries(readFields(value, path, at, null))
  if (variants.length === 0) throw refuse(`${at(path)} has no value; expected at least one`)
  const choices = variants.map(([variant, each]) => variantOf(name, variant, each, [...path, variant], at))
  return { name, choices }
}

function valuesAxis(name: string, values: readonly unknown[], path: Path, at: At): Axis {
  if (values.length === 0)
    throw new SweepError('sweep-empty', `${at(path)} is an empty list; expected at least one value`)
  if (values.length > VALUES_MAX)
    throw refuse(`${at(path)} has ${values.length} values; expected at most ${VALUES_MAX}`)
  if (!isSetting(name)) {
    const near = nearest(name, settingNames)
    throw refuse(
      `${at(path)}: simulate has no setting ${name}${near === null ? '' : `; did you mean ${near}?`}; an axis of another name has named variants, such as fast: { batch: 256, rate: 0.5 }`,
    )
  }
  const choices = values.map((value, place): Choice => {
    const setting = readSetting(name, value, at(Array.isArray(value) ? path : [...path, place]))
    return { name: setting, settings: { [name]: setting } }
  })
  const seen = new Set<Setting>()
  const twice = choices.find(({ name: value }) => seen.size === seen.add(value).size)
  if (twice !== undefined) throw refuse(`${at(path)} has ${valueText(twice.name)} twice; expected each once`)
  return { name, choices }
}

function variantOf(axis: string, variant: string, value: unknown, path: Path, at: At): Choice {
  const isOfAxis = isSetting(axis) && (!isMapping(value) || 'by' in value || axis === 'param')
  if (isOfAxis) return { name: variant, settings: { [axis]: readValue(axis, value, path, at) } }
  if (!isMapping(value))
    throw refuse(
      `${at(path)} is ${valueText(value)}, and simulate has no setting ${axis}${suggestion(axis, settingNames)}; expected settings, such as { batch: 256, rate: 0.5 }`,
    )
  return { name: variant, settings: readSettings(value, path, at) }
}

/** Longer lists and ranges are slips: a step of another size was meant. */
const VALUES_MAX = 10_000

/** `{ from, to, step }`, both ends included; a step of 1 where there is none. */
function rangeOf(value: unknown, path: Path, at: At): readonly number[] {
  const { from, to, step = 1 } = readFields(value, path, at, ['from', 'to', 'step'])
  for (const [field, number] of Object.entries({ from, to, step }))
    if (typeof number !== 'number' || !Number.isFinite(number))
      throw refuse(`${at([...path, field])} is ${valueText(number)}; expected a number`)
  const [first, last, stride] = [from, to, step] as [number, number, number]
  if (stride <= 0 || last < first)
    throw refuse(`${at(path)} is empty; expected from: below to:, and step: above 0`)
  const count = Math.floor((last - first) / stride + 1e-9) + 1
  if (count > VALUES_MAX) throw refuse(`${at(path)} has ${count} values; expected at most ${VALUES_MAX}`)
  // Sums of decimals such as 0.1 would end in digits that nobody wrote.
  return Array.from({ length: count }, (_, i) => Number((first + i * stride).toPrecision(12)))
}

/** One value, or a list of them. @throws SweepError */
export function readValues(value: unknown, path: Path, at: At): readonly Setting[] {
  const values = Array.isArray(value) ? value : [value]
  const wrong = values.find(each => !isScalar(each))
  if (wrong !== undefined || values.length === 0)
    throw refuse(`${at(path)} is ${valueText(value)}; expected a value or a list of values`)
  return values
}
