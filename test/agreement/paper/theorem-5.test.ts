/** collaborative-learning §5.3, Theorem 5: where MDA does not contract; and CVA likewise (§5.4). */
import test from 'ava'
import { BoundError } from '../../../agreement/averaging/create.ts'
import { bounds } from '../../../agreement/bounds.ts'
import { diameter } from '../../../agreement/vector.ts'
import { cvaReach, mdaReach, pulledApart, threeValues } from './families.ts'
import { runLockstep } from './lockstep.ts'
import type { Setting } from './scene.ts'

function widths(protocol: 'mda' | 'cva', n: number, f: number, margin: number, iterations = 4): number[] {
  const setting: Setting = { n, f, d: 1, synchrony: 'asynchronous' }
  const attack = pulledApart(setting, protocol === 'mda' ? mdaReach : cvaReach, margin)
  return runLockstep({ protocol, setting, iterations, inputs: threeValues(setting), attack }).map(diameter)
}

/**
 * Equations 160–162: 2f peers at −1, f − 1 at 0, 2f at 1. Those at −1 miss f of the ones and get f lies at −2 + 1/f;
 * the subset of least diameter drops the other ones, its mean is −1, and by symmetry nothing moves.
 */
for (const f of [1, 2, 3])
  test(`Theorem 5: at n = 6f − 1 = ${6 * f - 1} MDA does not contract, f = ${f}`, t => {
    const n = 6 * f - 1
    t.false(bounds({ protocol: 'mda', peers: n, maxFaulty: f, synchrony: 'asynchronous' }).feasible)
    const setting: Setting = { n, f, d: 1, synchrony: 'asynchronous' }
    const run = runLockstep({
      protocol: 'mda',
      setting,
      iterations: 4,
      inputs: threeValues(setting),
      attack: pulledApart(setting, mdaReach, 1 / (2 * f)), // a diameter of 2, so this is δ = 1/f
    })
    for (const width of run.map(diameter)) t.true(Math.abs(width - 2) < 1e-5, `the diameter is ${width}`)
    const first = run[1]!.map(vector => vector[0]!)
    for (const [peer, value] of first.entries())
      if (peer < 2 * f) t.true(Math.abs(value + 1) < 1e-6)
      else if (peer >= 3 * f - 1) t.true(Math.abs(value - 1) < 1e-6)
  })

/** With δ → 0 in the same family the diameter grows by 4f/(4f − 1) an iteration: worse than the theorem says. */
for (const f of [1, 2, 3])
  test(`Theorem 5, sharper: at n = 6f − 1 = ${6 * f - 1} MDA can even diverge, f = ${f}`, t => {
    const grown = widths('mda', 6 * f - 1, f, 1e-5)
    for (let r = 0; r < 4; r++)
      t.true(Math.abs(grown[r + 1]! / grown[r]! - (4 * f) / (4 * f - 1)) < 1e-3, `${grown}`)
  })

/** The theorem stops at 6f − 1 and Assumption 5 begins at 6f + 1: the same family settles n = 6f. */
for (const f of [1, 2, 3])
  test(`between Theorem 5 and Assumption 5: at n = 6f = ${6 * f} MDA contracts by no factor below 1, f = ${f}`, t => {
    for (const margin of [1e-2, 1e-4]) {
      const [before, ...after] = widths('mda', 6 * f, f, margin)
      t.true(after.at(-1)! > before! * (1 - 4 * margin), `${after}`)
    }
    const contracted = widths('mda', 6 * f + 1, f, 1e-4)
    t.true(Math.abs(contracted[1]! / contracted[0]! - (4 * f) / (4 * f + 1)) < 1e-3)
  })

/** §5.4 gives no example; lies three diameters apart make 7f the place where CVA ends. */
for (const f of [1, 2, 3])
  test(`§5.4: CVA contracts at n = 7f + 1 = ${7 * f + 1} by 5f/(5f + 1), and at 7f not at all, f = ${f}`, t => {
    const [before, ...after] = widths('cva', 7 * f, f, 1e-5)
    t.true(after.at(-1)! > 0.999 * before!, `${after}`)
    const contracted = widths('cva', 7 * f + 1, f, 1e-5)
    t.true(Math.abs(contracted[1]! / contracted[0]! - (5 * f) / (5 * f + 1)) < 1e-3)
  })

test('below these bounds the protocols refuse, unless told that it is on purpose', t => {
  for (const [protocol, n] of [
    ['mda', 6],
    ['mda', 5],
    ['cva', 7],
  ] as const) {
    const { feasible, why, needs } = bounds({ protocol, peers: n, maxFaulty: 1, synchrony: 'asynchronous' })
    t.false(feasible)
    t.true(why.includes(`${needs.peers} peers would do`), why)
  }
  t.is(new BoundError('').code, 'BOUND_NOT_MET')
})
