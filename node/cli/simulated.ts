/** A scenario in the simulated world: what `simulate` runs, and the demo's contrast. */
import { performance } from 'node:perf_hooks'
import { growPassing } from '../../agreement/kernels/index.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { distance, norm, type Vector } from '../../agreement/vector.ts'
import type { AgreedMetrics } from '../../learning/evaluation/agreed.ts'
import { createOwnEvaluations, type OwnEvaluations } from '../../learning/evaluation/own-evaluations.ts'
import { createSeries, type Series, type SeriesPoint } from '../../learning/evaluation/series.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import type { OracleCache } from '../../learning/oracles/oracle-cache.ts'
import { measured } from '../checkers/measures.ts'
import type { Cohort } from '../cohort/cohort.ts'
import { learnOptions } from '../cohort/learn-options.ts'
import { countBuffersAsHeap, growHeapFor } from '../network/memory.ts'
import { readStart } from '../oracle/open.ts'
import { digestOf } from '../signatures/index.ts'
import type { InjectedFault } from '../simulation/conditions.ts'
import type { LatencyModel } from '../simulation/latency.ts'
import type { Onlooker } from '../simulation/onlooker.ts'
import type { SimulationResult } from '../simulation/simulate.ts'
import type { StepProgress } from '../simulation/step-meter.ts'
import { evaluateAlone } from './alone.ts'
import { startingFrom } from './learning-options.ts'
import type { Scenario } from './options.ts'
import { type OwnProgram, openOracles, oracleSpec } from './simulated-oracles.ts'

/** What `runSimulated` runs, and who hears of it. */
export interface SimulatedOptions {
  readonly scenario: Scenario
  readonly latencyMs: number
  readonly gradientMs: number
  /** In place of `latencyMs`; absent or null: none. */
  readonly network?: LatencyModel | null
  /** Probability that a frame is lost; absent: 0. */
  readonly loss?: number
  readonly injectedFaults?: readonly InjectedFault[]
  /** The most that all peers together keep of past steps, in bytes; absent or null: 1 GiB. */
  readonly keepBytes?: number | null
  /** How many steps from one measured step to the next; 0: only the last is measured; absent: 1. */
  readonly measureEvery?: number
  /** The program that computes the gradients, one process a peer; absent or null: one of our models. */
  readonly program?: OwnProgram | null
  /** Whether each honest peer learns alone, too; absent: no. */
  readonly alone?: boolean
  /** A checkpoint to start from. */
  readonly init: string | null
  /** Where to write what the first honest peer that finished has learnt. */
  readonly save: string | null
  /** What earlier runs of this thread have opened and compiled; absent: oracles of this run's own, in threads if it is long. */
  readonly oracleCache?: OracleCache
  readonly onStep?: (progress: StepProgress) => void
  /** After each evaluation of a peer on the way. */
  readonly onEvaluation?: (peer: PeerIndex, point: SeriesPoint) => void
  /** Asked again and again: true ends the run there. */
  readonly isOver?: () => boolean
  /** Lets somebody look on; null: nobody does. */
  readonly look?: (start: SimulatedStart) => Promise<SimulatedLook | null>
  /** Takes what was noticed about the files of the data, in lines for people. */
  readonly onNote?: (line: string) => void
}

/** What is known before the first step. */
export interface SimulatedStart {
  readonly cohort: Cohort
  readonly dimension: number
}

/** Sees the simulated world, and what its peers reach on their test sets. */
export interface SimulatedLook {
  readonly onlooker: Onlooker
  accuracy(peer: PeerIndex | null, step: number, accuracy: number | null): void
}

/** The evaluation of what a peer has learnt, and what the cohort agreed on for it; null: nothing. */
type JudgedEvaluation = Evaluation & { readonly agreed: AgreedMetrics | null }

export interface SimulatedRun {
  readonly cohort: Cohort
  readonly result: SimulationResult
  /** By peer; null for Byzantine peers and those that did not finish. */
  readonly evaluations: readonly (JudgedEvaluation | null)[]
  /** By peer: the evaluations on the way, if the cohort asks for them; none of Byzantine peers. */
  readonly series: readonly (readonly SeriesPoint[])[]
  /** By peer: what those that finished learn alone; null where nobody asked. */
  readonly alone: readonly (Evaluation | null)[] | null
  readonly dimension: number
  /** Without the time to open the data, and to judge what was learnt at the end. */
  readonly learningSeconds: number
  /** The peer whose parameters were saved; null where none were. */
  readonly saved: PeerIndex | null
}

export async function runSimulated(options: SimulatedOptions): Promise<SimulatedRun> {
  const { scenario, program = null } = options
  const cohort = await simulatedCohort({
    ...scenario,
    settings: await startingFrom(options.init, scenario.settings),
  })
  // Threads open the data while this one loads what it needs.
  const [oracles] = await Promise.all([
    openOracles(scenario, program, options.oracleCache),
    import('../simulation/simulate.ts'),
  ])
  try {
    return await runWith(oracles, cohort, options)
  } finally {
    for (const oracle of oracles) await oracle.close()
  }
}

async function runWith(
  drawn: readonly ModelOracle[],
  cohort: Cohort,
  options: SimulatedOptions,
): Promise<SimulatedRun> {
  const {
    scenario,
    latencyMs,
    gradientMs,
    network = null,
    loss = 0,
    injectedFaults = [],
    measureEvery = 1,
    keepBytes = null,
    onStep,
    onNote,
  } = options
  const { simulate } = await import('../simulation/simulate.ts')
  countBuffersAsHeap()
  growPassing(PASSING_FACTOR)
  for (const note of drawn[0]!.notes ?? []) onNote?.(note)
  const start = options.init === null ? null : await readStart(options.init, drawn[0]!.parameters)
  const started = start === null ? drawn : drawn.map(oracle => ({ ...oracle, initial: start }))
  // Programs of the user's may each evaluate on examples of their own.
  const oracles = options.program ? started : sharingEvaluations(started)
  const series = oracles.map(createSeries)
  const look = (await options.look?.({ cohort, dimension: oracles[0]!.dimension })) ?? null
  growHeapFor(scenario.peers, oracles[0]!.dimension)
  const startedMs = performance.now()
  const result = await simulate({
    cohort,
    seed: cohort.seed,
    byzantine: { peers: scenario.liars, attack: scenario.attack },
    oracles,
    evaluations: series.map((own, peer) => evaluationsOf(peer, own, look, options.onEvaluation)),
    latencyMs,
    gradientMs,
    loss,
    injectedFaults,
    measureEvery,
    onlooker: look?.onlooker ?? null,
    ...(network && { network }),
    ...(keepBytes !== null && { keepBytes }),
    ...(onStep && { onStep }),
    ...(options.isOver && { isOver: options.isOver }),
  })
  const learningSeconds = (performance.now() - startedMs) / 1000
  const evaluated = await evaluate(oracles, result)
  const evaluations = evaluated.map((own, peer) => {
    if (own) look?.accuracy(peer, cohort.steps, own.accuracy)
    const last = series[peer]!.points.at(-1)
    const agreed = last?.step === cohort.steps ? last.agreed : undefined
    return own && { ...own, agreed: agreed ?? null }
  })
  const alone = options.alone ? await aloneOf(oracles, cohort, result) : null
  const saved = await saveFirst(options, oracles[0]!, result, cohort)
  return {
    cohort,
    result,
    evaluations,
    series: series.map(({ points }, peer) => (scenario.liars.includes(peer) ? [] : points)),
    alone,
    dimension: oracles[0]!.dimension,
    learningSeconds,
    saved,
  }
}

/** What the honest peers that finished learn alone. */
function aloneOf(
  oracles: readonly ModelOracle[],
  cohort: Cohort,
  { honest, parameters }: SimulationResult,
): ReturnType<typeof evaluateAlone> {
  const ended = honest.filter(peer => parameters[peer] !== null)
  const { initial, dimension } = oracles[0]!
  return evaluateAlone(oracles, ended, initial, learnOptions(cohort, 0, dimension))
}

/** The vectors of all peers are kept here for the steps of the window, not only those of one. */
const PASSING_FACTOR = 4

function evaluationsOf(
  peer: PeerIndex,
  { add, agree }: Series,
  look: Pick<SimulatedLook, 'accuracy'> | null,
  onEvaluation: SimulatedOptions['onEvaluation'],
): OwnEvaluations {
  return createOwnEvaluations({
    evaluated(point) {
      add(point)
      onEvaluation?.(peer, point)
      look?.accuracy(peer, point.step, point.accuracy)
    },
    agreed(point) {
      agree(point)
      look?.accuracy(null, point.step, point.agreed.accuracy)
    },
  })
}

/** How many evaluations are remembered: honest peers mostly hold the same parameters. */
const EVALUATIONS_MAX = 16

/** All are judged on the same examples, so equal parameters are evaluated once. */
function sharingEvaluations(oracles: readonly ModelOracle[]): readonly ModelOracle[] {
  const known = new Map<string, Promise<Evaluation>>()
  return oracles.map(oracle => ({
    ...oracle,
    evaluate(parameters) {
      const digest = digestOf(parameters)
      const evaluation = known.get(digest) ?? oracle.evaluate(parameters)
      known.set(digest, evaluation)
      if (known.size > EVALUATIONS_MAX) known.delete(known.keys().next().value!)
      return evaluation
    },
  }))
}

async function saveFirst(
  { scenario, save, program = null }: SimulatedOptions,
  oracle: ModelOracle,
  { parameters, honest }: SimulationResult,
  cohort: Cohort,
): Promise<PeerIndex | null> {
  const peer = honest.find(each => parameters[each] !== null)
  if (save === null || peer === undefined) return null
  const [{ saveCheckpoint }, { cohortId }] = await Promise.all([
    import('../oracle/open.ts'),
    import('../cohort/cohort.ts'),
  ])
  const choice = { spec: oracleSpec(scenario, peer), command: program?.command ?? null }
  const { name, steps } = cohort
  await saveCheckpoint(save, oracle, parameters[peer]!, choice, {
    cohort: { id: cohortId(cohort), name },
    step: steps,
  })
  return peer
}

/** Members with the keys that the simulated world draws from the seed, so that the id depends on nothing else. */
async function simulatedCohort({ peers, settings }: Scenario): Promise<Cohort> {
  const [{ keySeed }, { identityFromSeed }, { checkCohort }] = await Promise.all([
    import('../simulation/simulate.ts'),
    import('../cohort/identity.ts'),
    import('../cohort/file.ts'),
  ])
  const members = Array.from({ length: peers }, (_, peer) => ({
    name: `peer-${peer}`,
    id: identityFromSeed(keySeed(settings.seed, peer)).id,
  }))
  return checkCohort({ name: 'simulated', members, ...settings }, 'simulation')
}

async function evaluate(
  oracles: readonly ModelOracle[],
  { parameters, honest }: SimulationResult,
): Promise<(Evaluation | null)[]> {
  const evaluations: (Evaluation | null)[] = []
  for (const [peer, vector] of parameters.entries())
    evaluations.push(vector === null || !honest.includes(peer) ? null : await oracles[peer]!.evaluate(vector))
  return evaluations
}

/** How far honest vectors are apart, in all and from their mean. Null values where there are none. */
export interface Closeness {
  readonly diameter: number | null
  /** Diameter over the norm of the mean. */
  readonly relative: number | null
  /** Of each vector to the mean, in order. */
  readonly distances: readonly number[]
}

export function closenessOf(vectors: readonly Vector[]): Closeness {
  if (vectors.length === 0) return { diameter: null, relative: null, distances: [] }
  const family = measured(vectors)
  const mean = Float32Array.from(family.mean())
  const widest = family.diameter()
  const length = norm(mean)
  return {
    diameter: widest,
    relative: length > 0 ? widest / length : null,
    distances: vectors.map(vector => distance(vector, mean)),
  }
}
