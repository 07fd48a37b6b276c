/** `learn-theorem` in small: LEARN as Theorem 1 of collaborative-learning asks for it, with the fewest messages. */
import test from 'ava'
import type { RunContext } from '../../../node/reproduce/experiment.ts'
import { learnTheorem } from '../../../node/reproduce/experiments/learn-theorem.ts'
import {
  boundsFor,
  type LearnTheoremConfig,
  pointsOf,
  problemFor,
} from '../../../node/reproduce/experiments/learn-theorem-plan.ts'

const context: RunContext = {
  settings: { quick: true, seeds: null, data: [] },
  cacheFor() {
    throw new Error('no data is needed')
  },
  progress() {},
}

test('Theorem 1: LEARN as it asks, with RB-TM and a liar, ends within both bounds; averaging does not', async t => {
  const delta = 2
  const run = (protocol: LearnTheoremConfig['protocol'], steps: number) =>
    learnTheorem.run({ protocol, attack: 'gradient-reverse', delta, steps, seed: 1 }, context)
  const { numbers } = await run('rb-tm', boundsFor('rb-tm', delta).steps)
  const { averagingConstant, heterogeneity } = problemFor('rb-tm', delta)
  const allowed = ((1 + delta) * averagingConstant * heterogeneity) ** 2
  t.deepEqual([numbers.outputs, numbers.stuck], [3, 0])
  t.true(numbers.gradient! > 0 && numbers.gradient! <= allowed)
  t.true(numbers.apart! <= delta ** 2 && numbers.drift! <= 1)
  const averaging = await run('mean', 60)
  t.true(averaging.numbers.gradient! > allowed)
})

test('the problem is what the theorem is told: K = 1, and no first loss above L_max', t => {
  for (const honest of [3, 5, 6, 7]) {
    const points = pointsOf(honest)
    const gaps = points.flatMap(a => points.map(b => Math.hypot(...a.map((x, i) => x - b[i]!))))
    t.true(Math.abs(Math.max(...gaps) - 1) < 1e-6)
  }
  const { greatestLoss } = problemFor('mda', 2)
  for (const point of pointsOf(6)) t.true(Math.hypot(...point) ** 2 / 2 <= greatestLoss + 1e-12)
})
