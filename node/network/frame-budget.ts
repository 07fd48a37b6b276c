/**
 * Limits how many frames a connection may bring; `codec/limits.ts` limits how long each may be. A frame's price is
 * roughly what it costs its receiver, in units of the cheapest. At each layer a connection has some credit, enough to
 * join or to resend, and earns more over time. Honest peers never spend it all.
 */
import {
  FRAME_CREDIT_MAX,
  FRAME_CREDIT_PER_SECOND,
  FRAME_DEBT_MAX,
  FRAME_PRICE_EMPTY,
  FRAME_PRICE_PING,
  FRAME_PRICE_STREAM,
} from './constants.ts'
import { createTokenBucket } from './token-bucket.ts'

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
  const bucket = createTokenBucket({
    capacity: FRAME_CREDIT_MAX,
    intervalMs: 1000 / FRAME_CREDIT_PER_SECOND,
    debtMax: FRAME_DEBT_MAX,
  })
  let unpaid = 0
  return {
    pay(price) {
      unpaid += price
    },
    restMs(nowMs) {
      const isWithin = bucket.charge(unpaid, nowMs)
      unpaid = 0
      return isWithin ? bucket.waitMs(nowMs) : null
    },
  }
}
