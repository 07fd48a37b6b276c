/** One run of a cohort that learns in the simulated world, with every checker looking on. */
import type { PeerIndex } from '../../../../agreement/protocol.ts'
import type { Violation } from '../../../checkers/index.ts'
import { createLearningCheckers } from '../../../checkers/learning.ts'
import { protocolText } from '../../../cohort/gossip.ts'
import { injectFaults } from '../../fault-injection.ts'
import { createLearningCluster, type LearningCluster } from './cluster.ts'
import type { LearningScenario } from './scenario.ts'

interface LearningResult {
  readonly violation: Violation | null
  readonly events: number
  readonly virtualMs: number
  readonly restarts: number
  readonly caughtUp: number
}

/** In a good network a cohort ends well within this time, or never. */
const LIVENESS_MS = 300_000
const EVENTS_MAX = 3_000_000

export function simulateLearning(scenario: LearningScenario, calmAfterEvents = Infinity): LearningResult {
  const { cohort, byzantine, conditions } = scenario
  const honest = [...cohort.members.keys()].filter(peer => !byzantine.peers.includes(peer))
  let violation: Violation | null = null
  const violate = (checker: string, detail: string) => {
    violation ??= { checker, detail, events: cluster.world.events(), timeMs: cluster.world.nowMs() }
  }
  const checkers = createLearningCheckers(scenario, honest, violate)
  const cluster = createLearningCluster(scenario, checkers)
  const injectedFaults = injectFaults(cluster, conditions)
  for (const peer of cohort.members.keys()) cluster.begin(peer)
  const finished = () => honest.every(peer => cluster.results[peer] !== null)
  try {
    const { reason } = cluster.world.runSync({
      maxTimeMs: conditions.calmAtMs + LIVENESS_MS,
      maxEvents: EVENTS_MAX,
      until() {
        if (cluster.world.events() >= calmAfterEvents) injectedFaults.calm()
        return violation !== null || finished()
      },
    })
    if (reason === 'events') violate('termination', `still busy after ${EVENTS_MAX} events`)
    if (violation === null) checkers.end(cluster.results, peer => describePeer(cluster, peer))
  } catch (error) {
    // Nothing that a peer receives may make it throw.
    violate('no exceptions', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  return {
    violation,
    events: cluster.world.events(),
    virtualMs: cluster.world.nowMs(),
    restarts: cluster.restarts(),
    caughtUp: cluster.caughtUp(),
  }
}

function describePeer({ peers }: LearningCluster, peer: PeerIndex): string {
  const status = peers[peer]?.status()
  if (!status) return `peer ${peer} is down`
  const { step, phase, computing, waitingFor } = status
  return `peer ${peer} stands at step ${step}, ${phase}${computing ? ', computing' : ''}, and lacks ${waitingFor.join(', ') || 'nobody'}`
}

/** The drawn conditions, for the reader of a violation. */
export function describeLearning({ cohort, byzantine, attackName, conditions, ...rest }: LearningScenario) {
  const {
    synchrony,
    quorum,
    gradientRule,
    members,
    faults: maxFaulty,
    steps,
    schedule,
    iterations,
    graceMs,
    momentum,
    evaluateEvery,
    precision,
    localSteps,
    topology,
  } = cohort
  const { dimension, noise, gradientMs, linkLimits, keepBytes } = rest
  return {
    protocol: protocolText(cohort),
    synchrony,
    peers: members.length,
    maxFaulty,
    quorum,
    gradientRule,
    steps,
    schedule,
    iterations,
    graceMs,
    momentum,
    evaluateEvery,
    precision,
    localSteps,
    topology,
    dimension,
    noise,
    gradientMs,
    keptBytesMax: linkLimits.keptBytesMax,
    keepBytes,
    byzantine: byzantine.peers,
    attack: attackName,
    conditions,
  }
}
