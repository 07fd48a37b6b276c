/**
 * How many dials of a peer may be under way at once. Handshakes that wait for a processor time out together and begin anew
 * together, and none ever ends: so it goes where many peers share a machine. So dials that time out halve the window, and
 * those that connect quickly widen it, by one for each window of them (additive increase, multiplicative decrease:
 * RFC 5681). Up to f members may let every dial time out, and narrow nothing.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import {
  ADDRESS_DIAL_TIMEOUT_MS,
  DIALS_AT_ONCE_FIRST,
  DIALS_AT_ONCE_MAX,
  QUICK_DIAL_MS,
} from './constants.ts'

interface EndedDial {
  readonly peer: PeerIndex
  readonly begunMs: number
  readonly endedMs: number
  readonly isConnected: boolean
}

interface DialWindow {
  /** Whether one more may begin beside so many. */
  hasRoomBeside(dials: number): boolean
  /** A dial ended. One that was refused at once says nothing, nor one that found the right address late. */
  ended(dial: EndedDial): void
}

/** @param faults how many members may lie */
export function createDialWindow(faults: number): DialWindow {
  let width = DIALS_AT_ONCE_FIRST
  let halvedMs = Number.NEGATIVE_INFINITY
  /** Whose dials have timed out since one last connected quickly. */
  const timedOut = new Set<PeerIndex>()
  return {
    hasRoomBeside: dials => dials < Math.floor(width),
    ended({ peer, begunMs, endedMs, isConnected }) {
      const tookMs = endedMs - begunMs
      if (isConnected && tookMs <= QUICK_DIAL_MS) {
        timedOut.clear()
        width = Math.min(DIALS_AT_ONCE_MAX, width + 1 / width)
      } else if (!isConnected && tookMs >= ADDRESS_DIAL_TIMEOUT_MS) {
        timedOut.add(peer)
        // What began in the wider window says no more than the first of it that timed out.
        if (timedOut.size <= faults || begunMs < halvedMs) return
        width = Math.max(1, width / 2)
        halvedMs = endedMs
      }
    },
  }
}
