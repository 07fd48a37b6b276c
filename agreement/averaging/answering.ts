/** An author's answers to those who ask for the vector behind a digest that it has signed, in an agreement in standard form. */
import type { Message, MessageOf } from '../message.ts'
import type { EffectsBuilder, PeerIndex } from '../protocol.ts'
import { createRequests, type Requests } from '../requests.ts'
import type { AveragingOptions } from './averaging.ts'

export interface Answering {
  /** The author's vector goes to the asker, if the author knows it and the asker has not asked too often. */
  answer(step: EffectsBuilder<Message, unknown>, from: PeerIndex, request: MessageOf<'request'>): void
  /** The peer may ask again for what it was given before. */
  restarted(peer: PeerIndex): void
}

export function createAnswering({ ledger }: Pick<AveragingOptions, 'ledger'>): Answering {
  const byIteration = new Map<number, Requests>()
  return {
    answer(step, from, { slot, digest }) {
      const requests = byIteration.get(slot.iteration) ?? createRequests()
      byIteration.set(slot.iteration, requests)
      const verdict = requests.asks(from)
      if (verdict === 'excessive') step.faults.push({ peer: from, kind: 'excessive-requests', slot })
      if (verdict !== 'answer') return
      const sealed = ledger.sealedFor(slot)
      if (sealed?.digest !== digest) return // a memory that was lost; the asker will ask another
      step.messages.push({ to: from, message: { kind: 'payload', slot, sealed } })
    },
    restarted(peer) {
      for (const requests of byIteration.values()) requests.restarted(peer)
    },
  }
}
