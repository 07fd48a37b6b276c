/**
 * A token bucket: it limits how often something may happen, or what it may cost, by a burst and a steady rate.
 *
 * It guarantees that in any stretch of `t` ms no more than `capacity + t / intervalMs` tokens are taken. It starts full,
 * gains one token each `intervalMs` (in between, the part of one that has accrued), and never holds more than
 * `capacity`. What is charged after the fact may leave a debt, which is paid off at the same rate.
 *
 * It is pure: time comes as an argument, in ms of any clock that never goes back.
 */
export interface TokenBucket {
  /** What the bucket holds; negative: its debt. */
  tokens(nowMs: number): number
  /** Takes that many tokens; false, and nothing is taken, if the bucket holds fewer. */
  take(count: number, nowMs: number): boolean
  /** Takes that many tokens whatever the bucket holds; false, and the debt is `debtMax`, if it would be greater. */
  charge(count: number, nowMs: number): boolean
  /** How long until there is no debt; 0: there is none. */
  waitMs(nowMs: number): number
}

export interface TokenBucketLimits {
  /** The most tokens that the bucket holds: what may happen at once. */
  readonly capacity: number
  /** The bucket gains one token each time this has passed. */
  readonly intervalMs: number
  /** The most tokens that it can owe. */
  readonly debtMax: number
}

export function createTokenBucket({ capacity, intervalMs, debtMax }: TokenBucketLimits): TokenBucket {
  let left = capacity
  let atMs = Number.NEGATIVE_INFINITY
  const tokens = (nowMs: number) => Math.min(capacity, left + (nowMs - atMs) / intervalMs)
  const set = (count: number, nowMs: number) => {
    left = count
    atMs = nowMs
  }
  return {
    tokens,
    take(count, nowMs) {
      const rest = tokens(nowMs) - count
      if (rest >= 0) set(rest, nowMs)
      return rest >= 0
    },
    charge(count, nowMs) {
      const rest = tokens(nowMs) - count
      set(Math.max(-debtMax, rest), nowMs)
      return rest >= -debtMax
    },
    waitMs: nowMs => Math.max(0, -tokens(nowMs)) * intervalMs,
  }
}
