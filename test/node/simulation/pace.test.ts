/** Peers that wait for fewer than n − f vectors leave no more than f others behind (learning/pace.ts). */
import test from 'ava'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { createPace } from '../../../learning/pace.ts'
import { runningCohort, smallCohort } from './small-cohort.ts'

const PEERS = 9
const LIAR = 8
const everyone = Array.from({ length: PEERS }, (_, peer) => peer)
const honest = everyone.filter(peer => peer !== LIAR)
const SLOW = [6, 7]

/**
 * Six honest peers and the liar are a quorum. The liar helps them while two honest ones hear nothing, and then says no
 * more. If the six had gone on without the two, they could not be served, and nobody could go on.
 */
test('two of eight hear nothing while a liar helps the rest, f is one: all finish once they hear again', t => {
  const scenario = smallCohort({
    protocol: 'mda',
    peers: PEERS,
    faults: 1,
    quorum: 7,
    steps: 60,
    syncMs: 1,
    byzantine: { peers: [LIAR], attack: attackNamed('sign-flip') },
  })
  const { cluster, stepOf, until, finish } = runningCohort(scenario, honest)
  const { world, network, peers } = cluster
  const link = (some: readonly number[], others: readonly number[], allowed: boolean) => {
    for (const peer of some)
      for (const other of others) if (peer !== other) network.setAllowed(peer, other, allowed)
  }
  until(() => stepOf(SLOW[0]!) === 3)
  link(SLOW, everyone, false)
  const cutMs = world.nowMs()
  until(() => world.nowMs() > cutMs + 5000)
  const [ahead, behind] = [stepOf(0), stepOf(SLOW[0]!)]
  t.true(ahead > behind, 'a quorum goes on')
  t.true(ahead - behind <= 6, `peer 0 is at step ${ahead}, peer ${SLOW[0]} at ${behind}`)
  t.deepEqual(peers[0]!.status().waitingFor, SLOW)
  link([LIAR], everyone, false)
  link(SLOW, honest, true)
  t.deepEqual(finish(), [])
})

test('a peer waits while more than f others are further behind than messages are taken ahead', t => {
  const window = { ahead: 4, past: 4, kept: 16 }
  const pace = createPace({ self: 0, peers: 9, maxFaulty: 1, quorum: 7, window })
  for (const peer of [1, 2, 3, 4, 5, 6]) pace.saw(peer, 10)
  t.deepEqual(pace.waitingFor(4), [])
  t.deepEqual(pace.waitingFor(5), [7, 8])
  pace.saw(7, 1)
  t.deepEqual(pace.waitingFor(5), [])
  t.deepEqual(pace.waitingFor(6), [7, 8])
  pace.saw(7, 6)
  pace.saw(7, 3)
  t.deepEqual(pace.waitingFor(10), [])
  const plain = createPace({ self: 0, peers: 9, maxFaulty: 1, window })
  t.deepEqual(plain.waitingFor(100), [], 'n − f vectors are enough of a bond')
})
