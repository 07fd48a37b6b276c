/** What peers of the simulated world share is what each of them would have computed. */
import test from 'ava'
import { aggregate } from '../../../agreement/averaging/aggregate.ts'
import { squaredDistances } from '../../../agreement/kernels/index.ts'
import type { Slot } from '../../../agreement/message.ts'
import { descended } from '../../../learning/descent.ts'
import { randomStream } from '../../../learning/random.ts'
import { digestOf } from '../../../node/signatures/index.ts'
import { createSharedView } from '../../../node/simulation/adversary-view.ts'
import { createEd25519Authority } from '../../../node/simulation/authority.ts'
import { keySeed } from '../../../node/simulation/keys.ts'
import { sharedDistances } from '../../../node/simulation/shared-distances.ts'
import { sharedDescents, sharedRules } from '../../../node/simulation/shared-rules.ts'

const random = randomStream(1, 'shared')
const drawn = (scale = 1) => Float32Array.from({ length: 300 }, () => scale * random.normal())
const family = (size: number, scale?: number) => Array.from({ length: size }, () => drawn(scale))

test('distances that are remembered have the bits of those computed at once', t => {
  for (const [name, scale] of [
    ['32 bits are enough', 1],
    ['32 bits are too few', 1e-25],
  ] as const) {
    const distances = sharedDistances()
    const base = family(40, scale)
    t.deepEqual(distances(base), squaredDistances(base), name)
    for (const places of [[3], [0, 39], [7, 8, 9, 10, 11], [], [...base.keys()]]) {
      const changed = base.map((vector, j) => (places.includes(j) ? drawn(scale) : vector))
      t.deepEqual(distances(changed), squaredDistances(changed), `${name}; new: ${places}`)
    }
    for (const size of [33, 4, 3]) {
      const fewer = base.slice(0, size).reverse()
      t.deepEqual(distances(fewer), squaredDistances(fewer), `${name}; ${size} of them`)
    }
  }
})

test('equal vectors have no distance, and leave the bits of the others as they are', t => {
  const distances = sharedDistances()
  const [a, b] = [drawn(), drawn()]
  for (const lie of [drawn(), b]) {
    const vectors = [...Array.from({ length: 17 }, () => a.slice()), b, lie]
    t.deepEqual(distances(vectors), squaredDistances(vectors))
  }
})

test('a family in other objects has the result of the first', t => {
  const rules = sharedRules()
  for (const protocol of ['mda', 'cva', 'icwtm'] as const) {
    const vectors = family(20)
    const options = { maxFaulty: 3, keep: 14 }
    const result = rules(protocol, { vectors, own: vectors[0]!, ...options })
    t.deepEqual(result, aggregate(protocol, { vectors, own: vectors[0]!, ...options }))
    const copies = vectors.map(vector => vector.slice())
    t.is(rules(protocol, { vectors: copies, own: copies[0]!, ...options }), result)
    t.not(rules(protocol, { vectors: copies, own: copies[0]!, ...options, keep: 13, maxFaulty: 2 }), result)
    const others = copies.with(5, drawn())
    t.deepEqual(
      rules(protocol, { vectors: others, own: others[0]!, ...options }),
      aggregate(protocol, { vectors: others, own: others[0]!, ...options }),
    )
  }
})

test('a descent is shared by the peers that descend from the same parameters at the same rate', t => {
  const descend = sharedDescents()
  const [parameters, gamma] = [drawn(), drawn()]
  const moved = descend(parameters, gamma, 0.5, { low: -1, high: 1 })
  t.deepEqual(moved, descended(parameters, gamma, 0.5, { low: -1, high: 1 }))
  t.is(descend(parameters, gamma, 0.5, { low: -1, high: 1 }), moved)
  const others = [
    [drawn(), 0.5, { low: -1, high: 1 }],
    [parameters, 0.25, { low: -1, high: 1 }],
    [parameters, 0.5, { low: -1, high: 2 }],
    [parameters, 0.5, null],
  ] as const
  for (const [from, rate, box] of others)
    t.deepEqual(descend(from, gamma, rate, box), descended(from, gamma, rate, box))
})

test('a signature that a peer made for its own slot is valid, and no other is taken for it', t => {
  const { signer, verifier } = createEd25519Authority('cohort', [keySeed(1, 0), keySeed(1, 1)])
  const slot: Slot = { step: 1, phase: 'gradient', iteration: 0, sender: 0 }
  const digest = digestOf(drawn())
  const signature = signer(0).sign(slot, digest)
  t.true(verifier.verify(slot, digest, signature.slice()))
  t.true(createEd25519Authority('cohort', [keySeed(1, 0)]).verifier.verify(slot, digest, signature))
  t.false(verifier.verify(slot, digest, signature.with(40, signature[40]! ^ 1)))
  t.false(verifier.verify({ ...slot, step: 2 }, digest, signature))
  t.false(verifier.verify({ ...slot, sender: 1 }, digest, signature))
  t.false(verifier.verify(slot, digestOf(drawn()), signature))
  t.false(verifier.verify(slot, digest, signer(1).sign(slot, digest)))
})

test('the adversary remembers as many exchanges as fit, and some in any case', t => {
  const remembered = (dimension: number): number => {
    const view = createSharedView(2)
    const vector = new Float32Array(dimension)
    const slots = Array.from(
      { length: 300 },
      (_, step): Slot => ({ step, phase: 'gradient', iteration: 0, sender: 0 }),
    )
    for (const slot of slots) view.sealed(slot, vector)
    return slots.filter(slot => view.honest(slot).length > 0).length
  }
  t.is(remembered(10), 256)
  t.is(remembered(2 ** 18), 32)
  t.is(remembered(2 ** 24), 8)
})
