/** How a sweep's file says what is tuned before it is measured, and when runs end early. */
import { valueText } from '../cohort/errors.ts'
import { suggestion } from '../text/nearest.ts'
import {
  type Axis,
  type Settings,
  type SettingValue,
  type Stop,
  SweepError,
  type Tuning,
} from './definition.ts'
import { evaluationMetrics, metricNames } from './metrics.ts'
import { type At, readAxis, readFields } from './read-fields.ts'
import type { Setting } from './rows.ts'

const refuse = (message: string) => new SweepError('sweep-field', message)

const HOLDOUT = 0.1
const METRIC = 'accuracyMean'

/** `tune: { rate: [0.1, 0.5], holdout: 0.2 }` @throws SweepError */
export function readTuning(value: unknown, at: At): Tuning {
  const path = ['tune']
  const { holdout = HOLDOUT, seeds = 1, metric = METRIC, ...others } = readFields(value, path, at, null)
  if (typeof holdout !== 'number' || !(holdout > 0 && holdout < 1))
    throw refuse(
      `${at([...path, 'holdout'])} is ${valueText(holdout)}; expected a number above 0 and below 1`,
    )
  if (typeof seeds !== 'number' || !Number.isInteger(seeds) || seeds < 1)
    throw refuse(`${at([...path, 'seeds'])} is ${valueText(seeds)}; expected a whole number, at least 1`)
  const choices: Record<string, readonly Setting[]> = {}
  for (const [name, values] of Object.entries(others)) {
    const axis = readAxis(name, values, [...path, name], at)
    if (axis.choices.some(choice => choice.settings[name] !== choice.name))
      throw refuse(`${at([...path, name])} has names; expected a list of values or a range`)
    choices[name] = axis.choices.map(({ name: setting }) => setting)
  }
  if (Object.keys(choices).length === 0)
    throw refuse(`${at(path)} names no setting; expected one with its values, such as rate: [0.1, 0.5]`)
  return { choices, holdout, seeds, metric: metricOf(metric, [...path, 'metric'], at, metricNames) }
}

/** @throws SweepError where a setting is tuned that the grid decides, or that others depend on */
export function checkTuning({ choices }: Tuning, settings: Settings, axes: readonly Axis[], at: At): void {
  for (const name of Object.keys(choices)) {
    const place = at(['tune', name])
    if (name === 'seed')
      throw refuse(`${place}: a seed is not chosen; expected seeds: in it, for how many are tried`)
    const axis = axes.find(each => each.name === name || each.choices.some(choice => name in choice.settings))
    if (axis !== undefined)
      throw refuse(`${place} sets ${name}, and so does axes.${axis.name}; expected one of the two`)
    const all = [settings, ...axes.flatMap(each => each.choices.map(choice => choice.settings))]
    const dependent = all.flatMap(Object.entries).find(([, value]) => dependsOn(value, name))
    if (dependent !== undefined)
      throw refuse(`${place}: ${dependent[0]} depends on ${name}; expected a setting that none depends on`)
  }
}

function dependsOn(value: SettingValue, name: string): boolean {
  if (typeof value !== 'object') return false
  return value.by === name || Object.values(value.values).some(each => dependsOn(each, name))
}

/** A loss so many times as great as the first one does not come back. */
const DIVERGENCE = 100

/**
 * `stop: { accuracyMean: 0.9, divergence: true, after: 10m }`
 * @param isEvaluated whether runs are evaluated on the way: targets need that
 * @throws SweepError
 */
export function readStop(value: unknown, at: At, isEvaluated: boolean): Stop {
  const path = ['stop']
  const { divergence = false, after, ...others } = readFields(value ?? {}, path, at, null)
  const targets: Record<string, number> = {}
  for (const [name, target] of Object.entries(others)) {
    const place = [...path, name]
    if (typeof target !== 'number' || !Number.isFinite(target))
      throw refuse(`${at(place)} is ${valueText(target)}; expected a number`)
    targets[metricOf(name, place, at, evaluationMetrics, ['divergence', 'after'])] = target
    if (!isEvaluated)
      throw refuse(
        `${at(place)}: no run is evaluated on the way; expected evaluateEvery: among the settings or axes`,
      )
  }
  if (typeof divergence !== 'boolean' && !(typeof divergence === 'number' && divergence > 1))
    throw refuse(
      `${at([...path, 'divergence'])} is ${valueText(divergence)}; expected true, or how many times the first loss`,
    )
  return {
    targets,
    divergence: divergence === true ? DIVERGENCE : divergence === false ? null : divergence,
    afterSeconds: after === undefined ? null : secondsOf(after, at([...path, 'after'])),
  }
}

function metricOf(
  name: unknown,
  path: readonly string[],
  at: At,
  metrics: readonly string[],
  others: readonly string[] = [],
): string {
  if (typeof name === 'string' && metrics.includes(name)) return name
  const known = [...metrics, ...others]
  throw refuse(
    `${at(path)}: there is no metric ${valueText(name)}; expected one of ${known.join(', ')}${suggestion(String(name), known)}`,
  )
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 }

/** `90`, `90s`, `10m`, `2h`: in seconds. @throws SweepError */
export function secondsOf(value: unknown, place: string): number {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?$/.exec(String(value).trim()) ?? []
  const seconds = Number(digits) * UNITS[unit]!
  if (digits === undefined || !(seconds > 0))
    throw refuse(`${place} is ${valueText(value)}; expected a time such as 90s, 10m or 2h`)
  return seconds
}
