/**
 * `npm run chaos`: a cohort of real processes that are killed and started again all the time, never more than f down at
 * once, against an undisturbed run of the same cohort; and once with more than f down, which the others wait for.
 *
 * `--runs N --peers N --steps N --every SECONDS --data DIR --exchange FORM`; `--protocol NAME --dimension D`: vectors of so
 * many coordinates, from an oracle that costs nothing. Exit code 1 if a promise was broken.
 */
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { protocolNames } from '../agreement/bounds.ts'
import { randomStream } from '../learning/random.ts'
import { type ChaosRun, runCohort } from './chaos/run.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    peers: { type: 'string', default: '7' },
    steps: { type: 'string', default: '300' },
    every: { type: 'string', default: '3' },
    data: { type: 'string', default: 'digits' },
    protocol: { type: 'string', default: 'mda' },
    dimension: { type: 'string' },
    exchange: { type: 'string', default: 'digest-first' }, // as `cohort create` has it
    seed: { type: 'string', default: '1' },
  },
})

const exchangeForms = ['digest-first', 'whole'] as const

/** Fraction by which a disturbed run may end below the undisturbed one. */
const LOSS_MAX = 0.02
/** Without an accuracy: by how much its loss may be greater, as a fraction of that of the undisturbed one. */
const WORSE_MAX = 0.1

async function main(): Promise<void> {
  const protocol = protocolNames.find(name => name === values.protocol)
  if (protocol === undefined) throw new RangeError(`--protocol is ${values.protocol}`)
  const exchange = exchangeForms.find(form => form === values.exchange)
  if (exchange === undefined) throw new RangeError(`--exchange is ${values.exchange}`)
  const settings = {
    exchange,
    peers: Number(values.peers),
    steps: Number(values.steps),
    data: values.data,
    protocol,
    dimension: values.dimension === undefined ? null : Number(values.dimension),
  }
  const random = randomStream(Number(values.seed), 'chaos')
  const calm = await runCohort({ ...settings, fault: { kind: 'none' } })
  report('undisturbed', calm)
  const rows: [string, ChaosRun, string[]][] = [['undisturbed', calm, brokenBy(calm, calm)]]
  for (let run = 1; run <= Number(values.runs); run++) {
    const fault = { kind: 'kills', everyMs: 1000 * Number(values.every), random } as const
    const disturbed = await runCohort({ ...settings, fault })
    rows.push([`kills, run ${run}`, disturbed, brokenBy(disturbed, calm)])
    report(`kills, run ${run}`, disturbed)
  }
  const outage = await runCohort({ ...settings, fault: { kind: 'outage' } })
  const broken = brokenBy(outage, calm)
  if (!outage.saidWhom) broken.push('nobody said whom it waited for')
  if (!outage.stoodStill) broken.push('it went on without enough peers')
  rows.push(['more than f down', outage, broken])
  report('more than f down', outage)
  print(rows)
  if (rows.some(([, , reasons]) => reasons.length > 0)) process.exitCode = 1
}

function brokenBy(run: ChaosRun, calm: ChaosRun): string[] {
  const broken: string[] = [...run.failures]
  if (run.finished < run.peers) broken.push(`${run.peers - run.finished} did not finish`)
  if (run.evidence > 0) broken.push(`evidence against ${run.evidence} honest peers`)
  if (run.accusations > 0) broken.push(`${run.accusations} accusations among honest peers`)
  const isWorse = Number.isNaN(calm.accuracy)
    ? !(run.loss <= (1 + WORSE_MAX) * calm.loss)
    : !(run.accuracy >= calm.accuracy - LOSS_MAX)
  if (isWorse) broken.push('learnt less than the undisturbed')
  return broken
}

function report(name: string, run: ChaosRun): void {
  const { finished, peers, accuracy, loss, kills, peakBytes, seconds } = run
  const learnt = Number.isNaN(accuracy) ? `loss ${loss.toPrecision(3)}` : `accuracy ${accuracy.toFixed(4)}`
  console.error(
    `${name}: ${finished} of ${peers} finished, ${learnt}, ${kills} kills, ${seconds.toFixed(0)} s, peak memory ${(peakBytes / 1e6).toFixed(0)} MB`,
  )
}

function print(rows: readonly (readonly [string, ChaosRun, readonly string[]])[]): void {
  const head = ['run', 'finished', 'least accuracy', 'kills', 'caught up', 'evidence', 'seconds', 'broken']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const [name, run, broken] of rows)
    table.push([
      ...[name, `${run.finished} of ${run.peers}`, run.accuracy.toFixed(4), run.kills, run.laggards],
      ...[run.evidence, run.seconds.toFixed(0), broken.join('; ') || 'nothing'],
    ])
  console.log(table.toString())
}

await main()
