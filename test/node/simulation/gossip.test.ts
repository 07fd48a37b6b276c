/**
 * Peers that gossip over a graph in the simulated world, with everything that the swarm draws for cohorts that learn:
 * crashes, lost and restored disks, partitions, liars. The same peers as real ones, under the same checkers.
 */
import test from 'ava'
import { randomStream } from '../../../learning/random.ts'
import type { Cohort } from '../../../node/cohort/cohort.ts'
import { GOSSIP_PROTOCOL, graphOf } from '../../../node/cohort/gossip.ts'
import { simulateLearning } from '../../../node/simulation/swarm/learning/run.ts'
import {
  drawLearningScenario,
  type LearningScenario,
} from '../../../node/simulation/swarm/learning/scenario.ts'

/** The scenario of a seed, of peers that gossip; null where it has too few for its liars, or rounds. */
function gossiping(seed: number): LearningScenario | null {
  const scenario = drawLearningScenario(seed)
  const { members, faults, synchrony } = scenario.cohort
  const least = 4 * faults + 1
  if (synchrony === 'synchronous' || members.length < least + 1) return null
  const random = randomStream(seed, 'gossip')
  const spare = members.length - 1 - least
  const drawn = least + (spare === 0 ? 0 : random.integer(spare + 1))
  const degree = (drawn * members.length) % 2 === 1 ? drawn + 1 : drawn
  const {
    quorum: _,
    exchange: __,
    evaluateEvery: ___,
    precision,
    localSteps,
    gradientRule,
    ...rest
  } = scenario.cohort
  const cohort: Cohort = {
    ...rest,
    protocol: GOSSIP_PROTOCOL,
    topology: degree === members.length - 1 ? 'complete' : `regular:${degree}`,
    rule: random.integer(2) === 0 ? 'monna' : 'clipped-gossip',
    schedule: 'practical',
    iterations: { gradient: 1, parameters: 1 },
  }
  return { ...scenario, cohort, statistics: scenario.statistics.map(() => new Float32Array(0)) }
}

test('peers that gossip in 60 drawn worlds: one vector a slot across crashes and lost disks, no honest peer accused, all finish', t => {
  const seen = { worlds: 0, restarts: 0, caughtUp: 0, sparse: 0 }
  for (let seed = 0; seen.worlds < 60; seed++) {
    const scenario = gossiping(seed)
    if (scenario === null) continue
    const { violation, restarts, caughtUp } = simulateLearning(scenario)
    t.is(violation, null, `seed ${seed}: ${violation?.checker}: ${violation?.detail}`)
    seen.worlds++
    seen.restarts += restarts
    seen.caughtUp += caughtUp
    if (graphOf(scenario.cohort)![0]!.length < scenario.cohort.members.length - 1) seen.sparse++
  }
  t.true(
    Object.values(seen).every(count => count > 10),
    JSON.stringify(seen),
  )
})
