/** What the runs of `linear-regression` say about Corollary 1. */
import type { Findings, Result, Table, Verdict } from '../experiment.ts'
import { type Figure, type Line, linesFigure } from '../figures.ts'
import { numberText, shortNumber, spreadOf } from '../statistics.ts'
import {
  type LinearRegressionConfig as Config,
  DIMENSION,
  faults,
  GROUPS,
  MACHINES,
  ROUNDS,
  START,
  TAU,
} from './linear-regression-plan.ts'

/** `½ + √3/4` of Corollary 1. */
export const CONTRACTION = 0.5 + Math.sqrt(3) / 4

const notes = [
  `τ = ${TAU} = 10d, and the median is sought to a ratio of 1 + 1/N: the paper asks for τ = Θ(d) and γ = 1/N (Remark 2). Machines that are faulty in turns are drawn anew in every round, three of ${MACHINES}; those that stay are in different groups.`,
  `The paper proves this and prints no experiment, so the sizes are ours: d = ${DIMENSION} (5 and 80 in its sweep), m = ${MACHINES} machines, q = 3 faulty ones in different groups, k = ${GROUPS} groups (in the sweep of k, 3 to 30, q is a third of it: with q fixed more groups dilute the faulty ones, and the floor does not rise), ‖θ₀ − θ*‖ = ${START}, ${ROUNDS} rounds.`,
  'The contraction measured is much faster than the bound: on this loss an exact gradient step with η = ½ contracts by ½, and the bound has to hold for every strongly convex loss and every fault.',
  'A single machine that only flips the sign of its gradient does not break averaging, it slows it down by a factor of 1 − 2/m; machines that exaggerate break it.',
]

type Results = readonly Result<Config>[]

export function judge(results: Results): Findings {
  return { verdicts: verdicts(results), tables: [floorTable(results)], figures: figures(results), notes }
}

/** The runs of the sweep of N: one faulty set, no threshold. */
function isSweep(config: Config): boolean {
  const { rule, faulty, liars, parameters } = config
  return (
    rule === 'gmom' && faulty === 3 && liars === 'fixed' && !parameters.includes('tau') && !isVaried(config)
  )
}

/** Those of the sweeps of d and k. */
function isVaried({ dimension, groups }: Config): boolean {
  return dimension !== DIMENSION || groups !== GROUPS
}

type Sizes = Pick<Config, 'dimension' | 'groups' | 'samples'>

/** `√(dk/N)`. */
function rateOf({ dimension, groups, samples }: Sizes): number {
  return Math.sqrt((dimension * groups) / samples)
}

/** The exponent `p` of the best fit `floor = c·√(dk/N)^p`, and the largest `c` at `p = 1`. */
export function fitFloor(points: readonly (Sizes & { readonly floor: number })[]) {
  const logs = points.map(point => [Math.log(rateOf(point)), Math.log(point.floor)] as const)
  const mean = (place: 0 | 1) => logs.reduce((sum, log) => sum + log[place], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const covariance = logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0)
  const variance = logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0)
  return {
    exponent: covariance / variance,
    constant: Math.max(...points.map(point => point.floor / rateOf(point))),
  }
}

function verdicts(results: Results): Verdict[] {
  const chosen = (choice: (config: Config) => boolean) => results.filter(({ config }) => choice(config))
  const numbers = (list: Results, name: string) => list.map(({ measurement }) => measurement.numbers[name])
  const gmom = chosen(({ rule, faulty }) => rule === 'gmom' && faulty > 0)
  const slowest = spreadOf(numbers(gmom, 'contraction'))!.max
  const fitOf = (list: Results) =>
    fitFloor(
      list.map(({ config, measurement }) => ({ ...config, floor: measurement.numbers.floor ?? Infinity })),
    )
  const fit = fitOf(gmom.filter(({ config }) => isSweep(config)))
  const { samples: middle } = gmom.find(({ config }) => isVaried(config))!.config
  const base = gmom.filter(({ config }) => isSweep(config) && config.samples === middle)
  const byDimension = fitOf([...base, ...gmom.filter(({ config }) => config.dimension !== DIMENSION)])
  const byGroups = fitOf(gmom.filter(({ config }) => config.groups !== GROUPS))
  const constants = [byDimension.constant, byGroups.constant]
  const broken = chosen(({ rule, fault }) => rule === 'mean' && fault !== null && fault !== 'sign-flip')
  const healthy = spreadOf(
    numbers(
      chosen(({ rule, faulty }) => rule === 'mean' && faulty === 0),
      'floor',
    ),
  )!
  const least = Math.min(...numbers(broken, 'floor').map(floor => floor ?? Infinity))
  return [
    {
      claim: 'With the geometric median of means the error contracts at least by ½ + √3/4 ≈ 0.933 a round',
      measured: `by ${shortNumber(slowest)} in the slowest round of all runs`,
      holds: slowest <= CONTRACTION,
    },
    {
      claim: 'It ends at a floor of order √(dk/N)',
      measured: `the floor goes with √(dk/N) to the power ${fit.exponent.toFixed(2)} over the sweep of N, at most ${shortNumber(fit.constant)} times it`,
      holds: Math.abs(fit.exponent - 1) < 0.15 && fit.constant < 10,
    },
    {
      claim:
        'The floor rises with d, and with k where a third of the groups is spoilt, no faster than √(dk/N)',
      measured: `it goes with √(dk/N) to the power ${byDimension.exponent.toFixed(2)} over d = 5, 20, 80 and ${byGroups.exponent.toFixed(2)} over k = 3, 6, 15, 30, at most ${constants.map(shortNumber).join(' and ')} times it`,
      holds:
        byDimension.exponent < 1.25 && byGroups.exponent < 1.25 && constants.every(constant => constant < 10),
    },
    {
      claim: 'It does so with other faulty machines in every round, and with group means above τ dropped',
      measured: others(gmom, fit.constant),
      holds: gmom.filter(({ config }) => isOther(config)).every(run => staysLow(run, fit.constant)),
    },
    {
      claim: 'Averaging breaks with one faulty machine',
      measured: `one of ${MACHINES} machines that reverses (×100) or sends noise leaves an error of ${least === Infinity ? 'no bound' : `at least ${shortNumber(least)}`}; without it the error is ${numberText(healthy)}`,
      holds: least > 20 * healthy.max,
    },
  ]
}

/** Of neither sweep: liars in turns, a threshold, nobody faulty. */
function isOther(config: Config): boolean {
  return !isSweep(config) && !isVaried(config)
}

/** Within twice what the sweep's runs are at most, and no slower than Corollary 1. */
function staysLow({ config, measurement: { numbers } }: Results[number], constant: number): boolean {
  return (
    (numbers.floor ?? Infinity) <= 2 * constant * rateOf(config) &&
    (numbers.contraction ?? Infinity) <= CONTRACTION
  )
}

function others(gmom: Results, constant: number): string {
  const runs = gmom.filter(({ config }) => isOther(config))
  const over = runs.map(({ config, measurement }) => (measurement.numbers.floor ?? Infinity) / rateOf(config))
  return `such runs end at ${shortNumber(Math.max(...over))} times √(dk/N) at most, those of the sweep at ${shortNumber(constant)}`
}

function floorTable(results: Results): Table {
  const keyOf = ({ rule, parameters, dimension, faulty, fault, liars, samples }: Config) =>
    JSON.stringify([rule, parameters, dimension, faulty, fault, liars, samples])
  const rows = [...new Map(results.map(({ config }) => [keyOf(config), config])).values()].map(config => {
    const runs = results.filter(run => keyOf(run.config) === keyOf(config))
    const floors = spreadOf(runs.map(({ measurement }) => measurement.numbers.floor))
    const ratio = floors === null || config.rule !== 'gmom' ? '–' : shortNumber(floors.mean / rateOf(config))
    return [
      config.rule === 'gmom' ? 'GMoM' : 'averaging',
      String(config.faulty),
      config.fault ?? '–',
      config.liars === 'rotating' ? 'in turns' : '–',
      config.parameters.match(/tau=(\S+)/)?.[1] ?? '–',
      String(config.dimension),
      config.rule === 'gmom' ? String(config.groups) : '–',
      String(config.samples),
      floors === null ? 'diverges' : numberText(floors),
      ratio,
    ]
  })
  const head = ['rule', 'faulty', 'fault', 'who', 'τ', 'd', 'k', 'N', '‖θ − θ*‖', 'over √(dk/N)']
  return { title: `Error after ${ROUNDS} rounds`, head, rows }
}

function figures(results: Results): Figure[] {
  return [
    linesFigure({
      title: 'Error over the rounds',
      caption: 'Errors above 10⁶ are not shown: those runs diverge. Bands: least to greatest over the seeds.',
      lines: errorLines(results),
      x: 'round',
      y: '‖θ − θ*‖',
      scale: 'log',
    }),
    linesFigure({
      title: 'The floor over N',
      caption: `Error after ${ROUNDS} rounds with three faulty machines, and √(dk/N).`,
      lines: floorLines(results),
      x: 'samples N',
      y: '‖θ − θ*‖',
      scale: 'log',
      reference: '√(dk/N)',
      logX: true,
    }),
    linesFigure({
      title: 'The floor over √(dk/N)',
      caption:
        'The same over N, over d (5 and 80) and over k (3, 6, 15 and 30, a third of the groups spoilt).',
      lines: sizeLines(results),
      x: '√(dk/N)',
      y: '‖θ − θ*‖',
      scale: 'log',
      reference: '√(dk/N)',
      logX: true,
    }),
  ]
}

function errorLines(results: Results): Line[] {
  const series = (chosen: (config: Config) => boolean) =>
    results
      .filter(({ config }) => chosen(config))
      .map(({ measurement }) => measurement.series.error!.filter(([, error]) => error! < 1e6))
  const middle = `N = ${results.find(({ config }) => config.rule === 'mean')!.config.samples}`
  return [
    ...sweep(results)
      .filter((_, i) => i % 2 === 0)
      .map(samples => ({
        panel: 'GMoM, three machines reverse',
        name: `N = ${samples}`,
        series: series(c => isSweep(c) && c.samples === samples && c.fault === 'gradient-reverse'),
      })),
    { panel: middle, name: 'GMoM, nobody faulty', series: series(c => c.rule === 'gmom' && c.faulty === 0) },
    ...faults.map(fault => ({
      panel: middle,
      name: `averaging, one ${fault}`,
      series: series(c => c.rule === 'mean' && c.fault === fault),
    })),
    {
      panel: middle,
      name: 'averaging, nobody faulty',
      series: series(c => c.rule === 'mean' && c.faulty === 0),
    },
  ]
}

function floorLines(results: Results): Line[] {
  const floors = (fault: string) =>
    results
      .filter(({ config }) => isSweep(config) && config.fault === fault)
      .map(({ config, measurement }) => [[config.samples, measurement.numbers.floor ?? null] as const])
  return [
    ...faults.map(fault => ({ panel: 'floor', name: fault, series: floors(fault) })),
    {
      panel: 'floor',
      name: '√(dk/N)',
      series: [
        sweep(results).map(n => [n, rateOf({ dimension: DIMENSION, groups: GROUPS, samples: n })] as const),
      ],
    },
  ]
}

/** The floor over `√(dk/N)`, of all sweeps in one. */
function sizeLines(results: Results): Line[] {
  const at = (name: string, chosen: (config: Config) => boolean) => ({
    panel: 'sizes',
    name,
    series: results
      .filter(({ config }) => config.rule === 'gmom' && chosen(config))
      .map(({ config, measurement }) => [[rateOf(config), measurement.numbers.floor ?? null] as const]),
  })
  const rates = results
    .filter(({ config }) => isSweep(config) || isVaried(config))
    .map(({ config }) => rateOf(config))
  return [
    at('N', isSweep),
    at('d', ({ dimension }) => dimension !== DIMENSION),
    at('k = 3q', ({ groups }) => groups !== GROUPS),
    {
      panel: 'sizes',
      name: '√(dk/N)',
      series: [[...new Set(rates)].sort((a, b) => a - b).map(x => [x, x] as const)],
    },
  ]
}

function sweep(results: Results): number[] {
  return [...new Set(results.filter(({ config }) => isSweep(config)).map(({ config }) => config.samples))]
}
