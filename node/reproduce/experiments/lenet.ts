/** approximate-byzantine-fault-tolerance, App. K: LeNet with CGE and CWTM under label-flipping and reversed gradients. */
import { combinations, type Findings, type Result, type Settings, type Verdict } from '../experiment.ts'
import { linesFigure } from '../figures.ts'
import type { RuleKey } from '../rule-key.ts'
import { percentText, type Spread, spreadOf } from '../statistics.ts'
import { attackOf, defineSweepExperiment, ruleKeyOf, settingsOf } from '../sweep-experiment.ts'

const filters = ['cge', 'cge-sum', 'cwtm']
const faults = ['label-flip', 'gradient-reverse']
/** How much lost accuracy still counts as close; the paper names no number. */
const CLOSE = 0.1

/** `rule` is `mean` if nobody is faulty. */
type Config = RuleKey & {
  readonly data: string
  readonly model: string
  readonly fault: string | null
  readonly rate: number
  readonly missing: string
  readonly batch: number
  readonly steps: number
  readonly seed: number
}

export const lenet = defineSweepExperiment<Config>({
  name: 'lenet',
  title: 'LeNet with gradient filters',
  source: 'approximate-byzantine-fault-tolerance, Appendix K',
  summary: 'CGE and CWTM with three faulty agents of ten stay close to fault-free learning',
  claim: [
    'Ten agents, three of them faulty, learn MNIST and Fashion-MNIST with LeNet (431,080 parameters): batches of 128, η = 0.01, 1,000 steps. The faulty agents train on flipped labels (9 − y) or reverse their gradients.',
    'With CGE and with CWTM losses converge to within a close range of the fault-free results, and accuracies differ less still.',
  ],
  on: 'each',
  configOf: cell => ({
    ...settingsOf(cell, 'rate', 'missing', 'batch'),
    ...ruleKeyOf(cell),
    fault: attackOf(cell),
  }),
  cost: ({ steps, batch, fault }) => steps * batch * (fault === null ? 7 : 10),
  examples: () => 2000,
  judge,
})

const labels: Readonly<Record<string, string>> = { cge: 'CGE', 'cge-sum': 'CGE, sum', cwtm: 'CWTM' }

type Results = readonly Result<Config>[]

function judge(results: Results, settings: Settings): Findings {
  return {
    verdicts: settings.data.flatMap(({ name, path }) => [
      closeVerdict(results, name, path, 'both filters, CGE with the mean, stay', ['cge', 'cwtm']),
      closeVerdict(results, name, path, 'CGE with its own update, the sum, stays', ['cge-sum']),
    ]),
    tables: [
      {
        title: `Accuracy at the end`,
        head: ['data', 'fault-free', ...pairs().map(({ rule, fault }) => `${labels[rule]}, ${fault}`)],
        rows: settings.data.map(({ name, path }) => [
          name,
          percentText(late(results, path, 'mean', null)),
          ...pairs().map(({ rule, fault }) => percentText(late(results, path, rule, fault))),
        ]),
      },
    ],
    figures: (['accuracy', 'loss'] as const).map(measure => curves(results, settings, measure)),
    notes: [
      ...(settings.quick
        ? [
            'Quick: RESAM’s feed-forward network in place of LeNet, η = 0.1, batches of 64, 200 steps, 2,000 examples of the test set for each accuracy.',
          ]
        : ['Accuracies and losses are taken on 2,000 examples of the test set.']),
      '§4 of the paper sums the n − f smallest gradients, which at the same η is a step n − f times as long as CWTM’s and as the fault-free one’s. CGE stands here with the sum and with the mean.',
      'Gradients are reversed without scaling, as Appendix K says. The three last agents are the faulty ones; the paper draws them at random, which changes nothing for random shares.',
    ],
  }
}

function pairs() {
  return combinations({ rule: filters, fault: faults })
}

function late(results: Results, data: string, rule: string, fault: string | null): Spread | null {
  const runs = results.filter(({ config: c }) => c.data === data && c.rule === rule && c.fault === fault)
  return spreadOf(runs.map(({ measurement }) => measurement.numbers.late))
}

function closeVerdict(
  results: Results,
  name: string,
  path: string,
  who: string,
  rules: readonly string[],
): Verdict {
  const free = late(results, path, 'mean', null)!.mean
  const chosen = pairs().filter(({ rule }) => rules.includes(rule))
  const lost = chosen.map(pair => ({
    ...pair,
    lost: free - late(results, path, pair.rule, pair.fault)!.mean,
  }))
  const worst = lost.reduce((a, b) => (b.lost > a.lost ? b : a))
  return {
    claim: `On ${name} ${who} close to fault-free learning (less than ${100 * CLOSE} points below) under both faults`,
    measured: `the farthest: ${labels[worst.rule]} under ${worst.fault}, ${(100 * worst.lost).toFixed(1)} points below the ${(100 * free).toFixed(1)} % without faults`,
    holds: worst.lost < CLOSE,
  }
}

function curves(results: Results, settings: Settings, measure: 'accuracy' | 'loss') {
  const series = (data: string, rule: string, fault: string | null) =>
    results
      .filter(({ config: c }) => c.data === data && c.rule === rule && c.fault === fault)
      .map(({ measurement }) => measurement.series[measure]!)
  return linesFigure({
    title: measure === 'accuracy' ? 'Accuracy over the steps' : 'Loss over the steps',
    caption: 'As Figures 4 and 5 of the paper.',
    lines: settings.data.flatMap(({ name, path }) => [
      { panel: name, name: 'fault-free', series: series(path, 'mean', null) },
      ...pairs().map(({ rule, fault }) => ({
        panel: name,
        name: `${labels[rule]}, ${fault}`,
        series: series(path, rule, fault),
      })),
    ]),
    x: 'step',
    y: measure,
    ...(measure === 'accuracy' && { scale: 'percent' as const }),
    reference: 'fault-free',
  })
}
