/**
 * The way in. A frame is decoded and the signatures of each message are checked before the protocol sees it. Nothing
 * that arrives throws or stops this peer; anything wrong is a fault of its sender.
 *
 * A peer that is proved to equivocate is convicted: it is cut off and ignored, and the proof goes to everyone else.
 */
import { type Message, ownCommitment } from '../../agreement/message.ts'
import type { Effects, Evidence, Fault, PeerIndex, Protocol } from '../../agreement/protocol.ts'
import type { Received } from '../codec/index.ts'
import { proves } from '../evidence/evidence.ts'
import type { Verifier } from '../signatures/index.ts'
import type { Journal, Kept } from './journal-contract.ts'

/** For traces and checkers. */
export interface ReceiverHooks {
  /** A message is about to reach the protocol. */
  received?(from: PeerIndex, message: Message): void
  /** A peer has shown a proof that holds, known or not. */
  shown?(from: PeerIndex, proof: Evidence): void
}

interface ReceiverOptions<Output> {
  readonly protocol: Pick<Protocol<never, Message, Output>, 'receive'>
  readonly verifier: Pick<Verifier, 'accepts' | 'verify'>
  readonly journal: Journal
  readonly hooks: ReceiverHooks
  readonly carry: (effects: Effects<Message, Output>) => void
  readonly fault: (fault: Fault) => void
  /** A peer has been proved to equivocate: for the first time in this incarnation. */
  readonly convicted: (evidence: Evidence) => void
}

export interface Receiver {
  take(from: PeerIndex, received: Received): void
  /** A proof found by the protocol or sent by another peer. */
  convict(evidence: Evidence): void
  isConvicted(peer: PeerIndex): boolean
  /** Ascending. */
  convicts(): readonly PeerIndex[]
  /** One for each convicted peer, in the order of the convictions. */
  proofs(): readonly Evidence[]
}

export function createReceiver<Output>(options: ReceiverOptions<Output>): Receiver {
  const { protocol, verifier, journal, hooks, carry, fault } = options
  const convicts = new Map<PeerIndex, Evidence>()

  const convict = (evidence: Evidence) => {
    // The source does not matter: only a valid proof cuts a peer off.
    if (convicts.has(evidence.slot.sender) || !proves(evidence, verifier)) return
    convicts.set(evidence.slot.sender, evidence)
    options.convicted(evidence)
  }
  const judge = (from: PeerIndex, evidence: Evidence) => {
    const { slot } = evidence
    if (!proves(evidence, verifier)) return fault({ peer: from, kind: 'bad-signature', slot })
    hooks.shown?.(from, evidence)
    if (convicts.has(slot.sender)) return
    fault({ peer: slot.sender, kind: 'equivocation', slot, evidence })
    convict(evidence)
  }
  const take = (from: PeerIndex, received: Received): void => {
    if (convicts.has(from)) return
    if ('fault' in received) {
      const { fault: kind, detail, slot } = received
      fault({ peer: from, kind, detail, ...(slot && { slot }) })
      return
    }
    const message = journal.holding(received.message)
    if (message.kind === 'evidence') {
      judge(from, message)
      return
    }
    // Votes and reports are vouched for by the authenticated connection; vectors by their author.
    if (!verifier.accepts(message)) {
      fault({ peer: from, kind: 'bad-signature', slot: message.slot })
      return
    }
    hooks.received?.(from, message)
    const own = ownCommitment(from, message)
    if (own !== null) journal.saw(message.slot, own)
    const effects = protocol.receive(from, message)
    if (isEchoed(message, effects)) journal.keep(message)
    carry(effects)
  }
  return {
    take,
    convict,
    isConvicted: peer => convicts.has(peer),
    convicts: () => [...convicts.keys()].sort((a, b) => a - b),
    proofs: () => [...convicts.values()],
  }
}

/** Whether the message brought a vector that this peer now echoes. */
function isEchoed(message: Message, effects: Effects<Message, unknown>): message is Kept {
  if (message.kind !== 'vector' && message.kind !== 'payload') return false
  const { sender } = message.slot
  return effects.messages.some(({ message: { kind, slot } }) => kind === 'echo' && slot.sender === sender)
}
