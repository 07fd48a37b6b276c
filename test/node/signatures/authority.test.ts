/** Signed slots: what is bound by a signature, whose it must be, and that the same one is verified once. */
import test from 'ava'
import fc from 'fast-check'
import type { Message, Slot } from '../../../agreement/message.ts'
import {
  createSigner,
  createVerifier,
  digestOf,
  type Ed25519,
  ed25519,
  signedBytes,
} from '../../../node/signatures/index.ts'

const slot: Slot = { step: 3, phase: 'gradient', iteration: 1, sender: 1 }
const digest = digestOf(Float32Array.of(1, 2, 3))
const seeds = [0, 1, 2].map(index => new Uint8Array(32).fill(index + 1))
const keys = seeds.map(seed => ed25519.publicKey(seed))
const cohortId = 'ab'.repeat(32)
const signature = createSigner(cohortId, seeds[1]!).sign(slot, digest)

/** Ed25519 that counts what it is asked. */
function counting(): Ed25519 & { calls: number } {
  const counter = {
    ...ed25519,
    calls: 0,
    verify: (...asked: Parameters<Ed25519['verify']>) => {
      counter.calls++
      return ed25519.verify(...asked)
    },
  }
  return counter
}

test('a digest is the SHA-256 of the little-endian bytes, and the same object is hashed once', t => {
  const vector = Float32Array.of(0, 1, -2.5)
  t.is(digestOf(vector), '4356516ed57de986ba8080c557e8856871336d6a17b170fb946df125605466c9')
  const before = digestOf(vector)
  vector[0] = 9
  t.is(digestOf(vector), before)
  t.not(digestOf(vector.slice()), before)
})

test('a signature holds for its cohort, slot, digest and author alone', t => {
  const verifier = createVerifier(cohortId, keys)
  t.true(verifier.verify(slot, digest, signature))
  t.false(createVerifier('cd'.repeat(32), keys).verify(slot, digest, signature))
  t.false(verifier.verify(slot, digestOf(Float32Array.of(1, 2, 4)), signature))
  for (const other of [
    { ...slot, step: 4 },
    { ...slot, phase: 'parameters' as const },
    { ...slot, iteration: 2 },
    { ...slot, sender: 0 },
    { ...slot, sender: 9 },
  ])
    t.false(verifier.verify(other, digest, signature))
})

test('no two slots, digests or cohorts share their signed bytes', t => {
  const slots: fc.Arbitrary<Slot> = fc.record({
    step: fc.maxSafeNat(),
    phase: fc.constantFrom('gradient', 'parameters'),
    iteration: fc.nat(),
    sender: fc.nat(),
  })
  const digests = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map(bytes => Buffer.from(bytes).toString('hex'))
  const inputs = fc.tuple(fc.string({ maxLength: 70 }), slots, digests)
  fc.assert(
    fc.property(inputs, inputs, (a, b) => {
      const same = JSON.stringify(a) === JSON.stringify(b)
      t.is(Buffer.compare(signedBytes(...a), signedBytes(...b)) === 0, same)
      t.deepEqual(signedBytes(...a), signedBytes(...a))
    }),
  )
})

test('messages that carry a signature are accepted by it, the others need none', t => {
  const { accepts } = createVerifier(cohortId, keys)
  const sealed = { vector: Float32Array.of(1, 2, 3), digest, signature }
  const good: Message[] = [
    { kind: 'vector', slot, sealed },
    { kind: 'payload', slot, sealed },
    { kind: 'echo', slot, digest, signature },
    { kind: 'ready', slot, digest },
    { kind: 'request', slot, digest },
    { kind: 'report', slot, peers: [0, 1] },
  ]
  t.deepEqual(
    good.map(accepts),
    good.map(() => true),
  )
  const forged = signature.slice()
  forged[0]! ^= 1
  t.false(accepts({ kind: 'vector', slot, sealed: { ...sealed, signature: forged } }))
  t.false(accepts({ kind: 'payload', slot: { ...slot, sender: 2 }, sealed }))
  t.false(accepts({ kind: 'echo', slot, digest, signature: new Uint8Array(0) }))
})

test('what was verified is not verified again, within a limit; what failed is', t => {
  const implementation = counting()
  const verifier = createVerifier(cohortId, keys, { implementation, verifiedMax: 2 })
  for (let i = 0; i < 5; i++) t.true(verifier.verify(slot, digest, signature))
  t.is(implementation.calls, 1)
  const forged = signature.slice()
  forged[40]! ^= 1
  for (let i = 0; i < 3; i++) t.false(verifier.verify(slot, digest, forged))
  t.is(implementation.calls, 4)
  const signer = createSigner(cohortId, seeds[1]!)
  for (const step of [10, 11]) {
    const later = { ...slot, step }
    t.true(verifier.verify(later, digest, signer.sign(later, digest)))
  }
  t.is(implementation.calls, 6)
  t.true(verifier.verify(slot, digest, signature))
  t.is(implementation.calls, 7)
})
