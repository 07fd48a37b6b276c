/** How many iterations each averaging agreement of LEARN runs (collaborative-learning, Algorithm 1). */
import { type BoundsQuery, iterationsFor } from '../agreement/bounds.ts'
import type { AveragedPhase } from '../agreement/message.ts'

/** How often each averaging agreement iterates, and for which cohort. */
export interface ScheduleOptions extends BoundsQuery {
  readonly schedule: 'practical' | 'theory' | 'log'
  /** `k_g` and `k_θ` of the practical schedule. */
  readonly iterations: { readonly gradient: number; readonly parameters: number }
  readonly count: 'tight' | 'paper'
}

/** Iterations of the averaging agreement of LEARN step `t` in a phase. */
export type Schedule = (step: number, phase: AveragedPhase) => number

/**
 * theory: `AVG_{⌈log₂ t⌉}` for gradients, `AVG_1` for parameters; practical: fixed counts; log: `⌈log₂(t + 1)⌉` and 1.
 * Metrics are agreed on as often as parameters.
 * @throws if no number of iterations gives what the theory requires (an unsafe cohort)
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  switch (options.schedule) {
    case 'practical':
      return (_, phase) => options.iterations[phase === 'gradient' ? 'gradient' : 'parameters']
    case 'log':
      return (step, phase) => (phase === 'gradient' ? Math.ceil(Math.log2(step + 1)) : 1)
    case 'theory':
      return (step, phase) => {
        const contraction = phase === 'gradient' ? Math.ceil(Math.log2(step)) : 1
        const needed = iterationsFor(options, contraction, options.count)
        if (needed === null)
          throw new Error(
            `schedule theory: ${options.protocol} does not contract at n = ${options.peers}, f = ${options.maxFaulty}; use practical`,
          )
        return needed
      }
  }
}
