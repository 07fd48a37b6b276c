/** Who has told the others that it needs nothing more must need nothing more, whatever befalls it then. */
import test from 'ava'
import { calmConditions } from '../../../node/simulation/conditions.ts'
import { createLearningCheckers } from '../../../node/simulation/learning/checkers.ts'
import { drawLearningScenario } from '../../../node/simulation/learning/scenario.ts'
import { createLearningStage } from '../../../node/simulation/learning/stage.ts'

const PEERS = 6
const everyone = Array.from({ length: PEERS }, (_, peer) => peer)

test('a peer that is killed as soon as another knows that it has finished is done when it comes back to nobody', t => {
  const drawn = drawLearningScenario(0)
  const scenario = {
    ...drawn,
    ...{ dimension: 2, noise: 0, gradientMs: 5, attackName: 'none', byzantine: { peers: [], attack: null } },
    centres: everyone.map(peer => Float32Array.of(peer, -peer)),
    cohort: {
      ...drawn.cohort,
      ...{ protocol: 'mda' as const, faults: 0, steps: 5, schedule: 'practical' as const, graceMs: 0 },
      iterations: { gradient: 1, parameters: 1 },
      members: everyone.map(peer => ({ name: `peer-${peer}`, id: `${peer}`, addresses: [] })),
    },
    // Far slower than the network: what is said without waiting for the disk arrives long before it is on it.
    conditions: { ...calmConditions, syncMs: 500, calmAtMs: Infinity },
  }
  const stage = createLearningStage(
    scenario,
    everyone,
    createLearningCheckers(scenario, everyone, (checker, detail) => t.fail(`${checker}: ${detail}`)),
  )
  const { world, peers, results } = stage
  const until = (done: () => boolean) =>
    world.runSync({ maxTimeMs: world.nowMs() + 60_000, maxEvents: 100_000, until: done })
  for (const peer of everyone) stage.begin(peer)
  const told = () => everyone.slice(1).find(peer => peers[0]?.unserved().includes(peer) === false)
  until(() => told() !== undefined)
  const finished = told()!
  for (const peer of everyone) stage.crash(peer, 0)
  results[finished] = null
  stage.begin(finished)
  until(() => results[finished] !== null)
  t.not(results[finished], null, `it is back at step ${peers[finished]?.status().step}, and alone`)
})
