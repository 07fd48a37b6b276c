/**
 * The price of frames: what each costs the one who receives it, about, in units of the cheapest. A connection has some
 * credit at each layer, for whoever joins or resends, and earns more as time goes by; honest peers never spend it all.
 */
import {
  FRAME_CREDIT_MAX,
  FRAME_CREDIT_PER_SECOND,
  FRAME_DEBT_MAX,
  FRAME_PRICE_EMPTY,
  FRAME_PRICE_PING,
  FRAME_PRICE_STREAM,
} from './constants.ts'

export interface FrameBudget {
  /** A frame of this price came. */
  pay(price: number): void
  /** For how long nothing more should be read, 0: go on; null where the debt is beyond any honest peer's. */
  restMs(nowMs: number): number | null
}

const PING = 2

/** Of a Yamux frame of this type. */
export const yamuxPrice = (type: number, opensStream: boolean): number =>
  opensStream ? FRAME_PRICE_STREAM : type === PING ? FRAME_PRICE_PING : 1

/** A Noise frame's authentication tag: all that there is of one that carries nothing. */
const TAG_BYTES = 16

/** Of a Noise frame with so many bytes behind its length. */
export const noisePrice = (bytes: number): number => (bytes <= TAG_BYTES ? FRAME_PRICE_EMPTY : 1)

export function createFrameBudget(): FrameBudget {
  let credit = FRAME_CREDIT_MAX
  let lastMs: number | null = null
  return {
    pay(price) {
      credit -= price
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
