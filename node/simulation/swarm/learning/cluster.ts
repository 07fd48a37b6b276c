/** The cluster of a cohort that learns in the swarm: the cheapest oracle, the table's signatures, all checkers. */
import type { PeerIndex } from '../../../../agreement/protocol.ts'
import type { LearnOutput } from '../../../../learning/learn-contract.ts'
import { randomStream } from '../../../../learning/random.ts'
import type { LearningCheckers } from '../../../checkers/learning.ts'
import { frameBytesMax } from '../../../codec/index.ts'
import type { OraclePort, Peer } from '../../../runtime/peer.ts'
import { createTableAuthority } from '../../authority.ts'
import { learnerTask } from '../../cluster/learner.ts'
import { createSimulatedCluster, type SimulatedCluster } from '../../cluster/simulated.ts'
import type { PeerParts } from '../../cluster.ts'
import type { LearningScenario } from './scenario.ts'

export interface LearningCluster extends SimulatedCluster<Peer> {
  /** How many times a peer found its place by asking. */
  caughtUp(): number
}

/** Peers start within this time of each other. */
const START_SPREAD_MS = 20

export function createLearningCluster(
  scenario: LearningScenario,
  checkers: LearningCheckers,
): LearningCluster {
  const { cohort, seed, byzantine, conditions, dimension, linkLimits } = scenario
  const heard = createHeard(cohort.members.length)
  let caughtUp = 0
  const cluster: SimulatedCluster<Peer> = createSimulatedCluster({
    task: learnerTask({
      cohort,
      linkLimits,
      initial: new Float32Array(dimension),
      oracle: parts => quadratic(scenario, cluster, parts),
    }),
    byzantine,
    colluding: false,
    byzantineFinish: false,
    seed,
    authority: createTableAuthority(),
    startSpreadMs: START_SPREAD_MS,
    conditions,
    frameBytesMax: frameBytesMax(dimension),
    links: randomStream(seed, 'links'),
    watch: {
      began: peer => checkers.began(peer, cluster.world.nowMs()),
      died: heard.died,
      output(peer, output) {
        checkers.output(peer, output)
        if (output.kind === 'caught-up') caughtUp++
      },
      received(peer, from, message) {
        checkers.received(peer, from, message)
        if (message.kind === 'vector' && message.slot.phase !== 'state') heard.from(from, peer)
      },
      shown: checkers.shown,
      connected: checkers.connected,
      accused: (peer, fault) => checkers.accused(peer, fault.peer, fault.kind, fault.detail),
    },
    onSend(from, to, frame) {
      if (!byzantine.peers.includes(from)) checkers.sent(from, to, frame, cluster.world.nowMs())
    },
    diskLost: checkers.lostDisk,
    lostUnsaid: checkers.lostUnsaid,
    isKnown: peer => heard.by(peer) > cohort.faults,
  })
  return { ...cluster, caughtUp: () => caughtUp }
}

/** Counts in how many present incarnations a vector of an author has arrived. */
function createHeard(peers: number) {
  const heardBy = Array.from({ length: peers }, () => new Set<PeerIndex>())
  return {
    by: (author: PeerIndex) => heardBy[author]!.size,
    from: (author: PeerIndex, peer: PeerIndex) => void heardBy[author]!.add(peer),
    died(peer: PeerIndex) {
      for (const listeners of heardBy) listeners.delete(peer)
    },
  }
}

/** The gradient of `½‖θ − x_j‖²`, with noise that depends on the step alone: a restarted peer draws the same noise. */
function quadratic(
  { centres, noise, seed, gradientMs }: LearningScenario,
  { world, network, slowness }: SimulatedCluster<Peer>,
  { self, isAlive }: Pick<PeerParts<LearnOutput>, 'self' | 'isAlive'>,
): OraclePort {
  const centre = centres[self]!
  return {
    gradient({ step, parameters }, done) {
      const random = noise === 0 ? null : randomStream(seed, 'noise', self, step)
      const gradient = Float32Array.from(
        parameters,
        (value, i) => value - centre[i]! + (random === null ? 0 : noise * random.normal()),
      )
      world.after(gradientMs * slowness[self]!, () =>
        network.whenRunning(self, () => {
          if (isAlive()) done({ gradient, loss: 0 })
        }),
      )
    },
  }
}
