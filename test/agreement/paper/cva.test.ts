/** collaborative-learning §5.4, CVA: its constants, which the paper leaves to the reader (docs/papers.md derives them). */
import test from 'ava'
import { averagingConstantOf, contractionOf, iterationsFor } from '../../../agreement/bounds.ts'
import { cva } from '../../../agreement/rules/cva.ts'
import { quorum } from '../../../agreement/thresholds.ts'
import { diameter, distance, type Vector } from '../../../agreement/vector.ts'
import { normals } from '../harness.ts'
import { cvaReach, pulledApart, threeValues } from './families.ts'
import { runLockstep } from './lockstep.ts'
import {
  atMost,
  contractionIn,
  contractsBy,
  meanOf,
  type PeerRule,
  type Scene,
  type Setting,
  shiftIn,
  withSilence,
  worstScene,
} from './scene.ts'

const both = ['asynchronous', 'synchronous'] as const

function ruleOf({ n, f, synchrony }: Setting): PeerRule {
  return (received, own) =>
    cva(received, own, (synchrony === 'synchronous' ? received.length : quorum(n, f, synchrony)) - f)
}

const query = (n: number, f: number, synchrony: Setting['synchrony']) =>
  ({ protocol: 'cva', peers: n, maxFaulty: f, synchrony }) as const

/** What one iteration moves the mean at most, by the constant of the sum over all (as in equation 154). */
function shiftBound(n: number, f: number, synchrony: Setting['synchrony']): number {
  const of = query(n, f, synchrony)
  return averagingConstantOf(of)! * (1 - contractionOf(of))
}

for (const synchrony of both)
  for (const [n, f, d] of [
    [8, 1, 1],
    [8, 1, 2],
    [15, 2, 1],
  ] as const)
    test(`§5.4, ${synchrony}, n = ${n}, f = ${f}, d = ${d}: CVA contracts to (5f + h − q)/(q − f)`, t => {
      const setting = { n, f, d, synchrony }
      const bound = contractionOf(query(n, f, synchrony))
      const score = (scene: Scene) => atMost(t, 'contracted to', contractionIn(scene, ruleOf(setting)), bound)
      const found = worstScene({ setting, score, seed: 1, restarts: 3, moves: 1500 }).score
      t.true(found > (f === 1 ? 0.95 : 0.7) * bound, `the search found ${found} of ${bound} only`)
    })

test('§5.4: the contraction of CVA is attained at every n, iteration after iteration', t => {
  for (const synchrony of both)
    for (const [n, f] of [
      [8, 1],
      [15, 2],
      [20, 2],
    ] as const) {
      const setting = { n, f, d: 1, synchrony }
      const attack = pulledApart(setting, cvaReach, 1e-4)
      const inputs = threeValues(setting)
      const widths = runLockstep({ protocol: 'cva', setting, iterations: 3, inputs, attack }).map(diameter)
      const bound = contractionOf(query(n, f, synchrony))
      contractsBy(t, widths, bound)
    }
})

/** The faulty may keep silent towards some, who then average fewer: the synchronous constants hold for that too. */
test('§5.4: the mean moves at most α diameters an iteration', t => {
  for (const synchrony of both)
    for (const [n, f, d] of [
      [8, 1, 1],
      [8, 1, 2],
      [15, 2, 1],
    ] as const)
      for (const heard of synchrony === 'synchronous' ? [() => f, (i: number) => i % (f + 1)] : [() => f]) {
        const setting = { n, f, d, synchrony }
        const alpha = shiftBound(n, f, synchrony)
        const score = (scene: Scene) =>
          atMost(t, 'moved', shiftIn(withSilence(scene, heard), ruleOf(setting)), alpha)
        const found = worstScene({ setting, score, seed: 1, restarts: 2, moves: 1500 }).score
        t.true(found > 0.5 * alpha, `the search found ${found} of ${alpha} only`)
      }
})

test('§5.4: the averaging constant of CVA by hand, and below that of MDA', t => {
  const near = (x: number | null, y: number) => t.true(Math.abs(x! - y) < 1e-12, `${x}, by hand ${y}`)
  near(averagingConstantOf(query(8, 1, 'asynchronous')), (5 * 2 + 7) / (7 * 6) / (1 / 6))
  near(averagingConstantOf(query(8, 1, 'synchronous')), ((1 / 7) * (1 + (13 / 14) ** 2)) / (3 / 7))
  for (const n of [8, 20, 50])
    t.true(shiftBound(n, 1, 'asynchronous') < (2 * (n - 1) + (n - 3)) / ((n - 1) * (n - 2)))
})

test('§5.4: AVG_t of CVA agrees and averages, while everything is pulled one way', t => {
  for (const synchrony of both)
    for (const [n, f] of [
      [8, 1],
      [15, 2],
    ] as const) {
      const setting = { n, f, d: 2, synchrony }
      const inputs = normals(n, n - f, 2)
      const iterations = iterationsFor(query(n, f, synchrony), 3, 'tight')!
      const attack = (vectors: readonly Vector[]) => vectors.map((_, peer) => pulled(vectors, peer, setting))
      const run = runLockstep({ protocol: 'cva', setting, iterations, inputs, attack })
      const moved = distance(meanOf(run.at(-1)!), meanOf(inputs))
      const constant = averagingConstantOf(query(n, f, synchrony))!
      t.true(diameter(run.at(-1)!) <= diameter(inputs) / 8)
      t.true(moved <= constant * diameter(inputs), `moved ${moved}, C ${constant}`)
      t.true(moved > 0.05 * diameter(inputs), 'the attack has an effect')
    }
})

/** Lies almost a diameter from the peer's own vector, always on the same side; the nearest honest vectors are heard. */
function pulled(vectors: readonly Vector[], peer: number, { f, synchrony }: Setting) {
  const own = vectors[peer]!
  const near = vectors
    .map((_, other) => other)
    .sort((a, b) => distance(own, vectors[a]!) - distance(own, vectors[b]!))
  const reach = distance(own, vectors[near.at(-1 - f)!]!)
  const lie = own.map((x, i) => (i === 0 ? x + 0.99 * reach : x))
  return {
    hears: near.slice(0, vectors.length - (synchrony === 'synchronous' ? 0 : f)),
    lies: Array.from({ length: f }, () => lie),
  }
}
