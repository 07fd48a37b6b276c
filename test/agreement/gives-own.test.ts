/** The lemma of docs/exchange.md: when a rule gives a vector whatever the others are, and that each condition is needed. */
import test from 'ava'
import fc from 'fast-check'
import { aggregate } from '../../agreement/averaging/aggregate.ts'
import { givesOwn } from '../../agreement/averaging/gives-own.ts'
import { type ProtocolName, peersNeeded } from '../../agreement/bounds.ts'
import { isBroadcastBased } from '../../agreement/protocols/registry.ts'
import { quorum } from '../../agreement/thresholds.ts'
import type { Vector } from '../../agreement/vector.ts'
import { randomStream } from '../../learning/random.ts'

const v = (...values: number[]): Vector => Float32Array.from(values)
const bits = (vector: Vector) => [...new Uint32Array(vector.slice().buffer)]

/** Others of every size and kind: far, near, huge, in one place, or in many. */
function othersOf(own: Vector, count: number, seed: number): Vector[] {
  const random = randomStream(seed, 'others')
  const kind = random.integer(4)
  const shared = own.map(() => random.normal())
  return Array.from({ length: count }, () =>
    own.map((value, i) => {
      switch (kind) {
        case 0:
          return value + random.normal()
        case 1:
          return shared[i]!
        case 2:
          return 3e38 * (2 * random.uniform() - 1)
        default:
          return value + 1e-3 * random.normal()
      }
    }),
  )
}

for (const protocol of ['mda', 'cva', 'icwtm', 'rb-tm', 'box-geom', 'box-mean', 'mean'] as const)
  for (const synchrony of ['asynchronous', 'synchronous'] as const) {
    if (isBroadcastBased(protocol) && synchrony === 'synchronous') continue
    test(`${protocol}, ${synchrony}: where the lemma says so, the rule gives v to the bit`, t => {
      let given = 0
      fc.assert(
        fc.property(
          fc.record({
            f: protocol === 'mean' ? fc.constant(0) : fc.integer({ min: 0, max: 2 }),
            more: fc.nat(3),
            fewer: fc.nat(2),
            others: fc.nat(4),
            d: fc.integer({ min: 1, max: 70 }),
            seed: fc.nat(1e6),
          }),
          ({ f, more, fewer, others, d, seed }) => {
            const n = Math.max(2, peersNeeded(protocol, f, synchrony) ?? 2) + more
            const total = n - Math.min(fewer, f)
            const waited = synchrony === 'synchronous' ? total : quorum(n, f, synchrony)
            const keep = waited - f
            const equal = Math.max(1, total - others)
            if (!givesOwn(protocol, { total, equal, maxFaulty: f, keep })) return
            // At most f others always are few enough.
            given++
            const random = randomStream(seed, 'own')
            const own = Float32Array.from(
              { length: d },
              () => 10 ** (20 * random.uniform() - 10) * random.normal(),
            )
            const vectors = random.shuffle([
              ...Array.from({ length: equal }, () => own.slice()),
              ...othersOf(own, total - equal, seed),
            ])
            t.deepEqual(bits(aggregate(protocol, { vectors, own, maxFaulty: f, keep })), bits(own))
          },
        ),
        { numRuns: 400 },
      )
      t.true(given > 50, `${given} cases`)
    })

    test(`${protocol}, ${synchrony}: at most f others are always few enough`, t => {
      for (let f = 0; f <= (protocol === 'mean' ? 0 : 4); f++)
        for (let n = Math.max(2, peersNeeded(protocol, f, synchrony) ?? 2); n < 40; n++)
          for (let total = n - f; total <= n; total++) {
            const keep = (synchrony === 'synchronous' ? total : n - f) - f
            t.true(givesOwn(protocol, { total, equal: total - f, maxFaulty: f, keep }), `${n} ${f} ${total}`)
          }
    })
  }

/** `equal` times 1, then the others. */
function result(
  protocol: ProtocolName,
  equal: number,
  others: readonly number[],
  { f, keep, own = 1 }: { f: number; keep: number; own?: number },
): number {
  const vectors = [...others, ...Array.from({ length: equal }, () => 1)].map(x => v(x))
  return aggregate(protocol, { vectors, own: v(own), maxFaulty: f, keep })[0]!
}

test('each condition is needed: without it there are others that move the result', t => {
  // MDA: one equal vector fewer than it keeps; and as many others as it keeps, which come first.
  t.false(givesOwn('mda', { total: 7, equal: 4, maxFaulty: 1, keep: 5 }))
  t.not(result('mda', 4, [2, 2, 2], { f: 1, keep: 5 }), 1)
  t.false(givesOwn('mda', { total: 10, equal: 5, maxFaulty: 1, keep: 5 }))
  t.is(result('mda', 5, [2, 2, 2, 2, 2], { f: 1, keep: 5 }), 2)
  // CVA: the same, and a peer whose own vector is another one.
  t.false(givesOwn('cva', { total: 8, equal: 5, maxFaulty: 1, keep: 6 }))
  t.not(result('cva', 5, [2, 2, 2], { f: 1, keep: 6 }), 1)
  t.not(result('cva', 7, [2], { f: 1, keep: 6, own: 2 }), 1)
  // Trimming: one more than f others on one side; and nothing left between two trimmed ends.
  for (const protocol of ['icwtm', 'rb-tm', 'box-geom', 'box-mean'] as const) {
    t.false(givesOwn(protocol, { total: 5, equal: 3, maxFaulty: 1, keep: 3 }))
    t.not(result(protocol, 3, [2, 2], { f: 1, keep: 3 }), 1)
    t.false(givesOwn(protocol, { total: 4, equal: 2, maxFaulty: 2, keep: 1 }))
    t.throws(() => result(protocol, 2, [2, 2], { f: 2, keep: 1 }))
  }
  // The mean: any other vector.
  t.false(givesOwn('mean', { total: 3, equal: 2, maxFaulty: 0, keep: 3 }))
  t.not(result('mean', 2, [2], { f: 0, keep: 3 }), 1)
})

test('the rules lose the sign of a zero, which a peer that goes on with its own vector keeps', t => {
  const zero = v(-0)
  const family = { vectors: [zero, zero, zero, zero, zero, zero, v(1)], own: zero, maxFaulty: 1, keep: 5 }
  t.true(Object.is(aggregate('mda', family)[0], 0))
})
