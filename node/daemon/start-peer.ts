/**
 * A peer on the real ports. A program that builds on the package starts it, watches it and stops it: the command line
 * with `concord join`, or a program of yours. The peer reports events; nothing here touches the process or a terminal.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import { spareVectors } from '../cohort/bounds-query.ts'
import type { SavedStep } from '../oracle/saver.ts'
import type { Recorder } from '../page/recorder.ts'
import type { Peer } from '../runtime/peer.ts'
import { assemblePeer, openParts, type Parts, type RecordedParts } from './assemble.ts'
import { PeerError } from './errors.ts'
import type { Ending, FaultCount, PeerEvent } from './events.ts'
import type { FaultCounter } from './fault-counter.ts'
import { trafficOf } from './observer.ts'
import { openMetrics, operate } from './operate.ts'
import { type PeerListeners, type PeerPlan, planPeer, type StartPeerOptions } from './options.ts'
import { peakResidentBytes } from './peak-memory.ts'
import { createRunRecord, type RecordOptions } from './run-record.ts'
import { createStatusBook, type PeerStatus, type Present } from './status.ts'
import { softwareName } from './version.ts'
import { watchForWaiting } from './waiting.ts'

/** A peer that runs until `stop`. */
export interface RunningPeer {
  /** The index of this member in the cohort. */
  readonly self: PeerIndex
  /** Multiaddrs at which it listens, its peer id included. */
  readonly addresses: readonly string[]
  /** The URL of its metrics, such as `http://127.0.0.1:9464/metrics`; null if no metrics were asked for. */
  readonly metricsUrl: string | null
  /**
   * Resolves once the peer has learnt; it then still serves the others. Rejects with PeerError `diverged` if the learning
   * has diverged; it still serves the others then, too. Rejects if it cannot go on (StorageError, OracleError,
   * ModelError), and with PeerError `stopped` if it was stopped before.
   */
  readonly finished: Promise<Ending>
  /** The peer as it is now. */
  status(): PeerStatus
  /** The faults of others so far. */
  faults(): readonly FaultCount[]
  /** The members that still need something from this peer. */
  unserved(): readonly PeerIndex[]
  /** Resolves once no member needs anything from this peer any more, it is stopped, or this many seconds are over. */
  served(seconds: number): Promise<void>
  /** Syncs the journal to the disk; rejects if that fails. */
  syncJournal(): Promise<void>
  /**
   * Writes the parameters after the last step to the file beside `save` that has the step in its name; null without
   * `save`, and before the first step is over.
   */
  saveStep(): Promise<SavedStep | null>
  /** Closes connections, sockets, log and oracle, so that nothing of the peer is left. Later calls do nothing. */
  stop(): Promise<void>
}

/**
 * Starts a member of a cohort on this machine. It connects to the others, and goes on from the state in its state
 * directory.
 * @throws CohortError, IdentityError, FileError, PeerError, DataError, ModelError, OracleError, StorageError,
 * JournalError, NetworkError; then nothing is left open
 */
export async function startPeer(options: StartPeerOptions): Promise<RunningPeer> {
  return startPlanned(await planPeer(options), options)
}

/** A peer whose run can be shown on a page. */
interface RecordedPeer extends RunningPeer {
  readonly recorder: Recorder
}

/** The same from a plan, for a caller that needs the plan beforehand. */
export async function startPlanned(
  plan: PeerPlan,
  listeners: PeerListeners,
  recording: RecordOptions = {},
): Promise<RecordedPeer> {
  const { cohort, self } = plan.membership
  const book = createStatusBook(plan.membership, softwareName(), () => performance.now())
  const listener = unharmed(listeners.onEvent ?? (() => {}))
  const record = createRunRecord(plan, recording)
  const onEvent = (event: PeerEvent) => {
    book.see(event)
    record.see(event)
    listener(event)
  }
  for (const text of plan.notes) onEvent({ kind: 'log', text })
  const metrics = await openMetrics(plan.metrics)
  const looks = { metrics: metrics?.ofNetwork ?? null, log: listeners.log ?? null, onEvent }
  const parts = { ...(await openParts(plan, book, looks)), record }
  const { network, faults } = parts
  const learnt = Promise.withResolvers<Vector>()
  const peer = await assembleOrClose(parts, learnt)
  begin(peer, parts)
  const present = () => presentOf(peer, self, faults)
  const looking = setInterval(() => {
    book.look(present())
    record.look(status)
  }, LOOK_INTERVAL_MS)
  const watch = watchForWaiting(present, spareVectors(cohort), onEvent)
  const end = endOf(parts, peer, learnt.promise, watch.stop)
  const status = () => book.status(present())
  let closeOperating = async (): Promise<void> => {}
  let stopping: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    end.stopped()
    watch.stop()
    clearInterval(looking)
    parts.meter.end() // its timer would keep the process alive
    await new Promise<void>(resolve => peer.stop(resolve))
    parts.clock.stop()
    await Promise.all([close(parts), closeOperating()])
    record.recorder.close()
  }
  const running: RecordedPeer = {
    self,
    recorder: record.recorder,
    addresses: network.addresses,
    metricsUrl: null,
    finished: end.finished,
    status,
    faults: faults.counts,
    unserved: () => peer.unserved(),
    served: seconds => served(peer, seconds, () => stopping !== null),
    saveStep: async () => (await parts.saver?.now()) ?? null,
    syncJournal: () => synced(peer),
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
  try {
    const operating = await operate(plan, metrics, status, onEvent, record.recorder)
    closeOperating = operating.close
    return { ...running, metricsUrl: operating.metricsUrl }
  } catch (error) {
    await running.stop()
    throw error
  }
}

function synced(peer: Peer): Promise<void> {
  return new Promise((resolve, reject) => {
    peer.sync(error => (error === undefined ? resolve() : reject(error)))
  })
}

async function assembleOrClose(parts: RecordedParts, learnt: PromiseWithResolvers<Vector>): Promise<Peer> {
  try {
    return assemblePeer(parts, learnt)
  } catch (error) {
    await new Promise<void>(resolve => parts.network.stop(resolve))
    await close(parts)
    throw error
  }
}

/** Closes everything except the network, which the peer stops. */
async function close({ oracle, storage, scratch }: Parts): Promise<void> {
  await Promise.all([oracle.close(), storage?.close(), scratch?.close()])
}

/**
 * Starts the peer, and reports the proofs that it does not use. A peer may have signed twice for a slot that the cohort
 * does not have. No member would take such a proof, so it is not sent.
 */
function begin(peer: Peer, { network, oracle, kept, onEvent }: Parts): void {
  onEvent({
    kind: 'listening',
    pid: process.pid,
    addresses: network.addresses,
    examples: oracle.examples,
    dimension: oracle.dimension - (oracle.statistics ?? 0),
    step: peer.status().step,
    notes: oracle.notes ?? [],
  })
  peer.start()
  const { convicted } = peer.status()
  for (const { path, evidence } of kept)
    if (!convicted.includes(evidence.slot.sender))
      onEvent({
        kind: 'log',
        text: `${path} is about a slot that the cohort does not have, and is left as it is`,
      })
}

/** How often the status checks whether the peer has moved. */
const LOOK_INTERVAL_MS = 1000

/** A peer may also wait for its own broadcast. That depends on the others and is not reported, so it is left out. */
function presentOf(peer: Peer, self: PeerIndex, faults: FaultCounter): Present {
  const status = peer.status()
  return {
    ...status,
    waitingFor: status.waitingFor.filter(other => other !== self),
    faults: faults.counts(),
  }
}

/** The single end of a peer: it has learnt, diverged, cannot go on, or was stopped. All but the last are events as well. */
function endOf(
  parts: Parts,
  peer: Peer,
  learnt: Promise<Vector>,
  onEnd: () => void,
): { readonly finished: Promise<Ending>; stopped(): void } {
  const stopped = Promise.withResolvers<never>()
  let isStopped = false
  const concluded = learnt.finally(onEnd).then(parameters => conclude(parts, peer, parameters))
  const told = concluded.then(
    ending => {
      if (!isStopped) parts.onEvent({ kind: 'finished', ending })
      return ending
    },
    (error: Error) => {
      const hasDiverged = error instanceof PeerError && error.code === 'diverged'
      if (hasDiverged)
        peer.finish() // it needs nothing more
      else if (!isStopped) parts.onEvent({ kind: 'failed', message: error.message })
      throw error
    },
  )
  const finished = Promise.race([told, stopped.promise])
  // A caller that follows the events need not look at the promise too.
  finished.catch(() => {})
  return {
    finished,
    stopped() {
      isStopped = true
      stopped.reject(new PeerError('stopped', 'the peer was stopped before it had learnt'))
    },
  }
}

/** The peer has learnt: measures the result, and tells the others that this peer needs nothing more. */
async function conclude(
  { plan, oracle, saver, evaluations, faults, meter }: Parts,
  peer: Peer,
  parameters: Vector,
): Promise<Ending> {
  const measured = meter.end()
  peer.finish()
  await saver?.done(parameters, plan.membership.cohort.steps)
  const last = evaluations.newest()
  // Those of the last step were measured for the cohort's figures already.
  const isLast = last?.step === plan.membership.cohort.steps
  const { loss, accuracy, metrics } = isLast ? last : await oracle.evaluate(parameters)
  const status = peer.status()
  return {
    parameters: parameters.slice(0, parameters.length - (oracle.statistics ?? 0)),
    loss,
    accuracy,
    metrics,
    agreed: isLast ? last.agreed : null,
    traffic: trafficOf(status),
    faults: faults.counts(),
    memory: { peakBytes: peakResidentBytes() },
    ruleMilliseconds: status.ruleMs,
    ...measured,
  }
}

function served(peer: Peer, seconds: number, isStopping: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const deadlineMs = performance.now() + 1000 * seconds
  const timer = setInterval(() => {
    if (peer.unserved().length > 0 && performance.now() < deadlineMs && !isStopping()) return
    clearInterval(timer)
    resolve()
  }, SERVED_INTERVAL_MS)
  timer.unref()
  return promise
}

const SERVED_INTERVAL_MS = 200

/** Keeps a listener's exceptions away from the peer, which calls it in the middle of its work and must not stop. */
function unharmed(listener: (event: PeerEvent) => void): (event: PeerEvent) => void {
  return event => {
    try {
      listener(event)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }
}
