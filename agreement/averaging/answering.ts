/** An author's answers to those who ask for the vector behind a digest that it has signed, in an agreement in standard form. */
import type { Message, MessageOf } from '../message.ts'
import type { EffectsBuilder, PeerIndex } from '../protocol.ts'
import type { AveragingOptions } from './averaging.ts'

export interface Answering {
  /** The author's vector goes to the asker, if the author knows it and the asker has not asked too often. */
  answer(step: EffectsBuilder<Message, unknown>, from: PeerIndex, request: MessageOf<'request'>): void
  /** The peer may ask again for what it was given before. */
  restarted(peer: PeerIndex): void
}

/**
 * Requests that one incarnation of a peer may make for one vector, answered or not: it asks once, and a link may repeat
 * what was not acknowledged.
 */
const requestsPerPeerMax = 3

/** Of all incarnations together. A peer that begins anew still more often finds its place by catching up. */
const requestsInAllMax = 4 * requestsPerPeerMax

interface Requests {
  ofIncarnation: number
  inAll: number
}

export function createAnswering({ ledger }: Pick<AveragingOptions, 'ledger'>): Answering {
  /** By peer, by iteration. */
  const requested = new Map<PeerIndex, Map<number, Requests>>()
  return {
    answer(step, from, { slot, digest }) {
      const by = requested.get(from) ?? new Map<number, Requests>()
      requested.set(from, by)
      const before = by.get(slot.iteration) ?? { ofIncarnation: 0, inAll: 0 }
      const now = { ofIncarnation: before.ofIncarnation + 1, inAll: before.inAll + 1 }
      by.set(slot.iteration, now)
      if (now.ofIncarnation > requestsPerPeerMax) {
        step.faults.push({ peer: from, kind: 'excessive-requests', slot })
        return
      }
      if (now.inAll > requestsInAllMax) return
      const sealed = ledger.sealedFor(slot)
      if (sealed?.digest !== digest) return // a memory that was lost; the asker will ask another
      step.messages.push({ to: from, message: { kind: 'payload', slot, sealed } })
    },
    restarted(peer) {
      for (const requests of requested.get(peer)?.values() ?? []) requests.ofIncarnation = 0
    },
  }
}
