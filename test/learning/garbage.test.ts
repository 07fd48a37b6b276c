/** Whatever comes, in any order, LEARN never throws, blames only the sender or the signer, and sends few messages. */
import test from 'ava'
import fc from 'fast-check'
import type { Message } from '../../agreement/message.ts'
import { createLearn } from '../../learning/learn.ts'
import type { LearnInput } from '../../learning/learn-contract.ts'
import { windowOf } from '../../learning/learn-contract.ts'
import { createSchedule } from '../../learning/schedule.ts'
import { seal, testLedger } from '../agreement/harness.ts'

const D = 2
const STEPS = 8
const cohorts = [
  { protocol: 'mda', peers: 7, maxFaulty: 1 },
  { protocol: 'icwtm', peers: 6, maxFaulty: 1 },
  { protocol: 'rb-tm', peers: 4, maxFaulty: 1 },
  { protocol: 'rb-tm', peers: 5, maxFaulty: 1 },
] as const

const value = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -9, max: 9 }) },
  fc.constantFrom(NaN, Infinity, 3e38),
)
const sealed = fc
  .oneof(
    { weight: 9, arbitrary: fc.array(value, { minLength: D, maxLength: D }) },
    fc.array(value, { maxLength: 4 }),
  )
  .map(values => seal(Float32Array.from(values)))
const slot = fc.record({
  step: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }) },
    fc.integer({ min: -1, max: STEPS + 3 }),
  ),
  phase: fc.constantFrom('gradient' as const, 'parameters' as const, 'state' as const),
  iteration: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 2 })),
  sender: fc.integer({ min: 0, max: 7 }),
})
const digest = fc.constantFrom('aa', 'bb')
const signature = fc.constant(Uint8Array.of(1))
const near = fc.integer({ min: 0, max: STEPS + 2 })
const seen = fc.option(fc.record({ slot, digest, signature }), { nil: null })

const message: fc.Arbitrary<Message> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('vector' as const, 'payload' as const), slot, sealed }),
  },
  fc.record({ kind: fc.constant('echo' as const), slot, digest, signature }),
  fc.record({ kind: fc.constantFrom('ready' as const, 'request' as const), slot, digest }),
  fc.record({
    kind: fc.constant('report' as const),
    slot,
    peers: fc.array(fc.integer({ min: -1, max: 8 }), { maxLength: 8 }),
  }),
  fc.record({ kind: fc.constantFrom('query' as const, 'fetch' as const), slot }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('position' as const),
      slot,
      oldest: near,
      completeFrom: near,
      seen,
    }),
  },
)

/** Half of the messages name their sender as author. LEARN refuses the rest at once. */
const spoken = fc
  .record({ from: fc.integer({ min: 1, max: 3 }), message, own: fc.boolean() })
  .map(({ from, message: what, own }) => ({
    from,
    message: own ? { ...what, slot: { ...what.slot, sender: from } } : what,
  }))

const input: fc.Arbitrary<LearnInput> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('missed' as const, 'restarted' as const),
    peer: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant('ahead' as const),
    peer: fc.integer({ min: 1, max: 3 }),
    ahead: fc.boolean(),
  }),
  fc.integer({ min: 1, max: 6 }).map(iteration => ({
    kind: 'timer' as const,
    timer: { slot: { step: 1, phase: 'state' as const, iteration, sender: 0 }, purpose: 'recovery' as const },
  })),
  fc.record({
    kind: fc.constant('gradient' as const),
    step: fc.integer({ min: 1, max: 4 }),
    gradient: fc.constant(new Float32Array(D)),
  }),
)

for (const query of cohorts)
  test(`${query.protocol} among ${query.peers}`, t => {
    fc.assert(
      fc.property(
        fc.constantFrom('whole' as const, 'unconfirmed' as const, 'lost' as const),
        fc.array(fc.oneof({ weight: 3, arbitrary: spoken }, input), { maxLength: 80, size: 'max' }),
        (memory, happenings) => {
          const learn = createLearn({
            ...query,
            synchrony: 'asynchronous',
            self: 0,
            dimension: D,
            grace: true,
            unsafe: false,
            ledger: testLedger(),
            steps: STEPS,
            rate: () => 0.1,
            momentum: 0,
            clip: null,
            weightDecay: 0,
            batch: () => 1,
            outputStep: null,
            window: windowOf(query.protocol),
            start: { step: 1, parameters: new Float32Array(D), momentum: null },
            schedule: createSchedule({
              ...query,
              synchrony: 'asynchronous',
              schedule: 'practical',
              count: 'tight',
              iterations: { gradient: 1, parameters: 2 },
            }),
          })
          learn.input({ kind: 'start', memory })
          for (const each of happenings) {
            const { messages, faults } =
              'from' in each ? learn.receive(each.from, each.message) : learn.input(each)
            t.true(messages.length <= 40, `${messages.length} messages`)
            // Signatures are checked before a protocol sees them: a forged one would be its own second vector.
            const own = faults.filter(({ peer, kind }) => peer === 0 && kind !== 'equivocation')
            t.deepEqual(own, [], 'it blames itself')
            const { step, waitingFor } = learn.status()
            t.true(step >= 1 && step <= STEPS + 1)
            t.false(waitingFor.includes(0) && learn.status().phase === 'catching-up')
          }
        },
      ),
      { numRuns: 500 },
    )
  })
