/** `concord agree`: averaging agreement on given vectors, no learning; bound and measured side by side. */
import { performance } from 'node:perf_hooks'
import { softwareName } from '../../daemon/version.ts'
import { writeOutput } from '../../files/output.ts'
import { jsonText } from '../../text/printable.ts'
import { type AgreeValues, agreeOptions } from '../agree-options.ts'
import { agreeBySeed, hasAgreed, writeRows } from '../agree-seeds.ts'
import { type Agreement, type AgreeReport, agreementsOf, reportOf } from '../agreement.ts'
import { defineCommand, UsageError } from '../command.ts'
import { lookOnAgreement } from '../page/look-on-agreement.ts'
import { preparePage } from '../page/page-options.ts'
import { unguaranteedLines } from '../protocol-choice.ts'
import { prepareReport, requireOutput } from '../report-output.ts'
import type { Terminal } from '../terminal.ts'
import { duration, megabytes, peerList, significant } from '../view/format.ts'

export const agree = defineCommand({
  name: 'agree',
  summary: 'averaging agreement on given vectors, no learning: what is guaranteed beside what was measured',
  about: 'Each peer puts in one vector and gets one out. The last --byzantine peers misbehave.',
  options: agreeOptions,
  examples: [
    '--protocol rb-tm --peers 7 --faults 2 --attack equivocate --dimension 1000 --seed 3 --report a.json',
    '--vectors rows.npy --protocol mda --target 3',
    '--protocol icwtm --peers 6 --network wan --attack ./mine.ts',
    '--protocol mda --real',
    '--rule ./mine.ts --peers 13 --attack little --seeds 20 --csv rows.csv',
  ],
  async handler(values, _, terminal) {
    await prepareReport(values, terminal)
    await requireOutput('--csv', values.csv)
    await preparePage({ ...values, ...UNWATCHED })
    if (values.real && values.page !== null)
      throw new UsageError('--real is given, and a page shows simulated agreements; expected one of the two')
    if (values.seeds !== null && values.page !== null)
      throw new UsageError('--seeds is given, and a page shows one agreement; expected one of the two')
    const agreements = await agreementsOf(values)
    const agreement = agreements(values.seed)
    terminal.print(
      headline(agreement, values.real),
      ...unguaranteedLines(agreement.settings.protocol).map(line => terminal.paint('yellow', line)),
    )
    const run = (each: Agreement) => (values.real ? real(each, values) : simulated(each, values, terminal))
    if (values.seeds !== null)
      return agreeBySeed({ ...values, seeds: values.seeds }, agreements, run, terminal)
    const report = await run(agreement)
    await printReport(report, terminal)
    if (values.json) terminal.json(report)
    if (values.report !== null) {
      await writeOutput(values.report, `${jsonText(report)}\n`)
      terminal.print(`report: ${values.report}`)
    }
    await writeRows(values.csv, [report], terminal)
    return hasAgreed(report) ? 0 : 1
  },
})

/** An agreement is over before anybody could look. */
const UNWATCHED = { watch: null, open: false } as const

async function simulated(
  agreement: Agreement,
  values: AgreeValues,
  terminal: Terminal,
): Promise<AgreeReport> {
  const [{ simulateAgreement }, { calmConditions }, { createEd25519Authority }, { keySeed }] =
    await Promise.all([
      import('../../simulation/agree.ts'),
      import('../../simulation/conditions.ts'),
      import('../../simulation/authority.ts'),
      import('../../simulation/keys.ts'),
    ])
  const look = await lookOnAgreement(agreement, { ...values, ...UNWATCHED }, terminal)
  const startedMs = performance.now()
  const keys = agreement.inputs.map((_, peer) => keySeed(agreement.seed, peer))
  const result = simulateAgreement({
    ...agreement,
    conditions: { ...calmConditions, latency: values.network, loss: values.loss, calmAtMs: 60_000 },
    timely: values.loss === 0,
    authority: createEd25519Authority('agree', keys),
    traced: true,
    onlooker: look?.onlooker ?? null,
  })
  const report = reportOf(agreement, result, 'simulated', (performance.now() - startedMs) / 1000)
  await look?.ended(report, result.trace, [
    `${capital(diameterLine(report))}; ${averagingLine(report)}.`,
    `${capital(closingLine(report))}.`,
  ])
  return { ...report, virtualSeconds: (result.agreedMs ?? result.virtualMs) / 1000, trace: result.trace }
}

async function real(agreement: Agreement, { deadline }: AgreeValues): Promise<AgreeReport> {
  const { agreeForReal } = await import('../../simulation/agree-real.ts')
  const result = await agreeForReal({ ...agreement, deadlineMs: 1000 * deadline, software: softwareName() })
  return reportOf(agreement, result, 'real', result.wallMs / 1000)
}

function headline({ settings, byzantine, target }: Agreement, isReal: boolean): string {
  const { protocol, peers, maxFaulty: f, quorum: q, dimension, synchrony, iterations } = settings
  const goal = target === null ? `${iterations} iterations` : `AVG_${target} in ${iterations} iterations`
  const lie =
    byzantine.attack === null ? 'nobody lies' : `${byzantine.peers.join(', ')}: ${byzantine.attack.name}`
  const where = isReal ? 'libp2p on loopback' : 'simulated'
  const waits = q === undefined ? '' : `, q = ${q}`
  return `${protocol}, ${peers} peers, f = ${f}${waits}, d = ${dimension}, ${synchrony}: ${goal}, ${where}; Byzantine: ${lie}`
}

async function printReport(report: AgreeReport, terminal: Terminal): Promise<void> {
  const head = ['iteration', 'diameter', 'contraction', 'at most', 'mean moved by', 'at most', 'in common']
  const rows = report.perIteration.map(({ iteration, diameter, contraction, averaging, shared }) => [
    ...[iteration, significant(diameter), significant(contraction.measured), significant(contraction.bound)],
    ...[significant(averaging.measured), significant(averaging.bound), shared ?? '–'],
  ])
  const { tableLines } = await import('../view/table.ts')
  if (rows.length > 0)
    terminal.print(
      ...(await tableLines(head, rows, { columns: terminal.columns, spare: ['in common', 'at most'] })),
    )
  terminal.print(diameterLine(report), averagingLine(report))
  const time =
    report.virtualSeconds === undefined ? '' : `, ${duration(report.virtualSeconds)} of virtual time`
  terminal.print(
    `${megabytes(report.bytes)} in ${report.messages} messages${time}, ${duration(report.wallSeconds)}`,
  )
  if (report.trace) terminal.print(`trace ${report.trace}`)
  for (const { checker, detail } of report.violations) terminal.warn(`violated: ${checker}: ${detail}`)
  terminal.print(terminal.paint(hasAgreed(report) ? 'green' : 'red', closingLine(report)))
}

function diameterLine({ diameter: { before, after, bound } }: AgreeReport): string {
  const widest = bound === null ? '' : ` (at most ${significant(bound)})`
  return `honest diameter ${significant(before)} → ${significant(after)}${widest}`
}

function averagingLine({ averaging: { measured, bound, constant, lowestConstant } }: AgreeReport): string {
  const farthest =
    bound === null
      ? ''
      : ` (at most ${significant(bound)}: C = ${significant(constant)}, no algorithm below ${significant(lowestConstant)})`
  return `mean moved by ${significant(measured)}${farthest}`
}

const capital = (sentence: string) => `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`

/** What the run showed: that a guarantee holds, that it does not, or what happened where nothing is guaranteed. */
function closingLine(report: AgreeReport): string {
  const { within, unguaranteed, violations, outputs, diameter } = report
  if (within === true) return 'within the guarantee'
  if (violations.length > 0) return 'NOT within the guarantee'
  if (diameter.after === null) {
    const lacking = outputs.filter(({ distanceToMean }) => distanceToMean === null).map(({ peer }) => peer)
    return `not agreed: ${peerList(lacking)} ${lacking.length === 1 ? 'has' : 'have'} no output`
  }
  return `nothing is guaranteed here, and ${whatHappened(report)}; ${unguaranteed}`
}

function whatHappened({ diameter: { before, after }, averaging, perIteration }: AgreeReport): string {
  if ((after ?? 0) > before) return 'the honest peers ended farther apart than they began: it diverges'
  if ((averaging.measured ?? 0) > before)
    return 'the mean of the honest peers moved farther than they had been apart: they were led away'
  const widest = Math.max(0, ...perIteration.map(({ contraction }) => contraction.measured ?? 0))
  if (widest > 1) return `an iteration drove the honest peers apart, by a factor of ${significant(widest)}`
  return 'this time the honest peers came together all the same'
}
