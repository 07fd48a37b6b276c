/** A peer that has told the others that it needs nothing more must need nothing more, whatever happens to it then. */
import test from 'ava'
import { createLearningCheckers } from '../../../node/checkers/learning.ts'
import { createLearningCluster } from '../../../node/simulation/swarm/learning/cluster.ts'
import { smallCohort } from './small-cohort.ts'

const PEERS = 6
const everyone = Array.from({ length: PEERS }, (_, peer) => peer)

test('a peer that is killed once another knows that it has finished is done when it restarts alone', t => {
  // The disk is far slower than the network, so a message that did not wait for the disk would arrive long before.
  const scenario = smallCohort({ protocol: 'mda', peers: PEERS, faults: 0, steps: 5, syncMs: 500 })
  const cluster = createLearningCluster(
    scenario,
    createLearningCheckers(scenario, everyone, (checker, detail) => t.fail(`${checker}: ${detail}`)),
  )
  const { world, peers, results } = cluster
  const until = (done: () => boolean) =>
    world.runSync({ maxTimeMs: world.nowMs() + 60_000, maxEvents: 100_000, until: done })
  for (const peer of everyone) cluster.begin(peer)
  const told = () => everyone.slice(1).find(peer => peers[0]?.unserved().includes(peer) === false)
  until(() => told() !== undefined)
  const finished = told()!
  for (const peer of everyone) cluster.crash(peer, 0)
  results[finished] = null
  cluster.begin(finished)
  until(() => results[finished] !== null)
  t.not(results[finished], null, `it is back at step ${peers[finished]?.status().step}, and alone`)
})
