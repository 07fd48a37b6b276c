/** Reliable broadcast: one test for each guarantee of Bracha's broadcast, under authors and voters that lie. */
import test from 'ava'
import fc from 'fast-check'
import { type BroadcastInput, type BroadcastOutput, createBroadcast } from '../../agreement/broadcast.ts'
import type { Message } from '../../agreement/message.ts'
import { type Flight, normals, runNetwork, seal, slotAt, testLedger } from './harness.ts'

const D = 3

/** A broadcast by peer 0 among n peers, of which the given ones are faulty. */
function broadcast(
  n: number,
  faulty: readonly number[],
  seed: number,
  adversary?: (seen: Flight | null) => readonly Flight[],
) {
  const maxFaulty = Math.floor((n - 1) / 3)
  const make = (self: number) =>
    createBroadcast({ slot: slotAt(0), self, peers: n, maxFaulty, dimension: D, ledger: testLedger() })
  const [vector] = normals(seed, 1, D)
  const protocols = Array.from({ length: n }, (_, self) => (faulty.includes(self) ? null : make(self)))
  return runNetwork<BroadcastInput, BroadcastOutput>({
    protocols,
    // Only the author has an input; for the others a timer before anything happened is the mildest one.
    inputs: peer => (peer === 0 ? { kind: 'vector', vector: vector! } : { kind: 'timer' }),
    seed,
    timer: output => (output.kind === 'timer' ? { kind: 'timer' } : null),
    ...(adversary && { adversary }),
  })
}

const deliveries = (outputs: readonly BroadcastOutput[]) =>
  outputs.filter(output => output.kind === 'delivered')

test('validity: the vector of an honest author is delivered by every honest peer, once', t => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 10 }), fc.nat(), (n, seed) => {
      const f = Math.floor((n - 1) / 3)
      const silent = Array.from({ length: f }, (_, i) => n - 1 - i)
      const { outputs } = broadcast(n, silent, seed)
      const [vector] = normals(seed, 1, D)
      for (let peer = 0; peer < n - f; peer++) {
        const got = deliveries(outputs[peer]!)
        if (got.length !== 1 || got[0]!.kind !== 'delivered') return false
        if (got[0]!.sealed.digest !== seal(vector!).digest) return false
      }
      return true
    }),
    { numRuns: 60 },
  )
  t.pass()
})

/** A faulty author sends one vector to some peers and another to the rest, and votes for both. */
function equivocator(n: number, seed: number, split: number): (seen: Flight | null) => readonly Flight[] {
  const [a, b] = normals(seed + 1, 2, D).map(seal)
  const slot = slotAt(0)
  return seen => {
    if (seen !== null) {
      const { from, message } = seen
      return message.kind === 'request'
        ? [{ from: 0, to: from, message: { kind: 'payload', slot, sealed: b! } }]
        : []
    }
    return Array.from({ length: n - 1 }, (_, i) => i + 1).flatMap(to => {
      const mine = to <= split ? a! : b!
      const say = (message: Message): Flight => ({ from: 0, to, message })
      return [
        say({ kind: 'vector', slot, sealed: mine }),
        say({ kind: 'echo', slot, digest: mine.digest, signature: mine.signature }),
        say({ kind: 'ready', slot, digest: mine.digest }),
      ]
    })
  }
}

test('agreement and totality: an equivocating author makes all honest peers deliver the same vector, or none', t => {
  let some = 0
  let none = 0
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 10 }), fc.nat(), fc.nat(), (n, seed, cut) => {
      const { outputs } = broadcast(n, [0], seed, equivocator(n, seed, cut % n))
      const digests = outputs
        .slice(1)
        .map(list => deliveries(list).map(o => (o.kind === 'delivered' ? o.sealed.digest : '')))
      const all = new Set(digests.map(list => list.join()))
      if (digests.some(list => list.length > 1) || all.size !== 1) return false
      if (all.has('')) none++
      else some++
      return true
    }),
    { numRuns: 200 },
  )
  t.true(some > 0 && none > 0, 'both outcomes occur, so the property says something')
})

test('equivocation is proved by two commitments of the author', t => {
  const { faults } = broadcast(4, [0], 5, equivocator(4, 5, 1))
  const proofs = faults.flat().filter(fault => fault.kind === 'equivocation')
  t.true(proofs.length > 0)
  for (const { peer, evidence } of proofs) {
    t.is(peer, 0)
    t.not(evidence!.first.digest, evidence!.second.digest)
  }
})

test('payload once: with an honest author each vector crosses each link once, and nobody asks for it', t => {
  const { delivered } = broadcast(7, [], 3)
  const kinds = (kind: string) => delivered.filter(({ message }) => message.kind === kind).length
  t.is(kinds('vector'), 6)
  t.is(kinds('payload'), 0)
  t.is(kinds('echo'), 7 * 6)
  t.is(kinds('ready'), 7 * 6)
})

test('a peer that the author left out asks one that echoed, and the next when that one refuses', t => {
  const n = 4
  const [vector] = normals(9, 1, D)
  const sealed = seal(vector!)
  const slot = slotAt(0)
  const make = (self: number) =>
    createBroadcast({ slot, self, peers: n, maxFaulty: 1, dimension: D, ledger: testLedger() })
  const late = make(3)
  // Peers 1 and 2 hold the vector; the author, peer 0, is faulty: it votes and never answers.
  for (const from of [0, 1, 2])
    late.receive(from, { kind: 'echo', slot, digest: sealed.digest, signature: sealed.signature })
  const steps = [0, 1, 2].map(from => late.receive(from, { kind: 'ready', slot, digest: sealed.digest }))
  t.deepEqual(
    steps.flatMap(effects => effects.outputs.map(output => output.kind)),
    ['timer'],
  )
  const asked = [0, 1, 2].flatMap(() => late.input({ kind: 'timer' }).messages.map(({ to }) => to))
  t.deepEqual([...asked].sort(), [0, 1, 2], 'each holder is asked in turn')
  const answer = late.receive(2, { kind: 'payload', slot, sealed })
  t.is(answer.outputs[0]?.kind, 'delivered')
  const wrong = make(3).receive(2, { kind: 'payload', slot, sealed })
  t.deepEqual(
    wrong.faults.map(({ kind, peer }) => [kind, peer]),
    [['unrequested-payload', 2]],
  )
})

test('votes count once a peer, and a second, different one is a fault', t => {
  const slot = slotAt(0)
  const peer = createBroadcast({
    slot,
    self: 3,
    peers: 4,
    maxFaulty: 1,
    dimension: D,
    ledger: testLedger(),
  })
  const ready = (digest: string) => peer.receive(1, { kind: 'ready', slot, digest })
  t.is(ready('aa').messages.length, 0)
  t.is(ready('aa').messages.length, 0, 'the same vote again is no second peer')
  t.deepEqual(
    ready('bb').faults.map(({ kind }) => kind),
    ['conflicting-vote'],
  )
  t.deepEqual(
    peer.receive(2, { kind: 'ready', slot, digest: 'aa' }).messages.map(({ message }) => message.kind),
    ['ready'],
  )
})

test('vectors of the wrong length or not finite are faults of the author and count as never received', t => {
  for (const [vector, kind] of [
    [new Float32Array(D + 1), 'wrong-dimension'],
    [Float32Array.of(1, NaN, 2), 'not-finite'],
  ] as const) {
    const peer = createBroadcast({
      slot: slotAt(0),
      self: 1,
      peers: 4,
      maxFaulty: 1,
      dimension: D,
      ledger: testLedger(),
    })
    const effects = peer.receive(0, { kind: 'vector', slot: slotAt(0), sealed: seal(vector) })
    t.deepEqual(
      effects.faults.map(fault => [fault.peer, fault.kind]),
      [[0, kind]],
    )
    t.is(effects.messages.length, 0, 'no echo')
  }
})

test('nobody can make a peer send a vector without end', t => {
  const author = createBroadcast({
    slot: slotAt(0),
    self: 0,
    peers: 4,
    maxFaulty: 1,
    dimension: D,
    ledger: testLedger(),
  })
  const [vector] = normals(1, 1, D)
  author.input({ kind: 'vector', vector: vector! })
  const request = { kind: 'request', slot: slotAt(0), digest: seal(vector!).digest } as const
  const steps = Array.from({ length: 10 }, () => author.receive(2, request))
  t.true(steps.filter(effects => effects.messages.length > 0).length <= 3)
  t.true(steps.some(effects => effects.faults.some(({ kind }) => kind === 'excessive-requests')))
})
