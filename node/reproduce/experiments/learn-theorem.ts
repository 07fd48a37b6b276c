/** LEARN as Theorem 1 of collaborative-learning asks for it, on losses whose constants and optimum are known. */
import { diameter, type Vector } from '../../../agreement/vector.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import type { ModelOracle } from '../../../learning/oracles/jax-oracle.ts'
import { randomStream } from '../../../learning/random.ts'
import { checkCohort } from '../../cohort/file.ts'
import { identityFromSeed } from '../../cohort/identity.ts'
import { keySeed } from '../../simulation/keys.ts'
import { simulate } from '../../simulation/simulate.ts'
import { defineExperiment, type Measurement, type RunContext } from '../experiment.ts'
import type { Point } from '../statistics.ts'
import { judge } from './learn-theorem-findings.ts'
import {
  boundsFor,
  configurations,
  DEVIATION,
  DIMENSION,
  FAULTS,
  type LearnTheoremConfig,
  peersOf,
  pointsOf,
} from './learn-theorem-plan.ts'

export const learnTheorem = defineExperiment<LearnTheoremConfig>({
  name: 'learn-theorem',
  title: 'The theorem on collaborative learning, measured',
  source: 'collaborative-learning, §4.3, Theorem 1 and Lemma 10',
  summary: 'LEARN for T_LEARN(δ) steps on losses of known L, K and optimum: Δ₂(θ_*) ≤ δ, ‖∇L̄‖ ≤ (1 + δ)CK',
  claim: [
    'With any C-averaging agreement, on any 0 < δ < 3, LEARN returns parameters with E Δ₂(θ_*)² ≤ δ² and E ‖∇L̄(θ̄_*)‖² ≤ (1 + δ)²C²K² after T_LEARN(δ) steps, whatever the Byzantine peers send. It asks for η = δ/12L, AVG_{⌈log₂ t⌉} on gradients and AVG_1 on parameters, noise that vanishes, and an output drawn from all steps.',
    'Here exactly that runs: losses ½‖θ − x_j‖², so L = 1 and K = 1 is the largest distance between the x_j of honest peers; batches that grow as t; the theory schedule; T_LEARN(δ) as `concord bounds learn` computes it.',
  ],
  needsData: false,
  configurations,
  cost: ({ steps, protocol }) => steps * Math.log2(steps) * (protocol === 'rb-tm' ? 2 : 1),
  run,
  judge,
})

async function run(config: LearnTheoremConfig, { progress }: RunContext): Promise<Measurement> {
  const { protocol, delta, steps, seed } = config
  const peers = peersOf(protocol)
  const attack = config.attack === null ? null : attackNamed(config.attack)
  const points = pointsOf(peers - FAULTS)
  /** `θ_t` of each peer: what it asks its gradient at. */
  const seen = Array.from({ length: peers }, (): Vector[] => [])
  const cohort = cohortOf(config, peers)
  const result = await simulate({
    cohort,
    seed,
    byzantine: { peers: attack === null ? [] : [peers - 1], attack },
    // Without an attack the last peer is honest as well; its point is a second one at the first.
    oracles: cohort.members.map((_, peer) => oracle(points[peer] ?? points[0]!, peer, seed, seen[peer]!)),
    latencyMs: 5,
    gradientMs: 10,
    measureEvery: 0,
    onStep: ({ step }) => progress(step / steps),
  })
  const optimum = meanOf(points)
  // h peers, also without an attack: the theorem speaks of n − f.
  const honest = seen.slice(0, peers - FAULTS)
  const { D } = boundsFor(protocol, delta)
  let [apart, gradient, drift] = [0, 0, 0]
  const series = { apart: [] as Point[], gradient: [] as Point[] }
  for (let step = 1; step <= steps; step++) {
    const family = honest.flatMap(steps => steps[step - 1] ?? [])
    const wide = family.length < honest.length ? Number.NaN : diameter(family)
    const steep = gap(meanOf(family), optimum)
    apart += wide ** 2 / steps
    gradient += steep ** 2 / steps
    drift = Math.max(drift, (step * wide) ** 2 / D)
    if (step % Math.ceil(steps / 60) === 0) {
      series.apart.push([step, wide])
      series.gradient.push([step, steep])
    }
  }
  const output = result.parameters.slice(0, peers - FAULTS).filter(vector => vector !== null)
  return {
    numbers: {
      apart,
      gradient,
      drift,
      outputs: output.length,
      outputApart: output.length === 0 ? null : diameter(output),
      outputGradient: output.length === 0 ? null : gap(meanOf(output), optimum),
      stuck: result.stuck.length,
    },
    series,
  }
}

function oracle(point: Vector, peer: number, seed: number, seen: Vector[]): ModelOracle {
  return {
    dimension: DIMENSION,
    initial: new Float32Array(DIMENSION),
    parameters: [{ name: 'θ', shape: [DIMENSION] }],
    examples: 1,
    async gradient({ step, parameters, batch }) {
      seen[step - 1] = parameters.slice()
      // The mean of `batch` examples x_j + noise of deviation σ is x_j + noise of σ/√batch, to the distribution.
      const random = randomStream(seed, 'learn-theorem', 'noise', peer, step)
      const deviation = DEVIATION / Math.sqrt(DIMENSION * batch)
      const gradient = parameters.map((x, i) => x - point[i]! + deviation * random.normal())
      return { gradient, loss: gap(parameters, point) ** 2 / 2 }
    },
    evaluate: async parameters => ({ loss: gap(parameters, point) ** 2 / 2, accuracy: null, metrics: null }),
    close: async () => {},
  }
}

function cohortOf({ protocol, delta, steps, seed }: LearnTheoremConfig, peers: number) {
  const members = Array.from({ length: peers }, (_, peer) => ({
    name: `peer-${peer}`,
    id: identityFromSeed(keySeed(seed, peer)).id,
  }))
  return checkCohort(
    {
      name: 'learn-theorem',
      members,
      faults: FAULTS,
      protocol,
      steps,
      model: 'external',
      // No waiting for more than n − f vectors: peers that hear different ones differ.
      graceMs: 0,
      seed,
      schedule: 'theory',
      output: 'drawn',
      rate: boundsFor(protocol, delta).rate,
      momentum: 0,
      batch: 1,
      batchSchedule: 'growing',
      ...(protocol === 'mean' && { schedule: 'log', unsafe: true }),
    },
    'learn-theorem',
  )
}

function meanOf(family: readonly Vector[]): number[] {
  return Array.from(
    { length: DIMENSION },
    (_, i) => family.reduce((sum, vector) => sum + vector[i]!, 0) / family.length,
  )
}

function gap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(Array.from(a).reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0))
}
