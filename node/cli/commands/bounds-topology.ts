/** `concord bounds --topology`: what gossip needs of a graph, and whether these peers and liars give it (docs/graphs.md). */
import {
  checkGraph,
  checkPulls,
  excessProbability,
  mostFaultyNeighbours,
  mostFaultyWithoutClock,
} from '../../../learning/gossip/conditions.ts'
import { GraphError } from '../../../learning/gossip/error.ts'
import { DEFAULT_GOSSIP_RULE, type GossipRule } from '../../../learning/gossip/rules.ts'
import { metropolisWeights } from '../../../learning/gossip/weights.ts'
import { UsageError } from '../command.ts'
import { degreesText, type Hearing, leastDegree, loadGossipRule, openTopology } from '../gossip-learning.ts'
import type { Terminal } from '../terminal.ts'
import { counted, figure } from '../view/format.ts'

interface TopologyQuery {
  readonly topology: string
  readonly peers: number
  /** Null: the most that the least degree allows. */
  readonly faults: number | null
  /** The last ones of the peers; null: as many as the faults. */
  readonly byzantine: number | null
  readonly seed: number
  /** What peers make of what they hear; null: `DEFAULT_GOSSIP_RULE`. */
  readonly rule: string | null
}

/** What is printed, and `--json`. */
interface TopologyBounds extends Omit<TopologyQuery, 'faults' | 'byzantine' | 'rule'> {
  readonly rule: string
  readonly faults: number
  readonly byzantine: number
  readonly feasible: boolean
  readonly why: string
  readonly mostFaults: number
  /** Among peers that share no clock, as real ones do not; null: real peers pull nobody. */
  readonly mostFaultsWithoutClock: number | null
  readonly degree: { readonly least: number; readonly most: number }
  /** The most that the `f` heaviest neighbours of a peer weigh: `δ_max`. */
  readonly byzantineWeight: number
  /** That a pull has more liars than `f`; null for a graph. */
  readonly excess: number | null
}

/** For random pulls the conditions are looked at over so many steps. */
const STEPS = 100

/** @throws UsageError where there is no such graph */
export async function printTopologyBounds(
  query: TopologyQuery,
  json: boolean,
  terminal: Terminal,
): Promise<void> {
  const { topology, peers, seed } = query
  const hearing = await openTopology(topology, peers, seed).catch(error => {
    throw error instanceof GraphError ? new UsageError(`--topology: ${error.message}`) : error
  })
  const rule = await loadGossipRule({ rule: query.rule, param: {} })
  const result = topologyBounds(query, hearing, rule)
  if (json) return terminal.json(result)
  const { faults, byzantine, feasible, why, mostFaults, byzantineWeight, excess } = result
  const { mostFaultsWithoutClock: real } = result
  const verdict = feasible ? terminal.paint('green', 'feasible') : terminal.paint('red', 'infeasible')
  terminal.print(
    `gossip of ${counted(peers, 'peer')} over ${topology} (${degreesText(hearing)}), f = ${faults} of a peer’s neighbours faulty, ${byzantine} in all: ${verdict}`,
    `  rule                   ${result.rule}`,
    `  why                    ${why}`,
    `  most f of any rule     ${mostFaults}: 2f < d + 1 at the least degree d`,
    ...(real === null ? [] : [`  most f of real peers   ${real}: d ≥ 4f + 1, as they share no clock`]),
    `  weight of f liars δ    ${figure(byzantineWeight)} of 1 at most`,
  )
  if (excess !== null)
    terminal.print(`  more than f in a pull  with probability ${figure(excess)}, at each peer in each step`)
}

function topologyBounds(query: TopologyQuery, hearing: Hearing, rule: GossipRule): TopologyBounds {
  const { topology, peers, seed } = query
  const mostFaults = mostFaultyNeighbours(leastDegree(hearing))
  const faults = query.faults ?? mostFaults
  const byzantine = query.byzantine ?? Math.min(faults, peers - 1)
  if (byzantine >= peers)
    throw new UsageError(`--byzantine is ${byzantine}, of ${peers} peers; expected at most ${peers - 1}`)
  const broken = brokenCondition(hearing, { peers, faults, byzantine, seed }, rule)
  const held =
    hearing.kind === 'graph'
      ? `every honest peer has at most ${counted(faults, 'liar')} among its neighbours, and the honest peers are connected without the last ${byzantine}`
      : `no honest peer pulls more than ${counted(faults, 'liar')} in ${STEPS} steps`
  const degrees = hearing.kind === 'graph' ? hearing.graph.map(others => others.length) : [hearing.pulls]
  return {
    topology,
    peers,
    seed,
    rule: query.rule ?? DEFAULT_GOSSIP_RULE,
    faults,
    byzantine,
    feasible: broken === null,
    why: broken ?? held,
    mostFaults,
    mostFaultsWithoutClock: hearing.kind === 'pulls' ? null : mostFaultyWithoutClock(leastDegree(hearing)),
    degree: { least: Math.min(...degrees), most: Math.max(...degrees) },
    byzantineWeight: heaviest(hearing, faults),
    excess: hearing.kind === 'pulls' ? excessProbability(hearing.pulls, peers, byzantine, faults) : null,
  }
}

interface Placed {
  readonly peers: number
  readonly faults: number
  readonly byzantine: number
  readonly seed: number
}

function brokenCondition(
  hearing: Hearing,
  { peers, faults, byzantine, seed }: Placed,
  rule: GossipRule,
): string | null {
  const liars = Array.from({ length: byzantine }, (_, i) => peers - byzantine + i)
  const placed = { peers, liars, maxFaulty: faults, seed, steps: STEPS }
  try {
    if (hearing.kind === 'graph') checkGraph(hearing.graph, placed, rule)
    else checkPulls(hearing.pulls, placed, rule)
    return null
  } catch (error) {
    if (error instanceof GraphError) return error.message
    throw error
  }
}

function heaviest(hearing: Hearing, faults: number): number {
  if (hearing.kind === 'pulls') return Math.min(faults, hearing.pulls) / (1 + hearing.pulls)
  const { graph } = hearing
  const sums = graph.map((_, peer) =>
    [...metropolisWeights(graph, peer)]
      .sort((a, b) => b - a)
      .slice(0, faults)
      .reduce((sum, weight) => sum + weight, 0),
  )
  return Math.max(...sums)
}
