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

/**
 * Statistics are agreed on once, and kept: so in as many iterations as bring honest peers together to the bits of a float,
 * where each halves what is between them.
 */
const STATISTICS_ITERATIONS = 24

/** The schedule of peers whose first step agrees on statistics. */
export function agreeingFirst(schedule: Schedule): Schedule {
  return (step, phase) => {
    const iterations = schedule(step, phase)
    return step === 1 && phase === 'parameters' ? Math.max(iterations, STATISTICS_ITERATIONS) : iterations
  }
}
