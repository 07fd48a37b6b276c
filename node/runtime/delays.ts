/** The length of each kind of wait that a protocol asks for. */
import type { TimerKey, TimerPurpose } from '../../agreement/averaging/averaging.ts'

/** How long an honest author's vector may lag behind the votes on it before others are asked, if it is short. */
const PAYLOAD_DELAY_MS = 250

/** What a busy machine or half a gigabit brings of vectors, in bytes a millisecond. */
const PAYLOAD_BYTES_PER_MS = 50e3

/** Longer than a peer that lacks nothing takes to end a step, and short beside the time that a stuck peer loses. */
const RECOVERY_DELAY_MS = 2000

interface Delays {
  readonly graceMs: number
  readonly timeoutMs: number
  readonly payloadMs: number
}

/**
 * The wait for a vector that was announced: long enough for one of each other member to come. Shorter, and a peer that
 * is asked in vain for long vectors sends them all again.
 */
export function payloadDelayMs(peers: number, dimension: number): number {
  return Math.max(PAYLOAD_DELAY_MS, ((peers - 1) * 4 * dimension) / PAYLOAD_BYTES_PER_MS)
}

/** The length of the wait in milliseconds. */
export function delayOf({ purpose, times = 1 }: TimerKey, { graceMs, timeoutMs, payloadMs }: Delays): number {
  const delaysMs: Readonly<Record<TimerPurpose, number>> = {
    grace: graceMs,
    timeout: timeoutMs,
    beginnings: timeoutMs,
    payload: payloadMs,
    recovery: RECOVERY_DELAY_MS,
  }
  return times * delaysMs[purpose]
}
