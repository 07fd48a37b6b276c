/** Which cells a heat map has: two axes, and a panel for each value of the others. */
import {
  type Cell,
  type CellChoice,
  groupBy,
  type Panel,
  panelsOf,
  reducedCell,
  varyingAxes,
} from './cells.ts'
import { SEED, type SweepAxis, type SweepDocument, type SweepRun } from './document.ts'

/** What a cell shows: its mean, or the standard deviation over its seeds. */
export type HeatNumber = 'mean' | 'spread'

export interface HeatChoice extends CellChoice {
  /** Places of axes in the document; without an axis of columns there is one column. */
  readonly rows: number
  readonly columns: number | null
  readonly number: HeatNumber
}

export interface HeatPanel extends Panel {
  /** Places on the axis of the rows that occur in the map, and of the columns. */
  readonly rows: readonly number[]
  readonly columns: readonly number[]
  readonly cells: readonly (readonly Cell[])[]
}

/** Who is compared (a rule), and what is done to it (an attack; null where no axis has attacks). */
export interface Roles {
  readonly subject: number
  readonly adversary: number | null
}

/** By the usual names; otherwise the first axes. Null where no axis is left beside the seed. */
export function rolesOf({ axes }: SweepDocument): Roles | null {
  const find = (...names: readonly string[]) =>
    names.map(one => axes.findIndex(({ name }) => name === one)).find(at => at >= 0)
  const adversary = find('attack', 'attacks') ?? null
  const free = axes.findIndex(({ name }, at) => name !== SEED && at !== adversary)
  const subject = find('rule', 'protocol', 'architecture') ?? (free < 0 ? adversary : free)
  return subject === null ? null : { subject, adversary: adversary === subject ? null : adversary }
}

/** The two axes that a heat map has if nobody chooses: subject and adversary, or the axes with the most values. */
export function defaultAxes(document: SweepDocument): Pick<HeatChoice, 'rows' | 'columns'> | null {
  const roles = rolesOf(document)
  if (roles === null) return null
  return { rows: roles.subject, columns: roles.adversary ?? secondAxis(document, [roles.subject]) }
}

/** The names above the columns. */
export function columnsOf(document: SweepDocument, { columns, metric }: HeatChoice): SweepAxis {
  return columns === null ? { name: '', values: [metric] } : document.axes[columns]!
}

/** The axis with the most values that is none of these. */
export function secondAxis({ axes }: SweepDocument, taken: readonly number[]): number | null {
  const free = axes.flatMap(({ name, values }, at) =>
    name === SEED || taken.includes(at) ? [] : [{ at, count: values.length }],
  )
  return (
    free.reduce<(typeof free)[number] | null>((a, b) => (a !== null && a.count >= b.count ? a : b), null)
      ?.at ?? null
  )
}

/** A panel for each value of every axis that is neither drawn nor reduced; all have the same rows and columns. */
export function heatPanels(
  document: SweepDocument,
  runs: readonly SweepRun[],
  choice: HeatChoice,
): readonly HeatPanel[] {
  const drawn = new Set<number | null | undefined>([choice.rows, choice.columns, choice.reduction?.axis])
  const facets = varyingAxes(document, runs).filter(axis => !drawn.has(axis))
  const rows = [...groupBy(runs, choice.rows).keys()]
  const grouped = (some: readonly SweepRun[]) =>
    choice.columns === null ? new Map([[0, some]]) : groupBy(some, choice.columns)
  const columns = [...grouped(runs).keys()]
  return panelsOf(document, runs, facets).map(panel => {
    const byRow = groupBy(panel.runs, choice.rows)
    const cells = rows.map(row => {
      const byColumn = grouped(byRow.get(row) ?? [])
      return columns.map(column => reducedCell(document, byColumn.get(column) ?? [], choice))
    })
    return { at: panel.at, label: panel.label, runs: panel.runs, rows, columns, cells }
  })
}

/** The number that a cell shows; null where it has none: a spread needs two seeds. */
export function numberOf({ summary }: Cell, number: HeatNumber): number | null {
  if (summary === null) return null
  return number === 'mean' ? summary.mean : summary.count < 2 ? null : summary.deviation
}
