/**
 * The timeouts of a synchronous agreement, counted by rounds. Iteration r times out so many timeouts after the agreement
 * began here, however early the iterations before it ended. To count from the beginning of each iteration would be
 * wrong: a faulty peer that speaks to some peers only puts these ahead by a whole timeout, and they would then give up
 * on the others just before their vectors arrive.
 *
 * A round in which vectors travel whole is one timeout long. By digest it is three: after the first no more digests are
 * waited for, and the other two have room for a question and its answer.
 */
import type { EffectsBuilder } from '../protocol.ts'
import { type AveragingOptions, type AveragingOutput, isByDigest } from './averaging.ts'

type Builder = EffectsBuilder<unknown, AveragingOutput>

/** What an iteration still waits for. */
export type Waits = 'digests' | 'vectors' | 'nothing'

export interface Rounds {
  start(step: Builder): void
  /** The timeout under way has run out; the next one follows without a gap, unless the agreement has ended. */
  timedOut(step: Builder, hasEnded: boolean): void
  waits(iteration: number): Waits
}

interface Timeout {
  readonly iteration: number
  readonly times: number
  readonly after: Waits
}

type Rounded = Pick<AveragingOptions, 'iterations' | 'digestFrom'>

function timeoutsOf(options: Rounded): Timeout[] {
  return Array.from({ length: options.iterations }, (_, iteration): Timeout[] =>
    isByDigest(options, iteration)
      ? [
          { iteration, times: 1, after: 'vectors' },
          { iteration, times: 2, after: 'nothing' },
        ]
      : [{ iteration, times: 1, after: 'nothing' }],
  ).flat()
}

/** How many timeouts an agreement lasts at most, once its rounds are counted. */
export function roundsLength(options: Rounded): number {
  return timeoutsOf(options).reduce((sum, { times }) => sum + times, 0)
}

export function createRounds(options: AveragingOptions): Rounds {
  const timeouts = timeoutsOf(options)
  const waiting: Waits[] = Array.from({ length: options.iterations }, () => 'digests')
  let over = 0
  const start = (step: Builder) => {
    const next = timeouts[over]
    if (next === undefined) return
    const { iteration, times } = next
    const slot = { step: options.step, phase: options.phase, iteration, sender: options.self }
    const timer = { slot, purpose: 'timeout', ...(times > 1 && { times }) } as const
    step.outputs.push({ kind: 'timer', timer })
  }
  return {
    start,
    timedOut(step, hasEnded) {
      const last = timeouts[over++]
      if (last === undefined) return
      waiting[last.iteration] = last.after
      if (!hasEnded) start(step)
    },
    waits: iteration => waiting[iteration]!,
  }
}
