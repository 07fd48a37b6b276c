/** Data of a linear model: gradients of the empirical loss, and GMoM against averaging on it. */
import test from 'ava'
import { distance } from '../../../agreement/vector.ts'
import { linearModel } from '../../../learning/server/linear-model.ts'
import { linearRegression } from '../../../node/reproduce/experiments/linear-regression.ts'
import { CONTRACTION } from '../../../node/reproduce/experiments/linear-regression-findings.ts'
import { DIMENSION, GROUPS } from '../../../node/reproduce/experiments/linear-regression-plan.ts'
import { createMeasuringCaches } from '../../../node/reproduce/measure.ts'
import { ruleKey } from '../../../node/reproduce/rule-key.ts'

test('with many samples the gradient is nearly θ − θ* (byzantine-gradient-descent, §4)', t => {
  const model = linearModel({ dimension: 5, machines: 2, samples: 20_000, seed: 1 })
  const at = Float32Array.of(3, -2, 0, 1, 4)
  const population = at.map((value, i) => value - model.truth[i]!)
  for (const machine of [0, 1]) t.true(distance(model.gradient(machine, at), population) < 0.3)
})

test('each machine has its own samples, and a seed draws the same ones again', t => {
  const options = { dimension: 3, machines: 2, samples: 10, seed: 4 }
  const at = Float32Array.of(1, 2, 3)
  t.notDeepEqual(linearModel(options).gradient(0, at), linearModel(options).gradient(1, at))
  t.deepEqual(linearModel(options).gradient(1, at), linearModel(options).gradient(1, at))
  t.notDeepEqual(linearModel(options).gradient(1, at), linearModel({ ...options, seed: 5 }).gradient(1, at))
})

test('the true parameters are ones and minus ones', t => {
  const { truth } = linearModel({ dimension: 50, machines: 1, samples: 1, seed: 1 })
  t.deepEqual([...new Set(truth)].sort(), [-1, 1])
})

test('GMoM contracts and ends low under every fault; averaging breaks (the experiment in small)', async t => {
  const settings = { quick: true, seeds: null, data: [] }
  const context = { settings, cacheFor: createMeasuringCaches(), progress() {} }
  const run = (config: Parameters<typeof linearRegression.run>[0]) => linearRegression.run(config, context)
  const shared = { samples: 3000, dimension: DIMENSION, groups: GROUPS, seed: 1, liars: 'fixed' }
  for (const fault of ['gradient-reverse', 'random', 'sign-flip']) {
    const { numbers } = await run({ ...shared, ...ruleKey('gmom', { k: GROUPS }), faulty: 3, fault })
    t.true(numbers.contraction! <= CONTRACTION, fault)
    t.true(numbers.floor! < 0.3, fault)
  }
  const broken = await run({ ...shared, ...ruleKey('mean'), faulty: 1, fault: 'gradient-reverse' })
  t.true((broken.numbers.floor ?? Infinity) > 1e6)
})
