/**
 * Runs grouped into cells. A cell is one setting with all its seeds, or several settings over which a mean or the worst
 * case is taken. What a cell lacks is said, never left out silently.
 */
import { SEED, type SweepDocument, type SweepRun } from './document.ts'
import type { Better } from './metric.ts'
import { type Summary, summaryOf } from './statistics.ts'

/**
 * `diverged`: its runs ended without a finite value; `unmeasured`: its runs have no such metric; `missing`: no run at
 * all. The others by the runs' status.
 */
export type Standing = 'measured' | 'diverged' | 'failed' | 'skipped' | 'missing' | 'unmeasured'

export interface Cell {
  readonly runs: readonly SweepRun[]
  /** The mean over the cell's settings, for each seed (its place on the seed's axis). */
  readonly bySeed: ReadonlyMap<number, number>
  /** Over the seeds; null where no run gave a value. */
  readonly summary: Summary | null
  readonly standing: Standing
  /** Runs that ended without a finite value. */
  readonly lost: number
  /** Whether runs of it diverged, failed or lack the metric; what its other runs are noted for took nothing away. */
  readonly isWhole: boolean
  /** What is incomplete, why there is no value, or what else is said of its runs: one sentence each. */
  readonly notes: readonly string[]
  /** Of a worst case: where on the axis it is. */
  readonly worstAt: number | null
}

/** How the values of an axis that is not drawn become one number. */
export interface Reduction {
  readonly axis: number
  readonly by: 'mean' | 'worst'
}

/** All runs as one cell: for each seed the mean over settings, then mean and interval over seeds. */
export function cellOf(document: SweepDocument, runs: readonly SweepRun[], metric: string): Cell {
  const seedAxis = seedAxisOf(document)
  const values = new Map<number, number[]>()
  const counts = { diverged: 0, failed: 0, skipped: 0, unmeasured: 0 }
  let lost = 0
  for (const run of runs) {
    if (run.status === 'failed' || run.status === 'skipped') counts[run.status]++
    else if (!(metric in run.metrics)) counts.unmeasured++
    else {
      if (run.status === 'diverged') counts.diverged++
      const value = run.metrics[metric] ?? null
      if (value === null) lost++
      else {
        const seed = seedAxis < 0 ? 0 : run.at[seedAxis]!
        const known = values.get(seed)
        if (known === undefined) values.set(seed, [value])
        else known.push(value)
      }
    }
  }
  const bySeed = new Map([...values].map(([seed, all]) => [seed, summaryOf(all)!.mean]))
  const summary = summaryOf([...bySeed.values()])
  const standing = standingOf(summary, runs.length, lost, counts)
  const isWhole = runs.length > 0 && lost === 0 && Object.values(counts).every(count => count === 0)
  const notes = notesOf(runs, lost, counts)
  return { runs, bySeed, summary, standing, lost, isWhole, notes, worstAt: null }
}

type Counts = Readonly<Record<'diverged' | 'failed' | 'skipped' | 'unmeasured', number>>

function standingOf(summary: Summary | null, runs: number, lost: number, counts: Counts): Standing {
  if (summary !== null) return 'measured'
  if (runs === 0) return 'missing'
  if (lost > 0) return 'diverged'
  if (counts.failed > 0) return 'failed'
  return counts.skipped > 0 ? 'skipped' : 'unmeasured'
}

function notesOf(runs: readonly SweepRun[], lost: number, counts: Counts): readonly string[] {
  if (runs.length === 0) return ['No run: it is not in the sweep, or has not been run so far.']
  const count = (number: number, words: string) =>
    number === 0 ? [] : [`${number} of ${runs.length} runs ${words}.`]
  const reasons = new Set<string>()
  const stopped = runs.filter(({ status }) => status === 'stopped').length
  for (const { status, why } of runs)
    if (why !== null) reasons.add(`${status === 'done' ? 'note' : status}: ${why}`)
  return [
    ...count(counts.diverged, 'diverged'),
    ...count(lost, 'ended without a finite value'),
    ...count(counts.failed, 'failed'),
    ...count(counts.skipped, 'were skipped'),
    ...count(counts.unmeasured, 'do not have this metric'),
    ...count(stopped, 'stopped early'),
    ...[...reasons].slice(0, REASONS_MAX),
  ]
}

/** Reasons in the notes of one cell; each run has its own in the list of runs. */
const REASONS_MAX = 3

export function seedAxisOf({ axes }: SweepDocument): number {
  return axes.findIndex(({ name }) => name === SEED)
}

/** Whether a cell is worse than another: who lost runs is worse than any number. */
export function isWorse(cell: Cell, than: Cell, better: Better): boolean {
  const lostShare = (one: Cell) => one.lost / Math.max(1, one.runs.length)
  if (lostShare(cell) !== lostShare(than)) return lostShare(cell) > lostShare(than)
  if (cell.summary === null || than.summary === null) return false
  const difference = cell.summary.mean - than.summary.mean
  return better === 'higher' ? difference < 0 : difference > 0
}

/** A cell takes part in a comparison if its runs ended, with a value or without. */
export const isComparable = ({ standing }: Cell): boolean =>
  standing === 'measured' || standing === 'diverged'

/** The worst of the cells, by the place of each on its axis; null where none can be compared. */
export function worstOf(cells: ReadonlyMap<number, Cell>, better: Better): number | null {
  let worst: number | null = null
  for (const [at, cell] of cells)
    if (isComparable(cell) && (worst === null || isWorse(cell, cells.get(worst)!, better))) worst = at
  return worst
}

export interface CellChoice {
  readonly metric: string
  readonly better: Better
  readonly reduction: Reduction | null
}

/** The runs as one cell, reduced as chosen. */
export function reducedCell(document: SweepDocument, runs: readonly SweepRun[], choice: CellChoice): Cell {
  const { metric, better, reduction } = choice
  if (reduction === null || reduction.by === 'mean') return cellOf(document, runs, metric)
  const cells = new Map(
    [...groupBy(runs, reduction.axis)].map(([at, group]) => [at, cellOf(document, group, metric)]),
  )
  const worst = worstOf(cells, better)
  if (worst === null) return cellOf(document, runs, metric)
  const out = [...cells].filter(([, cell]) => !isComparable(cell))
  const { name, values } = document.axes[reduction.axis]!
  const incomplete =
    out.length === 0
      ? []
      : [`Without ${out.map(([at]) => `${name} ${values[at]}`).join(', ')}: no value there.`]
  const cell = cells.get(worst)!
  const isWhole = cell.isWhole && incomplete.length === 0
  return { ...cell, runs, isWhole, notes: [...cell.notes, ...incomplete], worstAt: worst }
}

/** Runs by their place on an axis, in the axis's order. */
export function groupBy(runs: readonly SweepRun[], axis: number): ReadonlyMap<number, readonly SweepRun[]> {
  const groups = new Map<number, SweepRun[]>()
  for (const run of runs) {
    const known = groups.get(run.at[axis]!)
    if (known === undefined) groups.set(run.at[axis]!, [run])
    else known.push(run)
  }
  return new Map([...groups].sort(([a], [b]) => a - b))
}

export interface Panel {
  /** Places on the axes that panels differ in. */
  readonly at: readonly (readonly [axis: number, value: number])[]
  /** `faults 2 · partition iid`; empty where there is one panel. */
  readonly label: string
  readonly runs: readonly SweepRun[]
}

/** Runs apart by all values of these axes that occur together. */
export function panelsOf(
  document: SweepDocument,
  runs: readonly SweepRun[],
  axes: readonly number[],
): readonly Panel[] {
  const groups = new Map<string, SweepRun[]>()
  for (const run of runs) {
    const key = axes.map(axis => run.at[axis]).join(' ')
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [run])
    else known.push(run)
  }
  const panels = [...groups.values()].map(group => {
    const at = axes.map(axis => [axis, group[0]!.at[axis]!] as const)
    const label = at.map(
      ([axis, value]) => `${document.axes[axis]!.name} ${document.axes[axis]!.values[value]}`,
    )
    return { at, label: label.join(' · '), runs: group }
  })
  return panels.sort((a, b) => {
    const first = a.at.findIndex(([, value], index) => value !== b.at[index]![1])
    return first < 0 ? 0 : a.at[first]![1] - b.at[first]![1]
  })
}

/**
 * How many panels stand beside each other where there is room for `most`: those that differ in the last axis alone stay
 * in one line, and lines are about equally long (2 + 2, not 3 + 1).
 */
export function panelsAcross(panels: readonly Panel[], most: number): number {
  const kinds = new Set(panels.map(({ at }) => at.at(-1)?.[1])).size
  const block = kinds <= most && panels.length % kinds === 0 ? kinds : 1
  const blocks = Math.max(1, panels.length / block)
  const room = Math.max(1, Math.floor(most / block))
  for (let count = Math.min(room, blocks); 2 * count >= Math.min(room, blocks); count--)
    if (blocks % count === 0) return count * block
  return Math.ceil(blocks / Math.ceil(blocks / room)) * block
}

/** Axes, without the seed's, of which these runs have more than one value. */
export function varyingAxes(document: SweepDocument, runs: readonly SweepRun[]): readonly number[] {
  return document.axes.flatMap(({ name }, axis) =>
    name !== SEED && runs.some(run => run.at[axis] !== runs[0]!.at[axis]) ? [axis] : [],
  )
}
