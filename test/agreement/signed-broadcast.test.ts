/** RB-TM under synchrony: what peers accept of each other, and that 2f + 1 of them are enough (docs/synchrony.md). */
import test from 'ava'
import fc from 'fast-check'
import type { AveragingOutput } from '../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../agreement/averaging/create.ts'
import { averagingConstantOf, bounds, iterationsFor, type ProtocolName } from '../../agreement/bounds.ts'
import type { Message } from '../../agreement/message.ts'
import type { Effects, PeerIndex } from '../../agreement/protocol.ts'
import { addProtocol, removeProtocol } from '../../agreement/protocols/registry.ts'
import { diameter, type Vector } from '../../agreement/vector.ts'
import { randomStream } from '../../learning/random.ts'
import { seal, slotAt, testLedger } from './harness.ts'

function peer(
  self: number,
  peers: number,
  maxFaulty: number,
  iterations = 1,
  protocol: ProtocolName = 'rb-tm',
) {
  return createAveraging({
    protocol,
    synchrony: 'synchronous',
    self,
    peers,
    maxFaulty,
    dimension: 1,
    step: 1,
    phase: 'gradient',
    iterations,
    grace: false,
    ledger: testLedger(),
  })
}

type Step = Effects<Message, AveragingOutput>
const vectorOf = (from: PeerIndex, x: number): Message => ({
  kind: 'vector',
  slot: slotAt(from),
  sealed: seal(Float32Array.of(x)),
})
function echoOf(author: PeerIndex, x: number): Message {
  const { digest, signature } = seal(Float32Array.of(x))
  return { kind: 'echo', slot: slotAt(author), digest, signature }
}
const timeout = { kind: 'timer', timer: { slot: slotAt(0), purpose: 'timeout' } } as const
const usedIn = ({ outputs }: Step) =>
  outputs.flatMap(output => (output.kind === 'iterated' ? [output.used] : []))

function begun() {
  const self = peer(0, 3, 1)
  self.input({ kind: 'vector', vector: Float32Array.of(0) })
  return self
}

test('it ends at once if all say the same of all', t => {
  const self = begun()
  const echoed = self.receive(1, vectorOf(1, 1)).messages
  t.deepEqual(
    echoed.map(({ message }) => message.kind),
    ['echo'],
  )
  self.receive(2, vectorOf(2, 2))
  const echoes = [0, 1, 2].flatMap(author => [1, 2].map(from => [from, echoOf(author, author)] as const))
  const steps = echoes.map(([from, echo]) => self.receive(from, echo))
  t.deepEqual(steps.slice(0, -1).flatMap(usedIn), [])
  t.deepEqual(usedIn(steps.at(-1)!), [[0, 1, 2]])
})

test('two digests of one author exclude it, and are a proof', t => {
  const self = begun()
  self.receive(1, vectorOf(1, 1))
  self.receive(2, vectorOf(2, 2))
  t.deepEqual(usedIn(self.input(timeout)), [])
  const [fault] = self.receive(1, echoOf(2, 3)).faults
  t.is(fault?.kind, 'equivocation')
  t.is(fault?.peer, 2)
  t.not(fault?.evidence?.first.digest, fault?.evidence?.second.digest)
  t.deepEqual(usedIn(self.input(timeout)), [[0, 1]])
})

test('a vector that comes after the first round counts as none, even if nobody contradicts it', t => {
  const self = begun()
  self.receive(1, vectorOf(1, 1))
  self.input(timeout)
  t.deepEqual(self.receive(2, vectorOf(2, 2)).messages, [])
  t.deepEqual(usedIn(self.input(timeout)), [[0, 1]])
})

test('a protocol of a user’s in this form keeps its own rule', t => {
  const name = 'last@signed'
  addProtocol({
    name,
    form: 'broadcast',
    usesOwn: false,
    dropsFaulty: false,
    rule: ({ vectors }) => vectors.at(-1)!,
    guarantees: null,
  })
  t.teardown(() => removeProtocol(name))
  const self = peer(0, 3, 1, 1, name)
  self.input({ kind: 'vector', vector: Float32Array.of(0) })
  self.receive(1, vectorOf(1, 1))
  self.receive(2, vectorOf(2, 7))
  self.input(timeout)
  const { outputs } = self.input(timeout)
  t.deepEqual(
    outputs.flatMap(output => (output.kind === 'agreed' ? [...output.vector] : [])),
    [7],
  )
})

test('garbage is a fault, and never a throw', t => {
  const faults = (from: number, message: Message) =>
    begun()
      .receive(from, message)
      .faults.map(({ kind }) => kind)
  t.deepEqual(faults(1, vectorOf(2, 0)), ['wrong-author'])
  t.deepEqual(faults(1, { kind: 'echo', slot: slotAt(9), digest: '', signature: new Uint8Array() }), [
    'out-of-range',
  ])
  t.deepEqual(faults(1, { kind: 'vector', slot: slotAt(1, 1), sealed: seal(Float32Array.of(1)) }), [
    'out-of-range',
  ])
  t.deepEqual(faults(1, { kind: 'vector', slot: slotAt(1), sealed: seal(Float32Array.of(1, 2)) }), [
    'wrong-dimension',
  ])
  t.deepEqual(faults(1, vectorOf(1, Infinity)), ['not-finite'])
  t.deepEqual(faults(1, { kind: 'ready', slot: slotAt(1), digest: '' }), ['unexpected-kind'])
})

/** One iteration in lockstep. @param told by faulty author, by honest peer: what it hears in the first round; null: nothing */
function lockstep(
  honest: readonly number[],
  f: number,
  told: readonly (readonly (number | null)[])[],
): Vector[] {
  const [h, n] = [honest.length, honest.length + told.length]
  const peers = honest.map((_, self) => peer(self, n, f))
  const begins = peers.map((each, i) => each.input({ kind: 'vector', vector: Float32Array.of(honest[i]!) }))
  const deliver = (steps: readonly Step[]) =>
    steps.flatMap((step, from) =>
      step.messages.flatMap(({ message }) =>
        peers.flatMap((each, to) => (to === from ? [] : [{ to, step: each.receive(from, message) }])),
      ),
    )
  const gather = (all: readonly { readonly to: number; readonly step: Step }[]) =>
    peers.map((_, self) => ({
      messages: all.flatMap(({ to, step }) => (to === self ? step.messages : [])),
      outputs: all.flatMap(({ to, step }) => (to === self ? step.outputs : [])),
      faults: [],
    }))
  const lies = told.flatMap((row, i) =>
    row.flatMap((x, to) => (x === null ? [] : [{ to, step: peers[to]!.receive(h + i, vectorOf(h + i, x)) }])),
  )
  const echoes = gather([...deliver(begins), ...lies])
  for (const each of peers) each.input(timeout)
  const said = gather(deliver(echoes))
  const last = peers.map(each => each.input(timeout))
  return peers.map((_, self) => {
    const outputs = [...said[self]!.outputs, ...last[self]!.outputs]
    const agreed = outputs.find(output => output.kind === 'agreed')
    if (agreed?.kind !== 'agreed') throw new Error('a peer did not end')
    return agreed.vector
  })
}

test('½ is attained at n = 3: the liar says 0 to one peer, and nothing to the other', t => {
  const ends = lockstep([0, 1], 1, [[0, null]])
  t.deepEqual(ends, [Float32Array.of(0), Float32Array.of(0.5)])
})

test('whatever liars tell whom, at n ≥ 2f + 1 the range halves, and nobody leaves it', t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(2), fc.nat(1e6), (f, more, seed) => {
      const random = randomStream(seed, 'lies')
      const liars = random.integer(f + 1)
      const h = 2 * f + 1 + more - liars
      const value = () => random.integer(4)
      const honest = Array.from({ length: h }, value)
      // Some liars say one thing to some; others say two things, and are found out.
      const told = Array.from({ length: liars }, () => {
        const [one, other] = [value(), random.uniform() < 0.3 ? value() : null]
        return honest.map(() => (random.uniform() < 0.5 ? one : random.uniform() < 0.5 ? other : null))
      })
      const ends = lockstep(honest, f, told)
      const [low, high] = [Math.min(...honest), Math.max(...honest)]
      const isInside = ends.every(end => end[0]! >= low && end[0]! <= high)
      return isInside && diameter(ends) <= (high - low) / 2
    }),
    { numRuns: 500 },
  )
  t.pass()
})

test('bounds: 2f + 1, ½ an iteration, and the constant of RB-TM; a cohort that learns is refused', t => {
  for (const f of [1, 2, 5]) {
    const query = { protocol: 'rb-tm', peers: 2 * f + 1, maxFaulty: f, synchrony: 'synchronous' } as const
    const { feasible, contraction, averagingConstant, lowerBound, needs } = bounds(query)
    t.true(feasible)
    t.is(contraction, 1 / 2)
    t.is(averagingConstant, averagingConstantOf({ ...query, synchrony: 'asynchronous' }))
    t.is(lowerBound, f / (f + 1))
    t.is(needs.peers, 2 * f + 1)
    t.is(iterationsFor(query, 1, 'tight'), 1 + Math.ceil(Math.log2(f + 1)))
    const below = bounds({ ...query, peers: 2 * f })
    t.false(below.feasible)
    t.regex(below.why, /n ≥ 2f \+ 1 = .*signatures/)
  }
})
