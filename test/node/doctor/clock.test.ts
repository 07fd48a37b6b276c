/** What the doctor says of this machine's clock: never more than the answers show. */
import test from 'ava'
import { judgeClock } from '../../../node/doctor/peers.ts'
import type { Reach } from '../../../node/doctor/reach.ts'

const MINUTE = 60_000

const judged = (...aheadMs: readonly (number | null)[]) => {
  const hello = { cohortId: '', name: '', software: '' }
  const reaches = aheadMs.map(
    (clockAheadMs): Reach => ({ kind: 'hello', address: '', hello, roundTripMs: 1, clockAheadMs }),
  )
  return judgeClock(reaches, [0], 0)
}

test('all near: the farthest of them counts', t => {
  t.like(judged(11), {
    verdict: 'ok',
    says: 'within 11 ms of the clock of the one member that answered, as far as one can tell',
  })
  t.like(judged(11, -40), {
    verdict: 'ok',
    says: 'within 40 ms of the clocks of 2 other members, as far as one can tell',
  })
  t.regex(judged(3, 50_000, 4).says, /^within 50000 ms of the clocks of 3 other members/)
})

test('one of two is far: it is not counted among the near, whichever side it is on', t => {
  for (const [far, says] of [
    [10 * MINUTE, '10 min ahead of it'],
    [-10 * MINUTE, '10 min behind it'],
  ] as const) {
    const finding = judged(11, far)
    t.like(finding, { verdict: 'warning', cause: 'clock' })
    t.is(
      finding.says,
      `within 11 ms of the clocks of 1 of 2 other members; the rest are ${says}. One cannot tell from these which is right.`,
    )
  }
})

test('one of three is far: this clock is well, and the sentence says of how many', t => {
  const finding = judged(11, -7, 10 * MINUTE)
  t.like(finding, {
    verdict: 'ok',
    says: 'within 11 ms of the clocks of 2 of 3 other members; the rest are 10 min ahead of it',
  })
})

test('most are far on one side: this clock is wrong', t => {
  t.like(judged(-10 * MINUTE, -10 * MINUTE), {
    verdict: 'failed',
    says: 'this clock is 10 min ahead of that of the middle one of 2 members.',
  })
  t.like(judged(10 * MINUTE), {
    verdict: 'failed',
    says: 'this clock is 10 min behind that of the one member that answered.',
  })
  t.like(judged(10 * MINUTE, 1, 11 * MINUTE), { verdict: 'failed', cause: 'clock' })
})

test('far on both sides, or no clock told', t => {
  const finding = judged(-10 * MINUTE, 20 * MINUTE)
  t.like(finding, { verdict: 'warning', cause: 'clock' })
  t.regex(
    finding.says,
    /^no clock of 2 other members is near this one: they are 10 min behind it to 20 min ahead of it\./,
  )
  t.regex(judged(null).says, /no member answered to compare with/)
})
