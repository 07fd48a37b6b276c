/**
 * The cohort's figures: what its members agree on of their own metrics, by averaging agreement on one vector of them.
 *
 * The vector has the same coordinates in every cohort, so that its length follows from nothing that members could see
 * differently: not from the model, and not from the number of classes in somebody's data. A figure that a member does
 * not have is replaced by a stated number, and is not shown where the member itself does not have it.
 */
import type { Vector } from '../../agreement/vector.ts'
import type { Evaluation } from '../oracle.ts'
import type { Metrics } from './metrics.ts'

type Measured = Pick<Evaluation, 'accuracy' | 'metrics'>

/** The figures, and what stands in the vector for one that is missing: of chance, or of the mean of the targets. */
const REPLACEMENTS = { accuracy: 0, balancedAccuracy: 0, f1: 0, auroc: 0.5, rmse: 0, r2: 0 } as const

/** One number a figure; null for a figure that the member itself does not have. */
export type AgreedMetrics = { readonly [Figure in keyof typeof REPLACEMENTS]: number | null }

const FIGURES = Object.keys(REPLACEMENTS) as (keyof AgreedMetrics)[]

/** Coordinates of the vector. */
export const METRICS_DIMENSION = FIGURES.length

/** Greater numbers are cut off here, so that all stay finite, and so do their differences. */
const GREATEST = 1e15

/** A member's own figures as a vector of `METRICS_DIMENSION` finite numbers. */
export function metricsVector(own: Measured): Vector {
  const figures = figuresOf(own)
  return Float32Array.from(FIGURES, figure => {
    const value = figures[figure]
    if (value === null || Number.isNaN(value)) return REPLACEMENTS[figure]
    return Math.min(GREATEST, Math.max(-GREATEST, value))
  })
}

/** The agreed figures of which this member has its own, too. */
export function agreedMetrics(vector: Vector, own: Measured): AgreedMetrics {
  const figures = figuresOf(own)
  return Object.fromEntries(
    FIGURES.map((figure, place) => [figure, figures[figure] === null ? null : vector[place]!]),
  ) as Record<keyof AgreedMetrics, number | null>
}

/** A member's metrics with the cohort's figures in place of its own; recall and baseline stay the member's. */
export function withAgreed(metrics: Metrics, agreed: AgreedMetrics): Metrics {
  if (metrics.kind === 'numbers')
    return { ...metrics, rmse: agreed.rmse ?? metrics.rmse, r2: agreed.r2 ?? metrics.r2 }
  return {
    ...metrics,
    accuracy: agreed.accuracy ?? metrics.accuracy,
    balancedAccuracy: agreed.balancedAccuracy ?? metrics.balancedAccuracy,
    f1: agreed.f1 ?? metrics.f1,
    auroc: agreed.auroc ?? metrics.auroc,
  }
}

/** A member's own figures. */
export function figuresOf({ accuracy, metrics }: Measured): AgreedMetrics {
  const none = { accuracy, balancedAccuracy: null, f1: null, auroc: null, rmse: null, r2: null }
  if (metrics?.kind === 'numbers') return { ...none, rmse: metrics.rmse, r2: metrics.r2 }
  if (metrics === null) return none
  const { balancedAccuracy, f1, auroc } = metrics
  return { ...none, accuracy: metrics.accuracy, balancedAccuracy, f1, auroc }
}
