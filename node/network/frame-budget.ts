/**
 * The price of frames: roughly what each costs its receiver, in units of the cheapest. At each layer a connection has
 * some credit, enough to join or to resend, and earns more over time. Honest peers never spend it all.
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
  /** A frame of this price has arrived. */
  pay(price: number): void
  /** How long to read nothing more; 0: go on; null if the debt is beyond any honest peer's. */
  restMs(nowMs: number): number | null
}

const PING = 2

/** The price of a Yamux frame of this type. */
export const yamuxPrice = (type: number, opensStream: boolean): number =>
  opensStream ? FRAME_PRICE_STREAM : type === PING ? FRAME_PRICE_PING : 1

/** The length of a Noise frame's authentication tag: an empty frame has nothing else. */
const TAG_BYTES = 16

/** The price of a Noise frame with this many bytes behind its length. */
export const noisePrice = (bytes: number): number => (bytes <= TAG_BYTES ? FRAME_PRICE_EMPTY : 1)

export function createFrameBudget(): FrameBudget {
  let credit = FRAME_CREDIT_MAX
  let unpaid = 0
  let lastMs: number | null = null
  return {
    pay(price) {
      unpaid += price
    },
    restMs(nowMs) {
      const earned = ((nowMs - (lastMs ?? nowMs)) / 1000) * FRAME_CREDIT_PER_SECOND
      // What is earned first fills the credit: a long silence pays for no more frames at once than a short one.
      credit = Math.min(FRAME_CREDIT_MAX, credit + earned) - unpaid
      unpaid = 0
      lastMs = nowMs
      if (credit < -FRAME_DEBT_MAX) return null
      return credit >= 0 ? 0 : (-credit / FRAME_CREDIT_PER_SECOND) * 1000
    },
  }
}
