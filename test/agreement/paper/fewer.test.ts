/** collaborative-learning §2.1, Assumptions 5 and 6: q < n − f. The bounds with that q hold, are attained, and end where q is too small. */
import test from 'ava'
import { BoundError, createAveraging } from '../../../agreement/averaging/create.ts'
import {
  averagingConstantOf,
  type BoundsQuery,
  bounds,
  contractionOf,
  iterationsFor,
  leastQuorum,
  mostFaults,
  peersNeeded,
} from '../../../agreement/bounds.ts'
import { cva } from '../../../agreement/rules/cva.ts'
import { cwtm } from '../../../agreement/rules/cwtm.ts'
import { mda } from '../../../agreement/rules/mda.ts'
import { mean } from '../../../agreement/rules/mean.ts'
import { witnessThreshold } from '../../../agreement/thresholds.ts'
import { diameter } from '../../../agreement/vector.ts'
import { testLedger } from '../harness.ts'
import { cvaReach, family, mdaReach, pulledApart, threeValues, twoHalves } from './families.ts'
import { runLockstep } from './lockstep.ts'
import {
  atMost,
  contractionIn,
  contractsBy,
  coordinateContractionIn,
  type PeerRule,
  type Scene,
  shiftIn,
  worstScene,
} from './scene.ts'

const standard = ['mda', 'cva', 'icwtm'] as const
type Standard = (typeof standard)[number]

const query = (protocol: BoundsQuery['protocol'], n: number, f: number, q: number) =>
  ({ protocol, peers: n, maxFaulty: f, synchrony: 'asynchronous', quorum: q }) as const
const settingOf = (n: number, f: number, q: number, d = 1) =>
  ({ n, f, d, q, synchrony: 'asynchronous' }) as const

/** Every (n, f) up to here, with every q. */
function* everyQuorum(protocol: BoundsQuery['protocol'], peersMax: number) {
  for (let f = 0; f <= 5; f++)
    for (let n = Math.max(2, 3 * f + 1); n <= peersMax; n++)
      for (let q = 2 * f + 1; q <= n - f; q++) yield { n, f, q, of: query(protocol, n, f, q) }
}

test('the least q is the least with a contraction below 1, and n − f reaches it where peers are enough', t => {
  for (const protocol of standard) {
    for (const { n, f, q, of } of everyQuorum(protocol, 45)) {
      t.is(contractionOf(of) < 1, q >= leastQuorum(protocol, n, f), JSON.stringify(of))
      t.is(bounds(of).feasible, q >= leastQuorum(protocol, n, f), bounds(of).why)
      if (f > 0)
        t.is(
          leastQuorum(protocol, n, f) <= n - f,
          n >= peersNeeded(protocol, f, 'asynchronous')!,
          `${n} ${f}`,
        )
    }
  }
})

test('at the least q two MDA subsets share an honest vector, and two pairs of witnesses an honest witness', t => {
  for (const { n, f, q } of everyQuorum('mda', 45)) {
    if (q >= leastQuorum('mda', n, f)) t.true(2 * (q - 2 * f) > n - f, `${n} ${f} ${q}`)
    if (n < 3 * f + 1) continue
    const witnesses = witnessThreshold(n, f, q)
    t.true(2 * witnesses - n >= f + 1 && witnesses <= n - f && witnesses >= q, `${n} ${f} ${q}: ${witnesses}`)
  }
})

test('a larger q never has a larger factor or constant, and n − f has those from before there was a choice', t => {
  for (const protocol of [...standard, 'rb-tm'] as const)
    for (const { n, f, q, of } of everyQuorum(protocol, 40)) {
      if (!bounds(of).feasible) continue
      const { quorum: _, ...plain } = of
      if (q === n - f) {
        t.deepEqual(
          [contractionOf(of), averagingConstantOf(of)],
          [contractionOf(plain), averagingConstantOf(plain)],
        )
        continue
      }
      const larger = query(protocol, n, f, q + 1)
      t.true(contractionOf(larger) <= contractionOf(of) + 1e-12, JSON.stringify(of))
      t.true(averagingConstantOf(larger)! <= averagingConstantOf(of)! + 1e-12, JSON.stringify(of))
      for (const count of ['tight', 'paper'] as const)
        t.true(iterationsFor(larger, 3, count)! <= iterationsFor(of, 3, count)!, JSON.stringify(of))
    }
})

test('the most faults with a q, and what refuses a wrong one', t => {
  t.is(mostFaults('mda', 13, 'asynchronous'), 2)
  t.is(mostFaults('mda', 13, 'asynchronous', 11), 2)
  t.is(mostFaults('mda', 13, 'asynchronous', 10), 1)
  t.is(mostFaults('mda', 13, 'asynchronous', 3), 0)
  const { why, needs } = bounds(query('mda', 14, 2, 11))
  t.is(needs.quorum, 12)
  t.regex(why, /q ≥ ⌊\(n \+ 4f\)\/2⌋ \+ 1 = 12 .* q is 11: .*; q = 12 would do, or f = 1 with q = 11/)
  t.regex(bounds(query('icwtm', 12, 1, 7)).why, /q from 8 to 11 would do/)
  t.regex(bounds(query('mda', 13, 2, 12)).why, /q = 12 of 13 .* at most 11/)
  const options = { self: 0, dimension: 1, step: 1, phase: 'gradient', iterations: 1, grace: false } as const
  const make = (of: BoundsQuery, unsafe = false) =>
    createAveraging({ ...of, ...options, ledger: testLedger(), unsafe })
  t.throws(() => make(query('mda', 14, 2, 11)), { instanceOf: BoundError })
  t.notThrows(() => make(query('mda', 14, 2, 11), true))
  t.throws(() => make(query('mda', 13, 2, 12), true), { message: /at most 11/ })
  t.throws(() => make({ ...query('mda', 13, 2, 11), synchrony: 'synchronous' }, true), { message: /all 13/ })
  t.throws(() => make(query('rb-tm', 8, 2, 4), true), { message: /nothing is left/ })
})

/** Lemma 15, sharper (docs/papers.md). */
const exactIcwtm = (n: number, f: number, q: number) => (n + f - q) / (q - 2 * f)

/** As the protocol applies it: `q − f` also where more came. */
function ruleOf(protocol: Standard, f: number, q: number): PeerRule {
  return (received, own) => {
    if (protocol === 'mda') return mda(received, f, { keep: q - f })
    return protocol === 'cva' ? cva(received, own, q - f) : cwtm(received, f)
  }
}

for (const [protocol, n, f, q, d] of [
  ['mda', 9, 1, 7, 1],
  ['mda', 10, 1, 8, 2],
  ['cva', 10, 1, 8, 1],
  ['cva', 11, 1, 9, 2],
  ['icwtm', 9, 1, 7, 1],
  ['icwtm', 10, 1, 8, 2],
] as const)
  test(`${protocol}, n = ${n}, f = ${f}, q = ${q}, d = ${d}: no scene breaks the bounds with q, the worst comes near`, t => {
    const of = { ...query(protocol, n, f, q), dimension: d }
    t.true(bounds(of).feasible)
    const [factor, constant] = [contractionOf(of), averagingConstantOf(of)!]
    const rule = ruleOf(protocol, f, q)
    const contraction = protocol === 'icwtm' ? coordinateContractionIn : contractionIn
    // By the sum over all iterations; what ICwTM moves the mean by in one is not summed up.
    const alpha = protocol === 'icwtm' ? constant : constant * (1 - factor)
    const setting = settingOf(n, f, q, d)
    const score = (scene: Scene) => {
      atMost(t, 'moved', shiftIn(scene, rule), alpha)
      return atMost(t, 'contracted to', contraction(scene, rule), factor)
    }
    const found = worstScene({ setting, score, seed: 1, restarts: 2, moves: 1200 }).score
    const attained = protocol === 'icwtm' ? exactIcwtm(n, f, q) : factor
    const more = contractionOf({ ...of, quorum: n - f })
    t.true(found > 0.85 * attained, `the search found ${found} of ${attained} only`)
    if (protocol !== 'icwtm')
      t.true(found > more, `with n − f vectors ${more} would hold, and ${found} was found`)
  })

test('the bounds of MDA and CVA are attained at every q from the least on, iteration after iteration', t => {
  for (const protocol of ['mda', 'cva'] as const)
    for (const [n, f] of [
      [10, 1],
      [12, 1],
      [17, 2],
    ] as const)
      for (let q = leastQuorum(protocol, n, f); q <= n - f; q++) {
        const setting = settingOf(n, f, q)
        const attack = pulledApart(setting, protocol === 'mda' ? mdaReach : cvaReach, 1e-4)
        const run = runLockstep({ protocol, setting, iterations: 3, inputs: threeValues(setting), attack })
        contractsBy(t, run.map(diameter), contractionOf(query(protocol, n, f, q)))
      }
})

test('ICwTM contracts by exactly (h + 2f − q)/(q − 2f), at every q from the least on', t => {
  for (const [n, f] of [
    [10, 1],
    [11, 1],
    [15, 2],
  ] as const)
    for (let q = leastQuorum('icwtm', n, f); q <= n - f; q++) {
      const setting = settingOf(n, f, q)
      const { inputs, attack } = twoHalves(setting)
      const widths = runLockstep({ protocol: 'icwtm', setting, iterations: 2, inputs, attack }).map(diameter)
      const exact = exactIcwtm(n, f, q)
      t.true(exact < 1 && exact <= contractionOf(query('icwtm', n, f, q)) + 1e-12)
      for (let r = 0; r < 2; r++) t.true(Math.abs(widths[r + 1]! / widths[r]! - exact) < 1e-5, `${widths}`)
    }
})

test('one below the least q nothing contracts: the counterexamples, on the real protocols', t => {
  for (const [n, f] of [
    [8, 1],
    [9, 1],
    [15, 2],
    [16, 2],
  ] as const)
    for (const protocol of standard) {
      if (n < peersNeeded(protocol, f, 'asynchronous')!) continue
      const q = leastQuorum(protocol, n, f) - 1
      const setting = settingOf(n, f, q)
      const { inputs, attack } =
        protocol === 'icwtm'
          ? twoHalves(setting)
          : {
              inputs: threeValues(setting),
              attack: pulledApart(setting, protocol === 'mda' ? mdaReach : cvaReach, 1e-5),
            }
      const widths = runLockstep({ protocol, setting, iterations: 3, inputs, attack }).map(diameter)
      t.true(widths[3]! > 0.999 * widths[0]!, `${protocol} n = ${n} f = ${f} q = ${q}: ${widths}`)
    }
})

test('nobody faulty: MDA, CVA and the mean contract by (n − q)/q, and half of the peers do not', t => {
  for (const protocol of ['mda', 'cva', 'mean'] as const) {
    const honest = family([0, 3], [1, 3])
    const halves = (q: number) => {
      const views = honest.map((_, peer) => ({
        hears: (peer < 3 ? [0, 1, 2, 3] : [3, 4, 5, 2]).slice(0, q),
        lies: [],
      }))
      return contractionIn(
        { honest, views },
        protocol === 'mean' ? received => mean(received) : ruleOf(protocol, 0, q),
      )
    }
    t.is(halves(4), contractionOf(query(protocol, 6, 0, 4)))
    t.is(halves(3), 1)
    t.is(leastQuorum(protocol, 6, 0), 4)
  }
  t.is(contractionOf(query('mda', 6, 0, 6)), 0)
})
