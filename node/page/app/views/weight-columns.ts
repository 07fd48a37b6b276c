/** The columns of the matrix of weights: how much of each peer's vector entered, by step or iteration. */
import type { RunDocument, WeightRow } from '../../run.ts'

/** A cell: the mean over observers and over the steps that share a column. */
export interface Column {
  readonly firstStep: number
  readonly lastStep: number
  /** By sender; null: nobody received its vector. */
  readonly shares: readonly (number | null)[]
}

/** @param observer null: all who follow the protocol, or may */
export function weightColumns(
  run: RunDocument,
  observer: number | null,
  columnsMax: number,
): readonly Column[] {
  const rows = run.weights.filter(row => isCounted(run, row, observer))
  const steps = [...new Set(rows.map(({ step }) => step))].sort((a, b) => a - b)
  const each = Math.max(1, Math.ceil(steps.length / columnsMax))
  const columnOf = new Map(steps.map((step, at) => [step, Math.floor(at / each)]))
  const sums = Array.from({ length: Math.ceil(steps.length / each) }, () =>
    run.peers.map(() => ({ sum: 0, count: 0 })),
  )
  for (const [step, observed] of Map.groupBy(rows, row => row.step))
    for (const [from, cell] of sums[columnOf.get(step)!]!.entries()) {
      const known = observed.flatMap(({ weights }) => weights[from] ?? [])
      if (known.length === 0) continue
      // Who did not receive a vector that others did has gone on without it.
      cell.sum += known.reduce((a, b) => a + b, 0)
      cell.count += observed.length
    }
  return sums.map((cells, at) => ({
    firstStep: steps[at * each]!,
    lastStep: steps[Math.min(steps.length, (at + 1) * each) - 1]!,
    shares: cells.map(({ sum, count }) => (count === 0 ? null : sum / count)),
  }))
}

/** Without a choice, the view of all who follow the protocol. */
function isCounted(run: RunDocument, row: WeightRow, observer: number | null): boolean {
  return observer === null ? run.about.peers[row.observer]?.honest !== false : row.observer === observer
}
