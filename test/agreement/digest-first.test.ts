/** The standard form by digest: no vector travels that is not needed, and what liars do with digests costs no guarantee. */
import test from 'ava'
import fc from 'fast-check'
import type {
  Averaging,
  AveragingInput,
  AveragingOptions,
  AveragingOutput,
} from '../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../agreement/averaging/create.ts'
import { iterationsFor, peersNeeded } from '../../agreement/bounds.ts'
import type { Message, Sealed } from '../../agreement/message.ts'
import { diameter, type Vector } from '../../agreement/vector.ts'
import { type Flight, normals, runNetwork, seal, slotAt, testLedger } from './harness.ts'

function peer(self: number, changes: Partial<AveragingOptions> = {}): Averaging {
  return createAveraging({
    protocol: 'mda',
    synchrony: 'asynchronous',
    self,
    peers: 7,
    maxFaulty: 1,
    dimension: 1,
    step: 1,
    phase: 'gradient',
    iterations: 1,
    grace: false,
    digestFrom: 0,
    ledger: testLedger(),
    ...changes,
  })
}

const [one, two, three] = [1, 2, 3].map(x => seal(Float32Array.of(x))) as [Sealed, Sealed, Sealed]
const begin = { kind: 'vector', vector: one.vector } as const

function digest(from: number, { digest: value, signature }: Sealed, iteration = 0): Message {
  return { kind: 'digest', slot: slotAt(from, iteration), digest: value, signature }
}

const payload = (from: number, sealed: Sealed): Message => ({ kind: 'payload', slot: slotAt(from), sealed })
const kindsOf = (list: readonly { readonly kind: string }[]) => list.map(({ kind }) => kind)

/** A peer that has begun with `one`, and has these digests of the others, from 1 on. */
function after(digests: readonly Sealed[], changes: Partial<AveragingOptions> = {}) {
  const self = peer(0, changes)
  const steps = [self.input(begin), ...digests.map((sealed, i) => self.receive(i + 1, digest(i + 1, sealed)))]
  return {
    self,
    last: steps.at(-1)!,
    asked: steps.flatMap(({ messages }) => messages.filter(({ message }) => message.kind === 'request')),
    timers: steps.flatMap(({ outputs }) =>
      outputs.flatMap(output => (output.kind === 'timer' ? [output.timer] : [])),
    ),
    result: resultOf(steps.flatMap(({ outputs }) => outputs)),
  }
}

function resultOf(outputs: readonly AveragingOutput[]): number | null {
  const agreed = outputs.find(output => output.kind === 'agreed')
  return agreed?.kind === 'agreed' ? agreed.vector[0]! : null
}

test('among equals nothing travels but digests, and the iteration ends with the last that is needed', t => {
  const early = after([one, one, one, two])
  t.is(early.result, null, 'n − f have to speak')
  const { result, asked, last } = after([one, one, one, one, two])
  t.is(result, 1)
  t.deepEqual(asked, [])
  const used = last.outputs.find(output => output.kind === 'iterated')
  t.deepEqual(used?.kind === 'iterated' && used.used, [0, 1, 2, 3, 4, 5])
})

test('an author that begins anew is asked anew, as it has lost the question; nobody else is', t => {
  const { self, asked } = after([two, two, two, two])
  t.deepEqual(
    asked.map(({ to }) => to),
    [1],
  )
  t.deepEqual(self.input({ kind: 'restarted', peer: 2 }).messages, [])
  const again = self.input({ kind: 'restarted', peer: 1 })
  t.is(again.messages.length, 1)
  t.is(again.messages[0]!.message.kind, 'request')
  t.deepEqual(kindsOf(again.outputs), ['timer'])
  self.receive(4, payload(4, two))
  t.deepEqual(self.input({ kind: 'restarted', peer: 1 }).messages, [], 'it is here')
})

test('a peer that begins anew may ask again, but not for ever', t => {
  const self = peer(0)
  self.input(begin)
  const request: Message = { kind: 'request', slot: slotAt(0), digest: one.digest }
  const given: number[] = []
  for (let incarnation = 1; incarnation <= 20; incarnation++) {
    self.input({ kind: 'restarted', peer: 1 })
    const { messages, faults } = self.receive(1, request)
    t.deepEqual(faults, [])
    given.push(messages.length)
  }
  t.deepEqual(given, [...new Array(12).fill(1), ...new Array(8).fill(0)])
})

test('what is of no more use is told, once: neither its own vector nor the result', t => {
  const discarded: Vector[] = []
  const self = peer(0, { digestFrom: 1, discard: vector => void discarded.push(vector) })
  const others = [2, 3, 4, 5, 6, 7].map(x => seal(Float32Array.of(x)))
  const steps = [
    self.input(begin),
    ...others.map((sealed, i) => self.receive(i + 1, { kind: 'vector', slot: slotAt(i + 1), sealed })),
  ]
  const result = steps.flatMap(({ outputs }) => outputs).find(output => output.kind === 'agreed')
  t.deepEqual(
    discarded,
    others.slice(0, 5).map(({ vector }) => vector),
    'the last came when it was over',
  )
  t.true(result?.kind === 'agreed' && !discarded.includes(result.vector))
})

test('where it differs from too many, a peer asks once for each vector, and its author', t => {
  const { asked, result, self } = after([two, two, three, two])
  t.is(result, null)
  t.deepEqual(
    asked.map(({ to, message }) => [to, message.kind === 'request' && message.digest]),
    [
      [1, two.digest],
      [3, three.digest],
    ],
  )
  t.deepEqual(self.waitingFor(), [1, 2, 3, 4, 5, 6])
  t.is(resultOf(self.receive(1, payload(1, two)).outputs), null)
  t.deepEqual(self.waitingFor(), [3, 5, 6])
  self.receive(3, payload(3, three))
  const over = self.receive(5, digest(5, one))
  t.is(over.messages.length, 0)
  t.is(resultOf(over.outputs), Math.fround((1 + 1 + 2 + 2 + 2) / 5), 'the rule, of six')
})

test('a peer that does not answer is followed by the next who signed the same, then by nobody', t => {
  const { asked, timers, self } = after([two, two, two])
  t.deepEqual(
    asked.map(({ to }) => to),
    [1],
  )
  const [timer] = timers
  t.is(timer?.purpose, 'payload')
  const next = self.input({ kind: 'timer', timer: timer! })
  t.deepEqual(
    next.messages.map(({ to, message }) => [to, message.kind]),
    [[2, 'request']],
  )
  const third = self.input({
    kind: 'timer',
    timer: next.outputs.find(output => output.kind === 'timer')!.timer,
  })
  const timerThree = third.outputs.find(output => output.kind === 'timer')!.timer
  t.deepEqual(self.input({ kind: 'timer', timer: timerThree }).messages, [])
  // One that signs it later can still be asked.
  t.deepEqual(
    self.receive(4, digest(4, two)).messages.map(({ to }) => to),
    [4],
  )
})

test('a digest whose vector does not come counts as not received', t => {
  // The liar is 1; the honest differ, so the peer needs vectors of n − f, and 1 gives none.
  const { self } = after([three, two, two, two, two])
  self.receive(2, payload(2, two))
  t.deepEqual(self.waitingFor(), [1, 6], 'five vectors are not n − f')
  t.is(resultOf(self.receive(6, digest(6, two)).outputs), 2)
})

test('an author answers for its own vector, a few times, again after a restart, and for no other digest', t => {
  const self = peer(0)
  self.input(begin)
  const ask = (value: string, from = 1) =>
    self.receive(from, { kind: 'request', slot: slotAt(0), digest: value })
  t.deepEqual(ask(one.digest).messages, [{ to: 1, message: payload(0, one) }])
  t.deepEqual(ask(two.digest).messages, [])
  t.is(ask(one.digest).messages.length, 1)
  t.deepEqual(kindsOf(ask(one.digest).faults), ['excessive-requests'])
  t.deepEqual(ask(one.digest).messages, [])
  self.input({ kind: 'restarted', peer: 1 })
  t.is(ask(one.digest).messages.length, 1)
  t.is(ask(one.digest, 2).messages.length, 1)
  const stranger = self.receive(1, { kind: 'request', slot: slotAt(2), digest: one.digest })
  t.deepEqual(kindsOf(stranger.faults), ['wrong-author'])
})

test('what is no answer is a fault of the peer that sends it', t => {
  const { self } = after([two, two, three])
  const say = (message: Message, from: number) => kindsOf(self.receive(from, message).faults)
  t.deepEqual(say(payload(1, two), 2), ['wrong-author'])
  t.deepEqual(say(payload(1, seal(Float32Array.of(1, 2))), 1), ['wrong-dimension'])
  const nan = seal(Float32Array.of(Number.NaN))
  self.receive(4, digest(4, nan))
  t.deepEqual(say(payload(4, nan), 4), ['not-finite'])
  t.deepEqual(say(payload(1, three), 1), ['equivocation'])
  t.deepEqual(say(digest(3, one), 3), ['equivocation'])
  t.deepEqual(say(digest(3, three), 3), [])
  t.deepEqual(say(digest(2, two), 3), ['wrong-author'])
  t.deepEqual(say(digest(1, two, 1), 1), ['out-of-range'])
  t.deepEqual(say(payload(1, two), 1), [])
  const whole = peer(0, { digestFrom: 1 })
  whole.input(begin)
  for (const message of [
    digest(1, two),
    payload(1, two),
    { kind: 'request', slot: slotAt(0), digest: '' } as const,
  ])
    t.deepEqual(kindsOf(whole.receive(1, message).faults), ['unexpected-kind'])
})

test('a vector that comes whole counts with its digest, also unasked', t => {
  const { self, asked } = after([two, two, three])
  t.is(asked.length, 2)
  self.receive(1, { kind: 'vector', slot: slotAt(1), sealed: two })
  // An earlier incarnation of this peer may have asked for it.
  t.deepEqual(self.receive(4, payload(4, two)).faults, [])
  t.deepEqual(self.waitingFor(), [3, 5, 6])
})

test('the grace waits for digests that may still make vectors needless, and no longer', t => {
  const { timers, asked, self } = after([one, one, one, two, three], { grace: true })
  t.deepEqual(kindsOf(timers.map(({ purpose }) => ({ kind: purpose }))), ['grace'])
  t.deepEqual(asked, [])
  t.is(resultOf(self.receive(6, digest(6, one)).outputs), 1)
  const again = after([one, one, one, two, three], { grace: true })
  const over = again.self.input({ kind: 'timer', timer: again.timers[0]! })
  t.deepEqual(
    over.messages.map(({ to, message }) => [to, message.kind]),
    [
      [4, 'request'],
      [5, 'request'],
    ],
  )
})

test('a synchronous round by digest is three timeouts long: one for digests, two for question and answer', t => {
  const changes = {
    synchrony: 'synchronous',
    protocol: 'icwtm',
    peers: 4,
    iterations: 2,
    digestFrom: 1,
  } as const
  const self = peer(0, changes)
  const timerOf = (outputs: readonly AveragingOutput[]) =>
    outputs.flatMap(output => (output.kind === 'timer' ? [output.timer] : []))
  const [first] = timerOf(self.input(begin).outputs)
  t.deepEqual([first?.slot.iteration, first?.times], [0, undefined])
  for (const from of [1, 2]) self.receive(from, { kind: 'vector', slot: slotAt(from), sealed: one })
  const [second] = timerOf(self.input({ kind: 'timer', timer: first! }).outputs)
  t.deepEqual([second?.slot.iteration, second?.times], [1, undefined])
  // Two differ from it, more than f: both are asked at once, and the liar as well.
  const steps = [1, 2].map(from => self.receive(from, digest(from, two, 1)))
  t.deepEqual(
    steps.flatMap(({ messages }) => messages.map(({ to }) => to)),
    [1, 2],
  )
  const [third] = timerOf(self.input({ kind: 'timer', timer: second! }).outputs)
  t.deepEqual([third?.slot.iteration, third?.times], [1, 2])
  const answer: Message = { kind: 'payload', slot: slotAt(2, 1), sealed: two }
  t.is(resultOf(self.receive(2, answer).outputs), 2, 'all that have spoken in time are there')
})

interface Liar {
  /** The digest that it tells a peer, in an iteration. */
  tell(to: number, iteration: number): Sealed
  /** Its answer to a request; null is none. */
  answer(to: number, told: Sealed): Sealed | null
}

const liars: Readonly<Record<string, (honest: readonly Vector[], lies: readonly Sealed[]) => Liar>> = {
  'gives nothing': (_, lies) => ({ tell: () => lies[0]!, answer: () => null }),
  'gives to some': (_, lies) => ({
    tell: () => lies[0]!,
    answer: (to, told) => (to % 2 === 0 ? told : null),
  }),
  'signs what an honest peer holds, and gives nothing': honest => ({
    tell: (_, iteration) => seal(honest[iteration % honest.length]!),
    answer: () => null,
  }),
  'tells each peer something else': (_, lies) => ({
    tell: (to, iteration) => lies[(to + iteration) % lies.length]!,
    answer: (_to, told) => told,
  }),
}

for (const [name, makeLiar] of Object.entries(liars))
  for (const protocol of ['mda', 'cva', 'icwtm'] as const)
    test(`${protocol}: AVG_1 by digest ends and halves the diameter, where a liar ${name}`, t => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 2 }),
          fc.nat(3),
          fc.nat(1e6),
          fc.boolean(),
          (f, alike, seed, grace) => {
            const n = peersNeeded(protocol, f, 'asynchronous')!
            const query = { protocol, peers: n, maxFaulty: f, synchrony: 'asynchronous' } as const
            const iterations = iterationsFor(query, 1, 'tight')!
            // Some honest peers begin with the same vector.
            const drawn = normals(seed, n, 3)
            const inputs = drawn.map((vector, i) => (i % 4 < alike ? drawn[0]! : vector))
            const honest = inputs.slice(0, n - f)
            const liar = makeLiar(honest, normals(seed + 1, 5, 3).map(seal))
            const told = new Map<string, Sealed>()
            const { outputs, faults } = runNetwork<AveragingInput, AveragingOutput>({
              protocols: inputs.map((_, self) =>
                self < n - f ? peer(self, { ...query, dimension: 3, iterations, grace }) : null,
              ),
              inputs: self => ({ kind: 'vector', vector: inputs[self]! }),
              seed,
              timer: output => (output.kind === 'timer' ? { kind: 'timer', timer: output.timer } : null),
              adversary(seen): Flight[] {
                if (seen === null)
                  return Array.from({ length: f * (n - f) * iterations }, (_, i) => {
                    const from = n - 1 - (i % f)
                    const to = Math.floor(i / f) % (n - f)
                    const iteration = Math.floor(i / f / (n - f))
                    const sealed = liar.tell(to, iteration)
                    told.set(`${from} ${to} ${iteration}`, sealed)
                    return { from, to, message: digest(from, sealed, iteration) }
                  })
                const { from, to, message } = seen
                if (message.kind !== 'request') return []
                const sealed = liar.answer(from, told.get(`${to} ${from} ${message.slot.iteration}`)!)
                if (sealed === null) return []
                return [{ from: to, to: from, message: { kind: 'payload', slot: message.slot, sealed } }]
              },
            })
            const out = outputs.flatMap(list =>
              list.flatMap(each => (each.kind === 'agreed' ? [each.vector] : [])),
            )
            t.is(out.length, n - f, 'termination')
            t.true(diameter(out) <= diameter(honest) / 2 + 1e-6)
            t.true(faults.flat().every(({ peer: accused }) => accused >= n - f))
          },
        ),
        { numRuns: 40 },
      )
    })
