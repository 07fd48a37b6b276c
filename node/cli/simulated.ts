/** A scenario in the simulated world, with oracles in this thread: what `simulate` runs, and the demo's contrast. */
import type { PeerIndex } from '../../agreement/protocol.ts'
import { diameter, distance, norm, type Vector } from '../../agreement/vector.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import type { Cohort } from '../cohort.ts'
import type { SimulationResult } from '../simulation/simulate.ts'
import type { StepProgress } from '../simulation/step-meter.ts'
import type { Scenario } from './options.ts'

export interface SimulatedOptions {
  readonly scenario: Scenario
  readonly latencyMs: number
  readonly gradientMs: number
  readonly onStep?: (progress: StepProgress) => void
}

export interface SimulatedRun {
  readonly cohort: Cohort
  readonly result: SimulationResult
  /** By peer; null for Byzantine peers and those that did not finish. */
  readonly evaluations: readonly (Evaluation | null)[]
  readonly dimension: number
}

export async function runSimulated(options: SimulatedOptions): Promise<SimulatedRun> {
  const { scenario, latencyMs, gradientMs, onStep } = options
  const [{ simulate }, { createJaxOracles }] = await Promise.all([
    import('../simulation/simulate.ts'),
    import('../../learning/oracles/jax-oracle.ts'),
  ])
  const cohort = await simulatedCohort(scenario)
  const oracles = await createJaxOracles(cohort.members.map((_, peer) => oracleSpec(scenario, peer)))
  const result = await simulate({
    cohort,
    seed: cohort.seed,
    byzantine: { peers: scenario.liars, attack: scenario.attack },
    oracles,
    latencyMs,
    gradientMs,
    ...(onStep && { onStep }),
  })
  const evaluations = await evaluate(oracles, result)
  for (const oracle of oracles) await oracle.close()
  return { cohort, result, evaluations, dimension: oracles[0]!.dimension }
}

/** What peer `peer` of a scenario learns from; a liar may poison its own labels. */
export function oracleSpec({ settings, peers, data, partition, liars, attack }: Scenario, peer: PeerIndex) {
  const poisoned = attack?.relabel !== undefined && liars.includes(peer)
  const { model, seed } = settings
  return { model, data, partition, peer, peers, seed, ...(poisoned && { relabel: 'flip' as const }) }
}

/** Members with the keys that the simulated world draws from the seed, so that the id depends on nothing else. */
async function simulatedCohort({ peers, settings }: Scenario): Promise<Cohort> {
  const [{ keySeed }, { identityFromSeed }, { checkCohort }] = await Promise.all([
    import('../simulation/simulate.ts'),
    import('../identity.ts'),
    import('../cohort-file.ts'),
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
  const mean = Float32Array.from(vectors[0]!, (_, i) => {
    let sum = 0
    for (const vector of vectors) sum += vector[i]!
    return sum / vectors.length
  })
  const widest = diameter(vectors)
  const length = norm(mean)
  return {
    diameter: widest,
    relative: length > 0 ? widest / length : null,
    distances: vectors.map(vector => distance(vector, mean)),
  }
}
