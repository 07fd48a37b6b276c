/** The options of `concord agree`, and the network that one of them names. */
import { attackNames } from '../../learning/attacks/registry.ts'
import type { LatencyModel } from '../simulation/latency.ts'
import { attackReference } from './attack-options.ts'
import { flag, maybe, option, type Parse, UsageError, type Values } from './command.ts'
import { cohortOptions } from './options.ts'
import { pageOptions } from './page/page-options.ts'
import { decimal, integer, largeInteger, offering, text } from './parse.ts'
import { ownProtocolOptions } from './protocol-choice.ts'
import { ruleParameter } from './rule-options.ts'

const { faults, quorum, synchronous, syncTimeout, exchange, count, seed, unsafe, precision } = cohortOptions

/** `lan`, `wan`, `constant:5`, `uniform:1-20`, `log-normal:10,0.5`: milliseconds one way. */
export const networkNamed: Parse<LatencyModel> = offering(['lan', 'wan'], latencyModel)

function latencyModel(value: string, name: string): LatencyModel {
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
  ...ownProtocolOptions,
  param: ruleParameter,
  vectors: maybe('--vectors <file>', 'a .npy matrix with a row for each peer', text, 'drawn from the seed'),
  peers: maybe('--peers <n>', 'how many peers', integer({ min: 1, max: 1024 }), 'rows of --vectors, or 7'),
  dimension: maybe(
    '--dimension <d>',
    'length of the vectors',
    largeInteger({ min: 1 }),
    'of --vectors, or 10',
  ),
  faults,
  byzantine: maybe('--byzantine <b>', 'how many are in fact Byzantine', integer({ min: 0 }), '--faults'),
  attack: option(
    '--attack <name>',
    `what they do: ${attackNames.join(', ')}, or a file such as ./mine.ts (docs/attacks.md)`,
    attackReference,
    'equivocate',
  ),
  target: maybe('--target <t>', 'AVG_t: divide the diameter by 2^t', integer({ min: 0, max: 64 }), '1'),
  iterations: maybe(
    '--iterations <k>',
    'exactly this many instead',
    integer({ min: 0, max: 10_000 }),
    'by --target; 10 where nothing is guaranteed',
  ),
  count,
  quorum,
  synchronous,
  syncTimeout,
  exchange,
  grace: option(
    '--grace <ms>',
    'how long to wait for more than n − f vectors, or than --quorum',
    decimal({ min: 0, max: 60_000 }),
    0,
  ),
  precision: {
    ...precision,
    about: 'in how many bytes the coordinates travel: f32 in 4, bf16 in 2, int8 in 1',
  },
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
    'with --real: give up after this long',
    decimal({ above: 0, max: 86_400 }),
    60,
  ),
  seed,
  seeds: maybe(
    '--seeds <count>',
    'so many agreements, with seeds from --seed on: each draws its own vectors and delays',
    integer({ min: 1, max: 1_000_000 }),
    'one agreement',
  ),
  csv: maybe('--csv <file>', 'write a row for each seed and iteration, as CSV', text),
  unsafe,
  page: pageOptions.page,
  report: maybe('--report <file>', 'write the report as JSON', text),
  json: flag('--json', 'print the report as JSON; lines for people go to standard error'),
} as const

export type AgreeValues = Values<typeof agreeOptions>
