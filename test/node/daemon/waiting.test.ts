/** A peer that stands still reports it and the peers that it lacks; `f` of those do not count as needed. */
import test from 'ava'
import type { LearnStatus } from '../../../learning/learn-contract.ts'
import { createStillness, stillMs, type Waited } from '../../../node/daemon/waiting.ts'

const at = (
  step: number,
  waitingFor: readonly number[],
  changes: Partial<LearnStatus & Waited> = {},
): LearnStatus & Waited => ({
  step,
  phase: 'gradient',
  waitingFor,
  computing: false,
  convicted: [],
  arriving: [],
  ...changes,
})

test('a standstill is reported once after a while, and again after a longer while', t => {
  const stillness = createStillness(1)
  t.is(stillness.look(at(4, [2, 6]), 0), null)
  t.is(stillness.look(at(4, [2, 6]), stillMs - 1), null)
  const told = stillness.look(at(4, [2, 6]), stillMs)
  t.deepEqual(told, {
    kind: 'waiting',
    step: 4,
    phase: 'gradient',
    needed: 1,
    missing: [2, 6],
    seconds: stillMs / 1000,
  })
  t.is(stillness.look(at(4, [2, 6]), stillMs + 1000), null)
  t.is(stillness.look(at(4, [2, 6]), stillMs + 10_000)?.kind, 'waiting')
})

test('a peer that receives a long vector from one that it waits for does not stand still; once it comes to rest, it does', t => {
  const stillness = createStillness(1)
  const totalBytes = 1e6
  const lacking = (receivedBytes: number, other = 0) => {
    const none = { receivedBytes: 0, totalBytes: 0 }
    const arriving = [none, { receivedBytes: other, totalBytes }, { receivedBytes, totalBytes }]
    return at(4, [2], { arriving })
  }
  let nowMs = 0
  for (let second = 0; second < 40; second++, nowMs += 1000)
    t.is(stillness.look(lacking(20_000 * second), nowMs), null)
  // The last vector of another peer does not count, nor do some bytes.
  const rest = 20_000 * 39
  const events = [1, 2, 3, 4].map(second =>
    stillness.look(lacking(rest + 100 * second, 9e5), nowMs + 1000 * second),
  )
  t.like(events.find(event => event !== null)!, { kind: 'waiting', missing: [2] })
  t.deepEqual(stillness.look(lacking(rest + 50_000, 9e5), nowMs + 5000), { kind: 'resumed' })
})

test('the next vector of the same length counts as well, and what came before the wait does not', t => {
  const stillness = createStillness(1)
  const arriving = (receivedBytes: number) => [{ receivedBytes, totalBytes: 1000 }]
  const look = (receivedBytes: number, nowMs: number) =>
    stillness.look(at(4, [0], { arriving: arriving(receivedBytes) }), nowMs)
  t.is(look(1000, 0), null)
  t.is(look(500, stillMs), null)
  t.is(look(500, 2 * stillMs - 1), null)
  t.is(look(500, 2 * stillMs)?.kind, 'waiting')
})

test('a peer that was cut off is not waited for, but still counts among the faulty', t => {
  const stillness = createStillness(2)
  const lacking = at(4, [1, 2, 5, 6], { convicted: [6] })
  stillness.look(lacking, 0)
  t.like(stillness.look(lacking, stillMs), { kind: 'waiting', needed: 2, missing: [1, 2, 5] })
  const alone = createStillness(2)
  const hopeless = at(4, [6], { convicted: [6] })
  alone.look(hopeless, 0)
  t.is(alone.look(hopeless, stillMs), null)
})

test('progress is reported after a standstill was; other progress is not', t => {
  const stillness = createStillness(1)
  stillness.look(at(4, [2, 6]), 0)
  t.is(stillness.look(at(5, [2, 6]), 1000), null)
  t.is(stillness.look(at(5, [2, 6]), 1000 + stillMs)?.kind, 'waiting')
  t.deepEqual(stillness.look(at(5, [2, 6], { phase: 'parameters' }), 9000), { kind: 'resumed' })
  t.is(stillness.look(at(6, [2, 6]), 9500), null)
})

test('fewer missing peers are no progress yet; another missing peer is', t => {
  const stillness = createStillness(1)
  stillness.look(at(4, [1, 2, 6]), 0)
  t.is(stillness.look(at(4, [2, 6]), stillMs)?.kind, 'waiting')
  t.is(stillness.look(at(4, [2, 3]), stillMs + 500)?.kind, 'resumed')
})

test('a late member that is asked again where it is, at longer and longer intervals, is one wait', t => {
  const stillness = createStillness(1)
  const asking = (missing: readonly number[]) => at(1, missing, { phase: 'catching-up' })
  stillness.look(asking([1, 2, 3]), 0)
  const told = []
  for (let second = 1; second <= 30; second++) {
    // Bob answers each time that he is asked, and is missing until he has.
    const missing = second % 7 === 0 ? [1, 2, 3] : [2, 3]
    told.push(stillness.look(asking(missing), 1000 * second)?.kind ?? null)
  }
  t.deepEqual(
    told.filter(kind => kind !== null),
    ['waiting', 'waiting', 'waiting'],
  )
})

test('a peer that computes or has finished does not wait', t => {
  const stillness = createStillness(0)
  for (const changes of [{ computing: true }, { phase: 'finished' } as const])
    for (const nowMs of [0, 20_000, 40_000]) t.is(stillness.look(at(4, [1], changes), nowMs), null)
})

test('the peer needs as many as are missing beyond f, and at least one', t => {
  const needed = (maxFaulty: number, missing: readonly number[]) => {
    const stillness = createStillness(maxFaulty)
    stillness.look(at(1, missing), 0)
    const event = stillness.look(at(1, missing), stillMs)
    return event?.kind === 'waiting' ? event.needed : null
  }
  t.is(needed(1, [1, 2, 3]), 2)
  t.is(needed(0, [1, 2]), 2)
  t.is(needed(2, [1]), 1, 'a synchronous peer waits for all, up to its timeout')
  t.is(needed(0, []), null)
})
