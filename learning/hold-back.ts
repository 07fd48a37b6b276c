/**
 * Holds back what binds a peer until it has found its place. Until then its memory may be an older copy, and it may have
 * said something else before (recovery/recovery.ts). What waits are votes on what others sent meanwhile, so their number
 * is limited by what these can cause.
 */
import { isBound, type Message } from '../agreement/message.ts'
import type { Effects, Envelope } from '../agreement/protocol.ts'

export interface HoldBack<Output> {
  /** The peer has found its place: what waited goes out before anything else. */
  release(): void
  /** What may be said now. */
  pass(effects: Effects<Message, Output>): Effects<Message, Output>
}

export function createHoldBack<Output>(): HoldBack<Output> {
  let isReleased = false
  let held: readonly Envelope[] = []
  return {
    release() {
      isReleased = true
    },
    pass(effects) {
      if (isReleased && held.length === 0) return effects
      const waiting = isReleased ? [] : [...held, ...effects.messages.filter(binds)]
      const messages = isReleased
        ? [...held, ...effects.messages]
        : effects.messages.filter(envelope => !binds(envelope))
      held = waiting
      return { ...effects, messages }
    },
  }
}

/** Questions and answers of recovery bind nobody. */
function binds({ message }: Envelope): boolean {
  return isBound(message) && message.slot.phase !== 'state'
}
