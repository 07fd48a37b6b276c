/**
 * One averaging agreement on given vectors in the simulated world, without learning: the real runner, links, journal
 * and codec on virtual time, under stated conditions, with every checker looking on. Same options, same trace.
 */
import type { Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import {
  type CheckedRun,
  type Checkers,
  createCheckers,
  type IterationMeasure,
  type Violation,
} from '../checkers/index.ts'
import type { AgreementSettings } from '../runtime/agreement-peer.ts'
import { type Authority, createTableAuthority } from './authority.ts'
import { type Conditions, calmConditions } from './conditions.ts'
import { injectFaults } from './fault-injection.ts'
import { createStage, type Stage } from './stage.ts'

export interface AgreeOptions {
  readonly settings: AgreementSettings
  /** A row a peer. */
  readonly inputs: readonly Vector[]
  readonly byzantine: { readonly peers: readonly PeerIndex[]; readonly attack: Attack | null }
  readonly seed: number
  readonly conditions?: Conditions
  /** `t` of `AVG_t`, where the iterations were chosen for it. */
  readonly target?: number | null
  /** Under synchrony: every honest message arrives in time, so the guarantees hold. Asynchronously they always do. */
  readonly timely?: boolean
  readonly authority?: Authority
  /** Whether to hash every message into a trace. */
  readonly traced?: boolean
  /** The troubles end after so many events, whatever the conditions say: for finding the shortest prefix. */
  readonly calmAfterEvents?: number
}

export interface AgreeResult {
  readonly honest: readonly PeerIndex[]
  /** By peer; null where a peer has none. */
  readonly outputs: readonly (Vector | null)[]
  readonly iterations: readonly IterationMeasure[]
  readonly faults: readonly { readonly observer: PeerIndex; readonly fault: Fault }[]
  readonly violation: Violation | null
  readonly events: number
  /** Events until the conditions became good. */
  readonly calmAfterEvents: number
  readonly virtualMs: number
  /** When the last honest peer had its output; null where one has none. */
  readonly agreedMs: number | null
  readonly messages: number
  readonly bytes: number
  readonly bytesByPeer: readonly number[]
  readonly restarts: number
  readonly trace: string | null
}

/** In a good network an agreement ends well within these; beyond them it never will. */
const LIVENESS_MS = 120_000
const EVENTS_MAX = 5_000_000
/** Queues are looked at after every so many events; there are n² of them. */
const LOOK_EVERY = 512

export function simulateAgreement(options: AgreeOptions): AgreeResult {
  const { settings, inputs, byzantine, conditions = calmConditions } = options
  const honest = [...inputs.keys()].filter(peer => !byzantine.peers.includes(peer))
  const run = checkedRun(options, conditions, honest)
  let violation: Violation | null = null
  const violate = (checker: string, detail: string) => {
    violation ??= { checker, detail, events: stage.world.events(), timeMs: stage.world.nowMs() }
  }
  const checkers = createCheckers(run, violate)
  const stage: Stage = createStage({
    settings,
    inputs,
    byzantine,
    conditions,
    honest,
    checkers,
    seed: options.seed,
    authority: options.authority ?? createTableAuthority(),
    traced: options.traced ?? false,
  })
  const lookEvery = Math.max(LOOK_EVERY, 16 * settings.peers ** 2)
  const injectedFaults = injectFaults(stage, conditions)
  for (let peer = 0; peer < settings.peers; peer++) stage.begin(peer)
  const { calmAfterEvents = Infinity } = options
  try {
    const { reason } = stage.world.runSync({
      maxTimeMs: conditions.calmAtMs + LIVENESS_MS,
      maxEvents: EVENTS_MAX,
      until() {
        if (stage.world.events() % lookEvery === 0) look(stage, honest, checkers)
        if (stage.world.events() >= calmAfterEvents) injectedFaults.calm()
        return violation !== null
      },
    })
    if (reason === 'events') violate('termination', `still busy after ${EVENTS_MAX} events`)
    if (violation === null) checkers.end(endOf(stage, honest))
  } catch (error) {
    // Nothing that a peer receives may make it throw.
    violate('no exceptions', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  return summary(stage, honest, checkers.averaging.measures(), violation, injectedFaults.calmEvents())
}

function look(stage: Stage, honest: readonly PeerIndex[], checkers: Checkers): void {
  for (const peer of honest) {
    const links = stage.peers[peer]?.status().links
    if (links !== undefined) checkers.links(peer, links)
  }
}

function checkedRun(options: AgreeOptions, conditions: Conditions, honest: readonly PeerIndex[]): CheckedRun {
  const { settings, inputs, byzantine, timely = true } = options
  const mild = conditions.loss === 0 && conditions.injectedFaults.length === 0 && conditions.syncMs === null
  const prompt = conditions.scheduler.kind === 'fair' || conditions.scheduler.kind === 'rushing'
  return {
    settings,
    honest,
    inputs,
    target: options.target ?? null,
    guaranteed:
      byzantine.peers.length <= settings.faults &&
      !settings.unsafe &&
      (settings.synchrony === 'asynchronous' || timely),
    undisturbed: mild && prompt && conditions.latency.kind !== 'log-normal' && conditions.bytesPerMs >= 1000,
  }
}

function endOf(stage: Stage, honest: readonly PeerIndex[]) {
  const stuck = honest.flatMap(peer =>
    stage.outputs[peer] === null ? [{ peer, waitingFor: stage.peers[peer]?.waitingFor() ?? [] }] : [],
  )
  const statuses = stage.peers.map(peer => peer?.status() ?? null)
  return { finished: stuck.length === 0, settled: true, stuck, statuses, bytesTaken: stage.bytesTaken }
}

function summary(
  stage: Stage,
  honest: readonly PeerIndex[],
  iterations: readonly IterationMeasure[],
  violation: Violation | null,
  calmAfterEvents: number,
): AgreeResult {
  const statuses = stage.peers.map(peer => peer?.status() ?? null)
  const bytesByPeer = statuses.map(status => status?.bytesSent ?? 0)
  return {
    honest,
    iterations,
    violation,
    bytesByPeer,
    calmAfterEvents,
    outputs: stage.outputs,
    faults: stage.faults,
    events: stage.world.events(),
    virtualMs: stage.world.nowMs(),
    agreedMs: honest.every(peer => stage.outputs[peer] !== null) ? stage.agreedMs() : null,
    messages: statuses.reduce((sum, status) => sum + (status?.messagesSent ?? 0), 0),
    bytes: bytesByPeer.reduce((a, b) => a + b, 0),
    restarts: stage.restarts(),
    trace: stage.trace?.digest() ?? null,
  }
}
