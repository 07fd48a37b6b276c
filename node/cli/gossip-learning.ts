/**
 * Learning by gossip over a graph in place of agreements among all peers: the options, the checks and the run, for
 * `simulate --architecture gossip` and for sweeps.
 */
import type { Aggregator, RuleParameters } from '../../agreement/rules/registry.ts'
import { norm, type Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { actsAmongPeersOnly } from '../../learning/attacks/registry.ts'
import { batchSize } from '../../learning/batch-size.ts'
import { readText } from '../../learning/data/read-file.ts'
import { createSeries, type Series, type SeriesPoint } from '../../learning/evaluation/series.ts'
import { checkGraph, checkPulls, mostFaultyNeighbours } from '../../learning/gossip/conditions.ts'
import { GraphError } from '../../learning/gossip/error.ts'
import type { Gossip } from '../../learning/gossip/gossip.ts'
import { drawGraph, drawPulls, type Neighbours, parseEdges } from '../../learning/gossip/graph.ts'
import {
  DEFAULT_GOSSIP_RULE,
  type GossipRule,
  gossipRuleNamed,
  gossipRules,
  overNeighbourhood,
} from '../../learning/gossip/rules.ts'
import { parseTopology, TOPOLOGY_FORMS } from '../../learning/gossip/topology.ts'
import { equalWeights, metropolisWeights } from '../../learning/gossip/weights.ts'
import { modelNames } from '../../learning/models/registry.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import type { OracleCache } from '../../learning/oracles/oracle-cache.ts'
import { stepSize } from '../../learning/step-size.ts'
import { loadRule } from '../files/rule-file.ts'
import { EXTERNAL_MODEL, readStart, saveCheckpoint } from '../oracle/open.ts'
import { evaluateAlone } from './alone.ts'
import { option, type Parse, UnfitError, UsageError } from './command.ts'
import { type Scenario, type ScenarioValues, scenarioOf } from './options.ts'
import { offering } from './parse.ts'
import { refuseSharedData } from './server-learning.ts'
import { openOracles, oracleSpec } from './simulated-oracles.ts'

/** Of a file of edges: every pair of the most peers that a graph may have. */
const EDGES_BYTES_MAX = 16 * 2 ** 20

/** A topology as text; a file is read when it is needed. */
export const topologyReference: Parse<string> = offering(['complete', 'ring'], (value, name) => {
  try {
    parseTopology(value)
    return value
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`)
  }
})

export const topologyOption = option(
  '--topology <graph>',
  `gossip: who hears whom: ${TOPOLOGY_FORMS} (s others drawn in every step), or a file of edges such as ./graph.txt (docs/graphs.md)`,
  topologyReference,
  'complete',
)

export interface GossipValues extends Omit<ScenarioValues, 'protocol'> {
  /** Null: `DEFAULT_GOSSIP_RULE`. */
  readonly rule: string | null
  readonly param: RuleParameters
  readonly topology: string
  readonly init: string | null
  readonly alone: boolean
}

/** Whom peers hear: a graph that stays, or so many others, drawn in every step. */
export type Hearing =
  | { readonly kind: 'graph'; readonly graph: Neighbours }
  | { readonly kind: 'pulls'; readonly pulls: number }

/** A run that can begin. */
export interface GossipScenario extends Scenario {
  readonly topology: string
  readonly hearing: Hearing
}

/**
 * A rule by name, or of the user's, over a peer's neighbourhood.
 * @param load loads any other than one of gossip alone
 * @throws RuleError; OwnFileError; UsageError for a parameter that would have a peer trust another
 */
export async function loadGossipRule(
  { rule, param }: Pick<GossipValues, 'rule' | 'param'>,
  load: (rule: string, param: RuleParameters) => Promise<Aggregator> = loadRule,
): Promise<GossipRule> {
  const name = rule ?? DEFAULT_GOSSIP_RULE
  if (Object.hasOwn(gossipRules, name)) return gossipRuleNamed(name, param)
  for (const pivot of ['pivot', 'own'])
    if (Object.hasOwn(param, pivot) && ['monna', 'cva'].includes(name.split('+').at(-1)!))
      throw new UsageError(
        `--param ${pivot} is given, but in gossip each peer trusts its own vector; expected none`,
      )
  return overNeighbourhood(await load(name, param))
}

/** @throws GraphError; UsageError where the file cannot be read */
export async function openTopology(topology: string, peers: number, seed: number): Promise<Hearing> {
  const parsed = parseTopology(topology)
  if (parsed.kind === 'pull') {
    drawPulls(parsed.pulls, peers, seed, 1)
    return { kind: 'pulls', pulls: parsed.pulls }
  }
  if (parsed.kind !== 'file') return { kind: 'graph', graph: drawGraph(parsed, peers, seed) }
  const text = await readText(parsed.path, EDGES_BYTES_MAX).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new UsageError(`--topology is "${topology}": ${why}; expected a file of edges, two peers a line`)
  })
  return { kind: 'graph', graph: parseEdges(text, peers, parsed.path) }
}

/** The fewest that a peer hears. */
export function leastDegree(hearing: Hearing): number {
  return hearing.kind === 'pulls' ? hearing.pulls : Math.min(...hearing.graph.map(others => others.length))
}

/** "degree 16", "degrees 3 to 9", "8 drawn in every step". */
export function degreesText(hearing: Hearing): string {
  if (hearing.kind === 'pulls') return `${hearing.pulls} drawn in every step`
  const degrees = hearing.graph.map(others => others.length)
  const [least, most] = [Math.min(...degrees), Math.max(...degrees)]
  return least === most ? `degree ${least}` : `degrees ${least} to ${most}`
}

/**
 * @param loaded the attack, if it is the user's own
 * @throws UsageError where the options contradict each other; without --unsafe, UnfitError where the graph does not meet
 * the conditions
 */
export async function gossipScenario(
  values: GossipValues,
  rule: GossipRule,
  loaded: Attack | null,
): Promise<GossipScenario> {
  const { peers, unsafe, topology, seed } = values
  if (values.model === EXTERNAL_MODEL)
    throw new UsageError(
      `--model is "${EXTERNAL_MODEL}", and peers that gossip learn our models; expected one of ${modelNames.join(', ')}`,
    )
  refuseSharedData(values.partition)
  try {
    const hearing = await openTopology(topology, peers, seed)
    const faults = values.faults ?? mostFaultyNeighbours(leastDegree(hearing))
    const byzantine = values.byzantine ?? values.liars?.length ?? Math.min(faults, peers - 1)
    // The bounds of agreements say nothing of neighbours: the conditions here are the graph's.
    const scenario = scenarioOf(
      Object.assign({}, values, { protocol: 'mean' as const, faults, unsafe: true, byzantine }),
      loaded,
    )
    if (scenario.attack !== null && actsAmongPeersOnly(values.attack))
      throw new UnfitError(
        `--attack ${values.attack} acts on what agreements say, and peers that gossip say nothing but their parameters; expected an attack on vectors or data`,
      )
    if (!unsafe) checkHearing(hearing, scenario, rule)
    return Object.assign(scenario, { topology, hearing })
  } catch (error) {
    if (!(error instanceof GraphError)) throw error
    if (error.code === 'GRAPH_CONDITION')
      throw new UnfitError(`--topology ${topology}: ${error.message}; --unsafe runs it anyway`)
    throw new UsageError(`--topology: ${error.message}`)
  }
}

/** @throws GraphError GRAPH_CONDITION */
function checkHearing(hearing: Hearing, { peers, liars, settings }: Scenario, rule: GossipRule): void {
  const { faults: maxFaulty, seed, steps } = settings
  const placed = { peers, liars, maxFaulty }
  if (hearing.kind === 'graph') checkGraph(hearing.graph, placed, rule)
  else checkPulls(hearing.pulls, Object.assign(placed, { seed, steps }), rule)
}

/** How learning by gossip went. */
export interface GossipRun {
  readonly steps: number
  /** The first honest peer whose parameters were not finite; null: there was none. */
  readonly diverged: number | null
  /** Of its parameters before that step; 0 where there was none. */
  readonly norm: number
  readonly firstLoss: number
  readonly dimension: number
  /** By peer: the parameters at the end, and after the first step. */
  readonly parameters: readonly Vector[]
  readonly first: readonly Vector[]
  /** By peer: the vectors that it sent. */
  readonly sent: readonly number[]
  /** By peer; null of liars, and where learning has diverged. */
  readonly evaluations: readonly (Evaluation | null)[]
  /** By peer: what the honest ones learn alone; null where nobody asked. */
  readonly alone: readonly (Evaluation | null)[] | null
  readonly series: readonly (readonly SeriesPoint[])[]
}

interface GossipLearning {
  readonly scenario: GossipScenario
  readonly rule: GossipRule
  readonly values: Pick<GossipValues, 'init' | 'stepSize' | 'batchSchedule'> & { readonly alone?: boolean }
  /** Where to write the first honest peer's parameters; null: nowhere. */
  readonly save: string | null
  /** What earlier runs of this thread have opened and compiled; absent: nothing. */
  readonly oracleCache?: OracleCache
  /** After each step, with the mean loss of the honest peers' batches. */
  readonly onStep?: (step: number, loss: number) => void
  /** After each evaluation of an honest peer on the way. */
  readonly onEvaluation?: (peer: number, point: SeriesPoint) => void
  /** Asked before each step: true ends the run there. */
  readonly isOver?: () => boolean
  /** Takes what was noticed about the files of the data. */
  readonly onNote?: (line: string) => void
}

/** @throws DataError, ModelError, RuleError */
export async function learnByGossip(learning: GossipLearning): Promise<GossipRun> {
  const { scenario, save } = learning
  const { peers, liars, settings } = scenario
  const honest = Array.from({ length: peers }, (_, peer) => peer).filter(peer => !liars.includes(peer))
  const oracles = await openOracles(scenario, null, learning.oracleCache)
  try {
    for (const note of oracles[0]!.notes ?? []) learning.onNote?.(note)
    const gossip = await gossipOf(learning, oracles)
    const series = oracles.map(() => createSeries())
    const start = gossip.parameters[0]!
    const followed = await follow(gossip, oracles, series, honest, learning)
    const evaluations: (Evaluation | null)[] = oracles.map(() => null)
    if (followed.diverged === null)
      await Promise.all(
        honest.map(async peer => {
          evaluations[peer] = await oracles[peer]!.evaluate(gossip.parameters[peer]!)
        }),
      )
    const alone = learning.values.alone
      ? await evaluateAlone(
          oracles,
          honest,
          start,
          Object.assign(descentOf(learning), { steps: settings.steps }),
        )
      : null
    const first = honest[0]!
    if (save !== null && followed.diverged === null)
      await saveCheckpoint(
        save,
        oracles[first]!,
        gossip.parameters[first]!,
        { spec: oracleSpec(scenario, first), command: null },
        { cohort: null, step: settings.steps },
      )
    const { dimension } = oracles[0]!
    const points = series.map(each => each.points)
    return Object.assign(followed, { dimension, evaluations, alone, series: points })
  } finally {
    for (const oracle of oracles) await oracle.close()
  }
}

async function gossipOf(
  { scenario, rule, values }: GossipLearning,
  oracles: readonly ModelOracle[],
): Promise<Gossip> {
  const { createGossip } = await import('../../learning/gossip/gossip.ts')
  const { peers, settings, liars, attack, hearing } = scenario
  const { seed, steps, faults } = settings
  const { init } = values
  return createGossip({
    ...descentOf({ scenario, values }),
    rule,
    peers,
    maxFaulty: faults,
    neighboursAt: step =>
      hearing.kind === 'graph' ? hearing.graph : drawPulls(hearing.pulls, peers, seed, step),
    weightsOf: hearing.kind === 'graph' ? metropolisWeights : equalWeights,
    liars,
    attack,
    seed,
    steps,
    start: init === null ? oracles[0]!.initial : await readStart(init, oracles[0]!.parameters),
    gradient: (peer, request) => oracles[peer]!.gradient(request),
  })
}

/** How a peer descends along its own gradients. */
function descentOf({ scenario, values }: Pick<GossipLearning, 'scenario' | 'values'>) {
  const { momentum, clip, weightDecay, rate, batch, box } = scenario.settings
  return {
    momentum,
    clip,
    weightDecay,
    rate: stepSize(values.stepSize.schedule, rate),
    batch: batchSize(values.batchSchedule.schedule, batch),
    box: box === null ? null : { low: -box, high: box },
  }
}

/** Takes the steps, until a peer's parameters are not finite, or the run is over. */
async function follow(
  gossip: Gossip,
  oracles: readonly ModelOracle[],
  series: readonly Series[],
  honest: readonly number[],
  { scenario, onStep, onEvaluation, isOver }: GossipLearning,
): Promise<Omit<GossipRun, 'dimension' | 'evaluations' | 'alone' | 'series'>> {
  const { steps, evaluateEvery } = scenario.settings
  let step = 0
  let diverged: number | null = null
  let firstLoss = Number.NaN
  let before = gossip.parameters.slice()
  let first: readonly Vector[] = before
  while (diverged === null && step < steps && !isOver?.()) {
    if (evaluateEvery !== undefined && step % evaluateEvery === 0)
      for (const peer of honest) {
        const point = Object.assign({ step }, await oracles[peer]!.evaluate(gossip.parameters[peer]!))
        series[peer]!.add(point)
        onEvaluation?.(peer, point)
      }
    before = gossip.parameters.slice()
    const done = await gossip.step()
    step = done.step
    diverged = done.diverged
    if (step === 1) {
      firstLoss = done.loss
      first = gossip.parameters.slice()
    }
    onStep?.(step, done.loss)
  }
  return {
    steps: step,
    diverged,
    norm: diverged === null ? 0 : norm(before[diverged]!),
    firstLoss,
    parameters: gossip.parameters,
    first,
    sent: Array.from(gossip.sent),
  }
}
