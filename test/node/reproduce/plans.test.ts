/** What each experiment plans to run: as the papers have it in full, a corner of it when quick, each run once. */
import test from 'ava'
import type { Configuration, Settings } from '../../../node/reproduce/experiment.ts'
import { configText } from '../../../node/reproduce/pool.ts'
import { experimentNamed, experiments } from '../../../node/reproduce/registry.ts'
import { keyOf } from '../../../node/reproduce/results.ts'

const data = [
  { name: 'mnist', path: '/somewhere/mnist' },
  { name: 'fashion-mnist', path: '/somewhere/fashion-mnist' },
]
const full: Settings = { quick: false, seeds: null, data }
const quick: Settings = { ...full, quick: true }

const planOf = (name: string, settings: Settings) => experimentNamed(name)!.configurations(settings)
const valuesOf = (plan: readonly Configuration[], field: string) => [
  ...new Set(plan.map(config => config[field])),
]

test('there is an experiment for each row of the papers, and one without a server', t => {
  t.deepEqual(
    experiments.map(({ name }) => name),
    ['redundancy', 'linear-regression', 'cge', 'lenet', 'resam', 'peer-to-peer', 'learn-theorem'],
  )
})

for (const { name, cost, configurations } of experiments)
  test(`${name}: every run once, at a positive cost, and fewer or smaller ones when quick`, t => {
    const costs = [full, quick].map(settings => {
      const plan = configurations(settings)
      t.is(new Set(plan.map(keyOf)).size, plan.length)
      t.true(plan.every(config => cost(config) > 0))
      return plan.reduce((sum, config) => sum + cost(config), 0)
    })
    t.true(costs[1]! < costs[0]! / 3, String(costs))
  })

test('learn-theorem in full: each agreement and averaging, twelve attacks and none, T_LEARN steps', t => {
  const plan = planOf('learn-theorem', full)
  t.is(plan.length, 5 * 13 * 2 * 2)
  for (const { protocol, delta, steps } of plan) {
    // Averaging runs by the numbers of MDA.
    const like = plan.find(other => other.protocol === 'mda' && other.delta === delta)!
    if (protocol === 'mean') t.is(steps, like.steps)
    t.true((steps as number) > 50 && (steps as number) < 1000)
  }
})

test('resam in full: 8 rules × 4 attacks × 2 momenta × seeds 1 to 5 at 800 steps, and no attack beside them; CC with 0.9', t => {
  const plan = planOf('resam', full)
  t.is(plan.length, ((8 * 4 + 1) * 2 + 4 + 1) * 5)
  t.deepEqual(valuesOf(plan, 'steps'), [800])
  t.deepEqual(valuesOf(plan, 'seed'), [1, 2, 3, 4, 5])
  t.deepEqual(valuesOf(plan, 'momentum'), [0, 0.99, 0.9])
  const at = plan.filter(({ momentum }) => momentum === 0.9)
  t.deepEqual(valuesOf(at, 'rule'), ['mean', 'cc'])
})

test('resam: model, faults and momentum can be chosen; seven faults have Multi-Krum*', t => {
  const chosen = (grid: Settings['grid']) => planOf('resam', { ...full, ...(grid && { grid }) })
  const plan = chosen({ faults: 7, momentum: 0.999 })
  t.is(plan.length, (8 * 4 + 1) * 2 * 5)
  t.deepEqual(valuesOf(plan, 'momentum'), [0, 0.999])
  t.deepEqual(valuesOf(plan, 'faults').sort(), [0, 7])
  t.true(valuesOf(plan, 'rule').includes('multi-krum') && !valuesOf(plan, 'rule').includes('krum'))
  t.deepEqual(
    valuesOf(
      plan.filter(({ momentum }) => momentum === 0.999),
      'steps',
    ),
    [2000],
  )
  t.deepEqual(valuesOf(chosen({ model: 'resam-cnn' }), 'rate'), [0.75])
  t.deepEqual(valuesOf(chosen({ momentum: 0 }), 'momentum'), [0])
  for (const faults of [1, 3, 6]) t.deepEqual(valuesOf(chosen({ faults }), 'faults').sort(), [0, faults])
})

test('resam: Fashion-MNIST is mirrored; CIFAR-10 has its own network, workers and steps', t => {
  const on = (name: string, grid?: Settings['grid']) =>
    planOf('resam', { ...full, data: [{ name, path: `/somewhere/${name}` }], ...(grid && { grid }) })
  t.deepEqual(valuesOf(on('mnist'), 'augment'), [undefined])
  t.deepEqual(valuesOf(on('fashion-mnist'), 'augment'), ['mirror'])
  const cifar = on('cifar-10', { model: 'resam-cifar' })
  for (const [field, value] of Object.entries({ augment: 'mirror', rate: 0.25, steps: 2500 }))
    t.deepEqual(valuesOf(cifar, field), [value])
  t.deepEqual(valuesOf(on('cifar-10', { model: 'resam-cifar', faults: 11 }), 'faults').sort(), [0, 11])
})

test('lenet in full: LeNet, 1,000 steps, batches of 128, η = 0.01, on both data sets', t => {
  const plan = planOf('lenet', full)
  for (const [field, value] of Object.entries({ model: 'lenet', steps: 1000, batch: 128, rate: 0.01 }))
    t.deepEqual(valuesOf(plan, field), [value])
  t.deepEqual(
    valuesOf(plan, 'data'),
    data.map(({ path }) => path),
  )
  t.is(plan.length, 2 * (1 + 3 * 2))
})

test('cge in full: five filters, CGE with mean and sum, five faults, f = 1 … 4, k = 16 and 64, α = 0 … 0.6', t => {
  const plan = planOf('cge', full)
  t.deepEqual(valuesOf(plan, 'rule').length, 7)
  t.deepEqual(valuesOf(plan, 'fault').length, 6)
  t.deepEqual(valuesOf(plan, 'faulty').sort(), [0, 1, 2, 3, 4])
  t.deepEqual(valuesOf(plan, 'batch'), [16, 64])
  t.deepEqual(valuesOf(plan, 'averaging'), [0, 0.2, 0.4, 0.6])
})

test('peer-to-peer: every agreement × attack × partition × data set', t => {
  const plan = planOf('peer-to-peer', quick)
  const sizes = ['protocol', 'attack', 'partition', 'data'].map(field => valuesOf(plan, field).length)
  t.deepEqual(sizes.slice(2), [3, 2])
  t.is(
    plan.length,
    sizes.reduce((a, b) => a * b),
  )
})

test('seeds can be asked for', t => {
  t.deepEqual(valuesOf(planOf('resam', { ...quick, seeds: 3 }), 'seed'), [1, 2, 3])
})

test('a configuration is a text for people, and a key whatever the order of its fields', t => {
  t.is(configText({ rule: 'cge', attack: null, seed: 2 }), 'rule cge, attack none, seed 2')
  t.is(keyOf({ a: 1, b: null }), keyOf({ b: null, a: 1 }))
  t.not(keyOf({ a: 1 }), keyOf({ a: '1' }))
})
