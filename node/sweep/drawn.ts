/** Which metrics figures are made of: not those that say nothing here, or the same as another. */
import { evaluationMetrics } from './metrics.ts'
import type { RunRow } from './rows.ts'

interface Drawn {
  /** With the metrics and series that are drawn. */
  readonly rows: readonly RunRow[]
  /** A sentence for those that are not; empty where all are. */
  readonly notes: readonly string[]
}

/**
 * On a server the worst worker has what all have, and nobody is apart: such metrics have the values of another one in all
 * rows, or one and the same in all of them. Figures of evaluations stay even if all are equal: that is a result.
 */
export function drawnRows(rows: readonly RunRow[]): Drawn {
  const ran = rows.filter(({ status }) => status === 'done' || status === 'stopped' || status === 'diverged')
  const names = [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))]
  // The mean stands before the worst, so that of two equal ones it is the mean that stays.
  const inOrder = [...names].sort((a, b) => Number(b.endsWith('Mean')) - Number(a.endsWith('Mean')))
  const seen = new Set<string>()
  const out = new Set<string>()
  for (const name of inOrder) {
    const values = ran.map(({ metrics, series }) => [metrics[name] ?? null, series[name]?.values ?? null])
    const isEvaluated = evaluationMetrics.includes(name)
    const isSame =
      !isEvaluated && ran.length > 1 && new Set(values.map(pair => JSON.stringify(pair))).size === 1
    const key = JSON.stringify(values)
    const isTwin = isEvaluated && seen.has(key)
    seen.add(key)
    if (isSame || isTwin) out.add(name)
  }
  if (out.size === 0) return { rows, notes: [] }
  const kept = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !out.has(name)))
  return {
    rows: rows.map(row => ({ ...row, metrics: kept(row.metrics), series: kept(row.series) })),
    notes: [
      `No figures of ${names.filter(name => out.has(name)).join(', ')}: the same in all runs, or the same as the mean.`,
    ],
  }
}
