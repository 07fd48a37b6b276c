/** Who holds what, as a table: a row a peer, a column a class, the fuller the darker. */
import type { PartitionTable } from '../../data/partition-table.ts'
import { tableLines } from './table.ts'

const SHADES = [' ', '░', '▒', '▓', '█']

export async function partitionTableText({ counts, classNames }: PartitionTable): Promise<readonly string[]> {
  const columns = counts[0]!.length
  const most = Math.max(1, ...counts.flat())
  const head = [
    'peer',
    ...(columns === 1 ? [] : counts[0]!.map((_, label) => classNames?.[label] ?? String(label))),
    'all',
  ]
  const rows = counts.map((own, peer) => {
    const cells = own.map(count => `${count} ${SHADES[Math.ceil((count / most) * (SHADES.length - 1))]}`)
    return [peer, ...(columns === 1 ? [] : cells), own.reduce((a, b) => a + b, 0)]
  })
  return tableLines(head, rows, { right: true })
}
