/** Turns LEARN's outputs into a peer's events. */
import type { Phase } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { OwnEvaluations } from '../../learning/evaluation/own-evaluations.ts'
import type { LearnOutput } from '../../learning/learn-contract.ts'
import type { DriverStatus } from '../runtime/driver.ts'
import type { PeerEvent, Traffic } from './events.ts'
import { peakResidentBytes } from './peak-memory.ts'

/** Called by a peer as it learns. */
export interface Observer {
  /** The peer starts at this step. */
  starts(step: number): void
  loss(step: number, loss: number): void
  output(output: LearnOutput): void
}

interface ObserverOptions {
  readonly onEvent: (event: PeerEvent) => void
  /** `T`. */
  readonly steps: number
  /** It agrees on nothing, and so on no gradient. */
  readonly gossips?: boolean
  readonly evaluations: Pick<OwnEvaluations, 'agreed'>
  readonly status: () => DriverStatus
}

/** One event per step, and one where the peer skipped steps. */
export function createObserver({
  onEvent,
  steps,
  gossips = false,
  evaluations,
  status,
}: ObserverOptions): Observer {
  let loss: number | null = null
  let averaged: Partial<Record<Phase, Vector>> = {}
  let stood = 1
  return {
    starts: step => {
      stood = step
    },
    loss: (_, value) => {
      loss = value
    },
    output(output) {
      if (output.kind === 'averaged') {
        if (output.phase === 'metrics') evaluations.agreed(output.step, output.vector)
        else averaged[output.phase] = output.vector
      }
      if (output.kind === 'need-gradient') stood = output.step
      if (output.kind === 'caught-up' && output.completeFrom > stood) {
        onEvent({ kind: 'caught-up', from: stood, step: output.completeFrom })
        stood = output.completeFrom // told once, though its gradient there may be long in coming, or never asked for
      }
      // A cohort that agrees on metrics ends with a step that is none of the learning's.
      if (output.kind !== 'stepped' || output.state.step > steps + 1) return
      const step = output.state.step - 1
      const { gradient = null, parameters } = averaged
      const vectors = parameters && (gradient || gossips) ? { gradient, parameters } : null
      averaged = {} // a skipped step has none
      const memory = { peakBytes: peakResidentBytes() }
      onEvent({ kind: 'step', step, loss, traffic: trafficOf(status()), memory, vectors })
    },
  }
}

export function trafficOf({ messagesSent, bytesSent, bytesReceived }: DriverStatus): Traffic {
  return { messages: messagesSent, bytesSent, bytesReceived }
}
