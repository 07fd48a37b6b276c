/**
 * A peer on the real ports, started, looked at and stopped by a program that builds on the package: the command line with
 * `concord join`, or a program of yours. What happens comes out as events; nothing here touches the process or a
 * terminal.
 */
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import { saveCheckpoint } from '../oracle/open.ts'
import type { Peer } from '../runtime/peer.ts'
import { assemblePeer, openParts, type Parts } from './assemble.ts'
import { PeerError } from './errors.ts'
import type { Ending, FaultCount, PeerEvent } from './events.ts'
import type { FaultCounter } from './fault-counter.ts'
import { trafficOf } from './observer.ts'
import { openMetrics, operate } from './operate.ts'
import { type PeerListeners, type PeerPlan, planPeer, type StartPeerOptions } from './options.ts'
import { createStatusBook, type PeerStatus, type Present } from './status.ts'
import { softwareName } from './version.ts'
import { watchForWaiting } from './waiting.ts'

/** A peer that runs, until `stop`. */
export interface RunningPeer {
  /** Which member of the cohort it is. */
  readonly self: PeerIndex
  /** Multiaddrs at which it listens, its peer id included. */
  readonly addresses: readonly string[]
  /** Where its metrics are, such as `http://127.0.0.1:9464/metrics`; null where they were not asked for. */
  readonly metricsUrl: string | null
  /**
   * Resolves once the peer has learnt; it then still serves the others. Rejects with PeerError `diverged` where the
   * learning has diverged; it still serves the others then, too. Rejects where it cannot go on (StorageError,
   * OracleError, ModelError), and with PeerError `stopped` where it was stopped before.
   */
  readonly finished: Promise<Ending>
  /** The peer as it is now. */
  status(): PeerStatus
  /** What others did wrong so far. */
  faults(): readonly FaultCount[]
  /** Members that still need something of this peer. */
  unserved(): readonly PeerIndex[]
  /** Resolves once no member needs anything of this peer any more, it is stopped, or so many seconds are over. */
  served(seconds: number): Promise<void>
  /** Puts on the disk what is about to be said; rejects where the disk does not take it. */
  syncJournal(): Promise<void>
  /** Closes connections, sockets, log and oracle: nothing of the peer is left. Stopping again is nothing. */
  stop(): Promise<void>
}

/**
 * Starts a member of a cohort on this machine. It connects to the others, and goes on from where its state directory
 * says that it was.
 * @throws CohortError, IdentityError, FileError, PeerError, DataError, ModelError, OracleError, StorageError,
 * JournalError, NetworkError; then nothing is left open
 */
export async function startPeer(options: StartPeerOptions): Promise<RunningPeer> {
  return startPlanned(await planPeer(options), options)
}

/** The same from a plan, for a caller that needs to read the plan beforehand. */
export async function startPlanned(plan: PeerPlan, listeners: PeerListeners): Promise<RunningPeer> {
  const { cohort, self } = plan.membership
  const book = createStatusBook(plan.membership, softwareName(), () => performance.now())
  const listener = unharmed(listeners.onEvent ?? (() => {}))
  const onEvent = (event: PeerEvent) => {
    book.see(event)
    listener(event)
  }
  for (const text of plan.notes) onEvent({ kind: 'log', text })
  const metrics = await openMetrics(plan.metrics)
  const looks = { metrics: metrics?.ofNetwork ?? null, log: listeners.log ?? null, onEvent }
  const parts = await openParts(plan, book, looks)
  const { network, faults } = parts
  const learnt = Promise.withResolvers<Vector>()
  const peer = await assembleOrClose(parts, learnt)
  begin(peer, parts)
  const present = () => presentOf(peer, self, faults)
  const looking = setInterval(() => book.look(present()), LOOK_INTERVAL_MS)
  const watch = watchForWaiting(present, cohort.faults, onEvent)
  const end = endOf(parts, peer, learnt.promise, watch.stop)
  const status = () => book.status(present())
  let closeOperating = async (): Promise<void> => {}
  let stopping: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    end.stopped()
    watch.stop()
    clearInterval(looking)
    parts.meter.end() // its timer would keep the process
    await new Promise<void>(resolve => peer.stop(resolve))
    parts.clock.stop()
    await Promise.all([close(parts), closeOperating()])
  }
  const running: RunningPeer = {
    self,
    addresses: network.addresses,
    metricsUrl: null,
    finished: end.finished,
    status,
    faults: faults.counts,
    unserved: () => peer.unserved(),
    served: seconds => served(peer, seconds, () => stopping !== null),
    syncJournal: () =>
      new Promise((resolve, reject) => {
        peer.sync(error => (error === undefined ? resolve() : reject(error)))
      }),
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
  try {
    const operating = await operate(plan, metrics, status, onEvent)
    closeOperating = operating.close
    return { ...running, metricsUrl: operating.metricsUrl }
  } catch (error) {
    await running.stop()
    throw error
  }
}

async function assembleOrClose(parts: Parts, learnt: PromiseWithResolvers<Vector>): Promise<Peer> {
  try {
    return assemblePeer(parts, learnt)
  } catch (error) {
    await new Promise<void>(resolve => parts.network.stop(resolve))
    await close(parts)
    throw error
  }
}

/** All but the network, which the peer stops. */
async function close({ oracle, storage }: Parts): Promise<void> {
  await Promise.all([oracle.close(), storage?.close()])
}

/**
 * Starts it, and tells which proofs it does not use: somebody may have signed twice for a slot that the cohort does not
 * have. Nobody would take it, so nobody is told.
 */
function begin(peer: Peer, { network, oracle, kept, onEvent }: Parts): void {
  onEvent({
    kind: 'listening',
    pid: process.pid,
    addresses: network.addresses,
    examples: oracle.examples,
    dimension: oracle.dimension,
    step: peer.status().step,
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

/** How often the status looks whether anything has moved. */
const LOOK_INTERVAL_MS = 1000

/** A broadcast of its own may be among what a peer waits for; that is the others' to answer, and no news. */
function presentOf(peer: Peer, self: PeerIndex, faults: FaultCounter): Present {
  const status = peer.status()
  return {
    ...status,
    waitingFor: status.waitingFor.filter(other => other !== self),
    faults: faults.counts(),
  }
}

/** The one end of a peer: it has learnt, it cannot go on, or it was stopped. All but the last are events as well. */
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

/** Learnt: measures what came out, and tells the others that this peer needs nothing more. */
async function conclude(
  { plan, oracle, faults, meter }: Parts,
  peer: Peer,
  parameters: Vector,
): Promise<Ending> {
  const measured = meter.end()
  peer.finish()
  if (plan.save !== null) await saveCheckpoint(plan.save, oracle, parameters, plan.oracle)
  const { loss, accuracy } = await oracle.evaluate(parameters)
  const status = peer.status()
  return {
    parameters,
    loss,
    accuracy,
    traffic: trafficOf(status),
    faults: faults.counts(),
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

/** What a listener throws is its own trouble: the peer calls it in the middle of its work, and must not stop there. */
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
