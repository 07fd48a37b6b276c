/**
 * Limits how often something may happen: a number of times at once, then at a steady rate. It limits the connections of
 * a member: a cohort that starts, or a network that comes and goes, needs some, but each costs a handshake and resends
 * what was not acknowledged. And it limits the handshakes that an address begins.
 */
import type { Clock } from '../ports.ts'
import { CONNECTION_BUDGET_INTERVAL_MS, CONNECTION_BUDGET_MAX } from './constants.ts'

interface TokenBuckets<Key> {
  /** Counts one more; false if that is too many. */
  take(key: Key): boolean
  /** Whether `take` would be true now. Counts nothing. */
  has(key: Key): boolean
  /** The last one turned out to count for this many. */
  charge(key: Key, times: number): void
}

interface TokenBucketLimits {
  /** How many may happen at once. */
  readonly max: number
  /** One more may happen each time this has passed. */
  readonly intervalMs: number
  /** How many keys are remembered: a new key replaces the one that was counted the longest ago. */
  readonly keysMax: number
}

const reconnections: TokenBucketLimits = {
  max: CONNECTION_BUDGET_MAX,
  intervalMs: CONNECTION_BUDGET_INTERVAL_MS,
  // Keys are members, of which there are few.
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
    has: key => leftOf(key) >= 1,
    take(key) {
      const left = leftOf(key)
      set(key, left >= 1 ? left - 1 : left)
      return left >= 1
    },
    // The debt never exceeds the largest credit: a source that stops is welcome again after a second or so.
    charge: (key, times) => set(key, Math.max(-max, leftOf(key) - times)),
  }
}
