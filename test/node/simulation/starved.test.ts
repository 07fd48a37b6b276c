/**
 * RB-TM at its bound, where the cohort can spare no honest peer. Liars that help all peers but one cannot exclude that
 * one. Nor can they stop the rest, who need it, by falling silent later.
 */
import test from 'ava'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { runningCohort, smallCohort } from './small-cohort.ts'

const BEHIND = 0

for (const maxFaulty of [1, 2])
  for (const restarts of [false, true])
    test(`${maxFaulty} liars, and a peer that was away${restarts ? ' and died' : ''}`, t => {
      const peers = 3 * maxFaulty + 1
      const everyone = Array.from({ length: peers }, (_, peer) => peer)
      const liars = everyone.slice(-maxFaulty)
      const honest = everyone.slice(0, -maxFaulty)
      let silent = false
      const starve = {
        ...attackNamed('refuse'),
        say: (message: never, { recipient }: { recipient: number }) =>
          silent || recipient === BEHIND ? [] : [message],
      }
      const scenario = smallCohort({
        protocol: 'rb-tm',
        peers,
        faults: maxFaulty,
        steps: 60,
        syncMs: 1,
        byzantine: { peers: liars, attack: starve },
      })
      const { cluster, stepOf, until, finish } = runningCohort(scenario, honest)
      const { network } = cluster
      const stall = (stalled: boolean) => {
        for (const peer of everyone) if (peer !== BEHIND) network.setStalled(BEHIND, peer, stalled)
      }
      until(() => stepOf(BEHIND) === 6)
      stall(true)
      if (restarts) cluster.crash(BEHIND, 1)
      until(() => stepOf(1) === 40)
      t.true(stepOf(BEHIND) <= 6)
      stall(false)
      if (restarts) cluster.begin(BEHIND)
      until(() => stepOf(BEHIND) >= stepOf(1) - 1)
      silent = true
      t.deepEqual(finish(), [])
    })
