/** Who holds what, as a table: a row a peer, a column a class, the fuller the darker. */
import type { Holdings } from '../../data/holdings.ts'

const SHADES = [' ', '░', '▒', '▓', '█']

export async function holdingsTable({ counts }: Holdings): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const columns = counts[0]!.length
  const most = Math.max(1, ...counts.flat())
  const head = ['peer', ...(columns === 1 ? [] : counts[0]!.map((_, label) => String(label))), 'all']
  const table = new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: head.map(() => 'right'),
  })
  for (const [peer, own] of counts.entries()) {
    const cells = own.map(count => `${count} ${SHADES[Math.ceil((count / most) * (SHADES.length - 1))]}`)
    table.push([String(peer), ...(columns === 1 ? [] : cells), String(own.reduce((a, b) => a + b, 0))])
  }
  return table.toString()
}
