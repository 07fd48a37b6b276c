/** Keys and signatures that arrive as Buffers, as they do from the network, are looked at and left as they are. */
import test from 'ava'
import { identityFromSeed } from '../../../node/cohort/identity.ts'
import { createSigner, createVerifier, isStrictPoint } from '../../../node/signatures/index.ts'

const slot = { step: 1, phase: 'gradient', iteration: 0, sender: 0 } as const

test('checking a point leaves its bytes alone, in a Buffer too', t => {
  // The sign of x is set: the bit that the check looks past.
  const point = Buffer.alloc(32, 0x81)
  isStrictPoint(point)
  t.deepEqual(point, Buffer.alloc(32, 0x81))
})

test('a signature that arrived in a Buffer verifies as often as it is asked', t => {
  for (let sample = 0; sample < 16; sample++) {
    const { seed, publicKey } = identityFromSeed(new Uint8Array(32).fill(sample))
    const digest = Buffer.alloc(32, sample).toString('hex')
    const signature = Buffer.from(createSigner('00', seed).sign(slot, digest))
    const before = signature.toString('hex')
    for (let times = 0; times < 2; times++)
      t.true(createVerifier('00', [Buffer.from(publicKey)]).verify(slot, digest, signature))
    t.is(signature.toString('hex'), before)
  }
})
