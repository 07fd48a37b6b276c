/** Who holds what, as a table: a row a peer, a column a class, the fuller the darker. */
import { shortened } from '../../../learning/data/shortened.ts'
import type { PartitionTable } from '../../data/partition-table.ts'
import { printable } from '../../text/printable.ts'
import { AROUND_CELL, tableLines } from './table.ts'

const SHADES = [' ', '░', '▒', '▓', '█']
/** Longer names of classes are wrapped, and much longer ones cut: a cell of many lines takes cli-table3 very long. */
const NAME_WIDTH_MAX = 12

/** Classes that do not fit beside each other follow in further tables. */
export async function partitionTableText(
  { counts, classNames }: PartitionTable,
  columns: number,
): Promise<readonly string[]> {
  const classes = counts[0]!.length
  const names = counts[0]!.map((_, label) => shortened(printable(classNames?.[label] ?? String(label))))
  const most = counts.reduce((largest, own) => Math.max(largest, ...own), 1)
  const all = counts.map(own => own.reduce((a, b) => a + b, 0))
  // A number and a shade, or the class's name, and what is around them; the first column holds the peer, the last the sum.
  const cell = Math.min(NAME_WIDTH_MAX, Math.max(String(most).length + 2, ...names.map(name => name.length)))
  const taken = [cell, 'peer'.length, String(Math.max(...all)).length].map(n => n + AROUND_CELL)
  const fit = Math.max(1, Math.floor((columns - 1 - taken[1]! - taken[2]!) / taken[0]!))
  const shown = (count: number) => `${count} ${SHADES[Math.ceil((count / most) * (SHADES.length - 1))]}`
  const lines: string[] = []
  for (let from = 0; from < classes; from += fit) {
    const to = classes === 1 ? from : Math.min(classes, from + fit)
    const head = ['peer', ...names.slice(from, to), 'all']
    const rows = counts.map((own, peer) => [peer, ...own.slice(from, to).map(shown), all[peer]!])
    lines.push(...(await tableLines(head, rows, { right: true, columns })))
  }
  return lines
}
