/**
 * Tables of a sweep's results: means over the seeds, with their confidence intervals, and the worst over an axis. Over
 * other axes the mean is taken within each seed first: settings are no samples of each other.
 */
import { suggestion } from '../text/nearest.ts'
import { SweepError } from './definition.ts'
import { betterOf } from './figures/metric.ts'
import { summaryOf } from './figures/statistics.ts'
import type { RunRow, Setting } from './rows.ts'

/** One group of runs that have the same values of the axes that were asked for. */
export interface GroupRow {
  readonly group: Readonly<Record<string, Setting>>
  /** Null where no run has a value. */
  readonly mean: number | null
  /** Half of the 95 % confidence interval of the mean over the seeds (Student's t); null with fewer than two seeds. */
  readonly half: number | null
  /** Seeds that the mean is over. */
  readonly count: number
  /** Runs without a value: failed, diverged, or skipped. */
  readonly without: number
  /** The value of the axis in which the mean is worst; null where none was asked for. */
  readonly worst: Setting | null
}

interface Question {
  /** Axes or settings. */
  readonly group: readonly string[]
  readonly metric: string
  /** The axis whose worst value is shown; null: the mean is over all its values. */
  readonly worst: string | null
}

/** @throws SweepError if there is no such axis, setting or metric */
export function grouped(rows: readonly RunRow[], { group, metric, worst }: Question): readonly GroupRow[] {
  const names = [...new Set(rows.flatMap(row => [...Object.keys(row.axes), ...Object.keys(row.settings)]))]
  const metrics = [...new Set(rows.flatMap(row => Object.keys(row.metrics)))]
  for (const name of worst === null ? group : [...group, worst])
    if (!names.includes(name)) throw unknown('an axis or a setting', name, names)
  if (!metrics.includes(metric)) throw unknown('a metric', metric, metrics)
  return [...groupsOf(rows, group).values()].map(members => {
    const [first] = members
    const of = { group: Object.fromEntries(group.map(name => [name, valueIn(first!, name)])) }
    if (worst === null) return { ...of, ...overRuns(members, metric), worst: null }
    const parts = [...groupsOf(members, [worst]).values()].map(part => ({
      ...overRuns(part, metric),
      worst: valueIn(part[0]!, worst),
    }))
    return { ...of, ...worstOf(parts, metric) }
  })
}

function unknown(kind: string, name: string, known: readonly string[]): SweepError {
  return new SweepError(
    'sweep-results',
    `${name} is not ${kind} of these results${suggestion(name, known) || `; there are ${known.join(', ')}`}`,
  )
}

const valueIn = ({ axes, settings }: RunRow, name: string): Setting => axes[name] ?? settings[name] ?? ''

function groupsOf(rows: readonly RunRow[], names: readonly string[]): ReadonlyMap<string, readonly RunRow[]> {
  const groups = new Map<string, RunRow[]>()
  for (const row of rows) {
    const key = JSON.stringify(names.map(name => valueIn(row, name)))
    const members = groups.get(key) ?? []
    members.push(row)
    groups.set(key, members)
  }
  return groups
}

type Summary = Pick<GroupRow, 'mean' | 'half' | 'count' | 'without'>

function overRuns(rows: readonly RunRow[], metric: string): Summary {
  const ran = rows.filter(({ status }) => status !== 'skipped')
  const measured = ran.filter(({ metrics }) => typeof metrics[metric] === 'number')
  const bySeed = [...groupsOf(measured, ['seed']).values()].map(members => {
    const values = members.map(({ metrics }) => metrics[metric]!)
    return values.reduce((a, b) => a + b, 0) / values.length
  })
  const { mean = null, half = null } = summaryOf(bySeed) ?? {}
  return { mean, half, count: bySeed.length, without: ran.length - measured.length }
}

/** Where a run has no value, that is the worst there is. */
function worstOf<T extends Summary>(parts: readonly T[], metric: string): T {
  const sign = betterOf(metric) === 'lower' ? -1 : 1
  const score = ({ mean, without }: T) => (mean === null ? (without > 0 ? -Infinity : Infinity) : sign * mean)
  return parts.reduce((a, b) => (score(b) < score(a) ? b : a))
}
