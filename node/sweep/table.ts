/** Tables of a sweep's results: means over the seeds, with their confidence intervals, and the worst over an axis. */
import { spreadOf } from '../reproduce/statistics.ts'
import { suggestion } from '../text/nearest.ts'
import { SweepError } from './definition.ts'
import { isLowerBetter } from './metrics.ts'
import type { RunRow, Setting } from './rows.ts'

/** One group of runs that have the same values of the axes that were asked for. */
export interface GroupRow {
  readonly group: Readonly<Record<string, Setting>>
  /** Null where no run has a value. */
  readonly mean: number | null
  /** Half of the 95 % confidence interval of the mean (Student's t); null with fewer than two values. */
  readonly half: number | null
  /** Values that the mean is of. */
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
    if (worst === null) return { ...of, ...summaryOf(members, metric), worst: null }
    const parts = [...groupsOf(members, [worst]).values()].map(part => ({
      ...summaryOf(part, metric),
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

function summaryOf(rows: readonly RunRow[], metric: string): Summary {
  const ran = rows.filter(({ status }) => status !== 'skipped')
  const spread = spreadOf(ran.map(({ metrics }) => metrics[metric]))
  if (spread === null) return { mean: null, half: null, count: 0, without: ran.length }
  const { mean, deviation, count } = spread
  const half = count < 2 ? null : (quantile(count - 1) * deviation) / Math.sqrt(count)
  return { mean, half, count, without: ran.length - count }
}

/** Where a run has no value, that is the worst there is. */
function worstOf<T extends Summary>(parts: readonly T[], metric: string): T {
  const sign = isLowerBetter(metric) ? -1 : 1
  const score = ({ mean, without }: T) => (mean === null ? (without > 0 ? -Infinity : Infinity) : sign * mean)
  return parts.reduce((a, b) => (score(b) < score(a) ? b : a))
}

/** The 97.5 % quantile of Student's t with so many degrees of freedom, from 1 on; beyond, within 1 % of it. */
const QUANTILES = [
  ...[
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  ],
  ...[2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042],
]

function quantile(freedom: number): number {
  return QUANTILES[freedom - 1] ?? 1.96 + 2.4 / freedom
}
