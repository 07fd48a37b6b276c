/** A peer goes on even if some of the others can no longer serve it, as long as the rest can. */
import test from 'ava'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { runningCohort, smallCohort } from './small-cohort.ts'

const PEERS = 7
const BEHIND = 3
const LIAR = 6
const everyone = Array.from({ length: PEERS }, (_, peer) => peer)
const honest = everyone.filter(peer => peer !== LIAR)

/** An attack that sends nothing, not even votes. */
const mute = { ...attackNamed('refuse'), wire: () => [] }

for (const forgetful of [1, 2])
  test(`${forgetful} of six forgot what a former incarnation had acknowledged; f is two`, t => {
    const scenario = smallCohort({
      protocol: 'rb-tm',
      peers: PEERS,
      faults: 2,
      steps: 60,
      syncMs: 1,
      byzantine: { peers: [LIAR], attack: mute },
    })
    const { cluster, stepOf, until, finish } = runningCohort(scenario, honest)
    const { world, network, peers, results } = cluster
    const link = (others: readonly number[], allowed: boolean) => {
      for (const peer of others) network.setAllowed(BEHIND, peer, allowed)
    }
    // In its sixth step it hears, and acknowledges, only messages of these.
    const [early, others] = [
      everyone.slice(0, forgetful),
      everyone.slice(forgetful).filter(p => p !== BEHIND),
    ]
    until(() => stepOf(BEHIND) === 6)
    link(others, false)
    const cutMs = world.nowMs()
    until(() => world.nowMs() > cutMs + 400)
    t.is(stepOf(BEHIND), 6)
    cluster.crash(BEHIND, 1)
    until(() => stepOf(0) === 20)
    link(others, true)
    link(early, false)
    cluster.begin(BEHIND)
    until(() => stepOf(0) === 26)
    link(early, true)
    const violations = finish()
    const { step, waitingFor } = peers[BEHIND]!.status()
    t.not(results[BEHIND], null, `it stands at step ${step} and lacks ${waitingFor.join(', ')}`)
    t.deepEqual(violations, [])
  })
