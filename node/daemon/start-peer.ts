/**
 * A peer on the real ports: its oracle's thread, libp2p, the log on disk and the system's clock, around the same
 * `createPeer` that the simulated world runs. What happens comes out as events.
 */
import type { Evidence, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { collectAdversaryView } from '../../learning/attacks/byzantine.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { randomStream } from '../../learning/random.ts'
import type { Membership } from '../cohort/cohort.ts'
import { type Identity, publicKeyOf } from '../cohort/identity.ts'
import { evidenceFile } from '../evidence/evidence.ts'
import { type KeptEvidence, loadEvidence, writeEvidence } from '../evidence/folder.ts'
import { createNetwork, type Log, type NetworkOptions, type NetworkTransport } from '../network/index.ts'
import { growHeapFor } from '../network/memory.ts'
import { type OracleChoice, openOracle, saveCheckpoint } from '../oracle/open.ts'
import { createPeer, type Peer } from '../runtime/peer.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { createSigner, createVerifier } from '../signatures/index.ts'
import { type FileLog, openFileLog } from '../storage/index.ts'
import type { FaultCount, PeerEvent } from './events.ts'
import { createFaultCounter, type FaultCounter } from './fault-counter.ts'
import { createHooks } from './hooks.ts'
import { createMeter, type Meter } from './meter.ts'
import { networkLog } from './network-log.ts'
import { createObserver, trafficOf } from './observer.ts'
import { createStatusBook, type PeerStatus, type Present, type StatusBook } from './status.ts'
import { watchForWaiting } from './waiting.ts'

interface RealPeerOptions {
  readonly membership: Membership
  readonly identity: Identity
  readonly listen: readonly string[]
  readonly mdns: boolean
  readonly oracle: OracleChoice
  /** Where what was learnt is written as a checkpoint. */
  readonly save: string | null
  /** Makes this peer misbehave, for tests and demonstrations. */
  readonly attack: Attack | null
  /** Null keeps nothing: this key must then never be run again in this cohort. */
  readonly stateDirectory: string | null
  /** Moves a log that cannot be read aside, and starts without memory. */
  readonly forget: boolean
  /** Where proofs of equivocation are written. */
  readonly evidenceFolder: string
  /** For the network; null: warnings come as events. */
  readonly log: Log | null
  /** For libp2p's own metrics; null: none. */
  readonly metrics: NonNullable<NetworkOptions['metrics']> | null
  /** Steps after which the vectors travel with the event. */
  readonly observed: (step: number) => boolean
  readonly software: string
  readonly onEvent: (event: PeerEvent) => void
}

export interface RealPeer {
  /** Resolves with the ending when the peer has learnt; rejects where it cannot go on. */
  readonly finished: Promise<void>
  /** Members that still need something of this peer. */
  unserved(): readonly PeerIndex[]
  /** What others did wrong so far. */
  faults(): readonly FaultCount[]
  /** As it is now. */
  readonly status: () => PeerStatus
  /** Puts on the disk what is about to be said; rejects where the disk does not take it. */
  syncJournal(): Promise<void>
  /** Closes connections, log and thread. */
  stop(): Promise<void>
}

interface Parts {
  readonly options: RealPeerOptions
  readonly oracle: ModelOracle
  readonly network: NetworkTransport
  readonly storage: FileLog | null
  readonly faults: FaultCounter
  readonly meter: Meter
  readonly book: StatusBook
  /** Kept by earlier lives of this peer, beside what its log holds. */
  readonly kept: readonly KeptEvidence[]
}

/** @throws DataError, ModelError, OracleError, FileError, StorageError, NetworkError */
export async function startRealPeer(asked: RealPeerOptions): Promise<RealPeer> {
  const book = createStatusBook(asked.membership, asked.software, () => performance.now())
  const onEvent = (event: PeerEvent) => {
    book.see(event)
    asked.onEvent(event)
  }
  const options = { ...asked, onEvent }
  const { storage, kept } = await openMemory(options)
  const oracle = await openOracle(options.oracle, options.software, line =>
    onEvent({ kind: 'log', text: `oracle: ${line}` }),
  ).catch(closing(storage))
  growHeapFor(options.membership.cohort.members.length, oracle.dimension)
  const network = await createNetwork({
    membership: options.membership,
    listen: options.listen,
    mdns: options.mdns,
    software: options.software,
    seed: options.identity.seed,
    dimension: oracle.dimension,
    log: networkLog(options.log, onEvent),
    ...(options.metrics && { metrics: options.metrics }),
  }).catch(closing(oracle, storage))
  const faults = createFaultCounter(
    (fault, detail) => onEvent({ kind: 'fault', fault, detail }),
    () => performance.now(),
  )
  const parts = { options, oracle, network, storage, faults, meter: createMeter(), book, kept }
  const ended = Promise.withResolvers<Vector>()
  const peer = assemble(parts, ended)
  onEvent({
    kind: 'listening',
    pid: process.pid,
    addresses: network.addresses,
    examples: oracle.examples,
    dimension: oracle.dimension,
    step: peer.status().step,
  })
  begin(peer, parts)
  const present = () => presentOf(peer, options.membership.self, faults)
  const looking = setInterval(() => book.look(present()), LOOK_INTERVAL_MS)
  const watch = watchForWaiting(present, options.membership.cohort.faults, onEvent)
  const finished = ended.promise.then(async parameters => {
    watch.stop()
    await conclude(parts, peer, parameters)
  })
  return {
    finished,
    unserved: () => peer.unserved(),
    faults: faults.counts,
    status: () => book.status(present()),
    syncJournal: () =>
      new Promise((resolve, reject) => {
        peer.sync(error => (error === undefined ? resolve() : reject(error)))
      }),
    async stop() {
      watch.stop()
      clearInterval(looking)
      await new Promise<void>(resolve => peer.stop(resolve))
      await Promise.all([oracle.close(), storage?.close()])
    },
  }
}

/** What this peer has said, and what it has against others. */
async function openMemory(options: RealPeerOptions) {
  const { stateDirectory, evidenceFolder, membership, onEvent } = options
  const say = (text: string) => onEvent({ kind: 'log', text })
  const storage = stateDirectory === null ? null : await openFileLog(stateDirectory, options)
  for (const note of storage?.notes ?? []) say(note)
  return { storage, kept: await loadEvidence(evidenceFolder, membership, say).catch(closing(storage)) }
}

/** Where the rest cannot be opened: a thread left behind would keep the process from ending. */
function closing(...opened: readonly ({ close(): Promise<void> } | null)[]) {
  return async (error: unknown): Promise<never> => {
    await Promise.allSettled(opened.map(each => each?.close()))
    throw error
  }
}

/** A broadcast of its own may be among what a peer waits for; that is the others' to answer, and no news. */
function presentOf(peer: Peer, self: PeerIndex, faults: FaultCounter): Present {
  const status = peer.status()
  return {
    ...status,
    waitingFor: status.waitingFor.filter(other => other !== self),
    faults: faults.counts(),
  }
}

function assemble(parts: Parts, ended: PromiseWithResolvers<Vector>): Peer {
  const { options, oracle, network, storage, faults, meter, book, kept } = parts
  const { membership, identity, attack } = options
  const { cohort, cohortId, self } = membership
  const adversaryView = collectAdversaryView(Math.max(1, cohort.members.length - cohort.faults - 1))
  const observe = createObserver({ ...options, status: () => peer.status() })
  const peer = createPeer({
    cohort,
    self,
    initial: oracle.initial,
    oracle: {
      gradient(request, done) {
        meter.begin()
        oracle.gradient(request).then(done, error => done(asError(error)))
      },
    },
    transport: network,
    clock: systemClock,
    storage,
    proofs: kept.map(({ evidence }) => evidence),
    signer: createSigner(cohortId, identity.seed),
    verifier: createVerifier(
      cohortId,
      cohort.members.map(({ id }) => publicKeyOf(id)),
    ),
    incarnation: Date.now(),
    ...(attack && {
      attack: { attack, random: randomStream(cohort.seed, 'adversary', self).uniform, adversaryView },
    }),
    hooks: createHooks({
      onEvent: options.onEvent,
      observe,
      faults,
      book,
      ended,
      archive: createArchive(options, kept),
      adversaryView: attack?.rushing ? adversaryView : null,
    }),
  })
  return peer
}

/** Learnt: measures what came out, tells it, and tells the others that this peer needs nothing more. */
async function conclude(
  { options, oracle, faults, meter }: Parts,
  peer: Peer,
  parameters: Vector,
): Promise<void> {
  const measured = meter.end()
  peer.finish()
  if (options.save !== null) await saveCheckpoint(options.save, oracle, parameters, options.oracle)
  const { loss, accuracy } = await oracle.evaluate(parameters)
  const status = peer.status()
  const traffic = trafficOf(status)
  const ruleMilliseconds = status.ruleMs
  const ending = {
    parameters,
    loss,
    accuracy,
    traffic,
    faults: faults.counts(),
    ruleMilliseconds,
    ...measured,
  }
  options.onEvent({ kind: 'finished', ending })
}

/** How often the status looks whether anything has moved. */
const LOOK_INTERVAL_MS = 1000

/** Writes the proof against each peer, where there is none yet. That it cannot be written must not stop anybody. */
function createArchive(
  { membership, evidenceFolder, onEvent }: RealPeerOptions,
  kept: readonly KeptEvidence[],
): (evidence: Evidence, before: boolean) => void {
  const paths = new Map(kept.map(({ path, evidence }) => [evidence.slot.sender, path]))
  return (evidence, before) => {
    const { sender: peer } = evidence.slot
    const known = paths.get(peer)
    const written = known ?? writeEvidence(evidenceFolder, evidenceFile(evidence, membership))
    Promise.resolve(written).then(
      path => onEvent({ kind: 'evidence', peer, path, before }),
      error =>
        onEvent({
          kind: 'log',
          text: `the proof against peer ${peer} could not be written: ${error.message}`,
        }),
    )
  }
}

/**
 * Starts it, and tells which proofs it does not use: somebody may have signed twice for a slot that the cohort does not
 * have. Nobody would take it, so nobody is told.
 */
function begin(peer: Peer, { kept, options: { onEvent } }: Parts): void {
  peer.start()
  const { convicted } = peer.status()
  for (const { path, evidence } of kept)
    if (!convicted.includes(evidence.slot.sender))
      onEvent({
        kind: 'log',
        text: `${path} is about a slot that the cohort does not have, and is left as it is`,
      })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
