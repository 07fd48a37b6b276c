/** How often peers have asked for one vector. Answers cost as much as the vector, so there is an end to them. */
import type { PeerIndex } from './protocol.ts'

/** Of one incarnation of a peer: it asks once, and again where its question may have been lost. */
const OF_INCARNATION_MAX = 3

/** One that begins anew still more often finds its place by catching up (learning/recovery/helper.ts). */
export const ANSWERED_INCARNATIONS = 4
const IN_ALL_MAX = ANSWERED_INCARNATIONS * OF_INCARNATION_MAX

export interface Requests {
  /** The peer asks. `answer`, or say nothing (`spent`); `excessive` is a fault. */
  asks(peer: PeerIndex): 'answer' | 'spent' | 'excessive'
  /** The peer has begun anew, and may ask again for what it was given before. */
  restarted(peer: PeerIndex): void
}

export function createRequests(): Requests {
  const counts = new Map<PeerIndex, { ofIncarnation: number; inAll: number }>()
  return {
    asks(peer) {
      const count = counts.get(peer) ?? { ofIncarnation: 0, inAll: 0 }
      counts.set(peer, count)
      count.ofIncarnation++
      count.inAll++
      if (count.ofIncarnation > OF_INCARNATION_MAX) return 'excessive'
      return count.inAll > IN_ALL_MAX ? 'spent' : 'answer'
    },
    restarted(peer) {
      const count = counts.get(peer)
      if (count !== undefined) count.ofIncarnation = 0
    },
  }
}
