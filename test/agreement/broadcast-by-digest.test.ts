/** Reliable broadcast by digest: an ECHO still means that its sender holds the vector, and all four guarantees stay. */
import test from 'ava'
import fc from 'fast-check'
import type { AveragingInput, AveragingOutput } from '../../agreement/averaging/averaging.ts'
import { createAveraging } from '../../agreement/averaging/create.ts'
import type { Message, Sealed } from '../../agreement/message.ts'
import { diameter } from '../../agreement/vector.ts'
import { createWitnessedExchange } from '../../agreement/witness.ts'
import { type Flight, normals, runNetwork, seal, slotAt, testLedger } from './harness.ts'

const [one, two] = [1, 2].map(x => seal(Float32Array.of(x))) as [Sealed, Sealed]

const exchange = { step: 1, phase: 'gradient', iteration: 0 } as const

function peer(self = 0) {
  const ledger = testLedger()
  const options = { exchange, self, peers: 4, maxFaulty: 1, dimension: 1, byDigest: true, ledger }
  return { self: createWitnessedExchange(options), again: () => createWitnessedExchange(options) }
}

function digest(from: number, { digest: value, signature }: Sealed): Message {
  return { kind: 'digest', slot: slotAt(from), digest: value, signature }
}

const said = (messages: readonly { readonly to: unknown; readonly message: Message }[]) =>
  messages.map(({ to, message }) => `${message.kind} of ${message.slot.sender} to ${to}`)

test('a peer that holds the same bytes echoes at once, before or after it has its own vector', t => {
  const { self } = peer()
  t.deepEqual(said(self.receive(1, digest(1, one)).messages), [])
  t.deepEqual(said(self.input({ kind: 'vector', vector: one.vector }).messages), [
    'digest of 0 to others',
    'echo of 0 to others',
    'echo of 1 to others',
  ])
  t.deepEqual(said(self.receive(2, digest(2, one)).messages), ['echo of 2 to others'])
})

test('any other asks the author, once for two authors of the same, and echoes when it has the vector', t => {
  const { self } = peer()
  self.input({ kind: 'vector', vector: one.vector })
  t.deepEqual(said(self.receive(1, digest(1, two)).messages), ['request of 1 to 1'])
  t.deepEqual(said(self.receive(2, digest(2, two)).messages), [])
  const answer: Message = { kind: 'payload', slot: slotAt(1), sealed: two }
  t.deepEqual(said(self.receive(1, answer).messages), ['echo of 1 to others', 'echo of 2 to others'])
  t.deepEqual(self.receive(1, answer).faults, [], 'the same once more')
  const gift: Message = { kind: 'payload', slot: slotAt(3), sealed: two }
  t.deepEqual(
    self.receive(2, gift).faults.map(({ kind }) => kind),
    ['unrequested-payload'],
  )
  t.deepEqual(self.receive(3, gift).faults, [], 'its author may answer an earlier incarnation of this peer')
})

test('an author that begins anew is asked anew, as it has lost the question; nobody else is', t => {
  const { self } = peer()
  self.input({ kind: 'vector', vector: one.vector })
  self.receive(1, digest(1, two))
  t.deepEqual(said(self.input({ kind: 'restarted', peer: 2 }).messages), [])
  t.deepEqual(said(self.input({ kind: 'restarted', peer: 1 }).messages), ['request of 1 to 1'])
  self.receive(1, { kind: 'payload', slot: slotAt(1), sealed: two })
  t.deepEqual(said(self.input({ kind: 'restarted', peer: 1 }).messages), [], 'it is here')
})

test('a peer without a vector of its own waits a little for it, and then asks', t => {
  const { self } = peer()
  const { outputs } = self.receive(1, digest(1, two))
  t.deepEqual(outputs, [{ kind: 'timer', slot: slotAt(1) }])
  t.deepEqual(said(self.input({ kind: 'timer', slot: slotAt(1) }).messages), ['request of 1 to 1'])
  // The first author that was asked may be a liar: the second one's turn comes with its own timer.
  self.receive(2, digest(2, two))
  t.deepEqual(said(self.input({ kind: 'timer', slot: slotAt(2) }).messages), ['request of 2 to 2'])
})

test('an author answers from what it has sealed, also in a new incarnation', t => {
  const { self, again } = peer()
  self.input({ kind: 'vector', vector: one.vector })
  const request: Message = { kind: 'request', slot: slotAt(0), digest: one.digest }
  t.deepEqual(said(self.receive(2, request).messages), ['payload of 0 to 2'])
  t.deepEqual(said(again().receive(2, request).messages), ['payload of 0 to 2'])
  t.deepEqual(again().receive(2, { ...request, digest: two.digest }).messages, [])
})

test('a second digest is evidence, and a digest where vectors travel whole is a fault', t => {
  const { self } = peer()
  self.receive(1, digest(1, one))
  const [fault] = self.receive(1, digest(1, two)).faults
  t.is(fault?.kind, 'equivocation')
  t.is(fault?.evidence?.second.digest, two.digest)
  const kinds = (from: number, message: Message) =>
    createWitnessedExchange({ exchange, self: 0, peers: 4, maxFaulty: 1, dimension: 1, ledger: testLedger() })
      .receive(from, message)
      .faults.map(({ kind }) => kind)
  t.deepEqual(kinds(1, digest(1, one)), ['unexpected-kind'])
  t.deepEqual(kinds(2, digest(1, one)), ['wrong-author'])
})

test('RB-TM by digest: all end with the same authors’ vectors, whomever a liar gives its own to', t => {
  fc.assert(
    fc.property(fc.nat(3), fc.nat(15), fc.nat(1e6), (alike, given, seed) => {
      const [n, d, iterations] = [4, 3, 2]
      const drawn = normals(seed, n, d)
      const inputs = drawn.map((vector, i) => (i < alike ? drawn[0]! : vector))
      const lie = seal(drawn[3]!)
      const { outputs, faults } = runNetwork<AveragingInput, AveragingOutput>({
        protocols: inputs.map((_, self) =>
          self === 3
            ? null
            : createAveraging({
                protocol: 'rb-tm',
                synchrony: 'asynchronous',
                self,
                peers: n,
                maxFaulty: 1,
                dimension: d,
                step: 1,
                phase: 'gradient',
                iterations,
                grace: false,
                digestFrom: 0,
                ledger: testLedger(),
              }),
        ),
        inputs: self => ({ kind: 'vector', vector: inputs[self]! }),
        seed,
        timer: output => (output.kind === 'timer' ? { kind: 'timer', timer: output.timer } : null),
        adversary(seen): Flight[] {
          const { digest: value, signature } = lie
          const slot = slotAt(3)
          if (seen === null)
            return [0, 1, 2].flatMap(to => [
              { from: 3, to, message: digest(3, lie) },
              { from: 3, to, message: { kind: 'echo', slot, digest: value, signature } },
              { from: 3, to, message: { kind: 'ready', slot, digest: value } },
            ])
          const { from, message } = seen
          if (message.kind !== 'request' || ((given >> from) & 1) === 0) return []
          return [{ from: 3, to: from, message: { kind: 'payload', slot: message.slot, sealed: lie } }]
        },
      })
      const out = outputs.flatMap(list => list.flatMap(each => (each.kind === 'agreed' ? [each.vector] : [])))
      t.is(out.length, 3, 'termination')
      t.true(diameter(out) <= diameter(inputs.slice(0, 3)) + 1e-6)
      const delivered = outputs.map(list =>
        list
          .flatMap(each => (each.kind === 'delivered' ? [`${each.slot.iteration} ${each.slot.sender}`] : []))
          .sort(),
      )
      t.deepEqual(delivered[1], delivered[0], 'totality')
      t.deepEqual(delivered[2], delivered[0], 'totality')
      t.deepEqual(faults.flat(), [])
    }),
    { numRuns: 150 },
  )
})
