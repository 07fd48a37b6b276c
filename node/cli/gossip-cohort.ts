/** `--topology` and `--rule` of real cohorts: members that gossip over a graph, for `cohort create` and `demo`. */
import type { Attack } from '../../learning/attacks/attack.ts'
import { actsAmongPeersOnly } from '../../learning/attacks/registry.ts'
import { checkGraph, checkWithoutClock, mostFaultyWithoutClock } from '../../learning/gossip/conditions.ts'
import { GraphError } from '../../learning/gossip/error.ts'
import type { Neighbours } from '../../learning/gossip/graph.ts'
import { DEFAULT_GOSSIP_RULE, gossipRules } from '../../learning/gossip/rules.ts'
import { parseTopology } from '../../learning/gossip/topology.ts'
import type { CohortDocument } from '../cohort/cohort.ts'
import { GOSSIP_PROTOCOL } from '../cohort/gossip.ts'
import { COHORT_TOPOLOGIES, gossipRuleOf, memberRules, whyNoGossipRule } from '../cohort/gossip-names.ts'
import { maybe, type Option, UnfitError, UsageError } from './command.ts'
import { openTopology, topologyReference } from './gossip-learning.ts'
import {
  type CohortValues,
  cohortOptions,
  type Scenario,
  type ScenarioValues,
  scenarioOf,
  settingsOf,
} from './options.ts'
import { offering } from './parse.ts'
import { ruleName } from './rule-options.ts'

export const gossipCohortOptions = {
  topology: maybe(
    '--topology <graph>',
    `who hears whom, for peers that gossip with their neighbours alone: ${COHORT_TOPOLOGIES}, or a file of edges such as ./graph.txt; --faults then counts the faulty neighbours of one peer (docs/graphs.md)`,
    topologyReference,
    'all hear all, and agree',
  ),
  rule: maybe(
    '--rule <name>',
    `with --topology: what a peer makes of its own vector and its neighbours': monna, ${memberRules.join(', ')}, or any other rule`,
    offering([DEFAULT_GOSSIP_RULE, ...memberRules], memberRule),
    DEFAULT_GOSSIP_RULE,
  ),
} as const

function memberRule(value: string, name: string): string {
  if (!Object.hasOwn(gossipRules, value)) return ruleName(value, name)
  const why = whyNoGossipRule(value)
  if (why !== null) throw new UsageError(`${name} is "${value}"; expected ${why}`)
  return value
}

interface GossipChoice {
  readonly topology: string | null
  readonly rule: string | null
}

/** What only agreements have. Vectors travel whole in gossip, so `exchange` says nothing there. */
const ofAgreements = [
  ...['protocol', 'synchronous', 'syncTimeout', 'schedule', 'iterations', 'count', 'output', 'quorum'],
  ...['precision', 'localSteps', 'gradientRule', 'evaluateEvery'],
] as const

/** @throws UsageError for options that would do nothing */
function checkChoice(values: GossipChoice & CohortValues): void {
  if (values.topology === null) {
    if (values.rule === null) return
    throw new UsageError(
      `--rule is "${values.rule}", which is for peers that gossip; expected --topology beside it`,
    )
  }
  for (const name of ofAgreements) {
    const { fallback, flags }: Option<unknown> = cohortOptions[name as keyof typeof cohortOptions]
    if (JSON.stringify(values[name as keyof CohortValues]) !== JSON.stringify(fallback))
      throw new UsageError(
        `${flags.split(' ')[0]} is about agreement among all; expected none with --topology`,
      )
  }
}

/** As `settingsOf`, and for members that gossip. @throws UsageError; UnfitError where the graph does not meet the conditions */
export async function cohortSettings(
  values: GossipChoice & CohortValues,
  peers: number,
): Promise<Scenario['settings']> {
  checkChoice(values)
  if (values.topology === null) return settingsOf(values, peers)
  const { graph, faults } = await graphFor(values, values.topology, peers)
  if (!values.unsafe) checkFit(values, values.topology, graph, faults, [])
  return gossiping(settingsOf(asGossip(values, faults), peers), values, values.topology, graph)
}

/** As `scenarioOf`, and for members that gossip. @throws as `cohortSettings` */
export async function cohortScenario(
  values: GossipChoice & ScenarioValues,
  loaded: Attack | null,
): Promise<Scenario> {
  checkChoice(values)
  const { topology, peers } = values
  if (topology === null) return scenarioOf(values, loaded)
  const { graph, faults } = await graphFor(values, topology, peers)
  const byzantine = values.byzantine ?? values.liars?.length ?? Math.min(faults, peers - 1)
  const scenario = scenarioOf(Object.assign(asGossip(values, faults), { byzantine }), loaded)
  if (scenario.attack !== null && actsAmongPeersOnly(values.attack))
    throw new UnfitError(
      `--attack ${values.attack} acts on what agreements say, and peers that gossip say nothing but their parameters; expected an attack on vectors or data`,
    )
  if (!values.unsafe) checkFit(values, topology, graph, faults, scenario.liars)
  return Object.assign({}, scenario, { settings: gossiping(scenario.settings, values, topology, graph) })
}

async function graphFor(
  values: CohortValues,
  topology: string,
  peers: number,
): Promise<{ readonly graph: Neighbours; readonly faults: number }> {
  try {
    const hearing = await openTopology(topology, peers, values.seed)
    if (hearing.kind === 'pulls')
      throw new UsageError(
        `--topology is "${topology}", which draws other peers in every step, and members connect along a graph that stays; expected ${COHORT_TOPOLOGIES}`,
      )
    const { graph } = hearing
    const least = Math.min(...graph.map(others => others.length))
    return { graph, faults: values.faults ?? mostFaultyWithoutClock(least) }
  } catch (error) {
    if (error instanceof GraphError) throw new UsageError(`--topology: ${error.message}`)
    throw error
  }
}

/** The bounds of agreements say nothing of neighbours: the conditions here are the graph's. */
function asGossip<V extends CohortValues>(values: V, faults: number): V {
  return Object.assign({}, values, { protocol: 'mean' as const, faults, unsafe: true })
}

function checkFit(
  { rule }: GossipChoice,
  topology: string,
  graph: Neighbours,
  maxFaulty: number,
  liars: readonly number[],
): void {
  const used = gossipRuleOf(rule ?? DEFAULT_GOSSIP_RULE)
  try {
    checkWithoutClock(graph, maxFaulty)
    checkGraph(graph, { peers: graph.length, liars, maxFaulty }, used)
  } catch (error) {
    if (!(error instanceof GraphError)) throw error
    throw new UnfitError(`--topology ${topology}: ${error.message}; --unsafe runs it anyway`)
  }
}

function gossiping(
  { exchange: _, ...settings }: Scenario['settings'],
  { rule, unsafe }: GossipChoice & CohortValues,
  topology: string,
  graph: Neighbours,
): Scenario['settings'] {
  const isFile = parseTopology(topology).kind === 'file'
  const said: Partial<CohortDocument> = {
    protocol: GOSSIP_PROTOCOL,
    unsafe,
    topology: isFile ? edgesOf(graph) : topology,
    rule: rule ?? DEFAULT_GOSSIP_RULE,
  }
  return Object.assign(settings, said)
}

/** Each edge once: the other members do not have the file. */
function edgesOf(graph: Neighbours): readonly (readonly [number, number])[] {
  return graph.flatMap((others, a) => others.filter(b => a < b).map(b => [a, b] as const))
}
