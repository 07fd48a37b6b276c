/**
 * How often something may happen: some times at once, and then now and then. A member may connect so often, for a
 * cohort that starts or a network that comes and goes; each connection costs a handshake, and resends what was not
 * acknowledged. And so often an address may begin a handshake.
 */
import type { Clock } from '../ports.ts'
import { RECONNECTION_INTERVAL_MS, RECONNECTIONS_MAX } from './constants.ts'

/** Counts one more time; false where it has been too often. */
type Allowance<Key> = (key: Key) => boolean

interface AllowanceLimits {
  /** So many at once. */
  readonly max: number
  /** One more each time this has passed. */
  readonly intervalMs: number
  /** Keys that are remembered: that which was counted the longest ago is forgotten for another. */
  readonly keysMax: number
}

const reconnections: AllowanceLimits = {
  max: RECONNECTIONS_MAX,
  intervalMs: RECONNECTION_INTERVAL_MS,
  // Members, of whom there are few.
  keysMax: Number.POSITIVE_INFINITY,
}

export function createAllowance<Key>(
  clock: Clock,
  { max, intervalMs, keysMax }: AllowanceLimits = reconnections,
): Allowance<Key> {
  const buckets = new Map<Key, { left: number; atMs: number }>()
  return key => {
    const nowMs = clock.nowMs()
    const { left, atMs } = buckets.get(key) ?? { left: max, atMs: nowMs }
    const filled = Math.min(max, left + (nowMs - atMs) / intervalMs)
    const isAllowed = filled >= 1
    buckets.delete(key)
    buckets.set(key, { left: isAllowed ? filled - 1 : filled, atMs: nowMs })
    if (buckets.size > keysMax) buckets.delete(buckets.keys().next().value!)
    return isAllowed
  }
}
