/** Cohorts whose members gossip over a graph: the graph, the checks, and the protocol's options. */
import type { ProtocolName } from '../../agreement/bounds.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { batchSize } from '../../learning/batch-size.ts'
import { agreedNotes } from '../../learning/data/statistics.ts'
import { checkGraph, checkHeard, checkWithoutClock } from '../../learning/gossip/conditions.ts'
import { GraphError } from '../../learning/gossip/error.ts'
import { drawGraph, graphOfEdges, type Neighbours } from '../../learning/gossip/graph.ts'
import type { GossipLearnOptions } from '../../learning/gossip/learner.ts'
import { DEFAULT_GOSSIP_RULE, type GossipRule } from '../../learning/gossip/rules.ts'
import { metropolisWeights } from '../../learning/gossip/weights.ts'
import type { LearnWindow } from '../../learning/learn-contract.ts'
import { stepSize } from '../../learning/step-size.ts'
import type { Cohort } from './cohort.ts'
import { CohortError } from './errors.ts'
import { cohortTopology, gossipRuleOf } from './gossip-names.ts'

/** Gossip runs no agreement: the field is there for cohorts that do, and a file need not have it. */
export const GOSSIP_PROTOCOL: ProtocolName = 'icwtm'

type Graphed = Pick<Cohort, 'topology' | 'seed'> & { readonly members: { readonly length: number } }

/** Every message asks, and a graph takes a while to draw. */
const drawn = new WeakMap<object, Neighbours>()

/** Whom each member hears; null: all hear all, and agree. @throws GraphError where there is no such graph */
export function graphOf(cohort: Graphed): Neighbours | null {
  const { topology, members, seed } = cohort
  if (topology === undefined) return null
  const known = drawn.get(cohort)
  if (known !== undefined) return known
  const graph =
    typeof topology === 'string'
      ? drawGraph(cohortTopology(topology), members.length, seed)
      : graphOfEdges(
          topology.map((edge, i) => ({ place: `topology[${i}]`, edge })),
          members.length,
        )
  drawn.set(cohort, graph)
  return graph
}

/** Those that a member hears, and that hear it, ascending; in a cohort without a topology everyone else. */
export function neighboursOf(cohort: Cohort, self: PeerIndex): readonly PeerIndex[] {
  const graph = graphOf(cohort)
  return graph === null ? [...cohort.members.keys()].filter(peer => peer !== self) : graph[self]!
}

/** "mda"; of gossip its rule, "gossip monna". */
export function protocolText({
  protocol,
  topology,
  rule = DEFAULT_GOSSIP_RULE,
}: Pick<Cohort, 'protocol' | 'topology' | 'rule'>): string {
  return topology === undefined ? protocol : `gossip ${rule}`
}

/** "regular:6", "18 edges". */
export function topologyText(topology: NonNullable<Cohort['topology']>): string {
  return typeof topology === 'string' ? topology : `${topology.length} edges`
}

/** What only agreements have, with what the value would have to be. */
const ofAgreements: readonly (readonly [keyof Cohort, readonly unknown[]])[] = [
  ['protocol', [GOSSIP_PROTOCOL]],
  ['synchrony', ['asynchronous']],
  ['quorum', [undefined]],
  ['exchange', [undefined, 'whole']],
  ['schedule', ['practical']],
  ['gradientRule', [undefined]],
  ['precision', [undefined, 'f32']],
  ['localSteps', [undefined, 1]],
  ['evaluateEvery', [undefined]],
  ['output', ['last']],
]

/** @throws CohortError for what does not go with gossip, or a graph that does not meet the conditions */
export function checkGossip(cohort: Cohort, source: string): void {
  const { topology, rule, schema, iterations } = cohort
  const wrong = (why: string) => new CohortError('cohort-field-invalid', `${source}: ${why}`)
  if (topology === undefined) {
    if (rule === undefined) return
    throw wrong(`rule is ${rule}, and only members that gossip have one; expected a topology beside it`)
  }
  for (const [field, fitting] of ofAgreements)
    if (!fitting.includes(cohort[field]))
      throw wrong(`${field} is ${cohort[field]}, and with a topology nobody agrees with all; expected none`)
  if (iterations.gradient !== 1 || iterations.parameters !== 1)
    throw wrong('iterations are those of agreements, and with a topology there are none; expected none')
  if (schema !== undefined && agreedNotes(schema).length > 0)
    throw wrong(
      'the schema has columns that all members must agree on statistics of, and with a topology nobody agrees with all; expected none of these, or no topology',
    )
  checkConditions(cohort, topology, source)
}

/** @throws CohortError */
function checkConditions(cohort: Cohort, topology: NonNullable<Cohort['topology']>, source: string): void {
  const { faults, unsafe } = cohort
  const used = ruleOf(cohort)
  const meets = (check: (graph: Neighbours) => void, heal: string) => {
    try {
      check(graphOf(cohort)!)
    } catch (error) {
      if (!(error instanceof GraphError)) throw error
      if (error.code !== 'GRAPH_CONDITION')
        throw new CohortError('cohort-field-invalid', `${source}: topology: ${error.message}`)
      throw new CohortError(
        'cohort-bound',
        `${source}: faults is ${faults}, topology is ${topologyText(topology)}: ${error.message}${heal}`,
      )
    }
  }
  if (!unsafe)
    meets(graph => {
      checkWithoutClock(graph, faults)
      if (used.name.split('+').at(-1) === 'mean' && faults > 0)
        throw new GraphError('GRAPH_CONDITION', `${used.name} tolerates no liar, and f is ${faults}`)
    }, ' (unsafe: true runs it anyway)')
  meets(graph => checkHeard(graph, faults, used), '')
}

/** Why nothing is guaranteed with these liars; null where the graph meets the conditions. */
export function whyUnfit(cohort: Cohort, liars: readonly PeerIndex[]): string | null {
  const graph = graphOf(cohort)
  if (graph === null) return null
  const { faults: maxFaulty } = cohort
  try {
    checkWithoutClock(graph, maxFaulty)
    checkGraph(graph, { peers: graph.length, liars, maxFaulty }, ruleOf(cohort))
    return null
  } catch (error) {
    if (error instanceof GraphError) return error.message
    throw error
  }
}

function ruleOf({ rule = DEFAULT_GOSSIP_RULE }: Cohort): GossipRule {
  return gossipRuleOf(rule)
}

/** Gossip as the cohort file describes it, except where it starts; null: the cohort agrees. */
export function gossipOptions(
  cohort: Cohort,
  self: PeerIndex,
  dimension: number,
  window: LearnWindow,
): Omit<GossipLearnOptions, 'start' | 'ledger'> | null {
  const graph = graphOf(cohort)
  if (graph === null) return null
  const { faults, graceMs, steps, rate, momentum, clip, weightDecay, box, batch } = cohort
  return {
    self,
    neighbours: graph[self]!,
    weights: metropolisWeights(graph, self),
    rule: ruleOf(cohort),
    maxFaulty: faults,
    dimension,
    grace: graceMs > 0,
    steps,
    rate: stepSize(cohort.stepSize.schedule, rate),
    momentum,
    clip,
    weightDecay,
    batch: batchSize(cohort.batchSchedule.schedule, batch),
    box: box === null ? null : { low: -box, high: box },
    window,
  }
}
