/** The rules of gossip against their definitions, and how far lies move an honest peer: no farther than is proved. */
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { aggregator } from '../../../agreement/rules/registry.ts'
import { createGossipLearn } from '../../../learning/gossip/learner.ts'
import {
  type GossipRule,
  gossipRuleNamed,
  type Neighbourhood,
  overNeighbourhood,
} from '../../../learning/gossip/rules.ts'
import { testLedger } from '../../agreement/harness.ts'
import * as naive from './naive.ts'

const coordinate = fc.double({ min: -10, max: 10, noNaN: true })
const vector = fc.tuple(coordinate, coordinate, coordinate).map(row => Float32Array.from(row))

/** Up to five neighbours, of unequal weights, at most `f` of them liars. */
const neighbourhoodOf = (vectors: fc.Arbitrary<Float32Array>): fc.Arbitrary<Neighbourhood> =>
  fc
    .record({
      own: vectors,
      members: fc.array(fc.tuple(vectors, fc.double({ min: 0.02, max: 0.16, noNaN: true })), {
        minLength: 2,
        maxLength: 5,
      }),
      step: fc.integer({ min: 1, max: 9 }),
      share: fc.double({ min: 0, max: 0.99, noNaN: true }),
    })
    .map(({ own, members, step, share }) => ({
      own,
      others: members.map(([other]) => other),
      weights: members.map(([, weight]) => weight),
      maxFaulty: Math.floor((share * (members.length + 1)) / 2),
      step,
      steps: 9,
    }))

const neighbourhood = neighbourhoodOf(vector)

function near(t: ExecutionContext, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const scale =
    1 +
    naive.distance(
      expected,
      Array.from(expected, () => 0),
    )
  t.true(
    naive.distance(actual, expected) <= 1e-5 * scale,
    `${Array.from(actual)} is not ${Array.from(expected)}`,
  )
}

test('clipped gossip is what its definition says, with the radius of the nearest, or one of the user’s', t => {
  fc.assert(
    fc.property(neighbourhood, fc.double({ min: 0.1, max: 20, noNaN: true }), (around, tau) => {
      near(
        t,
        gossipRuleNamed('clipped-gossip', {}).combine(around),
        naive.clippedGossip(around, naive.radius(around)),
      )
      near(t, gossipRuleNamed('clipped-gossip', { tau }).combine(around), naive.clippedGossip(around, tau))
    }),
    { numRuns: 200 },
  )
})

test('monna over a neighbourhood is nearest-neighbour averaging around the peer’s own vector', t => {
  const monna = overNeighbourhood(aggregator('monna'))
  fc.assert(
    fc.property(neighbourhood, around => {
      near(t, monna.combine(around), naive.nearestNeighbours(around))
    }),
    { numRuns: 200 },
  )
})

test('BALANCE is what its definition says', t => {
  fc.assert(
    fc.property(neighbourhood, fc.double({ min: 0.1, max: 3, noNaN: true }), (around, gamma) => {
      near(t, gossipRuleNamed('balance', { gamma }).combine(around), naive.balance(around, 0.5, gamma, 1))
      near(
        t,
        gossipRuleNamed('balance', { gamma, alpha: 0.2, kappa: 2 }).combine(around),
        naive.balance(around, 0.2, gamma, 2),
      )
    }),
    { numRuns: 200 },
  )
})

/** Of few values, so that neighbours are equally far, and lose the same. */
const coarse = fc
  .array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 })
  .map(row => Float32Array.from(row))

test('UBAR is what its definition says, whatever vectors lose', t => {
  const seen = { some: 0, none: 0 }
  fc.assert(
    fc.property(
      neighbourhoodOf(coarse),
      coarse,
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      (around, best, alpha) => {
        const loss = (parameters: ArrayLike<number>) => Math.round(naive.distance(parameters, best))
        for (const [rule, share] of [
          [gossipRuleNamed('ubar', {}), 0.5],
          [gossipRuleNamed('ubar', { alpha }), alpha],
        ] as const) {
          const [own, ...nearest] = rule.judged!(around)
          t.is(own, around.own)
          const losses = [own!, ...nearest].map(loss)
          near(t, rule.combine({ ...around, losses }), naive.ubar(around, share, loss))
          seen[losses.slice(1).some(each => each <= losses[0]!) ? 'some' : 'none']++
          near(
            t,
            rule.combine(around),
            naive.ubar(around, share, () => 0),
          )
        }
      },
    ),
    { numRuns: 200 },
  )
  t.true(seen.some > 20 && seen.none > 20, JSON.stringify(seen))
})

test('UBAR takes a loss that is no number for more than any', t => {
  const own = Float32Array.of(0, 0)
  const others = [1, 2, 3].map(x => Float32Array.of(x, 0))
  const around = { own, others, weights: [0.2, 0.2, 0.2], maxFaulty: 0, step: 1, steps: 9 }
  const { combine } = gossipRuleNamed('ubar', {})
  t.deepEqual(combine({ ...around, losses: [1, Number.NaN, 5, 4] }), Float32Array.of(1.5, 0))
  t.deepEqual(combine({ ...around, losses: [1, Number.NaN, 1, Infinity] }), Float32Array.of(1, 0))
  t.deepEqual(combine({ ...around, maxFaulty: 3 }), own, 'nobody is left, as --unsafe allows')
})

test('other rules take a peer’s own vector and its neighbours’ as one list; cc begins at its own', t => {
  fc.assert(
    fc.property(neighbourhood, around => {
      const all = [around.own, ...around.others]
      for (const name of ['mean', 'cwtm', 'nnm+cwmed'])
        near(
          t,
          overNeighbourhood(aggregator(name)).combine(around),
          aggregator(name).aggregate(all, around.maxFaulty),
        )
      const equal = { ...around, weights: around.others.map(() => 1 / all.length) }
      near(t, overNeighbourhood(aggregator('cc', { tau: 2 })).combine(around), naive.clippedGossip(equal, 2))
    }),
    { numRuns: 100 },
  )
})

/** Where `f` neighbours say anything at all. */
const attacked = neighbourhood.chain(around =>
  fc
    .array(
      fc.oneof(
        vector,
        fc.constantFrom(1e3, 1e20).map(size => Float32Array.of(size, -size, size)),
      ),
      {
        minLength: around.maxFaulty,
        maxLength: around.maxFaulty,
      },
    )
    .map(lies => ({ around, lies })),
)

test('clipped gossip: lies of all kinds move a peer by at most √(δV), V what its honest neighbours are apart from it', t => {
  const rule = gossipRuleNamed('clipped-gossip', {})
  fc.assert(
    fc.property(attacked, ({ around, lies }) => {
      const { own, weights, maxFaulty } = around
      const others = [...lies, ...around.others.slice(maxFaulty)]
      const moved = naive.distance(rule.combine({ ...around, others }), own)
      const heaviest = [...weights].sort((a, b) => b - a).slice(0, maxFaulty)
      const delta = heaviest.reduce((a, b) => a + b, 0)
      let spread = 0
      let pull = 0
      for (let j = maxFaulty; j < others.length; j++) {
        spread += weights[j]! * naive.distance(others[j]!, own) ** 2
        pull += weights[j]! * naive.distance(others[j]!, own)
      }
      t.true(
        moved <= pull + Math.sqrt(delta * spread) + 1e-4,
        `${moved} > ${pull} + ${Math.sqrt(delta * spread)}`,
      )
    }),
    { numRuns: 300 },
  )
})

test('nearest-neighbour averaging: no peer moves farther than its farthest honest neighbour is', t => {
  const rule = overNeighbourhood(aggregator('monna'))
  fc.assert(
    fc.property(attacked, ({ around, lies }) => {
      const { own, maxFaulty } = around
      const others = [...lies, ...around.others.slice(maxFaulty)]
      const moved = naive.distance(rule.combine({ ...around, others }), own)
      const farthest = Math.max(...others.slice(maxFaulty).map(other => naive.distance(other, own)))
      const kept = others.length + 1 - maxFaulty
      t.true(moved <= ((kept - 1) / kept) * farthest + 1e-4, `${moved} > ${farthest}`)
    }),
    { numRuns: 300 },
  )
})

test('where all honest neighbours say what the peer holds, lies move it nowhere', t => {
  const own = Float32Array.of(1, 2, 3)
  const others = [own, own, own, Float32Array.of(1e6, 0, 0)]
  const around = { own, others, weights: [0.2, 0.2, 0.2, 0.2], maxFaulty: 1, step: 1, steps: 9 }
  for (const rule of [gossipRuleNamed('clipped-gossip', {}), overNeighbourhood(aggregator('monna'))])
    t.deepEqual(rule.combine(around), own, rule.name)
})

test('rounded weights leave nothing of the longest lies', t => {
  const own = Float32Array.of(1, 2)
  const lie = Float32Array.of(3e38, -3e38)
  for (let degree = 2; degree <= 24; degree++)
    for (let maxFaulty = 1; 2 * maxFaulty < degree + 1; maxFaulty++) {
      const others = Array.from({ length: degree }, (_, place) => (place < maxFaulty ? lie : own))
      const weights = others.map(() => 1 / (degree + 1))
      const around = { own, others, weights, maxFaulty, step: 1, steps: 9 }
      t.deepEqual(gossipRuleNamed('clipped-gossip', {}).combine(around), own, `${maxFaulty} of ${degree}`)
    }
})

test('peers without a clock refuse a rule that goes by losses: they ask nobody for them', t => {
  const learn = (rule: GossipRule) =>
    createGossipLearn({
      self: 0,
      neighbours: [1, 2],
      weights: [0.3, 0.3],
      rule,
      maxFaulty: 0,
      dimension: 1,
      grace: false,
      ledger: testLedger(),
      steps: 1,
      rate: () => 1,
      momentum: 0,
      clip: null,
      weightDecay: 0,
      batch: () => 1,
      start: { step: 1, parameters: new Float32Array(1), momentum: null },
      window: { ahead: 1, kept: 1, past: 1 },
    })
  t.is(learn(gossipRuleNamed('balance', {})).currentStep(), 1)
  t.throws(() => learn(gossipRuleNamed('ubar', {})), {
    instanceOf: RangeError,
    message: /rule ubar goes by losses; expected one that looks at vectors alone/,
  })
})

test('parameters that a rule does not have, or cannot take', t => {
  t.throws(() => gossipRuleNamed('clipped-gossip', { radius: 1 }), {
    code: 'bad-parameter',
    message: /has no parameter radius; it has tau/,
  })
  t.throws(() => gossipRuleNamed('clipped-gossip', { tau: 0 }), { message: /tau is 0, must be above 0/ })
  t.throws(() => gossipRuleNamed('balance', { alpha: 1.5 }), {
    message: /alpha is 1.5, must be above 0 and at most 1/,
  })
  t.throws(() => gossipRuleNamed('ubar', { rho: 0.4 }), { message: /has no parameter rho; it has alpha/ })
  t.throws(() => gossipRuleNamed('gossip', {}), {
    code: 'unknown-rule',
    message: /there are clipped-gossip, balance, ubar/,
  })
})
