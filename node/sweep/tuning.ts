/** Tuning: which settings each cell is measured with, by how they did on examples held out of the training. */
import type { Cell, Tuning } from './definition.ts'
import { betterOf } from './figures/metric.ts'
import type { RunRow, Setting } from './rows.ts'

/** A cell with one of the choices, of the group of cells that differ in their seed alone. */
interface Candidate {
  readonly cell: Cell
  readonly group: string
  readonly choice: Readonly<Record<string, Setting>>
}

/** The axes but for the seed, as a key. */
export function withoutSeed(axes: Cell['axes']): string {
  const { seed: _, ...others } = axes
  return JSON.stringify(Object.values(others))
}

/** Every choice in every group, with the first seeds of it. */
export function candidatesOf(cells: readonly Cell[], tune: Tuning): readonly Candidate[] {
  const choices = combinationsOf(tune.choices)
  const seeds = new Map<string, number>()
  return cells.flatMap(cell => {
    const group = withoutSeed(cell.axes)
    const count = seeds.get(group) ?? 0
    seeds.set(group, count + 1)
    if (count >= tune.seeds) return []
    return choices.map(choice => ({ cell: withChoice(cell, choice), group, choice }))
  })
}

/**
 * The cells with the best choice of their group each: the best mean over its seeds, the first among equals. A run without
 * a result counts as the worst. Groups that have not been tried out yet are left out.
 * @param rows of the candidates, in order; null: not run yet
 */
export function bestOf(
  cells: readonly Cell[],
  candidates: readonly Candidate[],
  rows: readonly (RunRow | null)[],
  metric: string,
): readonly Cell[] {
  const sign = betterOf(metric) === 'lower' ? -1 : 1
  const scores = new Map<string, Map<string, { choice: Candidate['choice']; sum: number }>>()
  const open = new Set<string>()
  for (const [place, { group, choice }] of candidates.entries()) {
    const row = rows[place]!
    if (row === null) open.add(group)
    const value = row?.metrics[metric]
    const ofGroup = scores.get(group) ?? new Map()
    const key = JSON.stringify(choice)
    const before = ofGroup.get(key)?.sum ?? 0
    ofGroup.set(key, { choice, sum: before + (typeof value === 'number' ? sign * value : -Infinity) })
    scores.set(group, ofGroup)
  }
  return cells.flatMap(cell => {
    const group = withoutSeed(cell.axes)
    if (open.has(group)) return []
    const tried = [...scores.get(group)!.values()]
    const best = tried.reduce((a, b) => (b.sum > a.sum ? b : a))
    return [withChoice(cell, best.choice)]
  })
}

function withChoice({ axes, settings }: Cell, choice: Candidate['choice']): Cell {
  return { axes, settings: { ...settings, ...choice } }
}

function combinationsOf(
  choices: Readonly<Record<string, readonly Setting[]>>,
): readonly Readonly<Record<string, Setting>>[] {
  return Object.entries(choices).reduce<Readonly<Record<string, Setting>>[]>(
    (all, [name, values]) => all.flatMap(before => values.map(value => ({ ...before, [name]: value }))),
    [{}],
  )
}
