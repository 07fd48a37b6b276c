/** Verdicts on made-up results: a claim holds where the numbers say so, and not where they do not. */
import test from 'ava'
import type { Configuration, Experiment, Measurement, Settings } from '../../../node/reproduce/experiment.ts'
import { fitFloor } from '../../../node/reproduce/experiments/linear-regression-findings.ts'
import { experimentNamed } from '../../../node/reproduce/registry.ts'

const settings: Settings = { quick: true, seeds: 1, data: [{ name: 'toy', path: 'toy' }] }

type Numbers = (config: Configuration) => Record<string, number | null>

function judged(experiment: Experiment, numbers: Numbers) {
  const points = [[0, 0.1] as const, [10, 0.2] as const]
  const series = {
    accuracy: points,
    loss: points,
    error: points,
    distance: points,
    diameter: points,
    gradient: points,
  }
  const results = experiment.configurations(settings).map(config => {
    const measurement: Measurement = { numbers: numbers(config), series }
    return { config, measurement, seconds: 1 }
  })
  return experiment.judge(results, settings)
}

const holds = (name: string, numbers: Numbers) =>
  judged(experimentNamed(name)!, numbers).verdicts.map(verdict => verdict.holds)

test('redundancy: within ε after 500 steps and still after 1,500, and each claim can fail', t => {
  const numbers =
    (change: Partial<Record<string, number>> = {}): Numbers =>
    ({ rule }) => ({
      x: change.x ?? 1.078,
      y: 0.9825,
      epsilon: 0.089,
      worst: change.worst ?? 0.1,
      nobody: change.nobody ?? 0.1,
      distance: rule === 'mean' ? (change.mean ?? 0.5) : (change.distance ?? 0.02),
      last: rule === 'mean' ? 0.5 : (change.last ?? 0.01),
    })
  const told = (change?: Partial<Record<string, number>>) => holds('redundancy', numbers(change))
  t.deepEqual(told(), [true, true, true, true])
  t.deepEqual(told({ x: 1.1 }), [false, true, true, true])
  t.deepEqual(told({ distance: 0.1 }), [true, false, true, true])
  t.deepEqual(told({ last: 0.1 }), [true, false, true, true])
  t.deepEqual(told({ mean: 0.05 }), [true, true, false, true])
  t.deepEqual(told({ worst: 0.2 }), [true, true, true, false])
  t.deepEqual(told({ nobody: 0.2 }), [true, true, true, false])
})

const theoremNumbers =
  (change: Partial<Record<string, number>> = {}): Numbers =>
  ({ protocol, attack }) => {
    const peers = { mda: 7, cva: 8, icwtm: 6, 'rb-tm': 4, mean: 7 }[protocol as string]!
    const far = protocol === 'mean' && attack === 'gradient-reverse'
    const value = (name: string, usual: number) => change[`${protocol} ${attack} ${name}`] ?? usual
    return {
      apart: value('apart', 0.1),
      gradient: value('gradient', far ? 1e9 : 0.2),
      drift: value('drift', 0.5),
      outputs: value('outputs', peers - 1),
      stuck: 0,
    }
  }

test('learn-theorem: holds as the theorem has it, and each claim can fail', t => {
  const told = (change?: Partial<Record<string, number>>) => holds('learn-theorem', theoremNumbers(change))
  t.deepEqual(told(), [true, true, true, true, true])
  t.deepEqual(told({ 'mda little apart': 4.1 }), [false, true, true, true, true])
  t.deepEqual(told({ 'cva null gradient': 1e4 }), [true, false, true, true, true])
  t.deepEqual(told({ 'icwtm silence drift': 1.01 }), [true, true, false, true, true])
  t.deepEqual(told({ 'rb-tm equivocate outputs': 2 }), [true, true, true, false, true])
  t.deepEqual(told({ 'mean gradient-reverse gradient': 1 }), [true, true, true, true, false])
})

const resamNumbers =
  (change: Partial<Record<string, number>> = {}): Numbers =>
  ({ rule, attack, momentum }) => {
    const broken =
      attack === 'little' && (momentum === 0 || (momentum !== 0.9 && (rule === 'cge' || rule === 'cc')))
    return { late: change[`${rule} ${attack} ${momentum}`] ?? (broken ? 0.4 : 0.9) }
  }

test('resam: holds as in the paper, and each claim can fail', t => {
  t.deepEqual(holds('resam', resamNumbers()), [true, true, true, true])
  t.deepEqual(holds('resam', resamNumbers({ 'cwtm little 0': 0.89 })), [false, true, true, true])
  t.deepEqual(holds('resam', resamNumbers({ 'krum empire 0.99': 0.75 })), [true, false, true, true])
  const cge = { 'cge little 0': 0.9, 'cge little 0.99': 0.9 }
  t.deepEqual(holds('resam', resamNumbers(cge)), [false, true, false, true])
  t.deepEqual(holds('resam', resamNumbers({ 'cc empire 0.9': 0.8 })), [true, true, true, false])
})

test('resam: the worst case is named', t => {
  const { verdicts } = judged(experimentNamed('resam')!, resamNumbers({ 'krum empire 0.99': 0.75 }))
  t.regex(verdicts[1]!.measured, /Krum\* loses 15\.0 points to empire \(β = 0\.99\)/)
})

const cgeNumbers =
  (gain: number): Numbers =>
  ({ rule, batch, faulty, averaging }) => ({
    late:
      rule === 'mean'
        ? 0.9
        : 0.9 + gain * (Number(batch) / 640 - Number(faulty) / 40 + Number(averaging) / 10),
  })

test('cge: the sweeps are read the right way round', t => {
  t.deepEqual(holds('cge', cgeNumbers(1)), [true, true, true, true, true])
  t.deepEqual(holds('cge', cgeNumbers(-1)).slice(2), [false, false, false])
})

test('cge: worse than the others is not comparable', t => {
  const numbers: Numbers = config => (config.rule === 'cge' ? { late: 0.7 } : cgeNumbers(1)(config))
  t.false(holds('cge', numbers)[0]!)
  t.true(holds('cge', numbers)[1]!)
})

test('cge: the sum has a verdict of its own', t => {
  const numbers: Numbers = config => (config.rule === 'cge-sum' ? { late: 0.7 } : cgeNumbers(1)(config))
  t.deepEqual(holds('cge', numbers).slice(0, 2), [true, false])
})

test('lenet: close to fault-free, or not', t => {
  t.deepEqual(
    holds('lenet', ({ fault }) => ({ late: fault === null ? 0.95 : 0.9 })),
    [true, true],
  )
  t.deepEqual(
    holds('lenet', ({ rule }) => ({ late: rule === 'cwtm' ? 0.6 : 0.95 })),
    [false, true],
  )
  t.deepEqual(
    holds('lenet', ({ rule }) => ({ late: rule === 'cge-sum' ? 0.6 : 0.95 })),
    [true, false],
  )
})

const peerNumbers =
  (change: (config: Configuration) => object = () => ({})): Numbers =>
  config => ({
    accuracy: config.protocol === 'mean' && config.attack !== null ? 0.3 : 0.9,
    worst: 0.9,
    apart: 0.01,
    stuck: 0,
    ...change(config),
  })

test('peer-to-peer: holds, and each claim can fail', t => {
  t.deepEqual(holds('peer-to-peer', peerNumbers()), [true, true, true, true])
  const lost = peerNumbers(({ protocol, attack }) =>
    protocol === 'cva' && attack === 'little' ? { accuracy: 0.5 } : {},
  )
  t.deepEqual(holds('peer-to-peer', lost), [false, true, true, true])
  t.deepEqual(
    holds(
      'peer-to-peer',
      peerNumbers(() => ({ accuracy: 0.9 })),
    ),
    [true, false, true, true],
  )
  t.deepEqual(
    holds(
      'peer-to-peer',
      peerNumbers(() => ({ apart: 0.5 })),
    ),
    [true, true, false, true],
  )
  t.deepEqual(
    holds(
      'peer-to-peer',
      peerNumbers(() => ({ stuck: 1 })),
    ),
    [true, true, true, false],
  )
})

test('linear-regression: contraction, floor, sizes and averaging, each can fail', t => {
  const numbers =
    (
      contraction: number,
      floor: (samples: number) => number,
      broken: number | null,
      { rotating = 1, power = 1 } = {},
    ): Numbers =>
    ({ rule, samples, dimension, groups, fault, liars }) => ({
      contraction,
      floor:
        rule === 'mean' && fault !== null
          ? broken
          : floor(Number(samples)) *
            (liars === 'rotating' ? rotating : 1) *
            Math.sqrt((Number(dimension) * Number(groups)) / 200) ** power,
    })
  const root = (samples: number) => 3 / Math.sqrt(samples)
  const told = (...given: Parameters<typeof numbers>) => holds('linear-regression', numbers(...given))
  t.deepEqual(told(0.6, root, null), [true, true, true, true, true])
  t.deepEqual(told(0.6, root, null, { rotating: 3 }), [true, true, true, false, true])
  t.deepEqual(told(0.6, root, null, { power: 1.5 }), [true, true, false, true, true])
  t.deepEqual(told(0.95, root, null), [false, true, true, false, true])
  t.deepEqual(
    told(0.6, () => 0.02, 900),
    [true, false, true, true, true],
  )
  t.deepEqual(told(0.6, root, 0.02), [true, true, true, true, false])
})

test('the fit of the floor finds exponent and constant', t => {
  const at = [1000, 4000, 16_000].map(samples => ({
    dimension: 20,
    groups: 10,
    samples,
    floor: 2 * Math.sqrt(200 / samples),
  }))
  const { exponent, constant } = fitFloor(at)
  t.true(Math.abs(exponent - 1) < 1e-9 && Math.abs(constant - 2) < 1e-9)
})
