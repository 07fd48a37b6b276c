/**
 * The price of Yamux frames: what each costs the one who receives it, about, in units of the cheapest. A connection
 * has some credit, for whoever joins or resends, and earns more as time goes by; honest peers never spend it all.
 */
import {
  FRAME_CREDIT_MAX,
  FRAME_CREDIT_PER_SECOND,
  FRAME_DEBT_MAX,
  FRAME_PRICE_PING,
  FRAME_PRICE_STREAM,
} from './constants.ts'

export interface Toll {
  /** A frame of this type came. */
  pay(type: number, opensStream: boolean): void
  /** For how long nothing more should be read, 0: go on; null where the debt is beyond any honest peer's. */
  restMs(nowMs: number): number | null
}

const PING = 2

export function createToll(): Toll {
  let credit = FRAME_CREDIT_MAX
  let lastMs: number | null = null
  return {
    pay(type, opensStream) {
      credit -= opensStream ? FRAME_PRICE_STREAM : type === PING ? FRAME_PRICE_PING : 1
    },
    restMs(nowMs) {
      const earned = ((nowMs - (lastMs ?? nowMs)) / 1000) * FRAME_CREDIT_PER_SECOND
      credit = Math.min(FRAME_CREDIT_MAX, credit + earned)
      lastMs = nowMs
      if (credit < -FRAME_DEBT_MAX) return null
      return credit >= 0 ? 0 : (-credit / FRAME_CREDIT_PER_SECOND) * 1000
    },
  }
}
