/** What is shown of both runs: a table, curves, and a report for programs. */
import Table from 'cli-table3'
import { drawFigure, linesFigure } from '../../node/reproduce/figures.ts'
import { type Learnt, shareOfFall } from './learnt.ts'
import type { Run } from './run.ts'

export interface Compared {
  readonly title: string
  readonly attack: string
  readonly run: Run
  readonly peers: Learnt
  readonly baseline: Learnt
}

const PEERS = 'four peers, one of which lies'
const BASELINE = 'one process, all honest'
/** So many lines of steps a table has at most. */
const LINES_MAX = 20

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
const figure = (value: number | undefined, digits = 3) => value?.toFixed(digits) ?? ''

export function tableOf({ title, attack, run, peers, baseline }: Compared): string {
  const { batch, rate, clip, momentum } = run.job.learning
  const table = new Table({
    head: ['step', 'loss, peers', 'baseline', 'test loss, peers', 'baseline', 'accuracy, peers', 'baseline'],
    colAligns: Array.from({ length: 7 }, () => 'right' as const),
    style: { head: [], border: [] },
  })
  const every = Math.ceil(run.steps / LINES_MAX)
  for (let step = 0; step <= run.steps; step++) {
    const [ours, theirs] = [peers, baseline].map(({ evaluations }) =>
      evaluations.find(evaluation => evaluation.step === step),
    )
    if (step % every !== 0 && ours === undefined && theirs === undefined) continue
    table.push([
      ...[step, figure(peers.losses[step - 1]), figure(baseline.losses[step - 1])],
      ...[figure(ours?.loss), figure(theirs?.loss), figure(ours?.accuracy), figure(theirs?.accuracy)],
    ])
  }
  const share = shareOfFall(peers, baseline)
  const lines = [
    `${title}: ${peers.dimension} parameters are learnt and sent.`,
    `Batches of ${batch}, rate ${rate}, momentum ${momentum}, ${clip === null ? 'not clipped' : `clipped to ${clip}`}; rb-tm, n = 4, f = 1, the liar's attack is ${attack}.`,
    table.toString(),
    `A step takes ${figure(peers.stepSeconds, 2)} s over peers, ${figure(baseline.stepSeconds, 2)} s in one process (medians).`,
    peers.peakBytes === null
      ? 'This system does not say what memory the processes used.'
      : `At its peak a peer uses ${megabytes(peers.peakBytes.peer)}, its PyTorch process ${megabytes(peers.peakBytes.program)}; the parameters are ${megabytes(4 * peers.dimension)}.`,
    share === null
      ? "The baseline's test loss does not fall: take more steps."
      : `The peers' test loss falls by ${Math.round(100 * share)} % of what the baseline's does.`,
  ]
  return lines.join('\n')
}

export async function drawCurves({ title, peers, baseline }: Compared): Promise<string> {
  const lines = [
    { name: PEERS, learnt: peers },
    { name: BASELINE, learnt: baseline },
  ].flatMap(({ name, learnt }) => {
    const test = learnt.evaluations.map(({ step, loss }) => [step, loss] as const)
    // Peers start where the baseline does.
    const start = learnt === peers ? [[0, baseline.evaluations[0]!.loss] as const] : []
    return [
      {
        panel: 'on the batches',
        name,
        series: [learnt.losses.map((loss, place) => [place + 1, loss] as const)],
      },
      { panel: 'on the test examples', name, series: [[...start, ...test]] },
    ]
  })
  const options = { lines, x: 'step', y: 'loss', reference: BASELINE }
  const drawn = linesFigure({ title, caption: '', ...options })
  // A page in Markdown has no legend beside a figure: the lines are named in its title.
  const named = drawn.legend.map(({ name, broken }) => `${broken ? 'black, broken' : 'blue'}: ${name}`)
  return drawFigure({ ...drawn, spec: { ...drawn.spec, title: [title, named.join('; ')] } })
}

/** For programs: all that was measured. */
export function report({ title, attack, run, peers, baseline }: Compared) {
  const { learning, words } = run.job
  return {
    title,
    attack,
    words,
    learning,
    steps: run.steps,
    share: shareOfFall(peers, baseline),
    peers,
    baseline,
  }
}
