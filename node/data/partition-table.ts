/** The partition table: how many examples of each class each peer holds, as a table and as a picture. */
import type { DataSource } from '../../learning/data/dataset.ts'
import { parsePartition, partitionIndices } from '../../learning/data/partition.ts'
import { printable } from '../text/printable.ts'

export interface PartitionTable {
  readonly data: string
  readonly partition: string
  readonly seed: number
  /** What the classes are called, if that is anything but their number. */
  readonly classNames?: readonly string[]
  /** What was noticed about the files. */
  readonly notes: readonly string[]
  /** Examples by peer and class; one column if the targets are real. */
  readonly counts: readonly (readonly number[])[]
}

/** @throws DataError */
export function partitionTableOf(
  source: DataSource,
  partition: string,
  peers: number,
  seed: number,
): PartitionTable {
  const { trainLabels, classes, classNames, name, notes } = source
  const shares = partitionIndices(parsePartition(partition), trainLabels, classes, peers, seed)
  const counts = shares.map(share => {
    const own = new Array<number>(Math.max(1, classes)).fill(0)
    for (const index of share) own[trainLabels[index]!]! += 1
    return own
  })
  return { data: name, partition, seed, ...(classNames && { classNames }), notes, counts }
}

const CELL = 44
const LEFT = 80
const TOP = 64
const TOTAL = 72

/**
 * A heat map with a row for each peer and a column for each class, the numbers in it, and each peer's total beside it.
 */
export function partitionTableSvg({ data, partition, seed, classNames, counts }: PartitionTable): string {
  const columns = counts[0]!.length
  const most = counts.reduce((largest, own) => Math.max(largest, ...own), 1)
  const width = LEFT + columns * CELL + TOTAL
  const height = TOP + counts.length * (CELL / 2 + 4) + 16
  const y = (peer: number) => TOP + peer * (CELL / 2 + 4)
  const cell = (peer: number, column: number, count: number) => {
    const share = Math.sqrt(count / most)
    const x = LEFT + column * CELL
    const tone = `hsl(210 60% ${Math.round(96 - 62 * share)}%)`
    const ink = share > 0.55 ? '#fff' : '#123'
    return (
      `<rect x="${x}" y="${y(peer)}" width="${CELL - 2}" height="${CELL / 2 + 2}" rx="2" fill="${tone}"/>` +
      `<text x="${x + CELL / 2 - 1}" y="${y(peer) + 16}" text-anchor="middle" fill="${ink}">${count}</text>`
    )
  }
  const rows = counts.map((own, peer) => {
    const total = own.reduce((a, b) => a + b, 0)
    return (
      `<text x="${LEFT - 8}" y="${y(peer) + 16}" text-anchor="end">peer ${peer}</text>` +
      own.map((count, column) => cell(peer, column, count)).join('') +
      `<text x="${LEFT + columns * CELL + 8}" y="${y(peer) + 16}">Σ ${total}</text>`
    )
  })
  const heads = counts[0]!.map(
    (_, column) =>
      `<text x="${LEFT + column * CELL + CELL / 2 - 1}" y="${TOP - 8}" text-anchor="middle">${columns === 1 ? 'all' : escaped(printable(classNames?.[column] ?? String(column)))}</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="#123">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="12" y="24" font-size="15" font-weight="600">${escaped(`${data}, ${partition}, seed ${seed}`)}</text>`,
    `<text x="${LEFT - 8}" y="${TOP - 8}" text-anchor="end" fill="#567">label</text>`,
    ...heads,
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
