/** The cluster of a cohort that learns in the swarm: the cheapest oracle, the table's signatures, all checkers. */
import { isLater, ownCommitment, type Slot } from '../../../../agreement/message.ts'
import type { PeerIndex } from '../../../../agreement/protocol.ts'
import { METRICS_DIMENSION } from '../../../../learning/evaluation/agreed.ts'
import type { LearnOutput } from '../../../../learning/learn-contract.ts'
import { randomStream } from '../../../../learning/random.ts'
import type { LearningCheckers } from '../../../checkers/learning.ts'
import { type DecodeLimits, frameBytesMax } from '../../../codec/index.ts'
import { decodeRecord, type JournalRecord } from '../../../runtime/journal-records.ts'
import { decodeLimits, type OraclePort, type Peer } from '../../../runtime/peer.ts'
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
  const { cohort, seed, byzantine, conditions, dimension, statistics, linkLimits, keepBytes } = scenario
  const heard = createHeard(cohort.members.length)
  let caughtUp = 0
  const cluster: SimulatedCluster<Peer> = createSimulatedCluster({
    task: learnerTask({
      cohort,
      linkLimits,
      ...(keepBytes !== undefined && { keepBytes }),
      initialOf(self) {
        const initial = new Float32Array(dimension)
        initial.set(statistics[self]!, dimension - statistics[self]!.length)
        return initial
      },
      statistics: statistics[0]!.length,
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
    maxFaulty: cohort.faults,
    links: randomStream(seed, 'links'),
    watch: {
      began: peer => checkers.began(peer, cluster.world.nowMs()),
      died: heard.died,
      output(peer, output, isSecond) {
        checkers.output(peer, output, isSecond)
        if (output.kind === 'caught-up') caughtUp++
      },
      received(peer, from, message, isSecond) {
        checkers.received(peer, from, message, isSecond)
        if (ownCommitment(from, message) !== null) heard.from(from, peer, message.slot)
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
    isSeenBeyond(records, peer) {
      const newest = newestIn(records, decodeLimits(cohort, dimension, statistics[0]!.length))
      return heard.by(peer).filter(slot => newest === null || isLater(slot, newest)).length > cohort.faults
    },
  })
  return { ...cluster, caughtUp: () => caughtUp }
}

/** The newest slot for which these records of a journal hold a vector of its peer; null: none. */
function newestIn(records: readonly Uint8Array[], limits: DecodeLimits): Slot | null {
  let newest: Slot | null = null
  for (const bytes of records) {
    const record = decodeRecord(bytes, { limits })
    const slot = ownSlot(record)
    if (slot !== null && (newest === null || isLater(slot, newest))) newest = slot
  }
  return newest
}

function ownSlot(record: JournalRecord): Slot | null {
  if (record.kind === 'vector-at') return record.own ? record.echo.slot : null
  return record.kind === 'message' && record.message.kind === 'vector' ? record.message.slot : null
}

/** For each present incarnation, the newest slot of an author whose vector has arrived there. */
function createHeard(peers: number) {
  const heardBy = Array.from({ length: peers }, () => new Map<PeerIndex, Slot>())
  return {
    by: (author: PeerIndex) => [...heardBy[author]!.values()],
    from(author: PeerIndex, peer: PeerIndex, slot: Slot) {
      const before = heardBy[author]!.get(peer)
      if (before === undefined || isLater(slot, before)) heardBy[author]!.set(peer, slot)
    },
    died(peer: PeerIndex) {
      for (const listeners of heardBy) listeners.delete(peer)
    },
  }
}

/** An evaluation takes so many times as long as a gradient: the steps go on meanwhile. */
const EVALUATION_TIMES = 3

/** The gradient of `½‖θ − x_j‖²`, with noise that depends on the step, and on the incarnation where noise is drawn anew. The metrics are distances. */
function quadratic(
  { centres, noise, seed, gradientMs, noiseAnew = false }: LearningScenario,
  { world, network, slowness }: SimulatedCluster<Peer>,
  { self, isAlive, incarnation }: Pick<PeerParts<LearnOutput>, 'self' | 'isAlive' | 'incarnation'>,
): OraclePort {
  const centre = centres[self]!
  const labels = noiseAnew ? [self, incarnation] : [self]
  return {
    gradient({ step, parameters }, done) {
      const random = noise === 0 ? null : randomStream(seed, 'noise', ...labels, step)
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
    metrics({ parameters }, done) {
      const vector = Float32Array.from({ length: METRICS_DIMENSION }, (_, i) =>
        Math.abs(parameters[i % centre.length]! - centre[i % centre.length]!),
      )
      world.after(EVALUATION_TIMES * gradientMs * slowness[self]!, () =>
        network.whenRunning(self, () => {
          if (isAlive()) done(vector)
        }),
      )
    },
  }
}
