/** `concord bounds`: what a protocol guarantees at (n, f, synchrony); a table of all protocols if none is named. */
import { type Bounds, bounds, mostFaults, type ProtocolName } from '../../../agreement/bounds.ts'
import { precisions } from '../../../agreement/precision.ts'
import { nobodyHonest } from '../../../agreement/refusal.ts'
import type { Synchrony } from '../../../agreement/thresholds.ts'
import { defineCommand, flag, maybe, option, UsageError } from '../command.ts'
import { topologyOption } from '../gossip-learning.ts'
import { kebab, protocols } from '../options.ts'
import { integer, largeInteger, oneOf } from '../parse.ts'
import { gradientRuleOption } from '../rule-options.ts'
import type { Paint, Terminal } from '../terminal.ts'
import { counted, megabytes } from '../view/format.ts'
import { printLearnBounds, withFaults } from './bounds-learn.ts'
import { ruleBounds, ruleText } from './bounds-rule.ts'
import {
  boundsDefaults,
  printTheorem,
  refuseStrayOptions,
  theoremNames,
  theoremOptions,
} from './bounds-theorems.ts'
import { printTopologyBounds } from './bounds-topology.ts'

export const boundsCommand = defineCommand({
  name: 'bounds',
  summary: 'what a protocol guarantees with a number of peers and faults: feasible or not, and why',
  about:
    '"bounds learn" computes what the theorem on LEARN requires: its learning rate and number of steps. "bounds resam", "redundancy", "cge" and "linear-regression" compute the theorems behind the experiments of these names (reproduce --list), which have a trusted server.',
  arguments: [
    {
      name: '[theorem]',
      about: `in place of the agreement: ${theoremNames.join(', ')}`,
      choices: theoremNames,
    },
  ],
  options: {
    protocol: maybe('--protocol <name>', protocols.join(', '), oneOf(protocols), 'all, as a table'),
    peers: option('--peers <n>', 'how many peers', integer({ min: 1, max: 1024 }), boundsDefaults.peers),
    faults: maybe(
      '--faults <f>',
      'how many may be faulty',
      integer({ min: 0 }),
      'the most each protocol allows',
    ),
    quorum: maybe(
      '--quorum <q>',
      'how many vectors, its own included, a peer waits for in an iteration',
      integer({ min: 1 }),
      'n − f',
    ),
    synchronous: flag('--synchronous', 'with a known bound on delays, instead of asynchronously'),
    dimension: maybe(
      '--dimension <d>',
      'length of the vectors, such as 11_700_000 or 1e6: for a sharper averaging constant, and for bytes and messages',
      largeInteger({ min: 1 }),
      'any',
    ),
    precision: option(
      '--precision <name>',
      'with --dimension: in how many bytes gradients travel, f32 in 4, bf16 in 2, int8 in 1; parameters stay in f32',
      oneOf(precisions),
      'f32',
    ),
    gradientRule: gradientRuleOption,
    topology: maybe(
      '--topology <graph>',
      'in place of the agreements: what gossip over this graph needs, as of simulate (docs/graphs.md)',
      topologyOption.parse!,
      'none',
    ),
    byzantine: maybe(
      '--byzantine <b>',
      'with --topology: how many peers lie in all, the last ones',
      integer({ min: 0 }),
      'as many as --faults',
    ),
    seed: maybe('--seed <n>', 'with --topology: what graphs are drawn from', integer({ min: 0 }), '1'),
    ...theoremOptions,
    json: flag('--json', 'print JSON: one object, or an array if no protocol is named'),
  },
  examples: [
    '--peers 7 --faults 1',
    'learn --protocol mda --peers 13 --faults 1 --delta 0.5',
    'resam --peers 15 --faults 5 --rule mda --steps 1e6',
    'redundancy --costs ./costs.json --faults 1 --liars 0',
    '--protocol icwtm --peers 5 --faults 1 --json',
    '--topology regular:16 --peers 1000 --faults 3 --byzantine 20',
  ],
  async handler(values, [subject], terminal) {
    const { protocol, peers, faults, quorum, synchronous, dimension, precision, json, ...others } = values
    const { gradientRule, topology, byzantine, seed, ...constants } = others
    if (topology === null) refuseWithout({ byzantine, seed })
    else {
      const other = { protocol, quorum, dimension, gradientRule, theorem: subject ?? null }
      refuseBeside({ ...other, synchronous: synchronous || null })
      const { rule, ...stray } = constants
      refuseStrayOptions({ ...stray, rule: null }, null)
      await printTopologyBounds({ topology, peers, faults, byzantine, seed: seed ?? 1, rule }, json, terminal)
      return 0
    }
    const theorem = theoremNamed(subject)
    if (precision !== 'f32' && (dimension === null || theorem !== null))
      throw new UsageError(
        `--precision is about bytes; expected --dimension beside it, and not "bounds ${theorem ?? 'learn'}"`,
      )
    if (gradientRule !== null && theorem !== null)
      throw new UsageError(`--gradient-rule is about one agreement; expected none with "bounds ${theorem}"`)
    refuseStrayOptions(constants, theorem)
    if (theorem !== null && theorem !== 'learn' && (protocol !== null || synchronous || quorum !== null))
      throw new UsageError(
        `bounds ${theorem} has a trusted server; expected no --protocol, --quorum or --synchronous`,
      )
    if (constants.costs !== null || constants.liars !== null) {
      const { printCosts } = await import('./bounds-costs.ts')
      await printCosts({ peers, faults: faults ?? 1, dimension, constants }, json, terminal)
      return 0
    }
    const nobody = faults === null ? null : nobodyHonest(peers, faults)
    if (nobody !== null) throw new UsageError(`--faults is ${faults}: ${nobody.why}`)
    const synchrony: Synchrony = synchronous ? 'synchronous' : 'asynchronous'
    if (theorem !== null && theorem !== 'learn') {
      printTheorem(theorem, { peers, maxFaulty: faults ?? 1, dimension }, constants, json, terminal)
      return 0
    }
    const queryOf = (name: ProtocolName) => ({
      protocol: name,
      peers,
      maxFaulty: faults ?? mostFaults(name, peers, synchrony, quorum ?? undefined),
      synchrony,
      ...(quorum !== null && { quorum }),
    })
    if (theorem === 'learn') {
      const name = protocol ?? 'mda'
      printLearnBounds({ ...queryOf(name), dimension }, constants, json, terminal)
      return 0
    }
    const asked = (name: ProtocolName): Bounds =>
      bounds({ ...queryOf(name), ...(dimension !== null && { dimension, precision }) })
    const rows = protocol === null ? protocols.filter(name => name !== 'mean').map(asked) : [asked(protocol)]
    const ofRule = (row: Bounds) => (gradientRule === null ? null : ruleBounds(gradientRule, row))
    const asJson = (row: Bounds) => {
      const rule = ofRule(row)
      return { ...withFaults(row), ...(rule && { gradientRule: rule }) }
    }
    if (json) terminal.json(protocol === null ? rows.map(asJson) : asJson(rows[0]!))
    else if (protocol === null) await printTable(rows, terminal)
    else for (const line of boundsLines(rows[0]!, terminal.paint)) terminal.print(line)
    for (const row of json ? [] : rows) {
      const rule = ofRule(row)
      if (rule !== null) terminal.print(`${row.protocol}: ${ruleText(rule, row)}`)
    }
    return 0
  },
})

/** @throws UsageError for what is no theorem */
function theoremNamed(subject: string | undefined): (typeof theoremNames)[number] | null {
  const theorem = theoremNames.find(name => name === subject) ?? null
  if (subject !== undefined && theorem === null)
    throw new UsageError(
      `bounds of "${subject}"? Expected "bounds" with one of ${theoremNames.join(', ')}, or no argument`,
    )
  return theorem
}

/** @throws UsageError for what says nothing without a graph */
function refuseWithout(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if (value !== null) throw new UsageError(`--${name} is about a graph; expected --topology beside it`)
}

/** @throws UsageError for what says nothing of a graph */
function refuseBeside(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === null) continue
    const what = name === 'theorem' ? `bounds ${value}` : `--${kebab(name)}`
    throw new UsageError(`${what} is about agreements, and --topology about gossip; expected one of the two`)
  }
}

const bytesText = (bytes: number | undefined): string => (bytes === undefined ? '–' : megabytes(bytes))
const number = (value: number | null): string => (value === null ? '–' : String(Number(value.toPrecision(4))))

/** A column a protocol: their properties are too many to stand beside each other. */
async function printTable(rows: readonly Bounds[], terminal: Terminal): Promise<void> {
  const { peers, synchrony } = rows[0]!
  const line = (title: string, cell: (row: Bounds) => string | number) => [title, ...rows.map(cell)]
  const cells = [
    line('f', row => row.maxFaulty),
    line('feasible', row => (row.feasible ? terminal.paint('green', 'yes') : terminal.paint('red', 'no'))),
    line('needs n', row => number(row.needs.peers)),
    line('quorum', row => row.quorum),
    line('least quorum', row => number(row.needs.quorum)),
    line('contraction', row => number(row.contraction)),
    line('iterations, t = 1, 5, 10', ({ iterations: { tight } }) =>
      tight === null ? '–' : [tight[0], tight[4], tight[9]].join(', '),
    ),
    line('C', row => number(row.averagingConstant)),
    line('lower bound of C', row => number(row.lowerBound)),
    ...(rows[0]!.traffic === undefined
      ? []
      : [
          line('messages', row => row.traffic?.messages ?? '–'),
          line('gradients', row => bytesText(row.traffic?.bytes)),
          line('parameters by digest, least', row => bytesText(row.trafficByDigest?.least.bytes)),
          line('parameters by digest, most', row => bytesText(row.trafficByDigest?.most.bytes)),
          line('step of LEARN, whole', row => bytesText(row.stepTraffic?.whole.bytes)),
          line('step by digest, least', row => bytesText(row.stepTraffic?.byDigest.least.bytes)),
          line('step by digest, most', row => bytesText(row.stepTraffic?.byDigest.most.bytes)),
        ]),
  ]
  terminal.print(`${counted(peers, 'peer')}, ${synchrony}`)
  if (rows[0]!.traffic !== undefined)
    terminal.print(
      'Messages and bytes are those of an iteration, and of a step of LEARN with one of',
      'gradients and one of parameters; all peers together.',
    )
  const { tableLines } = await import('../view/table.ts')
  const head = ['', ...rows.map(({ protocol }) => protocol)]
  terminal.print(...(await tableLines(head, cells, { columns: terminal.columns, spare: ['mean', 'cva'] })))
  for (const row of rows) terminal.print(`${row.protocol}: ${row.why}`)
}

function trafficLines({ traffic, trafficByDigest, stepTraffic }: Bounds): readonly string[] {
  if (traffic === undefined || trafficByDigest === undefined || stepTraffic === undefined) return []
  const { messages, bytes } = traffic
  const { whole, byDigest } = stepTraffic
  const range = ({ least, most }: typeof trafficByDigest) =>
    `${megabytes(least.bytes)} if all parameters are equal, at most ${megabytes(most.bytes)}`
  return [
    `  an iteration sends     ${messages} messages, ${megabytes(bytes)} of gradients, all peers together`,
    `  parameters by digest   ${range(trafficByDigest)}`,
    `  a step of LEARN sends  ${megabytes(whole.bytes)} whole (gradients once, parameters once)`,
    `  the step by digest     ${range(byDigest)}`,
  ]
}

/** One protocol's guarantees in lines for people. */
function boundsLines(row: Bounds, paint: Paint): readonly string[] {
  const counts = (values: readonly number[] | null) => (values === null ? '–' : values.join(' '))
  const verdict = row.feasible ? paint('green', 'feasible') : paint('red', 'infeasible')
  return [
    `${row.protocol} with ${row.peers} peers, ${row.maxFaulty} faulty, ${row.synchrony}: ${verdict}`,
    `  why                    ${row.why}`,
    `  peers needed           ${number(row.needs.peers)}`,
    `  waits for              ${row.quorum} vectors${row.needs.quorum === null ? '' : `; at least ${row.needs.quorum} are needed`}`,
    `  contraction            ${number(row.contraction)} per iteration`,
    `  iterations, t = 1…10   ${counts(row.iterations.tight)} (tight), ${counts(row.iterations.paper)} (paper)`,
    ...trafficLines(row),
    `  averaging constant C   ${number(row.averagingConstant)}, and no algorithm below ${number(row.lowerBound)}`,
  ]
}
