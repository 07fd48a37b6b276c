/** What the page of a sweep shows, and what is chosen on it. */
import { computed, signal } from '@preact/signals'
import type { SweepDocument, SweepRun } from '../../../sweep/figures/document.ts'
import { defaultAxes } from '../../../sweep/figures/heat-map.ts'
import { type Better, betterOf } from '../../../sweep/figures/metric.ts'
import { tellingMetrics } from '../../../sweep/figures/telling.ts'

export const views = ['map', 'curves', 'comparison', 'runs'] as const
export type ViewName = (typeof views)[number]

export const view = signal<ViewName>('map')
export const metric = signal('')
/** Where the reader knows better than the metric's name; null: as the name says. */
export const chosenBetter = signal<Better | null>(null)
export const better = computed<Better>(() => chosenBetter.value ?? betterOf(metric.value))
export const rowsAxis = signal(0)
/** Null: one column. */
export const columnsAxis = signal<number | null>(null)
/** `` for a panel for each value; `worst 1`, `mean 1`: over the axis in that place. */
export const reduction = signal('')
export const number = signal<'mean' | 'spread'>('mean')
/** Values that are filtered out, as `axis value` by their places. */
export const hidden = signal<ReadonlySet<string>>(new Set())

interface Picked {
  readonly label: string
  readonly runs: readonly SweepRun[]
}

/** The cell whose runs are listed. */
export const picked = signal<Picked | null>(null)

/** Runs that no filter takes away. */
export function keptRuns(sweep: SweepDocument): readonly SweepRun[] {
  const off = hidden.value
  return off.size === 0
    ? sweep.runs
    : sweep.runs.filter(({ at }) => !at.some((value, axis) => off.has(`${axis} ${value}`)))
}

export function filter(axis: number, values: readonly number[], isShown: boolean): void {
  const next = new Set(hidden.value)
  for (const value of values)
    if (isShown) next.delete(`${axis} ${value}`)
    else next.add(`${axis} ${value}`)
  hidden.value = next
  picked.value = null
}

/** As a sweep is shown before anything is chosen. */
export function showFirst(sweep: SweepDocument): void {
  metric.value = tellingMetrics(sweep).names[0] ?? ''
  const axes = defaultAxes(sweep)
  if (axes === null) return
  rowsAxis.value = axes.rows
  columnsAxis.value = axes.columns
}

/** The view in the address, so that a reload and a link keep it. */
export function viewOfAddress(): ViewName | null {
  const name = location.hash.slice(1)
  return views.find(one => one === name) ?? null
}
