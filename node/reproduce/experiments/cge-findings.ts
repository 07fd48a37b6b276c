/** What the runs of `cge` say about the paper's observations. */
import type { Findings, Result, Settings, Table, Verdict } from '../experiment.ts'
import { type Figure, heatFigure, type Line, linesFigure } from '../figures.ts'
import type { RuleKey } from '../rule-key.ts'
import { percentText, type Spread, spreadOf } from '../statistics.ts'

/** `rule` is `mean` if nobody is faulty. */
export type CgeConfig = RuleKey & {
  readonly data: string
  readonly model: string
  readonly partition: string
  readonly fault: string | null
  readonly faulty: number
  readonly batch: number
  /** `α` of §3.5. */
  readonly averaging: number
  readonly rate: number
  readonly missing: string
  readonly steps: number
  readonly seed: number
}

const filters = ['gm', 'gmom', 'cwtm', 'multi-krum-original', 'cge', 'cge-sum']
const faults = ['gradient-reverse', 'coordinate-wise', 'norm-confusing', 'label-flip', 'random']

/** The two filters that the paper follows over f, k and α. */
const swept = ['cge', 'multi-krum-original']
const measures = ['accuracy', 'loss'] as const
type Measure = (typeof measures)[number]

const labels: Readonly<Record<string, string>> = {
  mean: 'fault-free',
  gm: 'geometric median',
  gmom: 'median of means',
  cwtm: 'CWTM',
  'multi-krum-original': 'multi-Krum (m = 2)',
  cge: 'CGE',
  'cge-sum': 'CGE, sum',
}

type Results = readonly Result<CgeConfig>[]
type Wanted = Partial<CgeConfig>

export function judge(results: Results, settings: Settings): Findings {
  return {
    verdicts: verdicts(results),
    tables: [filterTable(results), sweepTable(results), averagingTable(results)],
    figures: [
      heat(results),
      ...measures.flatMap(measure => [
        filterCurves(results, measure),
        ...swept.map(rule => sweepCurves(results, rule, measure)),
        averagingCurves(results, measure),
      ]),
    ],
    notes: [
      ...(settings.quick
        ? [
            'Quick: RESAM’s feed-forward network in place of LeNet, 150 steps, the ends of each sweep, 1,000 examples of the test set for each accuracy.',
          ]
        : []),
      'Step S2 of the paper moves along the sum of the n − f smallest gradients, which with η = 0.1 is a step n − f times as long as the other filters’; so CGE stands here twice: with their mean, at the step size of the others, and with the sum, as S2 has it. The sweeps and the averaging are of the mean.',
      'The gradients of agents are not clipped and there is no momentum, as in the paper. Accuracies are means of the evaluations in the last quarter of a run.',
      'The paper plots the loss on the training set; here loss and accuracy are of the test set. It says nowhere how many steps a run has, beyond the axes of its figures: 500 here, 150 when quick.',
      'The paper does not say how many groups MoM has: five of two agents here, ten where f is 3 or 4 (more than 2f are needed).',
    ],
  }
}

function pick(results: Results, wanted: Wanted): Results {
  const wants = Object.entries(wanted)
  return results.filter(({ config }) =>
    wants.every(([name, value]) => config[name as keyof CgeConfig] === value),
  )
}

function late(results: Results, wanted: Wanted): Spread | null {
  return spreadOf(pick(results, wanted).map(({ measurement }) => measurement.numbers.late))
}

function verdicts(results: Results): Verdict[] {
  const free = late(results, { rule: 'mean', batch: 16 })!.mean
  const cells = filters.flatMap(rule =>
    faults.map(fault => ({
      rule,
      fault,
      value: late(results, { rule, fault, faulty: 1, batch: 16, averaging: 0 })!.mean,
    })),
  )
  const lowest = (list: typeof cells) => list.reduce((a, b) => (b.value < a.value ? b : a))
  const [below, lost] = [0.03, 0.1]
  const cgeLowest = lowest(cells.filter(({ rule }) => rule === 'cge'))
  const others = lowest(cells.filter(({ rule }) => rule !== 'cge' && rule !== 'cge-sum'))
  const sumLowest = lowest(cells.filter(({ rule }) => rule === 'cge-sum'))
  const told = ({ rule, fault, value }: (typeof cells)[number]) =>
    `${labels[rule]} ${percent(value)} under ${fault}`
  return [
    {
      claim: `With one faulty agent CGE is consistently good (at most ${100 * lost} points below fault-free), comparable to the other filters (at most ${100 * below} below the lowest of them)`,
      measured: `the lowest: ${told(cgeLowest)}; of the other filters: ${told(others)}; fault-free ${percent(free)}`,
      holds: cgeLowest.value >= others.value - below && cgeLowest.value >= free - lost,
    },
    {
      claim: `With the paper’s own update, the sum of the n − f smallest gradients, CGE is as good (at most ${100 * lost} points below fault-free)`,
      measured: `the lowest: ${told(sumLowest)}; with the mean: ${told(cgeLowest)}; fault-free ${percent(free)}`,
      holds: sumLowest.value >= free - lost,
    },
    sweepVerdict(results, 'Larger batches help', { averaging: 0 }, 'batch', 16, 64, 1),
    sweepVerdict(results, 'More faulty agents hurt', { averaging: 0, batch: 16 }, 'faulty', 1, 4, -1),
    sweepVerdict(
      results,
      'Averaging the gradients over time helps against coordinate-wise faults',
      { fault: 'coordinate-wise', batch: 16 },
      'averaging',
      0,
      0.6,
      1,
    ),
  ]
}

/** For all pairs of runs that differ in one value only: how much the second gains over the first. */
function sweepVerdict(
  results: Results,
  claim: string,
  among: Wanted,
  name: 'batch' | 'faulty' | 'averaging',
  from: number,
  to: number,
  sign: 1 | -1,
): Verdict {
  const gains = pick(results, { ...among, [name]: from }).flatMap(({ config, measurement }) => {
    if (config.rule === 'mean') return []
    const { rule, fault, faulty, batch, averaging, seed } = config
    const other = pick(results, { rule, fault, faulty, batch, averaging, seed, [name]: to })[0]
    return other === undefined ? [] : [other.measurement.numbers.late! - measurement.numbers.late!]
  })
  const mean = gains.reduce((a, b) => a + b, 0) / gains.length
  const [least, most] = [Math.min(...gains), Math.max(...gains)]
  const symbol = { batch: 'k', faulty: 'f', averaging: 'α' }[name]
  const unclear = Math.abs(mean) < 0.01
  return {
    claim,
    measured: `from ${symbol} = ${from} to ${to} the accuracy changes by ${points(mean)} on average over ${gains.length} pairs of runs (${points(least)} to ${points(most)})${unclear ? '; less than a point either way is within what another seed would change' : ''}`,
    holds: unclear ? null : sign * mean > 0,
  }
}

function points(gain: number): string {
  const size = Math.abs(100 * gain).toFixed(1)
  return `${Number(size) === 0 ? '' : gain > 0 ? '+' : '−'}${size} points`
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`
}

function filterTable(results: Results): Table {
  return {
    title: `Accuracy with one faulty agent, k = 16; fault-free: ${percentText(late(results, { rule: 'mean', batch: 16 }))}`,
    head: ['filter', ...faults],
    rows: filters.map(rule => [
      labels[rule]!,
      ...faults.map(fault => percentText(late(results, { rule, fault, faulty: 1, batch: 16, averaging: 0 }))),
    ]),
  }
}

function sweepTable(results: Results): Table {
  const runs = results.filter(({ config }) => config.averaging === 0 && swept.includes(config.rule))
  const counts = [...new Set(runs.map(({ config }) => config.faulty))].sort()
  const rows = swept.flatMap(rule =>
    faults.flatMap(fault =>
      [16, 64].map(batch => [
        ...[labels[rule]!, fault, String(batch)],
        ...counts.map(faulty => percentText(late(results, { rule, fault, faulty, batch, averaging: 0 }))),
      ]),
    ),
  )
  return {
    title: 'Accuracy over the number of faulty agents and the batch size',
    head: ['filter', 'fault', 'k', ...counts.map(count => `f = ${count}`)],
    rows: rows.filter(row => row.slice(3).filter(cell => cell !== '–').length > 1),
  }
}

function averagingTable(results: Results): Table {
  const chosen = pick(results, { fault: 'coordinate-wise', batch: 16 })
  const weights = [...new Set(chosen.map(({ config }) => config.averaging))].sort()
  const counts = [...new Set(pick(chosen, { rule: 'cge' }).map(({ config }) => config.faulty))].sort()
  return {
    title: 'Gradient averaging against coordinate-wise faults, k = 16',
    head: ['filter', 'f', ...weights.map(alpha => `α = ${alpha}`)],
    rows: swept.flatMap(rule =>
      counts.map(faulty => [
        ...[labels[rule]!, String(faulty)],
        ...weights.map(averaging => percentText(late(chosen, { rule, faulty, averaging }))),
      ]),
    ),
  }
}

function heat(results: Results): Figure {
  const cells = filters.flatMap(rule =>
    faults.map(fault => ({
      panel: 'one faulty agent of ten, k = 16',
      row: labels[rule]!,
      column: fault,
      value: late(results, { rule, fault, faulty: 1, batch: 16, averaging: 0 })!.mean,
    })),
  )
  return heatFigure('Accuracy by filter and fault', 'Blue is good.', cells)
}

function sharedOf(measure: Measure) {
  const scale = measure === 'accuracy' ? ('percent' as const) : ('log' as const)
  return { x: 'step', y: measure, scale, reference: 'fault-free' }
}

function series(results: Results, measure: Measure, wanted: Wanted) {
  return pick(results, wanted).map(({ measurement }) => measurement.series[measure]!)
}

function freeLine(results: Results, measure: Measure, panel: string, batch = 16): Line {
  return { panel, name: 'fault-free', series: series(results, measure, { rule: 'mean', batch }) }
}

const titled = (measure: Measure) => (measure === 'accuracy' ? 'Accuracy' : 'Loss')

function filterCurves(results: Results, measure: Measure): Figure {
  const lines: Line[] = faults.flatMap(fault => [
    freeLine(results, measure, fault),
    ...filters.map(rule => ({
      panel: fault,
      name: labels[rule]!,
      series: series(results, measure, { rule, fault, faulty: 1, batch: 16, averaging: 0 }),
    })),
  ])
  return linesFigure({
    ...sharedOf(measure),
    title: `${titled(measure)} over the steps, one faulty agent`,
    caption: 'As Figures 2 and 3 of the paper; with CIFAR-10 its coordinate-wise panel is Figure 12.',
    lines,
    columns: 3,
  })
}

/** Panels by fault and batch size, lines by the number of faulty agents. */
function sweepCurves(results: Results, rule: string, measure: Measure): Figure {
  const own = pick(results, { rule, averaging: 0 })
  const lines: Line[] = faults.flatMap(fault =>
    [16, 64].flatMap(batch => {
      const panel = `${fault}, k = ${batch}`
      const counts = [...new Set(pick(own, { fault, batch }).map(({ config }) => config.faulty))].sort()
      if (counts.length < 2) return []
      return [
        freeLine(results, measure, panel, batch),
        ...counts.map(faulty => ({
          panel,
          name: `f = ${faulty}`,
          series: series(own, measure, { fault, faulty, batch }),
        })),
      ]
    }),
  )
  const shown = rule === 'cge' ? '6, 7, 8 and 10' : '4, 5, 9 and 11'
  return linesFigure({
    ...sharedOf(measure),
    title: `${titled(measure)} over the steps, ${labels[rule]}, by number of faulty agents and batch size`,
    caption: `As Figures ${shown} of the paper.`,
    lines,
  })
}

function averagingCurves(results: Results, measure: Measure): Figure {
  const weights = [
    ...new Set(pick(results, { fault: 'coordinate-wise', batch: 16 }).map(({ config }) => config.averaging)),
  ]
  const counts = [...new Set(pick(results, { rule: 'cge' }).map(({ config }) => config.faulty))].sort()
  const lines: Line[] = swept.flatMap(rule =>
    counts.flatMap(faulty => {
      const panel = `${labels[rule]}, f = ${faulty}`
      return [
        freeLine(results, measure, panel),
        ...weights.map(averaging => ({
          panel,
          name: `α = ${averaging}`,
          series: series(results, measure, { rule, fault: 'coordinate-wise', faulty, batch: 16, averaging }),
        })),
      ]
    }),
  )
  return linesFigure({
    ...sharedOf(measure),
    title: `${titled(measure)} with gradient averaging, coordinate-wise faults`,
    caption: 'As Figures 13 and 14 of the paper; with CIFAR-10 Figures 15 and 16.',
    lines,
  })
}
