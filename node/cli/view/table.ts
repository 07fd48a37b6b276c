/**
 * Tables for people. cli-table3 takes escapes apart and writes its own, so it is given clean cells with plain colours,
 * and what comes out of it is vouched for.
 */
import { ownColours, shownLine } from '../terminal.ts'

/** A text is one line, whatever is in it; a list has a line for each. */
export type Cell = string | number | readonly string[]

interface TableStyle {
  /** No line between rows; that is the default. */
  readonly compact?: boolean
  /** Numbers to the right. */
  readonly right?: boolean
}

/** The lines of a table. A cell holds any text, with colours of the terminal's `paint`. */
export async function tableLines(
  head: readonly string[],
  rows: Iterable<readonly Cell[]>,
  { compact = true, right = false }: TableStyle = {},
): Promise<readonly string[]> {
  const { default: Table } = await import('cli-table3')
  const clean = (cells: readonly Cell[]) =>
    cells.map(cell => (Array.isArray(cell) ? cell : [String(cell)]).map(shownLine).join('\n'))
  const table = new Table({
    head: clean(head),
    style: { head: [], border: [], compact },
    ...(right && { colAligns: head.map(() => 'right' as const) }),
  })
  for (const row of rows) table.push(clean(row))
  return ownColours(table.toString()).split('\n')
}
