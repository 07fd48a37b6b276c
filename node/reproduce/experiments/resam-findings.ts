/** What the runs of `resam` say about the paper's takeaway. */
import type { Findings, Result, Settings, Table, Verdict } from '../experiment.ts'
import { type Figure, heatFigure, type Line, linesFigure } from '../figures.ts'
import type { RuleKey } from '../rule-key.ts'
import { percentText, type Spread, spreadOf } from '../statistics.ts'

/** `rule` is `mean` if nobody attacks. */
export type ResamConfig = RuleKey & {
  readonly data: string
  readonly model: string
  readonly partition: string
  readonly attack: string | null
  readonly momentum: number
  readonly faults: number
  readonly rate: number
  readonly missing: string
  readonly steps: number
  readonly seed: number
}

/** Not resilient averaging, and in the paper to compare with. */
const otherRules = ['cge', 'cc']
const attacks = ['empire', 'little', 'sign-flip', 'label-flip']
/** CC alone is run with this one, too (Figure 4). */
const CC_MOMENTUM = 0.9

/**
 * A rule that loses more than this against averaging without an attack fails; one that loses at most this is "within a
 * few points".
 */
const POINTS = 0.05

const labels: Readonly<Record<string, string>> = {
  mda: 'MDA',
  cwtm: 'CwTM',
  cwmed: 'CwMed',
  krum: 'Krum*',
  'multi-krum': 'Multi-Krum*',
  meamed: 'MeaMed',
  gm: 'GM',
  cge: 'CGE',
  cc: 'CC',
}

type Results = readonly Result<ResamConfig>[]

export function judge(results: Results, settings: Settings): Findings {
  return {
    verdicts: [...verdicts(results, settings), ...ccVerdict(results)],
    tables: momentaOf(results).map(momentum => table(results, momentum)),
    figures: [heat(results), ...momentaOf(results).map(momentum => curves(results, momentum))],
    notes: [
      ...(settings.quick
        ? [
            'Quick: one seed in place of five, 150 steps without and 300 with momentum in place of 800, and 2,000 examples of the test set for each accuracy. With β = 0.99 the first hundred steps go into filling the momentum, so the comparison is with averaging at the same β and the same number of steps.',
          ]
        : []),
      ...(Math.max(...momentaOf(results)) > 0.99
        ? [
            'Appendix E.3 says that a larger β needs more steps and gives no number: 2,000 here, 600 when quick.',
          ]
        : []),
      'The network is the feed-forward one of App. D.3 (79,510 parameters, γ = 0.5) unless --model resam-cnn chooses the convolutional one (γ = 0.75), which the figures of §5 show; that appendix pairs both with the same constants. --model resam-cifar has those of CIFAR-10: 25 workers, batches of 50, γ = 0.25, clipped to 5, ℓ₂ 10⁻², 2,500 steps.',
      'Images of Fashion-MNIST and CIFAR-10 are mirrored at random, as D.2 has it ("horizontally flipped"); those of MNIST are not.',
      'Krum* is the one resilient rule that stays visibly behind with momentum: it takes a single worker’s momentum, and under empire (five equal vectors near the origin) it takes a faulty one whenever the honest gradient is short against its noise. At γ = 0.5 that was still 7 points at 800 steps with seed 1; the paper’s figures are of another network and step size.',
      'Momentum is RESAM’s own, m ← βm + (1 − β)g with m₀ = 0 (eq. 5). Accuracies are means of the evaluations in the last quarter of a run.',
      'The paper does not say which radius CC clips to, nor how often; here radius 1 and one pass, from the result of the step before, and at first from the origin. What CC does depends on it.',
      'Sign-flipping workers flip the vector that they would have sent, momentum included. D.1 has them send the negative of their gradient; `simulate --architecture server --forged-from gradient` does that. Without momentum the two are the same.',
      'Every worker draws its batches from the whole training set: the paper’s honest gradients are all unbiased for one loss. With a share of its own each the momentums of honest workers differ more, and Krum* falls further behind.',
    ],
  }
}

/** The momenta with every rule, ascending. */
function momentaOf(results: Results): number[] {
  const all = results.filter(({ config }) => config.rule === 'gm')
  return [...new Set(all.map(({ config }) => config.momentum))].sort((a, b) => a - b)
}

function faultsOf(results: Results): number {
  return Math.max(...results.map(({ config }) => config.faults))
}

/** Those under attack, in the order of the sweep. */
function rulesOf(results: Results): string[] {
  return [...new Set(results.flatMap(({ config }) => (config.attack === null ? [] : config.rule)))]
}

function isOnCifar(results: Results): boolean {
  return results.some(({ config }) => config.model === 'resam-cifar')
}

/** The figure of the paper whose setting this is, as a claim names it. */
function figureOf(results: Results, { data }: Settings): string {
  const [faults, momentum] = [faultsOf(results), Math.max(...momentaOf(results))]
  const of = `f = ${faults}, β = ${momentum}`
  if (isOnCifar(results)) return faults === 5 && momentum === 0.99 ? `Figure 2 (${of})` : `No figure (${of})`
  if (faults === 7 && momentum === 0.999) return `Figure 5 (${of})`
  if (faults !== 5 || momentum !== 0.99) return `No figure (${of})`
  return `Figure ${data[0]!.name.includes('fashion') ? 3 : 1} (${of})`
}

function late(results: Results, rule: string, attack: string | null, momentum: number): Spread {
  const runs = results.filter(
    ({ config: c }) => c.rule === rule && c.attack === attack && c.momentum === momentum,
  )
  return spreadOf(runs.map(({ measurement }) => measurement.numbers.late))!
}

/** How much a rule loses under an attack, compared with averaging without one at the same momentum. */
function loss(results: Results, rule: string, attack: string, momentum: number): number {
  return late(results, 'mean', null, momentum).mean - late(results, rule, attack, momentum).mean
}

function worst(results: Results, rule: string, chosen: readonly number[]) {
  return chosen
    .flatMap(momentum =>
      attacks.map(attack => ({ rule, attack, momentum, lost: loss(results, rule, attack, momentum) })),
    )
    .reduce((a, b) => (b.lost > a.lost ? b : a))
}

function verdicts(results: Results, settings: Settings): Verdict[] {
  const figure = figureOf(results, settings)
  const momenta = momentaOf(results)
  const most = Math.max(...momenta)
  const points = (lost: number) => `${(100 * lost).toFixed(1)} points`
  const told = ({ rule, attack, momentum, lost }: ReturnType<typeof worst>) =>
    `${labels[rule]} loses ${points(lost)} to ${attack} (β = ${momentum})`
  const without = rulesOf(results).map(rule => worst(results, rule, [0]))
  const least = without.reduce((a, b) => (b.lost < a.lost ? b : a))
  const together = rulesOf(results)
    .filter(rule => !otherRules.includes(rule))
    .map(rule => worst(results, rule, [most]))
    .sort((a, b) => b.lost - a.lost)
  const [last, next] = [together[0]!, together[1]!]
  const others = otherRules.map(rule => worst(results, rule, momenta))
  return [
    {
      claim: `${figure}: no rule without momentum withstands every attack`,
      measured: `without momentum every rule has an attack that costs it ${points(least.lost)} or more; the least hurt: ${told(least)}`,
      holds: least.lost > POINTS,
    },
    ...(most === 0
      ? []
      : [
          {
            claim: `${figure}: every resilient rule with β = ${most} is within a few points (at most ${100 * POINTS}) of averaging without an attack, under every attack`,
            measured: `the last two: ${told(last)}; ${told(next)}`,
            holds: last.lost <= POINTS,
          },
        ]),
    {
      claim: `${figure}: CGE and CC, which are not resilient averaging, fail somewhere`,
      measured: others.map(told).join('; '),
      holds: others.every(({ lost }) => lost > POINTS),
    },
  ]
}

function ccVerdict(results: Results): Verdict[] {
  if (!results.some(({ config }) => config.momentum === CC_MOMENTUM && config.rule === 'cc')) return []
  const { attack, lost } = worst(results, 'cc', [CC_MOMENTUM])
  return [
    {
      claim: `Figure 4 (β = ${CC_MOMENTUM}): CC is good under every attack (at most ${100 * POINTS} points below averaging without one)`,
      measured: `it loses ${(100 * lost).toFixed(1)} points to ${attack}, the worst of the four`,
      holds: lost <= POINTS,
    },
  ]
}

function table(results: Results, momentum: number): Table {
  return {
    title: `Accuracy with β = ${momentum}; averaging without an attack: ${percentText(late(results, 'mean', null, momentum))}`,
    head: ['rule', ...attacks],
    rows: rulesOf(results).map(rule => [
      labels[rule]!,
      ...attacks.map(attack => percentText(late(results, rule, attack, momentum))),
    ]),
  }
}

function heat(results: Results): Figure {
  const cells = momentaOf(results).flatMap(momentum =>
    rulesOf(results).flatMap(rule =>
      attacks.map(attack => ({
        panel: `β = ${momentum} (no attack: ${percentText(late(results, 'mean', null, momentum))})`,
        row: labels[rule]!,
        column: attack,
        value: late(results, rule, attack, momentum).mean,
      })),
    ),
  )
  return heatFigure('Accuracy by rule and attack', 'Blue is good. Mean over the seeds.', cells)
}

function curves(results: Results, momentum: number): Figure {
  const series = (rule: string, attack: string | null) =>
    results
      .filter(({ config: c }) => c.rule === rule && c.attack === attack && c.momentum === momentum)
      .map(({ measurement }) => measurement.series.accuracy!)
  const lines: Line[] = attacks.flatMap(attack => [
    { panel: attack, name: 'no attack', series: series('mean', null) },
    ...rulesOf(results).map(rule => ({ panel: attack, name: labels[rule]!, series: series(rule, attack) })),
  ])
  return linesFigure({
    title: `Accuracy over the steps, β = ${momentum}`,
    caption: 'As a row of Figure 1 of the paper. Bands: least to greatest over the seeds.',
    lines,
    x: 'step',
    y: 'accuracy',
    scale: 'percent',
    reference: 'no attack',
  })
}
