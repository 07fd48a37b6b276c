/**
 * How often something may happen: some times at once, and then now and then. A member may connect so often, for a
 * cohort that starts or a network that comes and goes; each connection costs a handshake, and resends what was not
 * acknowledged. And so often an address may begin a handshake.
 */
import type { Clock } from '../ports.ts'
import { CONNECTION_BUDGET_INTERVAL_MS, CONNECTION_BUDGET_MAX } from './constants.ts'

interface TokenBuckets<Key> {
  /** Counts one more time; false where it has been too often. */
  take(key: Key): boolean
  /** That time turned out to cost so many. */
  charge(key: Key, times: number): void
}

interface TokenBucketLimits {
  /** So many at once. */
  readonly max: number
  /** One more each time this has passed. */
  readonly intervalMs: number
  /** Keys that are remembered: that which was counted the longest ago is forgotten for another. */
  readonly keysMax: number
}

const reconnections: TokenBucketLimits = {
  max: CONNECTION_BUDGET_MAX,
  intervalMs: CONNECTION_BUDGET_INTERVAL_MS,
  // Members, of whom there are few.
  keysMax: Number.POSITIVE_INFINITY,
}

export function createTokenBuckets<Key>(
  clock: Clock,
  { max, intervalMs, keysMax }: TokenBucketLimits = reconnections,
): TokenBuckets<Key> {
  const buckets = new Map<Key, { left: number; atMs: number }>()
  const leftOf = (key: Key): number => {
    const bucket = buckets.get(key)
    return bucket === undefined
      ? max
      : Math.min(max, bucket.left + (clock.nowMs() - bucket.atMs) / intervalMs)
  }
  const set = (key: Key, left: number): void => {
    buckets.delete(key)
    buckets.set(key, { left, atMs: clock.nowMs() })
    if (buckets.size > keysMax) buckets.delete(buckets.keys().next().value!)
  }
  return {
    take(key) {
      const left = leftOf(key)
      set(key, left >= 1 ? left - 1 : left)
      return left >= 1
    },
    // Never deeper in debt than it could have been in credit: whoever stops is welcome again after a second or so.
    charge: (key, times) => set(key, Math.max(-max, leftOf(key) - times)),
  }
}
