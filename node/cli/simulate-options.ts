/** What one simulated run is made of, as options: for `simulate`, and for each cell of a sweep. */
import type { LatencyModel } from '../simulation/latency.ts'
import { networkNamed } from './agree-options.ts'
import { aloneOption } from './alone.ts'
import { maybe, type Option, option, UsageError, type Values } from './command.ts'
import { type FaultItem, faultOptions, injectedFaultsOf } from './fault-options.ts'
import { topologyOption } from './gossip-learning.ts'
import { learningOptions } from './learning-options.ts'
import { type Scenario, scenarioOptions } from './options.ts'
import { byteCount, decimal, integer } from './parse.ts'
import { ownProtocolOptions } from './protocol-choice.ts'
import { refuseSharedData, SHARED_DATA, serverOptions } from './server-learning.ts'
import type { SimulatedOptions } from './simulated.ts'

/** By a type with a name, which the package's declarations can say. */
const injected: Readonly<Record<keyof typeof faultOptions, Option<readonly FaultItem[]>>> = faultOptions

export const runOptions = {
  ...scenarioOptions,
  partition: {
    ...scenarioOptions.partition,
    about: `${scenarioOptions.partition.about}; shared, of a server: every worker draws from all of it`,
    parse: dataPartition,
  },
  ...serverOptions,
  topology: topologyOption,
  protocol: ownProtocolOptions.protocol,
  latency: maybe('--latency <ms>', 'mean one-way latency of the links', decimal({ min: 0, max: 1e6 }), '5'),
  network: maybe<LatencyModel>(
    '--network <model>',
    'latency of the links by a model, in place of --latency: lan, wan, constant:5, uniform:1-20, log-normal:10,0.5, in ms one way',
    networkNamed,
    '--latency',
  ),
  loss: option('--loss <p>', 'loss of frames, before resending', decimal({ min: 0, max: 0.9 }), 0),
  ...injected,
  gradientTime: option(
    '--gradient-time <ms>',
    'virtual time of a gradient',
    decimal({ min: 0, max: 1e6 }),
    10,
  ),
  measureEvery: option(
    '--measure-every <steps>',
    'how far honest peers are apart, and whether each agreement kept its guarantees, is measured every so many steps and in the last; 0: in the last alone. Of use with large models or many peers, where measuring takes much of the time',
    integer({ min: 0 }),
    1,
  ),
  keepBytes: maybe(
    '--keep-bytes <size>',
    'the most that all peers together keep of past steps for slower and restarted ones, in memory, such as 500M',
    byteCount,
    '1G; always two steps, never more than 16',
  ),
  alone: aloneOption,
  oracle: {
    ...learningOptions.oracle,
    about:
      'a program that computes the gradients, one process for each peer, such as "python3 train.py" (docs/oracles.md)',
  },
  oracleTimeout: learningOptions.oracleTimeout,
  init: learningOptions.init,
} as const

export type RunValues = Values<typeof runOptions>

/** Which peer holds what data; a user who means the network is told how. */
function dataPartition(value: string, name: string): string {
  if (value.includes('@'))
    throw new UsageError(
      `${name} is "${value}", but it says who holds what data; expected --isolate ${value}`,
    )
  return value === SHARED_DATA ? value : scenarioOptions.partition.parse!(value, name)
}

export type SimulatedWorld = Pick<
  SimulatedOptions,
  'latencyMs' | 'gradientMs' | 'network' | 'loss' | 'injectedFaults' | 'measureEvery' | 'keepBytes' | 'alone'
>

const LATENCY_MS = 5

/** @throws UsageError where the options contradict each other, or name what does not exist */
export function worldOf(values: RunValues, { peers, settings, liars, partition }: Scenario): SimulatedWorld {
  refuseSharedData(partition)
  const { latency, network, loss, gradientTime, measureEvery, keepBytes, alone, unsafe } = values
  if (latency !== null && network !== null)
    throw new UsageError(`--latency is ${latency}, and --network names a model; expected one of the two`)
  const scene = { peers, steps: settings.steps, maxFaulty: settings.faults, liars, unsafe }
  return {
    latencyMs: latency ?? LATENCY_MS,
    gradientMs: gradientTime,
    network,
    loss,
    measureEvery,
    keepBytes,
    alone,
    injectedFaults: injectedFaultsOf(values, scene),
  }
}
