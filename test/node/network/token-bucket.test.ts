/** The token bucket against one that counts each ms, and against what it guarantees. */
import test from 'ava'
import fc from 'fast-check'
import { createTokenBucket, type TokenBucketLimits } from '../../../node/network/token-bucket.ts'

interface Call {
  readonly kind: 'take' | 'charge'
  readonly count: number
  /** Since the call before. */
  readonly afterMs: number
}

/** Powers of two, so that both count without rounding. */
const limits: fc.Arbitrary<TokenBucketLimits> = fc.record({
  capacity: fc.integer({ min: 1, max: 20 }),
  intervalMs: fc.constantFrom(0.5, 1, 4, 16),
  debtMax: fc.constantFrom(0, 5, 20, Number.POSITIVE_INFINITY),
})
const calls: fc.Arbitrary<readonly Call[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('take', 'charge'),
    count: fc.integer({ min: 0, max: 30 }),
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 })),
  }),
  { maxLength: 30 },
)

/** By the definition: a number, to which each ms adds the part of a token that it brings. */
function naiveBucket({ capacity, intervalMs, debtMax }: TokenBucketLimits) {
  let tokens = capacity
  return {
    pass(ms: number) {
      for (let i = 0; i < ms; i++) tokens = Math.min(capacity, tokens + 1 / intervalMs)
    },
    call({ kind, count }: Call): boolean {
      const isRefused = kind === 'take' && tokens < count
      if (!isRefused) tokens -= count
      const isBeyond = tokens < -debtMax
      if (isBeyond) tokens = 0 - debtMax
      return !isRefused && !isBeyond
    },
    tokens: () => tokens,
    waitMs() {
      let ms = 0
      for (let level = tokens; level < 0; ms += 0.5) level += 0.5 / intervalMs
      return ms
    },
  }
}

test('it answers, holds and waits as one that counts each ms', t => {
  fc.assert(
    fc.property(limits, calls, fc.integer({ min: -1e6, max: 1e6 }), (given, made, startMs) => {
      const bucket = createTokenBucket(given)
      const naive = naiveBucket(given)
      let nowMs = startMs
      for (const call of made) {
        nowMs += call.afterMs
        naive.pass(call.afterMs)
        t.is(bucket[call.kind](call.count, nowMs), naive.call(call))
        t.is(bucket.tokens(nowMs), naive.tokens())
        t.is(bucket.waitMs(nowMs), naive.waitMs())
      }
    }),
  )
})

test('in no stretch of time are more tokens taken than the capacity and what the stretch brings', t => {
  fc.assert(
    fc.property(limits, calls, (given, made) => {
      const bucket = createTokenBucket(given)
      let nowMs = 0
      const taken: { readonly count: number; readonly atMs: number }[] = []
      for (const { count, afterMs } of made) {
        nowMs += afterMs
        if (bucket.take(count, nowMs)) taken.push({ count, atMs: nowMs })
      }
      for (const [from, first] of taken.entries()) {
        let sum = 0
        for (const { count, atMs } of taken.slice(from)) {
          sum += count
          t.true(sum <= given.capacity + (atMs - first.atMs) / given.intervalMs)
        }
      }
    }),
  )
})

test('a debt is waited for, and a bucket that waited so long can be taken from as soon as a token is there', t => {
  const bucket = createTokenBucket({ capacity: 10, intervalMs: 100, debtMax: 5 })
  t.true(bucket.charge(15, 0))
  t.is(bucket.waitMs(0), 500)
  t.false(bucket.charge(1, 0), 'more debt than is allowed')
  t.is(bucket.tokens(0), -5)
  t.is(bucket.waitMs(500), 0)
  t.false(bucket.take(1, 599))
  t.true(bucket.take(1, 600))
  t.is(bucket.tokens(1e9), 10, 'it never holds more than its capacity')
})
