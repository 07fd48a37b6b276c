/** A member's evaluations beside the cohort's: it measures its own, gives the vector of them, and hears what was agreed. */
import type { Vector } from '../../agreement/vector.ts'
import type { Evaluation } from '../oracle.ts'
import { agreedMetrics, metricsVector } from './agreed.ts'
import type { AgreedPoint, SeriesPoint } from './series.ts'

export interface OwnEvaluations {
  /** This member's own evaluation at the beginning of a step. Returns the vector to be agreed on. */
  measured(step: number, own: Evaluation): Vector
  /** The agreement of a step has ended. */
  agreed(step: number, vector: Vector): void
  /** The newest agreed point; null before the first. */
  newest(): AgreedPoint | null
}

interface Listeners {
  evaluated(point: SeriesPoint): void
  agreed(point: AgreedPoint): void
}

/** An agreement that has not ended after so many others never will: its step is past. */
const OPEN_MAX = 64

/** Points are numbered by the steps taken: the parameters at the beginning of step `t` are those after `t − 1` steps. */
export function createOwnEvaluations(listeners: Listeners): OwnEvaluations {
  const open = new Map<number, Evaluation>()
  let newest: AgreedPoint | null = null
  return {
    measured(step, own) {
      open.set(step, own)
      if (open.size > OPEN_MAX) open.delete(open.keys().next().value!)
      listeners.evaluated({ step: step - 1, ...own })
      return metricsVector(own)
    },
    agreed(step, vector) {
      const own = open.get(step)
      if (own === undefined) return // it took part without an evaluation of its own
      open.delete(step)
      const point = { step: step - 1, ...own, agreed: agreedMetrics(vector, own) }
      if (newest === null || newest.step < point.step) newest = point
      listeners.agreed(point)
    },
    newest: () => newest,
  }
}
