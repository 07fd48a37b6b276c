/** What is measured of a run, from its report: over the honest peers, at the end and on the way. */
import { meanOf, type Report } from '../daemon/report.ts'
import type { Series } from './rows.ts'

type Honest = Report['honest'][number]
/** An evaluation of one peer: what it has at the end, and at each point on the way. */
type Evaluated = Pick<Honest, 'loss' | 'accuracy' | 'metrics' | 'triggerRate'>

/** Each figure of an evaluation, and over the peers the mean and the worst of it. */
const figures = {
  accuracy: { worst: 'Min', of: ({ accuracy }: Evaluated) => accuracy },
  loss: { worst: 'Max', of: ({ loss }: Evaluated) => loss },
  balancedAccuracy: { worst: 'Min', of: ({ metrics }: Evaluated) => ofClasses(metrics)?.balancedAccuracy },
  f1: { worst: 'Min', of: ({ metrics }: Evaluated) => ofClasses(metrics)?.f1 },
  auroc: { worst: 'Min', of: ({ metrics }: Evaluated) => ofClasses(metrics)?.auroc },
  rmse: { worst: 'Max', of: ({ metrics }: Evaluated) => ofNumbers(metrics)?.rmse },
  r2: { worst: 'Min', of: ({ metrics }: Evaluated) => ofNumbers(metrics)?.r2 },
  triggerRate: { worst: 'Max', of: ({ triggerRate }: Evaluated) => triggerRate },
} as const

const ofClasses = (metrics: Evaluated['metrics']) => (metrics?.kind === 'classes' ? metrics : null)
const ofNumbers = (metrics: Evaluated['metrics']) => (metrics?.kind === 'numbers' ? metrics : null)

/** Those that each evaluation on the way has, too. */
export const evaluationMetrics: readonly string[] = Object.entries(figures).flatMap(([name, { worst }]) => [
  `${name}${worst}`,
  `${name}Mean`,
])

/** All metrics of rows. Those of evaluations have a series, too. */
export const metricNames: readonly string[] = [
  ...evaluationMetrics,
  'gainMin',
  'gainMean',
  'heterogeneity',
  'diameterParameters',
  'diameterRelative',
  'stepsDone',
  'messages',
  'bytes',
  'virtualSeconds',
  'violations',
]

/**
 * Mean and worst of each figure over the peers; null where a peer's is not finite. Figures that no peer has are left out:
 * a model of numbers has no accuracy.
 */
export function overPeers(peers: readonly Evaluated[]): Record<string, number | null> {
  const metrics: Record<string, number | null> = {}
  for (const [name, { worst, of }] of Object.entries(figures)) {
    const values = peers.map(peer => of(peer))
    if (values.every(value => value === undefined) || (isOptional(name) && values.every(missing))) continue
    const known = values.filter(value => typeof value === 'number')
    const isWhole = known.length === peers.length && known.length > 0
    const least = worst === 'Min' ? Math.min : Math.max
    metrics[`${name}${worst}`] = isWhole ? least(...known) : null
    metrics[`${name}Mean`] = isWhole ? meanOf(known) : null
  }
  return metrics
}

/** Accuracy and loss are always named, so that a run that failed has a place for them. */
const isOptional = (name: string) => name !== 'accuracy' && name !== 'loss'
const missing = (value: number | null | undefined) => value === null || value === undefined

/** The end of a run. */
export function metricsOf(report: Report): Record<string, number | null> {
  const { honest, heterogeneity, diameter, steps, messages, bytes, virtualSeconds, violations } = report
  const gains = honest.flatMap(({ alone }) => alone?.gain ?? [])
  const hasGains = honest.some(({ alone }) => alone !== undefined)
  const isWhole = gains.length === honest.length
  return {
    ...overPeers(honest),
    ...(hasGains && {
      gainMin: isWhole ? Math.min(...gains) : null,
      gainMean: isWhole ? meanOf(gains) : null,
    }),
    ...(heterogeneity && { heterogeneity: heterogeneity.mean }),
    diameterParameters: diameter.last,
    diameterRelative: diameter.relative,
    stepsDone: steps,
    messages,
    bytes,
    ...(virtualSeconds !== undefined && { virtualSeconds }),
    violations: violations.length,
  }
}

/**
 * The evaluations on the way that all of these peers have, and the end, which a server's series lacks.
 * @param ofPeers their points, peer by peer
 * @param end the report's own figures, and the step that they are of; null if the run did not get there
 */
export function seriesOf(
  ofPeers: readonly (readonly (Evaluated & { readonly step: number })[])[],
  end: { readonly step: number; readonly peers: readonly Evaluated[] } | null,
): Readonly<Record<string, Series>> {
  const points = new Map<number, Evaluated[]>()
  for (const series of ofPeers)
    for (const point of series) {
      const at = points.get(point.step) ?? []
      at.push(point)
      points.set(point.step, at)
    }
  if (points.size === 0) return {}
  if (end !== null && !points.has(end.step)) points.set(end.step, [...end.peers])
  const steps = [...points.keys()]
    .filter(step => points.get(step)!.length === ofPeers.length || step === end?.step)
    .sort((a, b) => a - b)
  const rows = steps.map(step => overPeers(points.get(step)!))
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))]
  return Object.fromEntries(
    names.map(name => [name, { steps, values: rows.map(row => row[name] ?? null) }] as const),
  )
}
