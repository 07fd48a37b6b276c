/** Which peers still take part in a step, where RB-TM at its bound goes on, and that f liars move no peer. */
import test from 'ava'
import fc from 'fast-check'
import type { Seen } from '../../../agreement/message.ts'
import { ANSWERED_INCARNATIONS } from '../../../agreement/requests.ts'
import { choosePlace } from '../../../learning/recovery/choose.ts'
import type { Recovery } from '../../../learning/recovery/contract.ts'
import type { Position } from '../../../learning/recovery/positions.ts'
import { createRecovery } from '../../../learning/recovery/recovery.ts'
import { slotAt } from '../../agreement/harness.ts'
import {
  answerAll,
  askAll,
  at,
  everyone,
  makeAsk,
  optionsOf,
  position,
  type Reason,
  stateSlot,
  theta,
  timersIn,
} from './support.ts'

test('a peer leaves its step once too few others were, or will be, in it to help', t => {
  const others = everyone([40, 41, 41, 41, 41, 41])
  const joined = (index: number, completeFrom: number) => {
    const other = createRecovery(optionsOf(index, { completeFrom }))
    other.reached(41, theta(41, index))
    others.set(index, other)
  }
  const suspect = () => askAll(at(0, 40), others, 'suspicion')
  joined(2, 41)
  t.deepEqual(suspect().targets, [], 'one may lie')
  joined(3, 40)
  t.deepEqual(suspect().targets, [], 'this one was there')
  joined(3, 41)
  const { begun, targets } = suspect()
  t.deepEqual(targets, [41])
  t.is(begun[0]?.step, 41)
})

test('a peer is complete from the step at which it caught up; without memory, from none until it has', t => {
  const completeFrom = (peer: Recovery) => {
    const { message } = peer.receive(1, { kind: 'query', slot: stateSlot(1, 1) }).messages[0]!
    return message.kind === 'position' ? message.completeFrom : null
  }
  const asker = at(0, 3)
  t.is(completeFrom(asker), 1)
  askAll(asker, everyone([50, 50, 51, 51, 52, 50]), 'left-behind')
  t.is(completeFrom(asker), 50)
  const forgetful = at(0, 0)
  const others = everyone([50, 50, 50, 50, 50, 50])
  const seen: Seen = { slot: { ...slotAt(0), step: 50 }, digest: 'aa', signature: new Uint8Array(64) }
  others.get(3)!.saw(0, seen)
  askAll(forgetful, others, 'memory-lost')
  t.is(forgetful.state(), 'fetching', 'it waits for the others to reach step 52')
  t.is(completeFrom(forgetful), 52)
})

test('if a peer cannot reach the chosen step as it waits for this very peer, the next attempt is at its step', t => {
  const asker = at(0, 2)
  const others = everyone([40, 41, 41, 41, 41, 41])
  const absent = createRecovery(optionsOf(6, { completeFrom: 50 }))
  absent.reached(2, theta(2, 6))
  others.set(6, absent) // it has no memory, and waits for step 50
  const [timer] = timersIn(asker.signal({ kind: 'missed', peer: 1 }))
  const first = answerAll(asker, others, asker.signal({ kind: 'missed', peer: 2 }))
  t.deepEqual(first.targets, [41])
  t.deepEqual(first.begun, [])
  t.deepEqual([...asker.waitingFor()], [1, 6])
  const again = answerAll(asker, others, asker.timeout(timer!, true))
  t.deepEqual(again.targets, [40])
  t.is(again.begun[0]?.step, 40)
})

test('a peer chooses another step if too few others still hold the first choice', t => {
  const asker = at(0, 2)
  makeAsk(asker, 'left-behind')
  const hear = (from: number, step: number, oldest: number) =>
    asker.receive(from, position(from, step, oldest)).messages.map(({ message }) => message.slot.step)
  t.deepEqual(
    [1, 2, 3, 4, 5].map(from => hear(from, 50, 34)),
    [[], [], [], [], [50]],
  )
  t.deepEqual(hear(5, 70, 54), [54], 'it has gone on meanwhile, and said so')
  t.is(asker.state(), 'fetching')
})

test('a liar that claims to go on and on cannot make a peer fetch parameters all the time', t => {
  const asker = at(0, 2)
  makeAsk(asker, 'left-behind')
  for (const from of [1, 2, 3, 4]) asker.receive(from, position(from, 50))
  let fetches = 0
  for (let step = 50; step <= 101; step++)
    fetches += asker.receive(5, position(5, step, step)).messages.length
  t.is(fetches, 4)
  t.is(asker.state(), 'fetching', 'it asks again later where the others are')
})

test('a peer that begins anew too often to be answered in its step is told to go on elsewhere', t => {
  const others = everyone([3, 3, 3, 3, 3, 3])
  const asker = () => at(0, 1)
  for (let restarts = 0; restarts <= ANSWERED_INCARNATIONS; restarts++) {
    const { targets } = askAll(asker(), others, 'suspicion')
    const expected = restarts < ANSWERED_INCARNATIONS ? [] : [3]
    t.deepEqual(targets, expected, `${restarts} restarts`)
    const again = createRecovery(optionsOf(0))
    const started = answerAll(again, others, again.start('unconfirmed'))
    t.deepEqual(started.targets, expected, `${restarts} restarts, and asks whether its memory is whole`)
    for (const other of others.values()) other.signal({ kind: 'restarted', peer: 0 })
  }
  const seen: Seen = { slot: { ...slotAt(0), step: 2 }, digest: 'd', signature: Uint8Array.of(1) }
  for (const other of others.values()) other.saw(0, seen)
  t.deepEqual(askAll(asker(), others, 'suspicion').targets, [], 'it has gone on since')
})

test('a restarted peer still gives the parameters that its log holds', t => {
  const peer = createRecovery(optionsOf(1, { history: new Map([[40, theta(40, 1)]]) }))
  peer.reached(41, theta(41, 1))
  const slot = stateSlot(0, 40)
  const [query] = peer.receive(0, { kind: 'query', slot }).messages
  t.like(query?.message, { kind: 'position', oldest: 40 })
  const [answer] = peer.receive(0, { kind: 'fetch', slot }).messages
  t.deepEqual(answer?.message.kind === 'vector' && answer.message.sealed.vector, theta(40, 1))
})

/** Peer 0 of an RB-TM cohort of four asks at step 3. The others answer in this order: their step, their oldest. */
function listener(reason: Reason) {
  const asker = at(0, 0, { protocol: 'rb-tm', peers: 4, past: 16, step: 3 })
  asker.reached(3, theta(3, 0))
  makeAsk(asker, reason)
  const hear = (from: number, step: number, oldest: number) => {
    const { messages, outputs } = asker.receive(from, position(from, step, oldest))
    return [
      ...messages,
      ...outputs.flatMap(output => ('step' in output ? [`${output.kind} ${output.step}`] : [])),
    ]
  }
  return {
    asker,
    hear: (...said: [number, number][]) => said.map(([step, oldest], i) => hear(i + 1, step, oldest)),
  }
}
const listens = (step: number) => [`caught-up ${step}`, `listen ${step}`]

test('RB-TM at its bound: a peer left behind joins the last agreement that an honest peer has ended', t => {
  for (const reason of ['left-behind', 'suspicion'] as const) {
    const { asker, hear } = listener(reason)
    t.deepEqual(hear([50, 34], [51, 35]), [[], listens(49)], reason)
    t.is(asker.state(), 'listening')
    t.deepEqual(asker.waitingFor(), [])
    asker.reached(50, theta(50, 0))
    t.is(asker.state(), 'joined')
  }
})

test('RB-TM at its bound: a liar that answers first delays a peer, and no more', t => {
  for (const reason of ['left-behind', 'suspicion'] as const) {
    const back = listener(reason)
    t.deepEqual(back.hear([3, 1], [50, 34], [51, 35]), [[], ['caught-up 3'], listens(49)], reason)
    const ahead = listener(reason)
    t.deepEqual(ahead.hear([90, 80], [50, 34], [51, 35]), [[], ['caught-up 3'], listens(50)], reason)
  }
})

test('RB-TM at its bound: a peer stays if it is not behind, or has got on by itself', t => {
  const near = listener('suspicion')
  t.deepEqual(
    near.hear([3, 1], [19, 3], [19, 3]),
    [[], ['caught-up 3'], []],
    'they still take part in step 3',
  )
  const going = listener('suspicion')
  t.deepEqual(going.hear([3, 1], [50, 34]), [[], ['caught-up 3']])
  t.is(going.asker.state(), 'suspecting', 'it may still heed the third answer')
  t.deepEqual(going.asker.waitingFor(), [])
  t.deepEqual(going.asker.reached(4, theta(4, 0)).outputs, [])
  t.is(going.asker.state(), 'joined')
  t.deepEqual(going.asker.receive(3, position(3, 51)).outputs, [])
})

test('a peer that listens and is left behind again goes on from there', t => {
  const { asker, hear } = listener('left-behind')
  hear([50, 34], [51, 35])
  asker.signal({ kind: 'missed', peer: 1 })
  t.is(asker.state(), 'suspecting')
  asker.signal({ kind: 'missed', peer: 2 })
  t.is(asker.state(), 'locating')
  t.deepEqual(hear([80, 64], [80, 64]), [[], listens(79)])
})

test('a peer that listens goes on listening after a suspicion has passed', t => {
  const { asker, hear } = listener('left-behind')
  hear([50, 34], [51, 35])
  const ahead = (isAhead: boolean) =>
    [1, 2].flatMap(peer => timersIn(asker.signal({ kind: 'ahead', peer, ahead: isAhead })))
  const [timer] = ahead(true)
  t.is(asker.state(), 'suspecting')
  ahead(false)
  t.deepEqual(asker.timeout(timer!, true), { messages: [], outputs: [], faults: [] })
  t.is(asker.state(), 'listening')
})

const cohorts = [
  { protocol: 'mda', peers: 7, maxFaulty: 1, past: 4 },
  { protocol: 'mda', peers: 13, maxFaulty: 2, past: 4 },
  { protocol: 'rb-tm', peers: 4, maxFaulty: 1, past: 16 },
  { protocol: 'rb-tm', peers: 7, maxFaulty: 2, past: 16 },
  { protocol: 'rb-tm', peers: 5, maxFaulty: 1, past: 16 },
] as const
const STEP = 40

/** Positions: of an honest peer that still takes part in the step, and of a liar. */
const present = (past: number): fc.Arbitrary<Position> =>
  fc
    .record({
      step: fc.integer({ min: 1, max: STEP + past }),
      held: fc.nat(16),
      first: fc.integer({ min: 1, max: STEP }),
    })
    .map(({ step, held, first }) => ({
      step,
      oldest: Math.max(1, step - held),
      completeFrom: Math.min(first, step),
      seenStep: Math.min(STEP, step),
    }))
const anything: fc.Arbitrary<Position> = fc
  .record({
    step: fc.integer({ min: 1, max: 101 }),
    oldest: fc.nat(100),
    completeFrom: fc.nat(100),
    seenStep: fc.nat(200),
  })
  .map(({ oldest, completeFrom, ...rest }) => ({
    ...rest,
    oldest: 1 + (oldest % rest.step),
    completeFrom: 1 + completeFrom,
  }))

for (const { past, ...cohort } of cohorts)
  test(`${cohort.protocol} among ${cohort.peers}: a peer that can go on where it is stays, whatever f peers claim`, t => {
    const { maxFaulty, peers } = cohort
    const lies = fc.array(anything, { minLength: 0, maxLength: maxFaulty })
    const truths = fc.array(present(past), { minLength: 0, maxLength: peers - 1 - maxFaulty })
    fc.assert(
      fc.property(lies, truths, fc.integer({ min: 1, max: 4 }), (liars, honest, attempts) => {
        const positions = new Map([...liars, ...honest].map((said, i) => [i + 1, said]))
        const question = { step: STEP, memory: 'whole' as const, isBehind: false, positions, settled: false }
        const rules = { ...cohort, past, steps: 100, stepsEnd: 101, completeFrom: 1 }
        const { kind } = choosePlace(rules, question, null, attempts)
        t.true(kind === 'unknown' || kind === 'stay', kind)
      }),
      { numRuns: 1000 },
    )
  })

test('the chosen step is one that f + 1 have reached, that enough hold, and that is never behind the peer', t => {
  const rules = {
    protocol: 'mda',
    peers: 7,
    maxFaulty: 1,
    past: 4,
    steps: 100,
    stepsEnd: 101,
    completeFrom: 1,
  } as const
  fc.assert(
    fc.property(
      fc.array(anything, { minLength: 5, maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
      (said, attempts) => {
        const positions = new Map(said.map((each, i) => [i + 1, each]))
        const question = { step: STEP, memory: 'whole' as const, isBehind: true, positions, settled: false }
        const place = choosePlace(rules, question, null, attempts)
        if (said.filter(({ step, completeFrom }) => completeFrom <= step).length < 5) {
          t.is(place.kind, 'unknown')
          return
        }
        if (place.kind === 'stay') {
          const noFurther = said.filter(({ step }) => step <= STEP).length
          t.true(noFurther > (attempts % 2 === 1 ? rules.maxFaulty : 0))
          return
        }
        if (place.kind !== 'fetch') return t.fail(place.kind)
        t.true(place.step > STEP && place.step <= 101)
        const speak = said.filter(({ step, completeFrom }) => completeFrom <= step)
        t.true(speak.filter(({ oldest }) => oldest <= place.step).length >= 5)
        if (attempts % 2 === 1) t.true(speak.filter(({ step }) => step <= place.step).length >= 2)
      },
    ),
    { numRuns: 1000 },
  )
})
