/**
 * This once happened with real peers: all were killed, the disk of one returned an older state of its log, and all
 * started again. That peer went on from the old state, and signed slots a second time.
 */
import test from 'ava'
import type { ProtocolName } from '../../../agreement/bounds.ts'
import { createLearningCheckers } from '../../../node/checkers/learning.ts'
import { createLearningCluster } from '../../../node/simulation/swarm/learning/cluster.ts'
import { smallCohort } from './small-cohort.ts'

const sizes: readonly (readonly [ProtocolName, number])[] = [
  ['mda', 7],
  ['icwtm', 8],
  ['rb-tm', 4],
]

for (const [protocol, peers] of sizes)
  for (const damage of ['old', 'flipped'] as const)
    test(`${protocol}: all are killed, and one comes back with ${damage === 'old' ? 'an older log' : 'a flipped bit'}`, t => {
      const honest = Array.from({ length: peers }, (_, peer) => peer)
      const scenario = smallCohort({ protocol, peers, faults: 1, steps: 30, syncMs: 1 })
      const violations: string[] = []
      const checkers = createLearningCheckers(scenario, honest, (checker, detail) =>
        violations.push(`${checker}: ${detail}`),
      )
      const cluster = createLearningCluster(scenario, checkers)
      const { world, results } = cluster
      const until = (done: () => boolean) =>
        world.runSync({ maxTimeMs: world.nowMs() + 100_000, maxEvents: 2_000_000, until: done })
      const stepOf = (peer: number) => cluster.peers[peer]?.status().step ?? 0
      for (const peer of honest) cluster.begin(peer)
      until(() => stepOf(2) === 10)
      for (const peer of honest) cluster.crash(peer, 1)
      const disk = cluster.disks[2]!
      if (damage === 'old') disk.restore(0.5)
      else disk.flip(0.5)
      for (const peer of honest) cluster.begin(peer)
      if (damage === 'flipped') {
        t.is(cluster.peers[2], null, 'it refuses to start')
        until(() => stepOf(0) >= 14)
        disk.forget()
        cluster.begin(2)
      }
      until(() => honest.every(peer => results[peer] !== null))
      checkers.end(results, peer => `peer ${peer} stands at step ${stepOf(peer)}`)
      t.deepEqual(violations, [])
    })
