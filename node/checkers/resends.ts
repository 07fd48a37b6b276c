/**
 * A limit on what an honest peer sends again to one member, regardless of what that member says: as much as it sent for
 * the first time, and the budget of its links (link/limits.ts), which refills over time. The world passes frames by
 * reference, so a chunk that was seen before is being sent again.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { LinkLimits } from '../link/limits.ts'
import type { Frame } from '../ports.ts'

export interface ResendChecker {
  /** A peer has restarted, and does not remember what it has sent. */
  began(peer: PeerIndex, nowMs: number): void
  sent(from: PeerIndex, to: PeerIndex, frame: Frame, nowMs: number): void
}

/** What an incarnation of a peer has sent to another. */
interface Sent {
  firstBytes: number
  againBytes: number
}

interface Incarnation {
  readonly sinceMs: number
  readonly to: Map<PeerIndex, Sent>
}

/** By how much clocks may run fast. */
const FASTEST = 1.1

export function createResendChecker(
  { resentBytesMin, resentWindows, resentRefillMs, bundleBytes }: LinkLimits,
  violate: (detail: string) => void,
): ResendChecker {
  const incarnations = new Map<PeerIndex, Incarnation>()
  /** By chunk: whom each incarnation has sent it to. A peer says the same to all, so there are few chunks. */
  const recipients = new WeakMap<Uint8Array, Map<Incarnation, Set<PeerIndex>>>()
  const recipientsOf = (chunk: Uint8Array, incarnation: Incarnation): Set<PeerIndex> => {
    const by = recipients.get(chunk) ?? new Map<Incarnation, Set<PeerIndex>>()
    recipients.set(chunk, by)
    const seen = by.get(incarnation) ?? new Set()
    by.set(incarnation, seen)
    return seen
  }
  return {
    began: (peer, nowMs) => void incarnations.set(peer, { sinceMs: nowMs, to: new Map() }),
    sent(from, to, [, ...chunks], nowMs) {
      const incarnation = incarnations.get(from)
      if (incarnation === undefined) return
      const sent = incarnation.to.get(to) ?? { firstBytes: 0, againBytes: 0 }
      incarnation.to.set(to, sent)
      for (const chunk of chunks) {
        const seen = recipientsOf(chunk, incarnation)
        if (seen.has(to)) sent.againBytes += chunk.byteLength
        else sent.firstBytes += chunk.byteLength
        seen.add(to)
      }
      const { firstBytes, againBytes } = sent
      // The window is a part of what was sent for the first time; if it shrinks, the used part shrinks as well.
      const budget = resentBytesMin + resentWindows * firstBytes
      const fillings = 1 + (FASTEST * (nowMs - incarnation.sinceMs)) / resentRefillMs
      if (againBytes > firstBytes + budget * (1 + fillings) + bundleBytes)
        violate(
          `peer ${from} sent ${againBytes} bytes again to peer ${to}, after ${firstBytes} for the first time`,
        )
    },
  }
}
