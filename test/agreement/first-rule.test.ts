/** A rule in the first iteration of an agreement on gradients: which it may be, and what it makes of the vectors. */
import test from 'ava'
import fc from 'fast-check'
import { aggregate } from '../../agreement/averaging/aggregate.ts'
import { whyNoFirstRule, whyNotFirst } from '../../agreement/averaging/first-rule.ts'
import { squaredDistances } from '../../agreement/kernels/index.ts'
import { protocolNamed } from '../../agreement/protocols/registry.ts'
import { nnm } from '../../agreement/rules/nnm.ts'
import { aggregator } from '../../agreement/rules/registry.ts'
import type { Vector } from '../../agreement/vector.ts'

const families = fc
  .array(fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 3, maxLength: 3 }), {
    minLength: 7,
    maxLength: 9,
  })
  .map(rows => rows.map(row => Float32Array.from(row, value => value / 4)))

const familyOf = (vectors: readonly Vector[], place = 2) => ({
  vectors,
  own: vectors[place]!,
  maxFaulty: 1,
  keep: 5,
})

test('a rule by name is that rule, whatever the protocol', t => {
  fc.assert(
    fc.property(
      families,
      fc.constantFrom('nnm+cwtm', 'nnm+gm', 'krum', 'bucketing+cwmed'),
      fc.constantFrom('mda' as const, 'cva' as const, 'rb-tm' as const),
      (vectors, firstRule, protocol) => {
        const result = aggregate(protocol, { ...familyOf(vectors), firstRule })
        t.deepEqual(result, aggregator(firstRule).aggregate(vectors, 1))
      },
    ),
  )
})

test('nnm alone mixes in front of the protocol’s own rule; for CVA a peer’s own vector is mixed, too', t => {
  fc.assert(
    fc.property(
      families,
      fc.constantFrom('mda' as const, 'cva' as const, 'icwtm' as const, 'rb-tm' as const),
      (vectors, protocol) => {
        const mixed = nnm(vectors, 1)
        const result = aggregate(protocol, { ...familyOf(vectors), firstRule: 'nnm' })
        t.deepEqual(result, protocolNamed(protocol).rule(familyOf(mixed), squaredDistances))
      },
    ),
  )
})

test('bucketing alone leaves fewer vectors, and MDA keeps fewer of them', t => {
  const vectors = [0, 2, 4, 6, 8, 10, 12].map(x => Float32Array.of(x))
  // Buckets 1, 5, 9 and 12; MDA keeps 5 − (7 − 4) = 2 of them: 9 and 12.
  t.deepEqual(aggregate('mda', { ...familyOf(vectors), firstRule: 'bucketing' }), Float32Array.of(10.5))
})

test('which names a first rule may have', t => {
  for (const name of ['nnm', 'bucketing', 'nnm+cwtm', 'clip+nnm+gm', 'mean']) t.is(whyNoFirstRule(name), null)
  t.regex(whyNoFirstRule('nmm+cwtm')!, /no pre-aggregation is called "nmm"/)
  t.regex(whyNoFirstRule('cwmt')!, /no rule is called "cwmt"/)
})

test('a first rule is refused where it cannot stand f liars among the vectors that are waited for', t => {
  t.is(whyNotFirst('bucketing', 6, 1), null)
  t.regex(whyNotFirst('bucketing', 5, 2)!, /makes 3 vectors of 5, and behind it more than 2f = 4 are needed/)
  t.regex(whyNotFirst('bucketing+cwtm', 6, 2)!, /cwtm/)
  t.is(whyNotFirst('nnm+cwtm', 3, 1), null)
  t.regex(whyNotFirst('nnm+mean', 6, 1)!, /tolerates no liar, and f is 1/)
  t.is(whyNotFirst('mean', 6, 0), null)
  t.regex(whyNotFirst('nnm+cwtm', 2, 1)!, /nnm/)
  // What comes in time may be little work, and what a peer may come to have too much.
  t.is(whyNotFirst('smea', 21, 3), null)
  t.regex(whyNotFirst('smea', 21, 3, 120)!, /subsets/)
})
