/**
 * Tables for people. cli-table3 takes escapes apart and writes its own, so it is given clean cells with plain colours,
 * and what comes out of it is vouched for. No table is wider than the terminal: texts are wrapped, and where that is not
 * enough the columns that can be spared are left out, and named below.
 */
import { ownColours, shownLine } from '../terminal.ts'
import { columnWidths, leastWidth, wrapped } from './wrap.ts'

/** A text is one line, unless it has to be wrapped; a list has a line for each. */
export type Cell = string | number | readonly string[]

interface TableStyle {
  /** No line between rows; that is the default. */
  readonly compact?: boolean
  /** Numbers to the right. */
  readonly right?: boolean
  /** How wide the table may be (`terminal.columns`). */
  readonly columns: number
  /** Titles of columns that can be left out, the first of them first. */
  readonly spare?: readonly string[]
}

/** Around each cell: a space on both sides, and a border. */
export const AROUND_CELL = 3

/** The lines of a table. A cell holds any text, with colours of the terminal's `paint`. */
export async function tableLines(
  head: readonly string[],
  rows: Iterable<readonly Cell[]>,
  { compact = true, right = false, columns, spare = [] }: TableStyle,
): Promise<readonly string[]> {
  const { default: Table } = await import('cli-table3')
  const clean = (cells: readonly Cell[]) =>
    cells.map(cell => (Array.isArray(cell) ? cell : [String(cell)]).map(shownLine))
  const titles = clean(head)
  const body = [...rows].map(clean)
  const all = titles.map((title, column) => ({
    head: title,
    cells: body.flatMap(row => row[column] ?? []),
    column,
  }))
  const room = (count: number) => columns - 1 - AROUND_CELL * count
  let kept = all
  const leftOut: string[] = []
  for (const title of spare) {
    if (leastWidth(kept) <= room(kept.length)) break
    const rest = kept.filter(({ column }) => head[column] !== title)
    if (rest.length < kept.length) leftOut.push(title)
    kept = rest
  }
  const widths = columnWidths(kept, room(kept.length))
  const fitted = (cells: readonly (readonly string[])[]) =>
    kept.map(({ column }, place) =>
      (cells[column] ?? []).flatMap(line => wrapped(line, widths[place]!)).join('\n'),
    )
  const table = new Table({
    head: fitted(titles),
    style: { head: [], border: [], compact },
    ...(right && { colAligns: kept.map(() => 'right' as const) }),
  })
  table.push(...body.map(fitted))
  const below =
    leftOut.length === 0 ? [] : wrapped(`not shown, for want of room: ${leftOut.join(', ')}`, columns)
  return [...ownColours(table.toString()).split('\n'), ...below]
}
