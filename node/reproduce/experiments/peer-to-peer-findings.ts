/** What the runs of `peer-to-peer` say. */
import type { Findings, Result, Settings, Table, Verdict } from '../experiment.ts'
import { type Figure, heatFigure, linesFigure } from '../figures.ts'
import { percentText, type Spread, spreadOf } from '../statistics.ts'

export type PeerToPeerConfig = {
  readonly data: string
  readonly model: string
  readonly protocol: string
  readonly attack: string | null
  readonly partition: string
  readonly steps: number
  readonly seed: number
}

const labels: Readonly<Record<string, string>> = {
  mda: 'MDA',
  cva: 'CVA',
  icwtm: 'ICwTM',
  'rb-tm': 'RB-TM',
  mean: 'averaging',
}
const shares: Readonly<Record<string, string>> = {
  iid: 'equal shares',
  'dirichlet:0.5': 'Dirichlet(0.5)',
  label: 'by label',
}
const protocols = Object.keys(labels)
const partitions = Object.keys(shares)
/** How far below the run without an attack a result may be and still count as learning, on equal shares. */
const POINTS = 0.05
/** Honest peers count as together if they differ by less than this part of the way they have come. */
const TOGETHER = 0.1

type Results = readonly Result<PeerToPeerConfig>[]

export function judge(results: Results, settings: Settings): Findings {
  return {
    verdicts: verdicts(results, settings),
    tables: settings.data.flatMap(({ name, path }) =>
      partitions.map(partition => table(results, name, path, partition)),
    ),
    figures: settings.data.flatMap(({ name, path }) => [
      heat(results, name, path),
      together(results, name, path),
    ]),
    notes: [
      ...(settings.quick ? ['Quick: softmax regression, 50 steps, one seed, five attacks.'] : []),
      `Eight peers, one of them Byzantine: the fewest for which all four agreements stand a fault (CVA needs 7f + 1). One iteration for gradients and one for parameters a step (the practical schedule), η = 0.1, momentum 0.9, batches of 25; asynchronous, so peers use the first n − f vectors that arrive. Accuracy is the mean over the honest peers, each with its own parameters, on 1,000 examples of the test set.`,
      'By label each peer knows one or two classes. K is then large, the theorem promises little, and a rule that drops vectors drops the one peer that knows a class: all resilient agreements lose there even without an attack.',
    ],
  }
}

function select(results: Results, wanted: Partial<PeerToPeerConfig>): Results {
  const wants = Object.entries(wanted)
  return results.filter(({ config }) =>
    wants.every(([name, value]) => config[name as keyof PeerToPeerConfig] === value),
  )
}

/** In the order of the sweep; null is none. */
function attacksOf(results: Results): (string | null)[] {
  return [...new Set(results.map(({ config }) => config.attack))]
}

function accuracy(results: Results, wanted: Partial<PeerToPeerConfig>): Spread | null {
  return spreadOf(select(results, wanted).map(({ measurement }) => measurement.numbers.accuracy))
}

function verdicts(results: Results, settings: Settings): Verdict[] {
  const attacks = attacksOf(results).filter(attack => attack !== null)
  const lost = settings.data.flatMap(({ path }) =>
    protocols.flatMap(protocol =>
      attacks.map(attack => {
        const at = { data: path, protocol, partition: 'iid' }
        const gap =
          accuracy(results, { ...at, attack: null })!.mean - accuracy(results, { ...at, attack })!.mean
        return { protocol, attack, gap }
      }),
    ),
  )
  const most = (list: typeof lost) => list.reduce((a, b) => (b.gap > a.gap ? b : a))
  const told = ({ protocol, attack, gap }: (typeof lost)[number]) =>
    `${labels[protocol]} loses ${(100 * gap).toFixed(1)} points to ${attack}`
  const resilient = most(lost.filter(({ protocol }) => protocol !== 'mean'))
  const plain = most(lost.filter(({ protocol }) => protocol === 'mean'))
  const kept = results.filter(({ config }) => config.protocol !== 'mean')
  const apart = spreadOf(kept.map(({ measurement }) => measurement.numbers.apart))!
  const stuck = kept.reduce((sum, { measurement }) => sum + (measurement.numbers.stuck ?? 0), 0)
  return [
    {
      claim: `On equal shares every averaging agreement learns under every attack (loses at most ${100 * POINTS} points)`,
      measured: `the most that any loses against itself without an attack: ${told(resilient)}`,
      holds: resilient.gap <= POINTS,
    },
    {
      claim: 'Plain averaging in its place does not',
      measured: told(plain),
      holds: plain.gap > POINTS,
    },
    {
      claim: `Honest peers end together, on any shares, under any attack (less than ${100 * TOGETHER} % of the way apart)`,
      measured: `with a resilient agreement they differ by at most ${percent(apart.max)} of the way that their parameters have come (${percent(apart.mean)} on average)`,
      holds: apart.max < TOGETHER,
    },
    {
      claim: 'No attack stops an honest peer',
      measured:
        stuck === 0 ? `all honest peers of ${kept.length} runs finished` : `${stuck} honest peers got stuck`,
      holds: stuck === 0,
    },
  ]
}

function table(results: Results, name: string, data: string, partition: string): Table {
  const attacks = attacksOf(results)
  return {
    title: `Accuracy on ${name}, ${shares[partition]}`,
    head: ['agreement', ...attacks.map(attack => attack ?? 'no attack')],
    rows: protocols.map(protocol => [
      labels[protocol]!,
      ...attacks.map(attack => percentText(accuracy(results, { data, partition, protocol, attack }))),
    ]),
  }
}

function heat(results: Results, name: string, data: string): Figure {
  const cells = partitions.flatMap(partition =>
    protocols.flatMap(protocol =>
      attacksOf(results).map(attack => ({
        panel: shares[partition]!,
        row: labels[protocol]!,
        column: attack ?? 'no attack',
        value: accuracy(results, { data, partition, protocol, attack })?.mean ?? null,
      })),
    ),
  )
  return heatFigure(`Accuracy on ${name}`, 'Blue is good. Mean over honest peers and seeds.', cells)
}

/** The honest diameter over the steps, under the attack that tells each peer something different. */
function together(results: Results, name: string, data: string): Figure {
  return linesFigure({
    title: `How far honest peers are apart on ${name}, under equivocation`,
    caption:
      'ℓ₂ diameter of the honest parameters after each step. Where a line is missing it is 0: all honest peers had the same vectors before them.',
    lines: partitions.flatMap(partition =>
      protocols.map(protocol => ({
        panel: shares[partition]!,
        name: labels[protocol]!,
        series: select(results, { data, partition, protocol, attack: 'equivocate' }).map(
          ({ measurement }) => measurement.series.diameter!,
        ),
      })),
    ),
    x: 'step',
    y: 'Δ₂(θ)',
    scale: 'log',
    columns: 3,
  })
}

function percent(part: number): string {
  return `${Number((100 * part).toPrecision(2))} %`
}
