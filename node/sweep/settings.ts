/** A sweep's settings are the options of `simulate`, read by the same parsers, so that a name means the same in both. */
import { isAbsolute, resolve } from 'node:path'
import { parseTopology } from '../../learning/gossip/topology.ts'
import { faultOptions } from '../cli/fault-options.ts'
import { type RunValues, runOptions } from '../cli/simulate-options.ts'
import { isModuleFile } from '../files/own-module.ts'
import { ruleFileIn } from '../files/rule-file.ts'
import { suggestion } from '../text/nearest.ts'
import { SweepError } from './definition.ts'
import type { Setting } from './rows.ts'

/** All names, as `simulate` has them, without dashes: `localSteps`. */
export const settingNames: readonly string[] = Object.keys(runOptions)

/** Options that may be given several times: here a list, or the items in one text with spaces between. */
const repeatable: ReadonlySet<string> = new Set(['param', ...Object.keys(faultOptions)])

type AnyOption = (typeof runOptions)[keyof typeof runOptions]

const optionOf = (name: string) => runOptions[name as keyof typeof runOptions] as AnyOption

export function isSetting(name: string): boolean {
  return Object.hasOwn(runOptions, name)
}

/**
 * A value as tables have it: what the parser makes of it where that is a text, a number or a boolean; otherwise its text.
 * @param place for messages: `sweep.yaml, line 3: settings.rate`
 * @throws SweepError with what would be right
 */
export function readSetting(name: string, raw: unknown, place: string): Setting {
  if (!isSetting(name))
    throw new SweepError(
      'sweep-field',
      `${place}: simulate has no setting ${name}${suggestion(name, settingNames) || partOf(name) || '; "concord simulate --help" has them all'}`,
    )
  if (optionOf(name).parse === null) {
    if (typeof raw !== 'boolean')
      throw new SweepError('sweep-field', `${place} is ${JSON.stringify(raw)}; expected true or false`)
    return raw
  }
  const text = textOf(name, raw, place)
  const value = parsed(name, text, place)
  const isPlain = typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
  return isPlain ? value : text
}

/** `learningRate` has `rate` in it. */
function partOf(name: string): string {
  const parts = settingNames.filter(
    known => known.length > 3 && name.toLowerCase().includes(known.toLowerCase()),
  )
  const longest = parts.reduce((a, b) => (b.length > a.length ? b : a), '')
  return longest && `; did you mean ${longest}?`
}

function textOf(name: string, raw: unknown, place: string): string {
  if (repeatable.has(name)) {
    const isMapping = name === 'param' && typeof raw === 'object' && raw !== null && !Array.isArray(raw)
    const items = isMapping ? Object.entries(raw).map(pair => pair.join('=')) : [raw].flat()
    // Their order says nothing.
    return items
      .flatMap(item => String(item).trim().split(/\s+/))
      .sort()
      .join(' ')
  }
  if (typeof raw === 'string') return raw.trim()
  if (typeof raw === 'number') return String(raw)
  throw new SweepError(
    'sweep-field',
    `${place} is ${JSON.stringify(raw) ?? raw}; expected a text or a number`,
  )
}

function parsed(name: string, text: string, place: string): unknown {
  // Parsers of several options each take a value of another type; the option's own is what it takes.
  const parse = optionOf(name).parse as (text: string, name: string, before?: unknown) => unknown
  try {
    if (!repeatable.has(name)) return parse(text, place)
    return text
      .split(/\s+/)
      .reduce<unknown>((before, item) => (item === '' ? before : parse(item, place, before)), undefined)
  } catch (error) {
    const { message } = error as Error
    throw new SweepError('sweep-field', message.startsWith(place) ? message : `${place}: ${message}`)
  }
}

/** The values of all options of a run; what is not set has its default. */
export function valuesOf(settings: Readonly<Record<string, Setting>>): RunValues {
  const values: Record<string, unknown> = {}
  for (const name of settingNames) {
    const { parse, fallback } = optionOf(name)
    const setting = settings[name]
    if (setting === undefined) values[name] = fallback
    else values[name] = parse === null ? setting : valueOr(fallback, name, setting)
  }
  return values as unknown as RunValues
}

/** A list without items is what is not set; null, as of `clip: none`, is a value. */
function valueOr(fallback: unknown, name: string, setting: Setting): unknown {
  const value = parsed(name, String(setting), name)
  return value === undefined ? fallback : value
}

/** Whether a setting says only what would be so without it. */
export function isFallback(name: string, setting: Setting): boolean {
  const { parse, fallback } = optionOf(name)
  const value = parse === null ? setting : valueOr(fallback, name, setting)
  return JSON.stringify(value) === JSON.stringify(fallback)
}

/** Settings whose value may be a file of the user's: a program, which is part of a run's name. */
const programSettings = ['attack', 'rule', 'protocol'] as const

/** The settings with paths that begin at the sweep's file made whole. */
export function withPaths(
  settings: Readonly<Record<string, Setting>>,
  base: string,
): Readonly<Record<string, Setting>> {
  const whole: Record<string, Setting> = { ...settings }
  for (const name of [...programSettings, 'data', 'init', 'topology']) {
    const setting = settings[name]
    if (typeof setting !== 'string' || isAbsolute(setting)) continue
    if (name === 'rule') whole.rule = ruleWithPath(setting, base)
    else if (isOwnPath(name, setting)) whole[name] = resolve(base, setting)
  }
  return whole
}

function isOwnPath(name: string, setting: string): boolean {
  if (name === 'data') return !isDigits(setting)
  if (name === 'topology') return isTopologyFile(setting)
  return name === 'init' || isModuleFile(setting)
}

/** Whether a topology is a file of edges. */
export function isTopologyFile(setting: Setting | undefined): boolean {
  return setting !== undefined && parseTopology(String(setting)).kind === 'file'
}

/** In `nnm+./mine.ts` the file begins behind the pre-aggregations. */
function ruleWithPath(rule: string, base: string): string {
  const own = ruleFileIn(rule)
  return own === null ? rule : [...own.before, resolve(base, own.file)].join('+')
}

/** The user's files that a run's result follows from, with whole paths. */
export function programFiles(whole: Readonly<Record<string, Setting>>): readonly string[] {
  return programSettings.flatMap(name => {
    const setting = whole[name]
    if (typeof setting !== 'string') return []
    if (name === 'rule') return ruleFileIn(setting)?.file ?? []
    return isModuleFile(setting) ? [setting] : []
  })
}

/** Whether the data comes with this program. */
export const isDigits = (data: string) => data === 'digits' || data.startsWith('digits?')
