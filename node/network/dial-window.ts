/**
 * How many dials of a peer may be under way at once. Where many peers share a machine, their handshakes wait for a
 * processor, time out together, begin anew together, and never end. So dials that time out halve the window, and peers
 * that are there soon after they were dialled widen it, by one for each window of them (additive increase, multiplicative
 * decrease: RFC 5681). Up to f members may let every dial time out without narrowing it, and a member that comes and goes
 * widens it once in WIDENS_AGAIN_MS. The window is never below one dial: where not even one handshake of each peer ends
 * before it times out, nobody connects.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import {
  ADDRESS_DIAL_TIMEOUT_MS,
  DIALS_AT_ONCE_FIRST,
  DIALS_AT_ONCE_MAX,
  QUICK_DIAL_MS,
  WIDENS_AGAIN_MS,
} from './constants.ts'

interface DialWindow {
  /** Whether one more may begin beside so many. */
  hasRoomBeside(dials: number): boolean
  /** A dial that led to no connection. One that was refused at once says nothing. */
  failed(dial: { readonly peer: PeerIndex; readonly begunMs: number; readonly endedMs: number }): void
  /** A peer has shown that it is there. It was last dialled at `begunMs`; -Infinity: it came by itself. */
  settled(dial: { readonly peer: PeerIndex; readonly begunMs: number; readonly nowMs: number }): void
}

/** @param faults how many members may lie */
export function createDialWindow(faults: number): DialWindow {
  let width = DIALS_AT_ONCE_FIRST
  let halvedMs = Number.NEGATIVE_INFINITY
  /** Who has let a dial time out since it was last there. */
  const timedOut = new Set<PeerIndex>()
  const widenedMs = new Map<PeerIndex, number>()
  return {
    hasRoomBeside: dials => dials < Math.floor(width),
    failed({ peer, begunMs, endedMs }) {
      if (endedMs - begunMs < ADDRESS_DIAL_TIMEOUT_MS) return
      timedOut.add(peer)
      // What began in the wider window says no more than the first of it that timed out.
      if (timedOut.size <= faults || begunMs < halvedMs) return
      width = Math.max(1, width / 2)
      halvedMs = endedMs
    },
    settled({ peer, begunMs, nowMs }) {
      timedOut.delete(peer)
      const isNews = nowMs >= (widenedMs.get(peer) ?? Number.NEGATIVE_INFINITY) + WIDENS_AGAIN_MS
      if (!isNews || nowMs - begunMs > QUICK_DIAL_MS) return
      widenedMs.set(peer, nowMs)
      width = Math.min(DIALS_AT_ONCE_MAX, width + 1 / width)
    },
  }
}
