/** A cohort that learns in a calm simulated world, into which tests of one situation inject their own faults. */
import type { Attack } from '../../../learning/attacks/attack.ts'
import { createLearningCheckers } from '../../../node/checkers/learning.ts'
import type { Cohort } from '../../../node/cohort/cohort.ts'
import { calmConditions } from '../../../node/simulation/conditions.ts'
import { createLearningCluster } from '../../../node/simulation/swarm/learning/cluster.ts'
import {
  drawLearningScenario,
  type LearningScenario,
} from '../../../node/simulation/swarm/learning/scenario.ts'

interface SmallCohort extends Pick<Cohort, 'protocol' | 'faults' | 'quorum' | 'steps' | 'evaluateEvery'> {
  readonly peers: number
  readonly syncMs: number
  readonly byzantine?: { readonly peers: readonly number[]; readonly attack: Attack }
}

export function smallCohort({ peers, syncMs, byzantine, ...settings }: SmallCohort): LearningScenario {
  const drawn = drawLearningScenario(0)
  const { evaluateEvery: _, quorum: __, ...cohort } = drawn.cohort
  const everyone = Array.from({ length: peers }, (_, peer) => peer)
  return {
    ...drawn,
    dimension: 2,
    noise: 0,
    gradientMs: 5,
    attackName: byzantine?.attack.name ?? 'none',
    byzantine: byzantine ?? { peers: [], attack: null },
    centres: everyone.map(peer => Float32Array.of(peer, -peer)),
    cohort: {
      ...cohort,
      synchrony: 'asynchronous',
      ...settings,
      schedule: 'practical',
      graceMs: 0,
      iterations: { gradient: 1, parameters: 1 },
      members: everyone.map(peer => ({ name: `peer-${peer}`, id: `${peer}`, addresses: [] })),
    },
    conditions: { ...calmConditions, syncMs, calmAtMs: Infinity },
  }
}

/** A cohort whose peers have all begun, under all checkers. */
export function runningCohort(scenario: LearningScenario, honest: readonly number[]) {
  const violations: string[] = []
  const checkers = createLearningCheckers(scenario, honest, (checker, detail) =>
    violations.push(`${checker}: ${detail}`),
  )
  const cluster = createLearningCluster(scenario, checkers)
  const { world, results } = cluster
  const stepOf = (peer: number) => cluster.peers[peer]?.status().step ?? 0
  const until = (done: () => boolean) =>
    world.runSync({ maxTimeMs: world.nowMs() + 100_000, maxEvents: 3_000_000, until: done })
  for (const peer of scenario.cohort.members.keys()) cluster.begin(peer)
  return {
    cluster,
    stepOf,
    until,
    /** Waits for all honest peers; what should not have been. */
    finish() {
      until(() => honest.every(peer => results[peer] !== null))
      checkers.end(results, peer => `peer ${peer} stands at step ${stepOf(peer)}`)
      return violations
    },
  }
}
