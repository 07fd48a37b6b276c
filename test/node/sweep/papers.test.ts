/** docs/sweeps/papers/: each file's runs are those that the paper has, and `concord reproduce` measures what a sweep does. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import type { Configuration } from '../../../node/reproduce/experiment.ts'
import { createMeasuringCaches, measure } from '../../../node/reproduce/measure.ts'
import { experimentNamed } from '../../../node/reproduce/registry.ts'
import type { Cell } from '../../../node/sweep/definition.ts'
import { cellsOf } from '../../../node/sweep/grid.ts'
import { type Prepared, prepare } from '../../../node/sweep/prepare.ts'
import { createPrograms } from '../../../node/sweep/programs.ts'
import { readSweep, sweepOf } from '../../../node/sweep/read-sweep.ts'
import { runSweep } from '../../../node/sweep/run-sweep.ts'

const folder = 'docs/sweeps/papers'
const digits = [{ name: 'digits', path: 'digits' }]
const planOf = (name: string, quick: boolean) =>
  experimentNamed(name)!.configurations({ quick, seeds: null, data: digits })

/** What decides a run, of either side, by name; `rule` is a server's rule, or the agreement among peers. */
type Facts = Readonly<Record<string, unknown>>

const chosen = (from: object, names: readonly string[]): Facts =>
  Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))

const learnt = ['model', 'rate', 'momentum', 'clip', 'weightDecay', 'batch', 'steps', 'seed', 'faults']

/** What the paper has, and beside it what a result of `reproduce` is known by. */
const factsOfPlan: Readonly<Record<string, (config: Configuration) => Facts>> = {
  resam: config => ({
    ...onServer(config, Number(config.faults), 15, config.attack),
    momentum: config.momentum,
    averaging: 0,
    clip: 2,
    weightDecay: 1e-4,
    batch: 25,
  }),
  cge: config => ({
    ...onServer(config, Number(config.faulty), 10, config.fault),
    // If there is one faulty agent, it is the first in the paper.
    liars: Array.from({ length: Number(config.faulty) }, (_, i) => i),
  }),
  lenet: config => ({
    ...onServer(
      config,
      config.fault === null ? 0 : 3,
      config.fault === null ? 7 : 10,
      // Reversed and not scaled is a flipped sign.
      config.fault === 'gradient-reverse' ? 'sign-flip' : config.fault,
    ),
    partition: 'iid',
    averaging: 0,
  }),
  'peer-to-peer': config => ({
    ...chosen(config, [...learnt, 'partition', 'attack']),
    rule: config.protocol,
    parameters: '',
    peers: 8,
    faults: 1,
    liars: config.attack === null ? [] : [7],
    averaging: 0,
    missing: 'left-out',
    rate: 0.1,
    momentum: 0.9,
    clip: 2,
    weightDecay: 1e-4,
    batch: 25,
  }),
}

function onServer(config: Configuration, faults: number, peers: number, attack: unknown): Facts {
  return {
    ...chosen(config, [...learnt, 'partition', 'rule', 'parameters', 'averaging', 'missing']),
    attack,
    peers,
    faults,
    liars: Array.from({ length: faults }, (_, i) => peers - faults + i),
    momentum: 0,
    clip: null,
    weightDecay: 0,
  }
}

function factsOf({ values, scenario, kind }: Prepared): Facts {
  return {
    ...chosen(scenario.settings, learnt),
    rule: kind === 'server' ? values.rule : scenario.settings.protocol,
    parameters: Object.entries(values.param)
      .map(pair => pair.join('='))
      .join(' '),
    attack: scenario.attack?.name ?? null,
    peers: scenario.peers,
    liars: scenario.liars,
    partition: scenario.partition,
    averaging: values.averaging,
    missing: values.missing,
  }
}

const sorted = (facts: readonly Facts[]) =>
  facts.map(each => JSON.stringify(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))).sort()

const fileOf = (name: string, quick: boolean) => join(folder, quick ? 'quick' : '', `${name}.yaml`)

for (const [name, expected] of Object.entries(factsOfPlan))
  for (const quick of [false, true])
    test(`${fileOf(name, quick)} has the runs of reproduce ${name}${quick ? ' --quick' : ''}, and no other`, async t => {
      const cells = cellsOf(await readSweep(fileOf(name, quick)))
      const programs = createPrograms()
      const facts: Facts[] = []
      for (const { settings } of cells) facts.push(factsOf(await prepare(settings, programs)))
      t.deepEqual(sorted(facts), sorted(planOf(name, quick).map(expected)))
    })

test('each shipped file is in full and quick', t => {
  const names = Object.keys(factsOfPlan)
    .map(name => `${name}.yaml`)
    .sort()
  for (const each of [folder, join(folder, 'quick')])
    t.deepEqual(
      readdirSync(each)
        .filter(name => name.endsWith('.yaml'))
        .sort(),
      names,
    )
})

/** By experiment: a cell of its quick file, by axes. */
const compared: readonly (readonly [name: string, axes: Readonly<Record<string, unknown>>])[] = [
  ['resam', { rule: 'cc', attack: 'label-flip', momentum: 0.99 }],
  ['resam', { rule: 'mda', attack: 'little', momentum: 0 }],
  ['cge', { rule: 'gmom', attack: 'coordinate-wise', batch: 16 }],
  ['cge', { rule: 'mean', attack: 'none', batch: 16 }],
  ['lenet', { rule: 'cge-sum', attack: 'gradient-reverse' }],
  ['peer-to-peer', { protocol: 'mda', attack: 'label-flip', partition: 'label' }],
]
const STEPS = 3

for (const [name, axes] of compared)
  test(`${name}, ${Object.values(axes).join(', ')}: a sweep and reproduce measure the same to the bit`, async t => {
    const { base, text: _, ...definition } = await readSweep(fileOf(name, true))
    const cell = cellsOf({ ...definition, base, text: '' }).find(each =>
      Object.entries(axes).every(([axis, value]) => each.axes[axis] === value),
    )!
    const settings: Record<string, unknown> = { ...cell.settings, steps: STEPS }
    delete settings.evaluateEvery
    const { seed, ...others } = settings
    const { rows } = await runSweep(sweepOf({ settings: others, seeds: [seed] }, { source: name, base }))
    // All of the test set, as in a sweep.
    const { numbers, series } = await measure(settings as Cell['settings'], Infinity, {
      cacheFor: createMeasuringCaches(),
      progress() {},
    })
    t.is(rows[0]!.status, 'done')
    // On a server all workers have the same one, and its mean is rounded.
    const isServer = name !== 'peer-to-peer'
    t.is(rows[0]!.metrics.accuracyMin, isServer ? numbers.accuracy : numbers.worst)
    if (isServer) t.is(rows[0]!.metrics.lossMax, series.loss!.at(-1)![1])
    // reproduce has the sum, divided, of peers that may all be equal: then it may be off in the last digit.
    else t.true(Math.abs(rows[0]!.metrics.accuracyMean! - numbers.accuracy!) < 1e-15)
  })

test('a run of a plan is that of its cell, measured on a part of the test set', async t => {
  const settings = { quick: true, seeds: null, data: digits }
  const { configurations, run } = experimentNamed('peer-to-peer')!
  const config = configurations(settings).find(
    each => each.protocol === 'cva' && each.partition === 'label' && each.attack === 'little',
  )!
  const told: number[] = []
  const progress = (done: number) => told.push(done)
  const measured = await run(config, { settings, cacheFor: createMeasuringCaches(), progress })
  t.deepEqual([told.length, told.at(-1)], [config.steps, 1])
  t.is(measured.numbers.stuck, 0)
  // On 1,000 of the examples.
  t.is((1000 * 7 * measured.numbers.accuracy!) % 1, 0)
  t.deepEqual(
    measured.series.diameter!.map(([step]) => step),
    [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50],
  )
})

test('where workers share their data, only liars have false labels, whichever they are', async t => {
  const { settings } = cellsOf(await readSweep(fileOf('cge', true)))[0]!
  const context = { cacheFor: createMeasuringCaches(), progress() {} }
  for (const liars of ['0', '9', '0,9']) {
    const flipped = { attack: 'label-flip', faults: 2, rule: 'mean', param: '', liars }
    const run = { ...settings, ...flipped, model: 'softmax', steps: 20, evaluateEvery: 20 }
    const { numbers } = await measure(run, 300, context)
    t.true(numbers.accuracy! > 0.3, `${liars}: ${numbers.accuracy}`)
  }
})

test('parameters that are no numbers classify by chance from then on', async t => {
  const { settings } = cellsOf(await readSweep(fileOf('cge', true)))[0]!
  const diverging = { ...settings, rate: 1e38, steps: 6, evaluateEvery: 2 }
  const context = { cacheFor: createMeasuringCaches(), progress() {} }
  const { numbers, series } = await measure(diverging, 100, context)
  const places = [0, 2, 4, 6]
  t.deepEqual(
    series.accuracy!.map(([step]) => step),
    places,
  )
  t.deepEqual(
    series.accuracy!.slice(1).map(([, accuracy]) => accuracy),
    [0.1, 0.1, 0.1],
  )
  t.deepEqual(
    series.loss!.slice(1).map(([, loss]) => loss),
    [null, null, null],
  )
  t.deepEqual([numbers.accuracy, numbers.late], [0.1, 0.1])
})

test('a flipped sign is a reversed gradient that is not scaled', t => {
  const own = Float32Array.of(1.5, -2, 0.1)
  const world = { own, honest: [own, Float32Array.of(1, 1, 1)] }
  const sent = [attackNamed('sign-flip'), attackNamed('gradient-reverse', { factor: 1 })].map(attack =>
    attack.forge!(world as unknown as Parameters<NonNullable<typeof attack.forge>>[0]),
  )
  t.deepEqual(sent[0], sent[1])
})
