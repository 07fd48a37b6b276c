/** The length of each kind of wait that a protocol asks for. */
import type { TimerKey, TimerPurpose } from '../../agreement/averaging/averaging.ts'

/** How long an honest author's vector may lag behind the votes on it before others are asked. */
const PAYLOAD_DELAY_MS = 250

/** Longer than a peer that lacks nothing takes to end a step, and short beside the time that a stuck peer loses. */
const RECOVERY_DELAY_MS = 2000

interface Delays {
  readonly graceMs: number
  readonly timeoutMs: number
  readonly payloadMs?: number
}

/** The length of the wait in milliseconds. */
export function delayOf(
  { purpose, times = 1 }: TimerKey,
  { graceMs, timeoutMs, payloadMs = PAYLOAD_DELAY_MS }: Delays,
): number {
  const delaysMs: Readonly<Record<TimerPurpose, number>> = {
    grace: graceMs,
    timeout: timeoutMs,
    payload: payloadMs,
    recovery: RECOVERY_DELAY_MS,
  }
  return times * delaysMs[purpose]
}
