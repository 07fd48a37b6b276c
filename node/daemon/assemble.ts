/**
 * Opens the parts of a real peer one after the other: its log on disk and its proofs, its oracle, libp2p. The same
 * `createPeer` as in the simulated world runs on them. If one cannot be opened, those before it are closed.
 */
import { existsSync } from 'node:fs'
import { aggregate } from '../../agreement/averaging/aggregate.ts'
import type { Evidence } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import { collectAdversaryView } from '../../learning/attacks/byzantine.ts'
import { farColumns } from '../../learning/data/statistics.ts'
import { createOwnEvaluations, type OwnEvaluations } from '../../learning/evaluation/own-evaluations.ts'
import type { Evaluation, GradientReply, GradientRequest } from '../../learning/oracle.ts'
import { OracleError } from '../../learning/oracles/error.ts'
import type { ModelOracle } from '../../learning/oracles/jax-oracle.ts'
import { randomStream } from '../../learning/random.ts'
import { discardArrived } from '../codec/index.ts'
import { memberName } from '../cohort/cohort.ts'
import { neighboursOf } from '../cohort/gossip.ts'
import { publicKeyOf } from '../cohort/identity.ts'
import { evidenceFile } from '../evidence/evidence.ts'
import { type KeptEvidence, loadEvidence, writeEvidence } from '../evidence/folder.ts'
import { createNetwork, type Log, type NetworkOptions, type NetworkTransport } from '../network/index.ts'
import { openOracle } from '../oracle/open.ts'
import { createSaver, type Saver } from '../oracle/saver.ts'
import { createPeer, type Peer } from '../runtime/peer.ts'
import { createSigner, createVerifier } from '../signatures/index.ts'
import { type FileLog, openFileLog, openScratch, type Scratch } from '../storage/index.ts'
import { noteData } from './data-note.ts'
import type { PeerEvent } from './events.ts'
import { createFaultCounter, type FaultCounter } from './fault-counter.ts'
import { createHooks } from './hooks.ts'
import { createMeter, type Meter } from './meter.ts'
import { networkLog } from './network-log.ts'
import { createObserver } from './observer.ts'
import type { PeerPlan } from './options.ts'
import { createPeerClock } from './peer-clock.ts'
import type { RunRecord } from './run-record.ts'
import type { StatusBook } from './status.ts'
import { softwareName } from './version.ts'

/** The open parts of a peer. */
export interface Parts {
  readonly plan: PeerPlan
  readonly onEvent: (event: PeerEvent) => void
  readonly oracle: ModelOracle
  /** Null if nothing is saved. */
  readonly saver: Saver | null
  readonly evaluations: OwnEvaluations
  readonly network: NetworkTransport
  readonly storage: FileLog | null
  /** Where there is no storage: for vectors too long to be kept in memory. */
  readonly scratch: Scratch | null
  readonly clock: ReturnType<typeof createPeerClock>
  readonly faults: FaultCounter
  readonly meter: Meter
  readonly book: StatusBook
  /** Proofs that earlier runs of this peer wrote to files, besides those in its log. */
  readonly kept: readonly KeptEvidence[]
}

/** The parts, and the record of the run that pages show. */
export interface RecordedParts extends Parts {
  readonly record: RunRecord
}

interface Looks {
  /** Collects libp2p's own metrics; null: none. */
  readonly metrics: NonNullable<NetworkOptions['metrics']> | null
  /** The network's log; null: its warnings come as events. */
  readonly log: Log | null
  readonly onEvent: (event: PeerEvent) => void
}

/** @throws DataError, ModelError, OracleError, FileError, StorageError, NetworkError; then nothing is left open */
export async function openParts(
  plan: PeerPlan,
  book: StatusBook,
  { metrics, log, onEvent }: Looks,
): Promise<Parts> {
  const { membership, stateDirectory, dataChanged } = plan
  const say = (text: string) => onEvent({ kind: 'log', text })
  const storage = stateDirectory === null ? null : await openFileLog(stateDirectory, plan)
  for (const note of storage?.notes ?? []) say(note)
  const kept = await loadEvidence(plan.evidenceFolder, membership, say).catch(closing(storage))
  const opened = await openOracle(plan.oracle, softwareName(), line => say(`oracle: ${line}`)).catch(
    closing(storage),
  )
  const { data, own } = plan.oracle.spec
  if (stateDirectory !== null && own !== undefined) {
    const line = await noteData(stateDirectory, data, dataChanged).catch(closing(opened, storage))
    if (line !== null) say(line)
  }
  const saver = saverOf(plan, opened, say)
  const oracle = saver?.oracle ?? opened
  const scratch = storage === null ? await scratchFor(oracle).catch(closing(oracle)) : null
  const network = await createNetwork({
    membership,
    listen: plan.listen,
    mdns: plan.mdns,
    software: softwareName(),
    seed: plan.identity.seed,
    dimension: oracle.dimension,
    log: networkLog(log, onEvent),
    ...(metrics && { metrics }),
  }).catch(closing(oracle, storage, scratch))
  const faults = createFaultCounter(
    (fault, detail) => onEvent({ kind: 'fault', fault, detail }),
    () => performance.now(),
  )
  return {
    plan,
    onEvent,
    oracle,
    saver,
    evaluations: createOwnEvaluations({
      evaluated: point => onEvent({ kind: 'evaluated', ...point }),
      agreed: point => onEvent({ kind: 'agreed', ...point }),
    }),
    network,
    storage,
    scratch,
    clock: createPeerClock(),
    faults,
    meter: createMeter(),
    book,
    kept,
  }
}

async function scratchFor({ dimension }: ModelOracle): Promise<Scratch | null> {
  return openScratch(4 * dimension)
}

function saverOf(
  { save, saveEvery, oracle: choice, membership }: PeerPlan,
  oracle: ModelOracle,
  say: (text: string) => void,
): Saver | null {
  if (save === null) return null
  if (existsSync(save)) say(`${save} is there from before; it is replaced once this run is done`)
  const { cohort, cohortId } = membership
  return createSaver(oracle, {
    path: save,
    every: saveEvery,
    choice,
    cohort: { id: cohortId, name: cohort.name },
    onTrouble: say,
  })
}

/** Closes these if the rest cannot be opened: a thread left behind would keep the process from ending. */
function closing(...opened: readonly ({ close(): Promise<void> } | null)[]) {
  return async (error: unknown): Promise<never> => {
    await Promise.allSettled(opened.map(each => each?.close()))
    throw error
  }
}

/**
 * The peer on its parts; it does nothing before `start`.
 * @param learnt settled once, with the parameters or with the reason why there are none
 * @throws JournalError if the log belongs to another member
 */
export function assemblePeer(
  parts: RecordedParts,
  learnt: Pick<PromiseWithResolvers<Vector>, 'resolve' | 'reject'>,
): Peer {
  const { plan, onEvent, oracle, evaluations, network, storage, clock, faults, meter, book, kept, record } =
    parts
  const { membership, identity, attack } = plan
  const { cohort, cohortId, self } = membership
  const heard = neighboursOf(cohort, self).length - cohort.faults
  const adversaryView = collectAdversaryView(Math.max(1, heard))
  const observe = createObserver({
    onEvent,
    steps: cohort.steps,
    gossips: cohort.topology !== undefined,
    evaluations,
    status: () => peer.status(),
  })
  const peer = createPeer({
    cohort,
    self,
    initial: oracle.initial,
    statistics: oracle.statistics ?? 0,
    oracle: {
      gradient(request, done) {
        meter.begin()
        oracle
          .gradient(request)
          .then(done, error => done(overflowOf(error, request, onEvent) ?? asError(error)))
      },
      metrics({ step, parameters }, done) {
        oracle
          .evaluate(parameters)
          .catch(error => unmeasurable(error, onEvent))
          .then(own => done(evaluations.measured(step, own)))
          .catch(error => done(asError(error)))
      },
    },
    transport: record.counted(network),
    aggregate: record.lane.rule(aggregate),
    clock,
    storage: storage ?? parts.scratch,
    keepBytes: plan.keepBytes,
    ...(attack === null && { discard: discardArrived }), // a liar may do anything with them
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
      onEvent,
      observe,
      faults,
      book,
      lane: record.lane,
      membership,
      ended: learnt,
      archive: createArchive(parts),
      agreed: parameters => noteFarColumns(parts, parameters),
      adversaryView: attack?.rushing ? adversaryView : null,
    }),
  })
  observe.starts(peer.status().step)
  return peer
}

/** Says where this member's own columns lie far from what the members have agreed on. */
function noteFarColumns({ plan, oracle, onEvent }: Parts, parameters: Vector): void {
  const { statistics = 0, initial } = oracle
  const { own } = plan.oracle.spec
  if (own === undefined || statistics === 0) return
  const lines = farColumns(own.schema, initial.subarray(-statistics), parameters.subarray(-statistics))
  for (const text of lines) onEvent({ kind: 'log', text })
}

/** Writes the proof against each peer, if there is none yet. A failure to write it must not stop the peer. */
function createArchive({
  plan: { membership, evidenceFolder },
  kept,
  onEvent,
}: Parts): (evidence: Evidence, before: boolean) => void {
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
          text: `the proof against ${memberName(membership.cohort, peer)} could not be written: ${error.message}`,
        }),
    )
  }
}

/** An oracle's numbers that overflow are the run's divergence, which LEARN finds; the oracle's own words say where. */
function overflowOf(
  error: unknown,
  { parameters }: GradientRequest,
  onEvent: (event: PeerEvent) => void,
): GradientReply | null {
  if (!(error instanceof OracleError && error.code === 'ORACLE_NOT_FINITE')) return null
  onEvent({ kind: 'log', text: error.message })
  return { gradient: parameters.map(() => Number.NaN), loss: Number.NaN }
}

/** A model whose numbers overflow has no metrics: for those stand their replacements. Whether it diverges LEARN finds. */
function unmeasurable(error: unknown, onEvent: (event: PeerEvent) => void): Evaluation {
  if (!(error instanceof OracleError && error.code === 'ORACLE_NOT_FINITE')) throw error
  onEvent({ kind: 'log', text: error.message })
  return { loss: Number.NaN, accuracy: null, metrics: null }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
