/** An oracle that evaluates on the way: at which steps, once each, and without a change to any gradient. */
import test from 'ava'
import type { SeriesPoint } from '../../../learning/evaluation/series.ts'
import { evaluating } from '../../../learning/oracles/evaluating.ts'
import type { ModelOracle } from '../../../learning/oracles/jax-oracle.ts'

const oracle: ModelOracle = {
  dimension: 1,
  initial: Float32Array.of(0),
  parameters: [{ name: 'w', shape: [1] }],
  examples: 1,
  gradient: async ({ step, parameters }) => ({ gradient: parameters.map(value => value + step), loss: step }),
  evaluate: async parameters => ({ loss: parameters[0]!, accuracy: 0.5, metrics: null }),
  close: async () => {},
}

test('the start and the parameters after every third step, once each', async t => {
  const points: SeriesPoint[] = []
  const wrapped = evaluating(oracle, 3, point => points.push(point))
  // A peer that starts again asks again, and one that catches up leaves steps out.
  for (const step of [1, 2, 3, 4, 4, 3, 4, 5, 10, 11]) {
    const request = { step, parameters: Float32Array.of(step / 2), batch: 1 }
    t.deepEqual(await wrapped.gradient(request), await oracle.gradient(request))
  }
  t.deepEqual(points, [
    { step: 0, loss: 0.5, accuracy: 0.5, metrics: null },
    { step: 3, loss: 2, accuracy: 0.5, metrics: null },
    { step: 9, loss: 5, accuracy: 0.5, metrics: null },
  ])
})

test('without an interval it is the oracle itself', t => {
  t.is(
    evaluating(oracle, undefined, () => {}),
    oracle,
  )
})
