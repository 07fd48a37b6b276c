/** A cell's settings as something that can run: the values of all options, the scenario, and the server's rule. */
import type { Aggregator } from '../../agreement/rules/registry.ts'
import type { GossipRule } from '../../learning/gossip/rules.ts'
import { checkArchitecture } from '../cli/architecture.ts'
import { UnfitError } from '../cli/command.ts'
import { type GossipScenario, gossipScenario } from '../cli/gossip-learning.ts'
import { externalModel } from '../cli/learning-options.ts'
import { type Scenario, scenarioOf } from '../cli/options.ts'
import { serverScenario } from '../cli/server-learning.ts'
import { type RunValues, runOptions, type SimulatedWorld, worldOf } from '../cli/simulate-options.ts'
import type { Programs } from './programs.ts'
import type { Setting } from './rows.ts'
import { valuesOf } from './settings.ts'

/** A run that can begin. */
export type Prepared = PreparedServer | PreparedGossip | PreparedPeers

export interface PreparedServer {
  readonly kind: 'server'
  readonly values: RunValues
  readonly scenario: Scenario
  readonly rule: Aggregator
}

export interface PreparedGossip {
  readonly kind: 'gossip'
  readonly values: RunValues
  readonly scenario: GossipScenario
  readonly rule: GossipRule
}

export interface PreparedPeers {
  readonly kind: 'peers'
  readonly values: RunValues
  readonly scenario: Scenario
  readonly world: SimulatedWorld
}

type Settings = Readonly<Record<string, Setting>>

/**
 * @param settings with whole paths
 * @throws UsageError, RuleError, AttackError; OwnFileError of the user's files
 */
export async function prepare(settings: Settings, programs: Programs): Promise<Prepared> {
  const values = valuesOf(settings)
  checkArchitecture(values, runOptions)
  const attack = await programs.attack(values)
  if (values.architecture === 'server' || values.architecture === 'broadcast') {
    const scenario = serverScenario(values, attack)
    return { kind: 'server', values, scenario, rule: await programs.rule(values) }
  }
  if (values.architecture === 'gossip') {
    const rule = await programs.gossipRule(values)
    return { kind: 'gossip', values, rule, scenario: await gossipScenario(values, rule, attack) }
  }
  const { protocol, base } = await programs.protocol(values)
  const scenario = scenarioOf({ ...values, protocol, model: externalModel(values) }, attack, base)
  return { kind: 'peers', values, scenario, world: worldOf(values, scenario) }
}

/**
 * What can be run, or why it is not: too many faults for its protocol or rule.
 * @throws what is wrong with the settings otherwise
 */
export async function prepareOrSkip(settings: Settings, programs: Programs): Promise<Prepared | string> {
  try {
    const prepared = await prepare(settings, programs)
    tryRule(prepared)
    return prepared
  } catch (error) {
    if (error instanceof UnfitError) return error.message
    if ((error as { code?: unknown }).code === 'too-many-faults') return (error as Error).message
    throw error
  }
}

/** A rule says only of vectors whether it takes so many faults. @throws RuleError */
function tryRule(prepared: Prepared): void {
  if (prepared.kind !== 'server') return
  const { rule, scenario } = prepared
  const vectors = Array.from({ length: scenario.peers }, (_, i) => Float32Array.of(Math.sin(i), Math.cos(i)))
  rule.aggregate(vectors, scenario.settings.faults)
}
