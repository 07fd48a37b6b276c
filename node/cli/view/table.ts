/**
 * Tables for people. cli-table3 takes escapes apart and writes its own, so it is given clean cells with plain colours,
 * and what comes out of it is vouched for. No table is wider than the narrowest usual terminal: texts are wrapped.
 */
import { ownColours, shownLine } from '../terminal.ts'
import { columnWidths, wrapped } from './wrap.ts'

/** A text is one line, unless it has to be wrapped; a list has a line for each. */
export type Cell = string | number | readonly string[]

interface TableStyle {
  /** No line between rows; that is the default. */
  readonly compact?: boolean
  /** Numbers to the right. */
  readonly right?: boolean
}

/** Columns of a terminal. */
export const TABLE_WIDTH_MAX = 80
/** Around each cell: a space on both sides, and a border. */
const AROUND_CELL = 3

/** The lines of a table. A cell holds any text, with colours of the terminal's `paint`. */
export async function tableLines(
  head: readonly string[],
  rows: Iterable<readonly Cell[]>,
  { compact = true, right = false }: TableStyle = {},
): Promise<readonly string[]> {
  const { default: Table } = await import('cli-table3')
  const clean = (cells: readonly Cell[]) =>
    cells.map(cell => (Array.isArray(cell) ? cell : [String(cell)]).map(shownLine))
  const titles = clean(head)
  const body = [...rows].map(clean)
  const widths = columnWidths(
    titles.map((title, column) => ({ head: title, cells: body.flatMap(row => row[column] ?? []) })),
    TABLE_WIDTH_MAX - 1 - AROUND_CELL * head.length,
  )
  const fitted = (cells: readonly (readonly string[])[]) =>
    cells.map((lines, column) => lines.flatMap(line => wrapped(line, widths[column]!)).join('\n'))
  const table = new Table({
    head: fitted(titles),
    style: { head: [], border: [], compact },
    ...(right && { colAligns: head.map(() => 'right' as const) }),
  })
  table.push(...body.map(fitted))
  return ownColours(table.toString()).split('\n')
}
