/**
 * Holds back what binds a peer until it has found its place. Until then its memory may be an older copy, and it may have
 * said something else before (recovery/recovery.ts). What waits are votes on what others sent meanwhile, so their number
 * is limited by what these can cause.
 */
import { isBound } from '../agreement/message.ts'
import type { Envelope, PeerIndex } from '../agreement/protocol.ts'
import type { Learn, LearnEffects } from './learn-contract.ts'

/**
 * LEARN whose votes wait until it was started and is not away. What waited goes out before anything else.
 * @param isAway whether this peer still looks for its place
 */
export function holdingBack(learn: Learn, self: PeerIndex, isAway: () => boolean): Learn {
  let isStarted = false
  let isReleased = false
  let held: readonly Envelope[] = []
  const pass = (effects: LearnEffects): LearnEffects => {
    if (isReleased) return effects
    isReleased = isStarted && !isAway()
    const messages = [...held, ...effects.messages]
    held = isReleased ? [] : messages.filter(envelope => binds(envelope, self))
    return {
      ...effects,
      messages: isReleased ? messages : effects.messages.filter(envelope => !binds(envelope, self)),
    }
  }
  return {
    input(value) {
      isStarted ||= value.kind === 'start'
      return pass(learn.input(value))
    },
    receive: (from, message) => pass(learn.receive(from, message)),
    status: () => learn.status(),
    currentStep: () => learn.currentStep(),
  }
}

/** Questions and answers of recovery bind nobody. An answer with its own vector binds a peer. */
function binds({ message }: Envelope, self: PeerIndex): boolean {
  const { kind, slot } = message
  return slot.phase !== 'state' && (isBound(message) || (kind === 'payload' && slot.sender === self))
}
