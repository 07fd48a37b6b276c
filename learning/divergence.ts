/**
 * Divergence: a run whose numbers overflow. It is the run's doing, and nobody's fault.
 *
 * An honest peer never sends a vector that is not finite. The rules average finite vectors, and such averages are finite.
 * So a run can leave the finite numbers only in a peer's own gradient or its own descent. LEARN checks both before it
 * gives them to an agreement. If one is not finite, the peer says `diverged`. From then on it only serves the others.
 */
import type { Message } from '../agreement/message.ts'
import type { LearnInput } from './learn-contract.ts'

/** Whether a peer that has diverged still heeds this, because the others need its answer. */
export function canServeOthers(heard: LearnInput | Message): boolean {
  switch (heard.kind) {
    case 'restarted':
    case 'query':
    case 'fetch':
      return true
    case 'timer':
      return heard.timer.slot.phase !== 'state'
    default:
      return false
  }
}
