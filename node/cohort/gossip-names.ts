/** What a cohort file may say of gossip: topologies that do not change, and rules by name. */
import { RuleError } from '../../agreement/rules/error.ts'
import { aggregator } from '../../agreement/rules/registry.ts'
import { GraphError } from '../../learning/gossip/error.ts'
import {
  type GossipRule,
  gossipRuleNamed,
  gossipRules,
  overNeighbourhood,
} from '../../learning/gossip/rules.ts'
import { parseTopology, type Topology } from '../../learning/gossip/topology.ts'

/** The topologies of a cohort by name. */
export const COHORT_TOPOLOGIES = 'complete, ring, regular:k, erdos-renyi:p'
const EDGES = 'or a list of edges such as [[0, 1], [1, 2]]'

/** One of a cohort, by its text. @throws GraphError */
export function cohortTopology(text: string): Exclude<Topology, { readonly kind: 'pull' | 'file' }> {
  const topology = parseTopology(text)
  if (topology.kind !== 'pull' && topology.kind !== 'file') return topology
  const why =
    topology.kind === 'pull'
      ? 'draws other peers in every step, and members connect along a graph that stays'
      : 'is a file, which the other members do not have'
  throw new GraphError('GRAPH_TOPOLOGY', `"${text}" ${why}; expected ${COHORT_TOPOLOGIES}, ${EDGES}`)
}

/** Why a cohort cannot have this topology; null if it can. */
export function whyNoTopology(text: string): string | null {
  try {
    cohortTopology(text)
    return null
  } catch (error) {
    if (error instanceof GraphError) return `${COHORT_TOPOLOGIES}, ${EDGES}`
    throw error
  }
}

/** @throws RuleError */
export function gossipRuleOf(name: string): GossipRule {
  return Object.hasOwn(gossipRules, name) ? gossipRuleNamed(name, {}) : overNeighbourhood(aggregator(name))
}

/** Why there is no such rule, or none for members; null if there is. */
export function whyNoGossipRule(name: string): string | null {
  try {
    return gossipRuleOf(name).judged === undefined ? null : lookingAtVectors(name)
  } catch (error) {
    if (error instanceof RuleError) return error.message
    throw error
  }
}

/** A member asks its oracle for one gradient a step, at its own parameters, and applies the rule without waiting for more. */
function lookingAtVectors(name: string): string {
  return `a rule that looks at vectors alone: ${name} goes by the losses of neighbours' parameters on a member's own data, and members compute no such losses; it runs in simulate --architecture gossip`
}

/** Those that exist in gossip alone, and that members can follow. */
export const memberRules: readonly string[] = Object.keys(gossipRules).filter(
  name => whyNoGossipRule(name) === null,
)
