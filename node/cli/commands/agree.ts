/** `concord agree`: averaging agreement on given vectors, no learning; bound and measured side by side. */
import { performance } from 'node:perf_hooks'
import { attackNames } from '../../../learning/attacks/registry.ts'
import { writeOutput } from '../../files/output.ts'
import { jsonText } from '../../printable.ts'
import type { LatencyModel } from '../../simulation/latency.ts'
import { type Agreement, type AgreeReport, type AgreeValues, agreementOf, reportOf } from '../agreement.ts'
import { defineCommand, flag, maybe, option, UsageError } from '../command.ts'
import { attackReference, cohortOptions, protocols } from '../options.ts'
import { decimal, integer, oneOf, text } from '../parse.ts'
import { prepareReport } from '../report-output.ts'
import type { Terminal } from '../terminal.ts'
import { softwareName } from '../version.ts'
import { duration, megabytes, significant } from '../view/format.ts'

const { faults, synchronous, syncTimeout, count, seed, unsafe } = cohortOptions

/** `lan`, `wan`, `constant:5`, `uniform:1-20`, `log-normal:10,0.5`: milliseconds one way. */
export function networkNamed(value: string, name: string): LatencyModel {
  if (value === 'lan' || value === 'wan') return { kind: value }
  const number = '(\\d+(?:\\.\\d+)?)'
  const constant = new RegExp(`^constant:${number}$`).exec(value)
  if (constant) return { kind: 'constant', ms: Number(constant[1]) }
  const uniform = new RegExp(`^uniform:${number}-${number}$`).exec(value)
  if (uniform && Number(uniform[1]) <= Number(uniform[2]))
    return { kind: 'uniform', minMs: Number(uniform[1]), maxMs: Number(uniform[2]) }
  const skewed = new RegExp(`^log-normal:${number},${number}$`).exec(value)
  if (skewed) return { kind: 'log-normal', medianMs: Number(skewed[1]), sigma: Number(skewed[2]) }
  throw new UsageError(
    `${name} is "${value}"; expected lan, wan, constant:5, uniform:1-20 or log-normal:10,0.5 (median, sigma), in ms`,
  )
}

export const agreeOptions = {
  protocol: option('--protocol <name>', protocols.join(', '), oneOf(protocols), 'mda'),
  vectors: maybe('--vectors <file>', 'a .npy matrix, a row a peer', text, 'drawn from the seed'),
  peers: maybe('--peers <n>', 'how many peers', integer({ min: 1, max: 1024 }), 'rows of --vectors, or 7'),
  dimension: maybe('--dimension <d>', 'length of the vectors', integer({ min: 1 }), 'of --vectors, or 10'),
  faults,
  byzantine: maybe('--byzantine <b>', 'how many really are Byzantine', integer({ min: 0 }), '--faults'),
  attack: option(
    '--attack <name>',
    `what they do: ${attackNames.join(', ')}, or a file such as ./mine.ts (docs/attacks.md)`,
    attackReference,
    'equivocate',
  ),
  target: option('--target <t>', 'AVG_t: divide the diameter by 2^t', integer({ min: 0, max: 64 }), 1),
  iterations: maybe(
    '--iterations <k>',
    'exactly so many instead',
    integer({ min: 0, max: 10_000 }),
    'by --target',
  ),
  ...{ count, synchronous, syncTimeout },
  grace: option(
    '--grace <ms>',
    'how long to wait for more than n − f vectors',
    decimal({ min: 0, max: 60_000 }),
    0,
  ),
  network: {
    ...option<LatencyModel>(
      '--network <model>',
      'simulated latency one way: lan, wan, constant:5, uniform:1-20, log-normal:10,0.5',
      networkNamed,
      { kind: 'uniform', minMs: 2.5, maxMs: 7.5 },
    ),
    fallbackText: 'uniform:2.5-7.5',
  },
  loss: option('--loss <p>', 'simulated loss of frames, before resending', decimal({ min: 0, max: 0.9 }), 0),
  real: flag('--real', 'over libp2p on this machine, in real time, instead of simulated'),
  deadline: option(
    '--deadline <s>',
    'with --real: give up after so long',
    decimal({ above: 0, max: 86_400 }),
    60,
  ),
  ...{ seed, unsafe },
  report: maybe('--report <file>', 'write the report as JSON', text),
  json: flag('--json', 'print the report as JSON; lines for people go to standard error'),
} as const

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
  ],
  async handler(values, _, terminal) {
    await prepareReport(values, terminal)
    const agreement = await agreementOf(values)
    terminal.print(headline(agreement, values.real))
    const report = values.real ? await real(agreement, values) : await simulated(agreement, values)
    await printReport(report, terminal)
    if (values.json) terminal.json(report)
    if (values.report !== null) {
      await writeOutput(values.report, `${jsonText(report)}\n`)
      terminal.print(`report: ${values.report}`)
    }
    return report.within ? 0 : 1
  },
})

async function simulated(agreement: Agreement, values: AgreeValues): Promise<AgreeReport> {
  const [{ simulateAgreement }, { calmConditions }, { createEd25519Authority }, { keySeed }] =
    await Promise.all([
      import('../../simulation/agree.ts'),
      import('../../simulation/conditions.ts'),
      import('../../simulation/authority.ts'),
      import('../../simulation/keys.ts'),
    ])
  const startedMs = performance.now()
  const keys = agreement.inputs.map((_, peer) => keySeed(agreement.seed, peer))
  const result = simulateAgreement({
    ...agreement,
    conditions: { ...calmConditions, latency: values.network, loss: values.loss, calmAtMs: 60_000 },
    timely: values.loss === 0,
    authority: createEd25519Authority('agree', keys),
    traced: true,
  })
  const report = reportOf(agreement, result, 'simulated', (performance.now() - startedMs) / 1000)
  return { ...report, virtualSeconds: (result.agreedMs ?? result.virtualMs) / 1000, trace: result.trace }
}

async function real(agreement: Agreement, { deadline }: AgreeValues): Promise<AgreeReport> {
  const { agreeForReal } = await import('../../agree-real.ts')
  const result = await agreeForReal({ ...agreement, deadlineMs: 1000 * deadline, software: softwareName() })
  return reportOf(agreement, result, 'real', result.wallMs / 1000)
}

function headline({ settings, byzantine, target }: Agreement, isReal: boolean): string {
  const { protocol, peers, faults: f, dimension, synchrony, iterations } = settings
  const goal = target === null ? `${iterations} iterations` : `AVG_${target} in ${iterations} iterations`
  const lie =
    byzantine.attack === null ? 'nobody lies' : `${byzantine.peers.join(', ')}: ${byzantine.attack.name}`
  const where = isReal ? 'libp2p on loopback' : 'simulated'
  return `${protocol}, ${peers} peers, f = ${f}, d = ${dimension}, ${synchrony}: ${goal}, ${where}; Byzantine: ${lie}`
}

async function printReport(report: AgreeReport, terminal: Terminal): Promise<void> {
  const { default: Table } = await import('cli-table3')
  const head = [
    'iteration',
    'diameter',
    'contraction',
    'guaranteed',
    'mean moved by',
    'guaranteed',
    'in common',
  ]
  const table = new Table({ head, style: { head: [], border: [] } })
  for (const { iteration, diameter, contraction, averaging, shared } of report.perIteration)
    table.push([
      ...[
        iteration,
        significant(diameter),
        significant(contraction.measured),
        significant(contraction.bound),
      ],
      ...[significant(averaging.measured), significant(averaging.bound), shared ?? '–'],
    ])
  if (report.perIteration.length > 0) terminal.print(...table.toString().split('\n'))
  const { diameter, averaging } = report
  terminal.print(
    `honest diameter ${significant(diameter.before)} → ${significant(diameter.after)} (at most ${significant(diameter.bound)})`,
  )
  terminal.print(
    `mean moved by ${significant(averaging.measured)} (at most ${significant(averaging.bound)}: C = ${significant(averaging.constant)}, no algorithm below ${significant(averaging.lowestConstant)})`,
  )
  const time =
    report.virtualSeconds === undefined ? '' : `, ${duration(report.virtualSeconds)} of virtual time`
  terminal.print(
    `${megabytes(report.bytes)} in ${report.messages} messages${time}, ${duration(report.wallSeconds)}`,
  )
  if (report.trace) terminal.print(`trace ${report.trace}`)
  for (const { checker, detail } of report.violations) terminal.warn(`violated: ${checker}: ${detail}`)
  terminal.print(
    report.within
      ? terminal.paint('green', 'within the guarantee')
      : terminal.paint('red', 'NOT within the guarantee'),
  )
}
