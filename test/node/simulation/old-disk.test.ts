/**
 * This once happened with real peers: all were killed, the disk of one returned an older state of its log, and all
 * started again. That peer went on from the old state, and signed slots a second time. Or a whole copy is put back, with
 * the watermark, as a backup or a cloned machine does: then only the others can know.
 */
import test from 'ava'
import type { ProtocolName } from '../../../agreement/bounds.ts'
import { runningCohort, smallCohort } from './small-cohort.ts'

const sizes: readonly (readonly [ProtocolName, number])[] = [
  ['mda', 7],
  ['icwtm', 8],
  ['rb-tm', 4],
]

const damages = [
  ['old', 'an older log'],
  ['copied', 'an older copy of its disk'],
  ['flipped', 'a flipped bit'],
] as const

for (const [protocol, peers] of sizes)
  for (const [damage, words] of damages)
    test(`${protocol}: all are killed, and one comes back with ${words}`, t => {
      const honest = Array.from({ length: peers }, (_, peer) => peer)
      const scenario = smallCohort({ protocol, peers, faults: 1, steps: 30, syncMs: 1 })
      const { cluster, stepOf, until, finish } = runningCohort(scenario, honest)
      until(() => stepOf(2) === 10)
      for (const peer of honest) cluster.crash(peer, 1)
      const disk = cluster.disks[2]!
      if (damage === 'old') disk.restore(0.5)
      else if (damage === 'copied') disk.copyAt(0.5)!.putBack()
      else disk.flip(0.5)
      for (const peer of honest) cluster.begin(peer)
      if (damage === 'flipped') {
        t.is(cluster.peers[2], null, 'it refuses to start')
        until(() => stepOf(0) >= 14)
        disk.forget()
        cluster.begin(2)
      }
      t.deepEqual(finish(), [])
    })

for (const [protocol, peers] of sizes)
  test(`${protocol}: one comes back with an older copy among others that went on, and dies again before it speaks`, t => {
    const honest = Array.from({ length: peers }, (_, peer) => peer)
    const scenario = smallCohort({ protocol, peers, faults: 1, steps: 40, syncMs: 1 })
    const { cluster, stepOf, until, finish } = runningCohort(scenario, honest)
    const { world, peers: running } = cluster
    until(() => stepOf(2) === 12)
    cluster.crash(2, 1)
    cluster.disks[2]!.copyAt(0.4)!.putBack()
    cluster.begin(2)
    t.true(stepOf(2) < 12, 'its disk knows of no later one')
    world.runSync({ maxTimeMs: world.nowMs() + 40 })
    const left = running[2]!.status()
    t.is(left.phase, 'catching-up')
    cluster.crash(2, 1)
    cluster.begin(2)
    t.is(stepOf(2), 1, 'the older copy is not gone on from again')
    t.deepEqual(finish(), [])
  })

for (const [protocol, peers] of sizes)
  for (const part of [null, 0.4, 1] as const)
    test(`${protocol}: a second process starts beside the first, from ${part === null ? 'an empty disk' : part === 1 ? 'the newest copy' : 'an older copy'}`, t => {
      const honest = Array.from({ length: peers }, (_, peer) => peer)
      const scenario = smallCohort({ protocol, peers, faults: 1, steps: 20, syncMs: 1 })
      const { cluster, stepOf, until, finish } = runningCohort(scenario, honest)
      until(() => stepOf(2) >= 8)
      cluster.beginSecond(2, part)
      until(() => cluster.refusedSeconds() > 0)
      t.is(cluster.refusedSeconds(), 1)
      t.true((cluster.peers[2]?.status().connected.length ?? 0) === peers - 1, 'the first has lost nobody')
      t.deepEqual(finish(), [])
      t.is(cluster.restarts(), 0)
    })
