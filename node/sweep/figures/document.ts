/**
 * The runs of a sweep as figures and page have them: axes with their values in order, text made printable, long series
 * thinned. Both are drawn from this one value. Pure, because the page's browser reads it too.
 */
import { isPrintable, printable } from '../../text/printable.ts'
import type { RunRow, RunStatus, Series, Setting } from '../rows.ts'

export const SWEEP_FORMAT = 'concord-sweep'
export const SWEEP_VERSION = 1

/** The axis whose values are repetitions of one setting, not settings. */
export const SEED = 'seed'

/** Runs in a page; a result file has all of them. */
export const RUNS_MAX = 50_000
/** Numbers of series in a page, over all runs. */
const SERIES_NUMBERS_MAX = 600_000
/** Even with few runs, nobody can see more points of a line. */
const POINTS_MAX = 400
/** A series of fewer points is no curve. */
const POINTS_MIN = 8

/** What the figures need to know of a sweep besides its rows. */
export interface SweepAbout {
  readonly name?: string
  readonly title?: string
  /** Names of the axes in the file's order; those that only rows have stand behind them. */
  readonly axes: readonly string[]
  /** The order of an axis's values. Without it: ascending where all are numbers, or else as rows bring them. */
  readonly values?: Readonly<Record<string, readonly Setting[]>>
}

export interface SweepAxis {
  readonly name: string
  readonly values: readonly string[]
}

/** Steps, and a value for each; null where it was not finite. */
type Curve = readonly [steps: readonly number[], values: readonly (number | null)[]]

export interface SweepRun {
  readonly run: string
  readonly status: RunStatus
  readonly why: string | null
  /** For each axis the place among its values. */
  readonly at: readonly number[]
  readonly metrics: Readonly<Record<string, number | null>>
  readonly series: Readonly<Record<string, Curve>>
  /** Settings that are no axes and not the same in all runs, such as a tuned rate. */
  readonly settings: Readonly<Record<string, string>>
  readonly seconds: number
  /** Endings of the files of its own in `runs/`: `html`, `json`. */
  readonly files: readonly string[]
}

export interface SweepDocument {
  readonly format: typeof SWEEP_FORMAT
  readonly version: typeof SWEEP_VERSION
  readonly title: string
  readonly axes: readonly SweepAxis[]
  readonly metrics: readonly string[]
  readonly series: readonly string[]
  /** Settings that all runs share. */
  readonly settings: readonly (readonly [name: string, value: string])[]
  readonly runs: readonly SweepRun[]
  /** What was left out or shortened, in sentences. */
  readonly thinned: readonly string[]
}

/** A text of others, as it is shown. */
const shown = (text: string): string => (isPrintable(text) ? text : printable(text))

/**
 * @param filesOf endings of the files that a run has of its own in `runs/`
 * Runs of several versions are kept apart by an axis `version`. Of rows with one name the last counts.
 */
export function documentOf(
  rows: readonly RunRow[],
  about: SweepAbout,
  filesOf: (run: string) => readonly string[] = () => [],
): SweepDocument {
  const unique = [...new Map(rows.map(row => [row.run, row])).values()]
  const kept = unique.slice(0, RUNS_MAX)
  const names = axesOf(kept, about)
  const axes = names.map(name => ({ name, values: valuesOf(kept, name, about.values?.[name]) }))
  const places = axes.map(({ values }) => new Map(values.map((value, at) => [value, at])))
  const { common, varying } = settingsOf(kept, new Set(names))
  const every = Math.ceil(longest(kept) / pointsPerSeries(kept)) || 1
  const thinned = [
    ...(unique.length > RUNS_MAX
      ? [`This holds the first ${RUNS_MAX} of ${unique.length} runs; the result files have all.`]
      : []),
    ...(every > 1
      ? [`Of each series every ${ordinal(every)} point is kept; the result files have all.`]
      : []),
  ]
  return {
    format: SWEEP_FORMAT,
    version: SWEEP_VERSION,
    title: shown(about.title ?? about.name ?? 'A sweep'),
    axes: axes.map(({ name, values }) => ({ name: shown(name), values: values.map(shown) })),
    metrics: keysOf(kept, ({ metrics }) => metrics),
    series: keysOf(kept, ({ series }) => series),
    settings: common,
    runs: inAxesOrder(
      kept.map(row => ({
        run: shown(row.run),
        status: row.status,
        why: row.why === undefined ? null : shown(row.why),
        at: names.map((name, at) => places[at]!.get(textOf(row, name))!),
        metrics: renamed(row.metrics, value => value),
        series: renamed(row.series, one => curveOf(one, every)),
        settings: Object.fromEntries(
          varying.flatMap(name =>
            name in row.settings ? [[shown(name), shown(String(row.settings[name]))]] : [],
          ),
        ),
        seconds: row.seconds,
        files: filesOf(row.run),
      })),
    ),
    thinned,
  }
}

/** By the axes, whatever order the runs were made in. */
function inAxesOrder(runs: readonly SweepRun[]): readonly SweepRun[] {
  return [...runs].sort((a, b) => {
    const first = a.at.findIndex((value, axis) => value !== b.at[axis])
    return first < 0 ? 0 : a.at[first]! - b.at[first]!
  })
}

const VERSION = 'version'

function axesOf(rows: readonly RunRow[], about: SweepAbout): readonly string[] {
  const names = new Set(about.axes)
  for (const { axes } of rows) for (const name of Object.keys(axes)) names.add(name)
  if (new Set(rows.map(({ version }) => version)).size > 1) names.add(VERSION)
  return [...names].filter(name => name === VERSION || rows.some(({ axes }) => name in axes))
}

function textOf(row: RunRow, axis: string): string {
  const value = row.axes[axis] ?? (axis === VERSION ? row.version : undefined)
  return value === undefined ? '–' : String(value)
}

function valuesOf(rows: readonly RunRow[], axis: string, order: readonly Setting[] = []): readonly string[] {
  const present = [...new Set(rows.map(row => textOf(row, axis)))]
  const isNumeric = present.every(text => text !== '' && Number.isFinite(Number(text)))
  const sorted = isNumeric ? present.sort((a, b) => Number(a) - Number(b)) : present
  const first = order.map(String).filter(text => sorted.includes(text))
  return [...new Set([...first, ...sorted])]
}

function settingsOf(rows: readonly RunRow[], axes: ReadonlySet<string>) {
  const values = new Map<string, Set<string>>()
  for (const { settings } of rows)
    for (const [name, value] of Object.entries(settings))
      if (!axes.has(name)) values.set(name, (values.get(name) ?? new Set()).add(String(value)))
  const common: (readonly [string, string])[] = []
  const varying: string[] = []
  for (const [name, texts] of values)
    if (texts.size === 1) common.push([shown(name), shown([...texts][0]!)])
    else varying.push(name)
  return { common, varying }
}

function keysOf(rows: readonly RunRow[], of: (row: RunRow) => object): readonly string[] {
  const names = new Set<string>()
  for (const row of rows) for (const name of Object.keys(of(row))) names.add(shown(name))
  return [...names]
}

function renamed<From, To>(values: Readonly<Record<string, From>>, change: (value: From) => To) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [shown(name), change(value)]))
}

function longest(rows: readonly RunRow[]): number {
  let most = 0
  for (const { series } of rows)
    for (const { steps } of Object.values(series)) most = Math.max(most, steps.length)
  return most
}

const ordinal = (every: number): string => (every === 2 ? 'second' : every === 3 ? 'third' : `${every}th`)

function pointsPerSeries(rows: readonly RunRow[]): number {
  const count = rows.reduce((sum, { series }) => sum + Object.keys(series).length, 0)
  return Math.max(POINTS_MIN, Math.min(POINTS_MAX, Math.floor(SERIES_NUMBERS_MAX / Math.max(1, 2 * count))))
}

/** Every so many points, and the last: steps that two runs share stay shared, however long each of them is. */
function curveOf({ steps, values }: Series, every: number): Curve {
  const count = Math.min(steps.length, values.length)
  const take = Array.from({ length: count }, (_, at) => at).filter(at => at % every === 0 || at === count - 1)
  return [take.map(at => steps[at]!), take.map(at => rounded(finite(values[at])))]
}

const finite = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

/** Six digits are more than a line can show. */
const rounded = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(6))
