/** When the rounds of a synchronous agreement begin, whose peers may have begun at different times (docs/synchrony.md). */
import test from 'ava'
import type { AveragingOptions, AveragingOutput } from '../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../agreement/averaging/create.ts'
import { roundsLength } from '../../agreement/averaging/rounds.ts'
import type { Message } from '../../agreement/message.ts'
import type { Effects } from '../../agreement/protocol.ts'
import { seal, slotAt, testLedger } from './harness.ts'

/** Of peer 0 of four, one of them faulty. */
const options: AveragingOptions = {
  protocol: 'icwtm',
  synchrony: 'synchronous',
  self: 0,
  peers: 4,
  maxFaulty: 1,
  dimension: 1,
  step: 1,
  phase: 'gradient',
  iterations: 2,
  grace: false,
  ledger: testLedger(),
}

function peer(changes: Partial<AveragingOptions> = {}) {
  const averaging = createAveraging({ ...options, beginnings: 5, ...changes })
  return {
    ...averaging,
    begin: () => averaging.input({ kind: 'vector', vector: Float32Array.of(0) }),
    vector: (from: number, iteration = 0) =>
      averaging.receive(from, {
        kind: 'vector',
        slot: slotAt(from, iteration),
        sealed: seal(Float32Array.of(from)),
      }),
    pulse: (from: number, iteration = 0) =>
      averaging.receive(from, { kind: 'pulse', slot: slotAt(from, iteration) }),
    wake: (purpose: 'beginnings' | 'timeout', iteration = 0) =>
      averaging.input({ kind: 'timer', timer: { slot: slotAt(0, iteration), purpose } }),
  }
}

type Step = Effects<Message, AveragingOutput>
const pulsesIn = ({ messages }: Step) => messages.filter(({ message }) => message.kind === 'pulse').length
const kindsIn = ({ outputs }: Step) => outputs.map(({ kind }) => kind)
const timersIn = ({ outputs }: Step) =>
  outputs.flatMap(output =>
    output.kind === 'timer' ? [[output.timer.purpose, output.timer.times ?? 1]] : [],
  )
const faultsIn = ({ faults }: Step) => faults.map(({ kind }) => kind)

test('a peer with all vectors says so, and leaves the first iteration at the pulses of n − f', t => {
  const self = peer()
  t.deepEqual(timersIn(self.begin()), [['beginnings', 5]])
  for (const other of [1, 2]) t.is(pulsesIn(self.vector(other)), 0)
  const last = self.vector(3)
  t.is(pulsesIn(last), 1)
  t.false(kindsIn(last).includes('iterated'))
  t.deepEqual(self.waitingFor(), [1, 2, 3])
  t.deepEqual(kindsIn(self.pulse(1)), [])
  t.deepEqual(self.waitingFor(), [2, 3])
  const open = self.pulse(2)
  t.deepEqual(timersIn(open), [['timeout', 1]])
  t.true(kindsIn(open).includes('iterated'))
  t.is(pulsesIn(open), 0, 'once only')
})

test('a peer joins in at f + 1 pulses, and not at those of f', t => {
  const self = peer()
  self.begin()
  t.is(pulsesIn(self.pulse(1)), 0)
  t.is(pulsesIn(self.pulse(1)), 0, 'one peer is one pulse')
  const joined = self.pulse(2)
  t.is(pulsesIn(joined), 1)
  t.deepEqual(timersIn(joined), [['timeout', 1]], 'with its own these are n − f')
  self.vector(1)
  self.vector(2)
  t.true(kindsIn(self.wake('timeout')).includes('iterated'), 'n − f are enough once the round is over')
})

test('a peer that waits for someone in vain says so when all others must have begun', t => {
  const self = peer()
  self.begin()
  self.vector(1)
  self.vector(2)
  const said = self.wake('beginnings')
  t.is(pulsesIn(said), 1)
  t.false(kindsIn(said).includes('iterated'))
  self.pulse(1)
  t.deepEqual(timersIn(self.pulse(2)), [['timeout', 1]])
  t.is(pulsesIn(self.wake('beginnings')), 0)
})

test('pulses that come before its own beginning count', t => {
  const self = peer()
  self.pulse(1)
  t.is(pulsesIn(self.pulse(2)), 1)
  self.vector(1)
  self.vector(2)
  self.vector(3)
  const begun = self.begin()
  t.deepEqual(timersIn(begun), [
    ['beginnings', 5],
    ['timeout', 1],
  ])
  t.true(kindsIn(begun).includes('iterated'))
})

test('by digest too nobody leaves the first iteration before, though its own vector is the result', t => {
  const self = peer({ digestFrom: 0 })
  self.begin()
  const { digest, signature } = seal(Float32Array.of(0))
  const says = (from: number) => self.receive(from, { kind: 'digest', slot: slotAt(from), digest, signature })
  for (const other of [1, 2, 3]) t.false(kindsIn(says(other)).includes('iterated'))
  self.pulse(1)
  t.true(kindsIn(self.pulse(2)).includes('iterated'))
})

test('pulses for others, for later iterations, or where rounds are counted otherwise are faults', t => {
  const self = peer()
  t.deepEqual(faultsIn(self.receive(1, { kind: 'pulse', slot: slotAt(2) })), ['wrong-author'])
  t.deepEqual(faultsIn(self.pulse(1, 1)), ['out-of-range'])
  t.deepEqual(faultsIn(self.pulse(1, 9)), ['out-of-range'])
  const asynchronous = peer({ synchrony: 'asynchronous', protocol: 'icwtm', peers: 6 })
  t.deepEqual(faultsIn(asynchronous.pulse(1)), ['unexpected-kind'])
  const alone = createAveraging({ ...options, iterations: 1 })
  t.deepEqual(faultsIn(alone.receive(1, { kind: 'pulse', slot: slotAt(1) })), ['unexpected-kind'])
})

test('an agreement lasts a timeout an iteration, and three by digest', t => {
  t.is(roundsLength({ iterations: 4 }), 4)
  t.is(roundsLength({ iterations: 4, digestFrom: 1 }), 10)
  t.is(roundsLength({ iterations: 0 }), 0)
})
