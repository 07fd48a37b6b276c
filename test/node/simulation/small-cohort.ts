/** A cohort that learns in a calm simulated world, into which tests of one situation inject their own faults. */
import type { Attack } from '../../../learning/attacks/attack.ts'
import type { Cohort } from '../../../node/cohort/cohort.ts'
import { calmConditions } from '../../../node/simulation/conditions.ts'
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
