/** Hyperboxes: the definition, why any two honest peers' boxes meet, and three ways in which they would not. */
import test from 'ava'
import fc from 'fast-check'
import { createAveraging } from '../../agreement/averaging/create.ts'
import { bounds, mostFaults } from '../../agreement/bounds.ts'
import { protocolNamed } from '../../agreement/protocols/registry.ts'
import { refusalOf } from '../../agreement/refusal.ts'
import { BOX_SUBSETS_MAX, boxGeom, boxMean, gm } from '../../agreement/rules/index.ts'
import type { Vector } from '../../agreement/vector.ts'
import { type RandomStream, randomStream } from '../../learning/random.ts'
import { testLedger } from './harness.ts'
import { cases, worstError } from './naive/close.ts'
import { grow, shapes } from './naive/families.ts'
import * as naive from './naive/rules.ts'

const boxes = { 'box-geom': boxGeom, 'box-mean': boxMean } as const
const rows = (family: readonly Vector[]): naive.Rows => family.map(vector => Array.from(vector))
const v = (...values: number[]): Vector => Float32Array.from(values)

test('box-mean is what enumeration of the subsets says, in every kind of family', t => {
  t.notThrows(() =>
    fc.assert(
      fc.property(shapes({ n: 9, d: 12 }), fc.nat(8), (shape, some) => {
        const family = grow(shape)
        const keep = 1 + (some % (shape.n - shape.f))
        const expected = naive.box(rows(family), shape.f, keep, naive.mean)
        return worstError(boxMean(family, shape.f, { keep }), expected, family, 0.1) < 1e-5
      }),
      { numRuns: cases() },
    ),
  )
})

/** The median as the rule has it; that it is one, to 1e-6, is a property of gm. Naive steps end too early near a vector. */
const medianOf = (subset: naive.Rows) => Array.from(gm(subset.map(row => Float32Array.from(row))))

test('box-geom is what its definition says, of the medians as they are known', t => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        shapes({ kinds: ['normal', 'integers', 'duplicates', 'cluster'], n: 7, d: 12 }),
        fc.nat(8),
        (shape, some) => {
          const keep = 1 + (some % (shape.n - shape.f))
          const family = grow(shape)
          const expected = naive.box(rows(family), shape.f, keep, medianOf)
          return worstError(boxGeom(family, shape.f, { keep }), expected, family, 0.1) < 1e-5
        },
      ),
      { numRuns: cases() },
    ),
  )
})

test('box-geom beside medians from another algorithm', t => {
  const random = randomStream(3, 'medians')
  for (const [n, f] of [
    [4, 1],
    [7, 2],
    [8, 1],
  ] as const) {
    const family = Array.from({ length: n }, () => Float32Array.from({ length: 6 }, () => random.normal()))
    const keep = n - 2 * f > 2 ? n - 2 * f : n - f
    const expected = naive.box(rows(family), f, keep, naive.gm)
    t.true(worstError(boxGeom(family, f, { keep }), expected, family, 1) < 1e-4)
  }
})

test('equal vectors give themselves, and f others move none of them', t => {
  for (const rule of Object.values(boxes)) {
    t.deepEqual(rule([v(3, -4), v(3, -4), v(3, -4)], 1), v(3, -4))
    t.deepEqual(rule([v(9e9, 0), v(3, -4), v(3, -4), v(3, -4), v(-1, 1e30)], 2), v(3, -4))
  }
})

/** Vectors that all peers share, and more that each has for itself: of `f` liars at most. */
function twoFamilies(random: RandomStream, f: number, n: number, d: number) {
  const reach = 10 ** (12 * random.uniform() - 4)
  const honest = Array.from({ length: n - f }, () =>
    Float32Array.from({ length: d }, () => (random.uniform() < 0.3 ? 0 : random.normal())),
  )
  const liars = Array.from({ length: f }, () =>
    Float32Array.from({ length: d }, (_, i) =>
      random.uniform() < 0.5 ? reach * random.normal() : honest[random.integer(n - f)]![i]!,
    ),
  )
  const all = random.shuffle([...honest, ...liars])
  const isShared = new Set(random.shuffle([...all.keys()]).slice(0, n - f))
  const families = [0, 1].map(() => all.filter((_, j) => isShared.has(j) || random.uniform() < 0.5))
  return { honest, families }
}

for (const [name, box] of Object.entries(boxes))
  test(`${name}: peers that share n − f vectors come within half the honest range, and stay in it`, t => {
    let widest = 0
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 1, max: 2 }), fc.nat(2), (seed, f, more) => {
        const random = randomStream(seed, 'boxes')
        const [n, d] = [3 * f + 1 + more, 1 + random.integer(4)]
        const { honest, families } = twoFamilies(random, f, n, d)
        const [a, b] = families.map(family => box(family, f, { keep: n - 2 * f }))
        for (let i = 0; i < d; i++) {
          const values = honest.map(vector => vector[i]!)
          const [low, high] = [Math.min(...values), Math.max(...values)]
          for (const each of [a!, b!]) t.true(each[i]! >= low && each[i]! <= high)
          // Rounding a middle to 32 bits may cost this much.
          const rounding = 2 ** -22 * Math.max(Math.abs(low), Math.abs(high))
          const apart = Math.abs(a![i]! - b![i]!)
          t.true(apart <= (high - low) / 2 + rounding, `${apart} of ${high - low}`)
          if (high > low) widest = Math.max(widest, apart / (high - low))
        }
      }),
      { numRuns: cases() },
    )
    t.true(widest > 0.3, `at most ${widest} of the range: too little to test a half`)
  })

test('a subset has the same median to the bit, whatever else a peer has received', t => {
  const random = randomStream(1, 'same bits')
  const draw = (scale: number) => Float32Array.from({ length: 40 }, () => scale * random.normal())
  const shared = Array.from({ length: 5 }, () => draw(1))
  const median = gm(shared)
  t.deepEqual(boxGeom(shared, 0), median)
  // Far away on either side: in each coordinate the medians' box ends at one that the lie is not in.
  for (const far of [1e4, 1e9]) {
    const lie = median.map(value => Math.sign(value) * far)
    const medians = Array.from({ length: 5 }, (_, out) => gm([...shared.filter((_, j) => j !== out), lie]))
    const box = boxGeom([...shared, lie], 1)
    const sorted = (i: number) => [...shared, lie].map(each => each[i]!).sort((a, b) => a - b)
    for (let i = 0; i < 40; i++) {
      const ends = [median, ...medians].map(each => each[i]!)
      const [low, high] = [
        Math.max(sorted(i)[1]!, Math.min(...ends)),
        Math.min(sorted(i)[4]!, Math.max(...ends)),
      ]
      t.is(box[i], Math.fround((low + high) / 2))
    }
  }
})

test('without shared vectors, sent one to all as in MDA, two peers at 3f + 1 stay where they are', t => {
  for (const box of Object.values(boxes)) {
    // Honest 0, 1, 1; the liar says 0 to the first and 1 to the second; each has three of the four.
    t.deepEqual(box([v(0), v(1), v(0)], 1, { keep: 2 }), v(0))
    t.deepEqual(box([v(1), v(1), v(1)], 1, { keep: 2 }), v(1))
  }
})

test('subsets of n − f among as few vectors: a liar’s is in each, and the boxes do not meet', t => {
  const family = [v(0, 0), v(4, 1), v(1, 9)]
  const [median, mean] = [gm(family), naive.mean(rows(family))]
  // Trimming one at each end leaves one point, which is neither the median nor the mean of all.
  t.not(median[0], 1)
  t.not(mean[0], 1)
  for (const box of Object.values(boxes)) {
    t.throws(() => box(family, 1, { keep: 3 }), { code: 'bad-parameter', message: /from 1 to 2/ })
    t.is(box(family, 1, { keep: 2 })[0], 1)
  }
})

test('counts that follow the number received: a vector that reaches one peer only holds two apart', t => {
  // m − (n − f) trimmed at each end, subsets of n − f, at n = 4, f = 1. The median of the three is the third.
  const honest = [v(0, -10), v(0, 10), v(1, 0)]
  const [with4, with3] = [boxGeom([...honest, v(0, 0)], 1, { keep: 3 }), boxGeom(honest, 0, { keep: 3 })]
  t.is(with4[0], 0)
  t.true(Math.abs(with3[0]! - 1) < 1e-5, 'as far apart as they were')
  // With counts of n, f and q alone the same vectors bring them together.
  const [fixed4, fixed3] = [boxGeom([...honest, v(0, 0)], 1, { keep: 2 }), boxGeom(honest, 1, { keep: 2 })]
  t.true(Math.abs(fixed4[0]! - fixed3[0]!) <= 0.5)
})

test('under synchrony neither runs, for counts would follow what was accepted', t => {
  for (const protocol of ['box-geom', 'box-mean'] as const) {
    const refusal = refusalOf({ protocol, peers: 7, maxFaulty: 2, synchrony: 'synchronous' })
    t.is(refusal?.reason, 'below-bound')
    t.regex(refusal!.why, /runs asynchronously only/)
  }
})

test('large subsets: few of them are too much work; what every cohort of 13 has is not', t => {
  const query = { synchrony: 'asynchronous', protocol: 'box-geom' } as const
  // 1,953 subsets of 61.
  t.is(refusalOf({ ...query, peers: 63, maxFaulty: 1, unsafe: true })?.reason, 'work')
  for (let f = 0; f <= 4; f++) t.is(refusalOf({ ...query, peers: 13, maxFaulty: f }), null, `f = ${f}`)
  // The most faults that are feared by default are as many as run.
  for (let peers = 1; peers <= 64; peers++) {
    const maxFaulty = mostFaults('box-geom', peers, 'asynchronous')
    t.is(refusalOf({ ...query, peers, maxFaulty }), null, `n = ${peers}, f = ${maxFaulty}`)
  }
})

test('too many subsets: refused before anything runs, unsafe or not; the means are not enumerated', t => {
  const query = { peers: 16, maxFaulty: 3, synchrony: 'asynchronous' } as const
  const refusal = refusalOf({ ...query, protocol: 'box-geom', unsafe: true })
  t.is(refusal?.reason, 'work')
  t.regex(refusal!.why, /n = 16 and f = 3 has 8008 subsets of 10 among 16 vectors.* at most 2000/)
  t.like(bounds({ ...query, protocol: 'box-geom' }), {
    feasible: false,
    why: refusal!.why,
    contraction: null,
  })
  const slot = { self: 0, dimension: 1, step: 1, phase: 'gradient', iterations: 1, grace: false } as const
  const ledger = testLedger()
  t.throws(() => createAveraging({ ...query, ...slot, ledger, protocol: 'box-geom', unsafe: true }))
  t.is(refusalOf({ ...query, protocol: 'box-mean' }), null)
  const many = Array.from({ length: 16 }, (_, j) => v(j))
  t.throws(() => boxGeom(many, 3, { keep: 10 }), { code: 'work-limit' })
  // 2,002 small ones.
  t.throws(() => boxGeom(many.slice(0, 14), 4, { keep: 5 }), { code: 'work-limit' })
  t.deepEqual(boxMean(many, 3, { keep: 10 }), v(7.5))
  // Up to 13 peers nothing is too much.
  for (let peers = 1; peers <= 13; peers++)
    for (let q = 1; q <= peers; q++)
      t.is(protocolNamed('box-geom').whyTooMuch!(peers, 0, q), null, `${BOX_SUBSETS_MAX}`)
})
