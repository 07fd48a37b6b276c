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
  `The paper proves this and prints no experiment, so the sizes are ours: d = ${DIMENSION}, m = ${MACHINES} machines, q = 3 faulty ones in different groups, k = ${GROUPS} groups, ‖θ₀ − θ*‖ = ${START}, ${ROUNDS} rounds.`,
  'The contraction measured is much faster than the bound: on this loss an exact gradient step with η = ½ contracts by ½, and the bound has to hold for every strongly convex loss and every fault.',
  'A single machine that only flips the sign of its gradient does not break averaging, it slows it down by a factor of 1 − 2/m; machines that exaggerate break it.',
]

type Results = readonly Result<Config>[]

export function judge(results: Results): Findings {
  return { verdicts: verdicts(results), tables: [floorTable(results)], figures: figures(results), notes }
}

/** The runs of the sweep of N: one faulty set, no threshold. */
function isSweep({ rule, faulty, liars, parameters }: Config): boolean {
  return rule === 'gmom' && faulty === 3 && liars === 'fixed' && !parameters.includes('tau')
}

/** `√(dk/N)`. */
function rateOf(samples: number): number {
  return Math.sqrt((DIMENSION * GROUPS) / samples)
}

/** The exponent `p` of the best fit `floor = c·√(dk/N)^p`, and the largest `c` at `p = 1`. */
export function fitFloor(points: readonly { readonly samples: number; readonly floor: number }[]) {
  const logs = points.map(({ samples, floor }) => [Math.log(rateOf(samples)), Math.log(floor)] as const)
  const mean = (place: 0 | 1) => logs.reduce((sum, log) => sum + log[place], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const covariance = logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0)
  const variance = logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0)
  return {
    exponent: covariance / variance,
    constant: Math.max(...points.map(({ samples, floor }) => floor / rateOf(samples))),
  }
}

function verdicts(results: Results): Verdict[] {
  const chosen = (choice: (config: Config) => boolean) => results.filter(({ config }) => choice(config))
  const numbers = (list: Results, name: string) => list.map(({ measurement }) => measurement.numbers[name])
  const gmom = chosen(({ rule, faulty }) => rule === 'gmom' && faulty > 0)
  const slowest = spreadOf(numbers(gmom, 'contraction'))!.max
  const fit = fitFloor(
    gmom
      .filter(({ config }) => isSweep(config))
      .map(({ config, measurement }) => ({
        samples: config.samples,
        floor: measurement.numbers.floor ?? Infinity,
      })),
  )
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
      claim: 'It does so with other faulty machines in every round, and with group means above τ dropped',
      measured: others(gmom, fit.constant),
      holds: gmom.filter(({ config }) => !isSweep(config)).every(run => staysLow(run, fit.constant)),
    },
    {
      claim: 'Averaging breaks with one faulty machine',
      measured: `one of ${MACHINES} machines that reverses (×100) or sends noise leaves an error of ${least === Infinity ? 'no bound' : `at least ${shortNumber(least)}`}; without it the error is ${numberText(healthy)}`,
      holds: least > 20 * healthy.max,
    },
  ]
}

/** Within twice what the sweep's runs are at most, and no slower than Corollary 1. */
function staysLow({ config, measurement: { numbers } }: Results[number], constant: number): boolean {
  return (
    (numbers.floor ?? Infinity) <= 2 * constant * rateOf(config.samples) &&
    (numbers.contraction ?? Infinity) <= CONTRACTION
  )
}

function others(gmom: Results, constant: number): string {
  const runs = gmom.filter(({ config }) => !isSweep(config))
  const over = runs.map(
    ({ config, measurement }) => (measurement.numbers.floor ?? Infinity) / rateOf(config.samples),
  )
  return `such runs end at ${shortNumber(Math.max(...over))} times √(dk/N) at most, those of the sweep at ${shortNumber(constant)}`
}

function floorTable(results: Results): Table {
  const keyOf = ({ rule, parameters, faulty, fault, liars, samples }: Config) =>
    JSON.stringify([rule, parameters, faulty, fault, liars, samples])
  const rows = [...new Map(results.map(({ config }) => [keyOf(config), config])).values()].map(config => {
    const runs = results.filter(run => keyOf(run.config) === keyOf(config))
    const floors = spreadOf(runs.map(({ measurement }) => measurement.numbers.floor))
    const ratio =
      floors === null || config.rule !== 'gmom' ? '–' : shortNumber(floors.mean / rateOf(config.samples))
    return [
      config.rule === 'gmom' ? 'GMoM' : 'averaging',
      String(config.faulty),
      config.fault ?? '–',
      config.liars === 'rotating' ? 'in turns' : '–',
      config.parameters.match(/tau=(\S+)/)?.[1] ?? '–',
      String(config.samples),
      floors === null ? 'diverges' : numberText(floors),
      ratio,
    ]
  })
  const head = ['rule', 'faulty', 'fault', 'who', 'τ', 'N', '‖θ − θ*‖', 'over √(dk/N)']
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
    { panel: 'floor', name: '√(dk/N)', series: [sweep(results).map(n => [n, rateOf(n)] as const)] },
  ]
}

function sweep(results: Results): number[] {
  return [...new Set(results.filter(({ config }) => isSweep(config)).map(({ config }) => config.samples))]
}
