/** collaborative-learning §7: Lemma 15, Corollary 2, Theorems 8 and 9, on ICwTM; and what is wrong with 4f + 1. */
import test from 'ava'
import { BoundError, createAveraging } from '../../../agreement/averaging/create.ts'
import { averagingConstantOf, bounds, contractionOf, iterationsFor } from '../../../agreement/bounds.ts'
import { cwtm } from '../../../agreement/rules/cwtm.ts'
import { quorum } from '../../../agreement/thresholds.ts'
import { diameter, distance, type Vector } from '../../../agreement/vector.ts'
import { normals, testLedger } from '../harness.ts'
import { family, twoHalves } from './families.ts'
import { runLockstep } from './lockstep.ts'
import {
  contractionIn,
  coordinateContractionIn,
  meanOf,
  type Scene,
  type Setting,
  shiftIn,
  type View,
  worstScene,
} from './scene.ts'

const both = ['asynchronous', 'synchronous'] as const

const query = ({ n, f, d, synchrony }: Setting) =>
  ({ protocol: 'icwtm', peers: n, maxFaulty: f, synchrony, dimension: d }) as const

/** What Lemma 15 could say: sorting the honest values shows it, and two halves attain it (docs/papers.md). */
function exactContraction({ n, f, synchrony }: Setting): number {
  const [h, q] = [n - f, quorum(n, f, synchrony)]
  return (h + 2 * f - q) / (q - 2 * f)
}

/** Equation 170: on each coordinate one iteration contracts to 1 − ε̃, `ε̃ = (q − 2f − ⌊h/2⌋)/(2(q − 2f))`. */
for (const synchrony of both)
  for (const [n, f, d] of [
    [6, 1, 1],
    [11, 2, 1],
    [6, 1, 2],
  ] as const)
    test(`Lemma 15, ${synchrony}, n = ${n}, f = ${f}, d = ${d}: Δ^cw contracts to 1 − ε̃`, t => {
      const setting = { n, f, d, synchrony }
      const [bound, exact] = [contractionOf(query(setting)), exactContraction(setting)]
      t.true(exact <= bound + 1e-12)
      const score = (scene: Scene) => {
        const ratio = coordinateContractionIn(scene, received => cwtm(received, f))
        if (ratio > exact * (1 + 1e-5)) t.fail(`contracted to ${ratio}; exact ${exact}, the paper's ${bound}`)
        return ratio
      }
      const found = worstScene({ setting, score, seed: 3, restarts: 3, moves: 2500 }).score
      t.true(found > 0.9 * exact, `the search found ${found} of ${exact} only`)
    })

test('Lemma 15, sharper: two halves contract by exactly (h + 2f − q)/(q − 2f), which is all there is', t => {
  for (const synchrony of both)
    for (const [n, f] of synchrony === 'asynchronous'
      ? ([
          [6, 1],
          [11, 2],
          [17, 3],
        ] as const)
      : ([
          [4, 1],
          [7, 2],
          [12, 3],
        ] as const)) {
      const setting = { n, f, d: 1, synchrony }
      const { inputs, attack } = twoHalves(setting)
      const widths = runLockstep({ protocol: 'icwtm', setting, iterations: 3, inputs, attack }).map(diameter)
      const exact = exactContraction(setting)
      t.true(exact < 1)
      for (let r = 0; r < 3; r++) t.true(Math.abs(widths[r + 1]! / widths[r]! - exact) < 1e-5, `${widths}`)
    }
})

/** Equation 181: contraction of Δ^cw, paid for by √h in the count of equation 169, gives contraction of Δ₂. */
test('Corollary 2: AVG_t contracts Δ₂ to 2^−t, with both counts, while Δ₂ can grow in a single iteration', t => {
  for (const synchrony of both)
    for (const [n, f, d] of [
      [6, 1, 1],
      [6, 1, 8],
      [11, 2, 5],
    ] as const)
      for (const contraction of [1, 3]) {
        const setting = { n, f, d, synchrony }
        const inputs = normals(n * d + contraction, n - f, d)
        const tight = iterationsFor(query(setting), contraction, 'tight')!
        t.true(tight <= iterationsFor(query(setting), contraction, 'paper')!)
        const attack = (vectors: readonly Vector[]) =>
          vectors.map((_, peer) => missesTheFarthest(vectors, peer, setting))
        const run = runLockstep({ protocol: 'icwtm', setting, iterations: tight, inputs, attack })
        t.true(diameter(run.at(-1)!) <= diameter(inputs) / 2 ** contraction)
      }
  const setting = { n: 6, f: 1, d: 6, synchrony: 'asynchronous' } as const
  const score = (scene: Scene) => contractionIn(scene, received => cwtm(received, 1))
  t.true(worstScene({ setting, score, seed: 5, restarts: 1, moves: 4000 }).score > exactContraction(setting))
})

/** It misses the f honest vectors farthest from its own, and is told its own in their stead. */
function missesTheFarthest(vectors: readonly Vector[], peer: number, { f, synchrony }: Setting): View {
  const own = vectors[peer]!
  const near = vectors
    .map((_, other) => other)
    .sort((a, b) => distance(own, vectors[a]!) - distance(own, vectors[b]!))
  const missing = synchrony === 'synchronous' ? 0 : f
  return { hears: near.slice(0, vectors.length - missing), lies: Array.from({ length: f }, () => own) }
}

/** The (201) box: each output coordinate is within (2f + h − q)/h ranges of the mean, and stays there for ever. */
test('Theorem 8: the mean moves at most (2f + h − q)/h · min(2√h, √d) diameters, attained at d = 1', t => {
  for (const synchrony of both)
    for (const d of [1, 3]) {
      const setting = { n: 6, f: 1, d, synchrony }
      const constant = averagingConstantOf(query(setting))!
      const score = (scene: Scene) => {
        const shift = shiftIn(scene, received => cwtm(received, 1))
        if (shift > constant * (1 + 1e-5)) t.fail(`moved ${shift}, bound ${constant}`)
        return shift
      }
      const found = worstScene({ setting, score, seed: 6, restarts: 3, moves: 2000 }).score
      t.true(found > (d === 1 ? 0.98 : 0.5) * constant, `the search found ${found} of ${constant} only`)
    }
})

test('Theorem 8 over all of AVG_t: iterating does not add to the constant', t => {
  const setting = { n: 6, f: 1, d: 1, synchrony: 'asynchronous' } as const
  const inputs = family([0, 3], [1, 2])
  // Everyone is told 0, and the ones go unheard as far as possible: whatever moves, moves down.
  const attack = (vectors: readonly Vector[]) =>
    vectors.map((_, peer) => ({
      hears: peer === 4 ? [0, 1, 2, 4] : [0, 1, 2, 3],
      lies: [Float32Array.of(-9)],
    }))
  const run = runLockstep({ protocol: 'icwtm', setting, iterations: 12, inputs, attack })
  const constant = averagingConstantOf(query(setting))!
  const shifts = run.map(vectors => distance(meanOf(vectors), meanOf(inputs)))
  for (const shift of shifts) t.true(shift <= constant + 1e-6)
  t.true(shifts.at(-1)! > 0.99 * constant)
})

/**
 * Theorem 9's argument needs q − 2f ≤ ⌊h/2⌋ only, which under asynchrony (q = h) holds for every n ≤ 5f, not just for
 * the q ≤ 3f of its statement: half hold 0, half 1, each is told its own and misses f of the others.
 */
for (const f of [1, 2, 3])
  test(`Theorem 9: ICwTM contracts nothing at any n ≤ 5f, f = ${f}`, t => {
    for (let n = 3 * f + 1; n <= 5 * f; n++) {
      const setting = { n, f, d: 1, synchrony: 'asynchronous' } as const
      const { inputs, attack } = twoHalves(setting)
      const run = runLockstep({ protocol: 'icwtm', setting, iterations: 4, inputs, attack })
      t.deepEqual(run.at(-1), inputs, `n = ${n}`)
      const { feasible, contraction, iterations } = bounds(query(setting))
      t.deepEqual([feasible, contraction, iterations.tight], [false, null, null], `n = ${n}`)
    }
    const setting = { n: 5 * f + 1, f, d: 1, synchrony: 'asynchronous' } as const
    t.true(bounds(query(setting)).feasible)
    const { inputs, attack } = twoHalves(setting)
    t.true(diameter(runLockstep({ protocol: 'icwtm', setting, iterations: 1, inputs, attack })[1]!) < 1)
  })

test('Theorem 9, synchronous: at n = 3f the halves stay, by the rule', t => {
  for (const f of [1, 2, 3]) {
    const setting = { n: 3 * f, f, d: 1, synchrony: 'synchronous' } as const
    const { inputs, attack } = twoHalves(setting)
    t.is(
      contractionIn({ honest: inputs, views: attack(inputs) }, received => cwtm(received, f)),
      1,
    )
    t.false(bounds(query(setting)).feasible)
    t.true(bounds(query({ ...setting, n: 3 * f + 1 })).feasible)
  }
})

/** §7.1 and the abstract claim n ≥ 4f + 1; protocols say 5f + 1, refuse below, and here is why. */
for (const f of [1, 2, 3])
  test(`counterexample to the 4f + 1 of §7: ICwTM at n = ${4 * f + 1}, f = ${f} is refused, and never contracts`, t => {
    const setting = { n: 4 * f + 1, f, d: 1, synchrony: 'asynchronous' } as const
    const slot = { self: 0, dimension: 1, step: 1, phase: 'gradient', iterations: 1 } as const
    const options = { ...query(setting), ...slot, grace: false, ledger: testLedger() }
    const error = t.throws(() => createAveraging(options), { instanceOf: BoundError })
    t.true(error!.message.includes(`5f + 1 = ${5 * f + 1}`), error!.message)
    const { inputs, attack } = twoHalves(setting)
    const run = runLockstep({ protocol: 'icwtm', setting, iterations: 8, inputs, attack })
    for (const vectors of run) t.deepEqual(vectors, inputs)
  })
