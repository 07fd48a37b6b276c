/** How good a model was at some of its steps, in a bounded number of points. */
import type { Evaluation } from '../oracle.ts'
import type { AgreedMetrics } from './agreed.ts'

/** The parameters after this many steps, evaluated; 0: those that the run started from. */
export interface SeriesPoint extends Evaluation {
  readonly step: number
  /** What the cohort agreed on; absent where it agrees on nothing, or has not yet. */
  readonly agreed?: AgreedMetrics
}

/** A point of which the cohort's figures are known. */
export type AgreedPoint = SeriesPoint & { readonly agreed: AgreedMetrics }

export interface Series {
  add(point: SeriesPoint): void
  /** The cohort's figures for a point that was added before. */
  agree(point: AgreedPoint): void
  readonly points: readonly SeriesPoint[]
}

/** Of more points every other one is kept, again and again, so that a long run keeps points of all its parts. */
export const SERIES_POINTS_MAX = 1000

export function createSeries(): Series {
  const points: SeriesPoint[] = []
  let interval = 1
  let added = 0
  return {
    points,
    agree(point) {
      const place = points.findLastIndex(({ step }) => step === point.step)
      if (place >= 0) points[place] = point // otherwise it was thinned out
    },
    add(point) {
      if (added++ % interval !== 0) return
      points.push(point)
      if (points.length <= SERIES_POINTS_MAX) return
      interval *= 2
      const kept = points.filter((_, place) => place % 2 === 0)
      points.splice(0, points.length, ...kept)
    },
  }
}
