/**
 * One averaging agreement on given vectors in the simulated world, without learning: the real driver, links, journal
 * and codec on virtual time, under given conditions, with every checker looking on. The same options give the same
 * trace.
 */
import { bounds } from '../../agreement/bounds.ts'
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { randomStream } from '../../learning/random.ts'
import {
  type CheckedRun,
  type Checkers,
  createCheckers,
  type IterationMeasure,
  type Violation,
} from '../checkers/index.ts'
import { frameBytesMax } from '../codec/index.ts'
import { OwnFileError } from '../files/own-module.ts'
import { sizeOf } from '../ports.ts'
import type { AgreementPeer, AgreementSettings } from '../runtime/agreement-peer.ts'
import { type Authority, createTableAuthority } from './authority.ts'
import { agreementTask, watchedBy } from './cluster/agreement.ts'
import { createSimulatedCluster, type SimulatedCluster } from './cluster/simulated.ts'
import { type Conditions, calmConditions } from './conditions.ts'
import { injectFaults } from './fault-injection.ts'
import { latencyMaxMs } from './latency.ts'
import type { Onlooker } from './onlooker.ts'
import { createTrace, type Trace } from './trace.ts'

/** An averaging agreement in the simulated world. */
export interface AgreeOptions {
  readonly settings: AgreementSettings
  /** One row per peer. */
  readonly inputs: readonly Vector[]
  readonly byzantine: { readonly peers: readonly PeerIndex[]; readonly attack: Attack | null }
  readonly seed: number
  readonly conditions?: Conditions
  /** `t` of `AVG_t`, if the iterations were chosen for it. */
  readonly target?: number | null
  /** Under synchrony: every honest message arrives in time, so that the guarantees hold. Otherwise they always do. */
  readonly timely?: boolean
  readonly authority?: Authority
  readonly onlooker?: Onlooker | null
  /** Whether to hash every message into a trace. */
  readonly traced?: boolean
  /** The faults end after this many events, whatever the conditions say. It serves to find the shortest prefix. */
  readonly calmAfterEvents?: number
}

/** What became of an agreement, and what it cost. */
export interface AgreeResult {
  readonly honest: readonly PeerIndex[]
  /** By peer; null if a peer has none. */
  readonly outputs: readonly (Vector | null)[]
  readonly iterations: readonly IterationMeasure[]
  readonly faults: readonly { readonly observer: PeerIndex; readonly fault: Fault }[]
  readonly violation: Violation | null
  readonly events: number
  /** Events until the conditions became good. */
  readonly calmAfterEvents: number
  readonly virtualMs: number
  /** The time at which the last honest peer had its output; null if one has none. */
  readonly agreedMs: number | null
  readonly messages: number
  readonly bytes: number
  readonly bytesByPeer: readonly number[]
  readonly restarts: number
  readonly trace: string | null
}

/** In a good network an agreement ends well within this time, or never. */
const LIVENESS_MS = 120_000
const EVENTS_MAX = 5_000_000
/** Queues are checked once in this many events, because there are n² of them. */
const LOOK_EVERY = 512

/** Beside the latency: what a peer takes to answer, its disk and its clock included. */
const ANSWER_MS = 30

/** Peers start within this time of each other. */
const START_SPREAD_MS = 2

interface Run {
  readonly cluster: SimulatedCluster<AgreementPeer>
  readonly checkers: Checkers
  readonly trace: Trace | null
  /** By peer: the bytes of frames that the network took from its present incarnation. */
  readonly bytesTaken: readonly number[]
}

/**
 * Runs one averaging agreement on virtual time. `agree` is the same in fewer words.
 * @throws BoundError, ProtocolError; OwnFileError from a user's file
 */
export function simulateAgreement(options: AgreeOptions): AgreeResult {
  const { settings, conditions = calmConditions, calmAfterEvents = Infinity } = options
  let violation: Violation | null = null
  const violate = (checker: string, detail: string) => {
    const { world } = run.cluster
    violation ??= { checker, detail, events: world.events(), timeMs: world.nowMs() }
  }
  const run = runOf(options, conditions, violate)
  const { cluster, checkers } = run
  const { world } = cluster
  const lookEvery = Math.max(LOOK_EVERY, 16 * settings.peers ** 2)
  const injectedFaults = injectFaults(cluster, conditions)
  for (let peer = 0; peer < settings.peers; peer++) cluster.begin(peer)
  try {
    const { reason } = world.runSync({
      maxTimeMs: conditions.calmAtMs + LIVENESS_MS,
      maxEvents: EVENTS_MAX,
      until() {
        if (world.events() % lookEvery === 0) look(run)
        if (world.events() >= calmAfterEvents) injectedFaults.calm()
        return violation !== null
      },
    })
    if (reason === 'events') violate('termination', `still busy after ${EVENTS_MAX} events`)
    if (violation === null) checkers.end(endOf(run))
  } catch (error) {
    if (error instanceof OwnFileError) throw error
    // Nothing that a peer receives may make it throw.
    violate('no exceptions', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  return summary(run, violation, injectedFaults.calmEvents())
}

function runOf(
  options: AgreeOptions,
  conditions: Conditions,
  violate: (checker: string, detail: string) => void,
): Run {
  const { settings, inputs, byzantine, seed, onlooker = null } = options
  const honest = [...inputs.keys()].filter(peer => !byzantine.peers.includes(peer))
  const checkers = createCheckers(checkedRun(options, conditions, honest), violate)
  const trace = options.traced === true ? createTrace() : null
  const bytesTaken = inputs.map(() => 0)
  const watch = watchedBy(checkers)
  const cluster = createSimulatedCluster({
    task: agreementTask(settings, inputs, onlooker),
    byzantine,
    colluding: true,
    byzantineFinish: false,
    seed,
    authority: options.authority ?? createTableAuthority(),
    startSpreadMs: START_SPREAD_MS,
    conditions,
    frameBytesMax: frameBytesMax(settings.dimension),
    trace,
    onlooker,
    links: randomStream(seed, 'links'),
    watch: {
      ...watch,
      began(peer, incarnation) {
        bytesTaken[peer] = 0
        watch.began(peer, incarnation)
      },
    },
    onSend: (from, _, frame) => {
      bytesTaken[from]! += sizeOf(frame)
    },
    isSeenBeyond: () => false, // in a single agreement every peer is new
    lostUnsaid: peer => {
      throw new Error(`the disk of peer ${peer} lost synced records and did not say so`)
    },
  })
  onlooker?.enters({
    nowMs: cluster.world.nowMs,
    peer(self) {
      const peer = cluster.peers[self] ?? null
      return peer && { ...peer.status(), waitingFor: peer.waitingFor() }
    },
  })
  return { cluster, checkers, trace, bytesTaken }
}

function look({ cluster, checkers }: Run): void {
  for (const peer of cluster.honest) {
    const links = cluster.peers[peer]?.status().links
    if (links !== undefined) checkers.links(peer, links)
  }
}

function checkedRun(options: AgreeOptions, conditions: Conditions, honest: readonly PeerIndex[]): CheckedRun {
  const { settings, inputs, byzantine, timely = true } = options
  const mild = conditions.loss === 0 && conditions.injectedFaults.length === 0 && conditions.syncMs === null
  const prompt = conditions.scheduler.kind === 'fair' || conditions.scheduler.kind === 'rushing'
  // In a socket of a few bytes each frame waits for the one before, so an answer may take many round trips.
  const isRoomy = conditions.queueBytesMax === null
  const roundTripMs = 2 * (latencyMaxMs(conditions.latency) + conditions.jitterMs + ANSWER_MS)
  return {
    settings,
    honest,
    inputs,
    prompt: roundTripMs < settings.payloadMs && isRoomy,
    target: options.target ?? null,
    guaranteed:
      byzantine.peers.length <= settings.maxFaulty &&
      !settings.unsafe &&
      bounds(settings).feasible &&
      (settings.synchrony === 'asynchronous' || timely),
    undisturbed:
      mild &&
      prompt &&
      conditions.latency.kind !== 'log-normal' &&
      conditions.bytesPerMs >= 1000 &&
      (isRoomy || settings.digestFrom === undefined),
  }
}

function endOf({ cluster, bytesTaken }: Run) {
  const { honest, peers, results } = cluster
  const stuck = honest.flatMap(peer =>
    results[peer] === null ? [{ peer, waitingFor: peers[peer]?.waitingFor() ?? [] }] : [],
  )
  const statuses = peers.map(peer => peer?.status() ?? null)
  return { finished: stuck.length === 0, settled: true, stuck, statuses, bytesTaken }
}

function summary(
  { cluster, checkers, trace }: Run,
  violation: Violation | null,
  calmAfterEvents: number,
): AgreeResult {
  const { honest, peers, results, world } = cluster
  const statuses = peers.map(peer => peer?.status() ?? null)
  const bytesByPeer = statuses.map(status => status?.bytesSent ?? 0)
  return {
    honest,
    violation,
    bytesByPeer,
    calmAfterEvents,
    iterations: checkers.averaging.measures(),
    outputs: results,
    faults: cluster.faults.filter(({ observer }) => honest.includes(observer)),
    events: world.events(),
    virtualMs: world.nowMs(),
    agreedMs: honest.every(peer => results[peer] !== null) ? cluster.lastResultMs() : null,
    messages: statuses.reduce((sum, status) => sum + (status?.messagesSent ?? 0), 0),
    bytes: bytesByPeer.reduce((a, b) => a + b, 0),
    restarts: cluster.restarts(),
    trace: trace?.digest() ?? null,
  }
}
