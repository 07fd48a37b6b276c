/**
 * How often each of many may do something: a token bucket for each. It limits the connections of a member: a cohort
 * that starts, or a network that comes and goes, needs some, but each costs a handshake and resends what was not
 * acknowledged. And it limits the handshakes that an address begins.
 */
import type { Clock } from '../ports.ts'
import { CONNECTION_BUDGET_INTERVAL_MS, CONNECTION_BUDGET_MAX } from './constants.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

interface TokenBuckets<Key> {
  /** Counts one more; false if that is too many. */
  take(key: Key): boolean
  /** Whether `take` would be true now. Counts nothing. */
  has(key: Key): boolean
  /** The last one turned out to count for this many. */
  charge(key: Key, times: number): void
}

interface TokenBucketsLimits {
  /** How many may happen at once. */
  readonly max: number
  /** One more may happen each time this has passed. */
  readonly intervalMs: number
  /** How many keys are remembered: a new key replaces the one that was counted the longest ago. */
  readonly keysMax: number
}

const connections: TokenBucketsLimits = {
  max: CONNECTION_BUDGET_MAX,
  intervalMs: CONNECTION_BUDGET_INTERVAL_MS,
  // Keys are members, of which there are few.
  keysMax: Number.POSITIVE_INFINITY,
}

export function createTokenBuckets<Key>(
  clock: Clock,
  { max, intervalMs, keysMax }: TokenBucketsLimits = connections,
): TokenBuckets<Key> {
  const buckets = new Map<Key, TokenBucket>()
  /** Now the one that was counted last. */
  const counted = (key: Key): TokenBucket => {
    // The debt never exceeds the largest credit: a source that stops is welcome again after a second or so.
    const bucket = buckets.get(key) ?? createTokenBucket({ capacity: max, intervalMs, debtMax: max })
    buckets.delete(key)
    buckets.set(key, bucket)
    if (buckets.size > keysMax) buckets.delete(buckets.keys().next().value!)
    return bucket
  }
  return {
    has: key => (buckets.get(key)?.tokens(clock.nowMs()) ?? max) >= 1,
    take: key => counted(key).take(1, clock.nowMs()),
    charge: (key, times) => void counted(key).charge(times, clock.nowMs()),
  }
}
