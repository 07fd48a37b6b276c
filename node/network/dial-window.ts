/**
 * How many dials of a peer may be under way at once. Handshakes that wait for a processor time out together and begin anew
 * together, and none ever ends: so it goes where many peers share a machine. Dials that time out halve the window; those
 * that connect quickly widen it, by one for each window of them (additive increase, multiplicative decrease: RFC 5681).
 */
import {
  ADDRESS_DIAL_TIMEOUT_MS,
  DIALS_AT_ONCE_FIRST,
  DIALS_AT_ONCE_MAX,
  QUICK_DIAL_MS,
} from './constants.ts'

interface DialWindow {
  /** Whether one more may begin beside so many. */
  hasRoomBeside(dials: number): boolean
  /** A dial ended. One that was refused at once says nothing. */
  ended(dial: { readonly begunMs: number; readonly endedMs: number; readonly isConnected: boolean }): void
}

export function createDialWindow(): DialWindow {
  let width = DIALS_AT_ONCE_FIRST
  let halvedMs = Number.NEGATIVE_INFINITY
  return {
    hasRoomBeside: dials => dials < Math.floor(width),
    ended({ begunMs, endedMs, isConnected }) {
      const tookMs = endedMs - begunMs
      if (tookMs >= ADDRESS_DIAL_TIMEOUT_MS) {
        // What began in the wider window says no more than the first of it that timed out.
        if (begunMs < halvedMs) return
        width = Math.max(1, width / 2)
        halvedMs = endedMs
      } else if (isConnected && tookMs <= QUICK_DIAL_MS)
        width = Math.min(DIALS_AT_ONCE_MAX, width + 1 / width)
    },
  }
}
