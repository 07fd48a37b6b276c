/**
 * A peer of a cohort: LEARN, or gossip, on the driver, its oracle, and an attack around it if one is asked for. `join` gives it
 * the real ports, the simulated world its own.
 */
import { aggregate } from '../../agreement/averaging/aggregate.ts'
import type { TimerKey } from '../../agreement/averaging/averaging.ts'
import type { Aggregate } from '../../agreement/averaging/family.ts'
import type { Message } from '../../agreement/message.ts'
import type { Evidence, Fault, PeerIndex } from '../../agreement/protocol.ts'
import { isBroadcastBased } from '../../agreement/protocols/registry.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Descend } from '../../learning/descent.ts'
import { METRICS_DIMENSION } from '../../learning/evaluation/agreed.ts'
import type {
  Divergence,
  LearnInput,
  LearnOptions,
  LearnOutput,
  LearnStatus,
} from '../../learning/learn-contract.ts'
import { gradientNumber } from '../../learning/local-steps.ts'
import { lastStep } from '../../learning/measured-steps.ts'
import type { GradientReply, GradientRequest } from '../../learning/oracle.ts'
import { agreeingFirst } from '../../learning/schedule.ts'
import type { DecodeLimits } from '../codec/index.ts'
import type { Cohort } from '../cohort/cohort.ts'
import { neighboursOf } from '../cohort/gossip.ts'
import { scheduleOf } from '../cohort/learn-options.ts'
import type { LinkLimits } from '../link/limits.ts'
import type { Clock, OtherCohorts, SecondProcess, Storage, Transport } from '../ports.ts'
import type { Signer, Verifier } from '../signatures/index.ts'
import type { ByzantineBehaviour } from './byzantine-peer.ts'
import { delayOf, payloadDelayMs } from './delays.ts'
import type { Driver, DriverStatus } from './driver.ts'
import { createJournal } from './journal.ts'
import type { Journal } from './journal-contract.ts'
import { JournalError } from './journal-records.ts'
import { createLearner } from './learner.ts'
import { driveProtocol, type ProtocolPeer } from './protocol-peer.ts'
import { keptSteps, stepsAhead } from './room.ts'

/** The oracle as the peer uses it. The answer comes through a callback, at a time that the world decides. */
export interface OraclePort {
  gradient(request: GradientRequest, done: (reply: GradientReply | Error) => void): void
  /** This peer's own metrics, as `metricsVector` makes them. Absent: the cohort agrees on none. */
  metrics?(request: MetricsRequest, done: (reply: Vector | Error) => void): void
}

/** The parameters at the beginning of a step, to be evaluated on a peer's own test set. */
interface MetricsRequest {
  readonly step: number
  readonly parameters: Vector
}

/** A peer's cohort and index, its oracle, and the ports (ports.ts) that make it a real or a simulated one. */
export interface PeerOptions {
  readonly cohort: Cohort
  readonly self: PeerIndex
  /** θ₁, the same for all members; behind it this peer's own statistics. */
  readonly initial: Vector
  /** How many coordinates behind the parameters are statistics; absent: none. */
  readonly statistics?: number
  readonly oracle: OraclePort
  readonly transport: Transport
  readonly clock: Clock
  /** Null: nothing survives a restart. */
  readonly storage: Storage | null
  /** The most that it keeps of past steps for others; absent: `DEFAULT_KEEP_BYTES`. */
  readonly keepBytes?: number
  /** Proofs of equivocation from a place other than the storage. */
  readonly proofs?: readonly Evidence[]
  readonly signer: Signer
  readonly verifier: Verifier
  readonly incarnation: number
  readonly linkLimits?: LinkLimits
  /** In place of the plain rules; it gives the same bits. */
  readonly aggregate?: Aggregate
  /** What to do with vectors of others that are of no more use; absent: they are left to the garbage collector. */
  readonly discard?: (vector: Vector) => void
  /** In place of the plain step of descent; it gives the same bits. */
  readonly descend?: Descend
  /** Makes this peer Byzantine. */
  readonly attack?: ByzantineBehaviour
  readonly hooks: PeerHooks
}

/** What the code that runs a peer may want to know. Every call runs to completion before the peer goes on. */
export interface PeerHooks {
  /** Every output of LEARN, before the peer acts on it. */
  output?(output: LearnOutput): void
  /** The protocol asks to be woken after this time. */
  timer?(timer: TimerKey, delayMs: number): void
  /** This peer's gradient at the parameters of a step is computed. */
  gradient?(step: number, reply: GradientReply): void
  finished(parameters: Vector): void
  /** This peer's own numbers have overflowed: it takes no further part in the steps, and still serves the others. */
  diverged?(divergence: Divergence): void
  fault(fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })): void
  connection?(peer: PeerIndex, up: boolean, reason: string): void
  /** That peer no longer has, or never had, all that this step needs from it. Once a step. */
  missed?(peer: PeerIndex, step: number): void
  received?(from: PeerIndex, message: Message): void
  /** A peer has shown a proof that holds, known or not. */
  shown?(from: PeerIndex, proof: Evidence): void
  /** A member is proved to equivocate. `before`: the proof is from an earlier incarnation of this peer. */
  convicted?(proof: Evidence, before: boolean): void
  /** Another process with this peer's key has been met. */
  secondProcess?(second: SecondProcess): void
  /** So many members have another cohort file that this peer can never go on. */
  otherCohorts?(others: OtherCohorts): void
  /** The storage has lost something, so this peer starts without memory. The reason is a sentence. */
  forgot?(why: string): void
  /** The peer had to stop: its storage or its oracle failed. */
  failed(error: Error): void
}

/** One member of a cohort, learning. */
export interface Peer extends ProtocolPeer {
  status(): LearnStatus & DriverStatus & { /** Real time spent in rules. */ readonly ruleMs: number }
  /** Calls back once what this peer has said is on its disk. */
  sync(done: (error?: Error) => void): void
}

/** What the links are to do, and whom they shun. */
function linking({ cohort, proofs, linkLimits }: PeerOptions) {
  const broadcasts = isBroadcastBased(cohort.protocol)
  return { broadcasts, ...(proofs && { proofs }), ...(linkLimits && { linkLimits }) }
}

/** A peer on the given ports, which goes on from its storage. It does nothing before `start`. */
export function createPeer(options: PeerOptions): Peer {
  const { cohort, self, initial, verifier, clock, transport, signer, incarnation, hooks } = options
  const { statistics = 0 } = options
  const limits = decodeLimits(cohort, initial.length, statistics)
  const kept = keptSteps(cohort, initial.length, options.keepBytes)
  const ahead = stepsAhead(cohort.members.length, initial.length)
  const journal = openJournal(options, limits)
  const memory = memoryOf(journal, initial, lastStep(cohort))
  const { learn, rule, ruleMs } = createLearner({
    cohort,
    self,
    initial,
    statistics,
    window: { ahead, kept },
    memory,
    ledger: journal,
    remembers: journal.remembers,
    seen: journal.seen().filter(echo => verifier.accepts(echo)),
    aggregate: options.aggregate ?? aggregate,
    discard: options.discard,
    descend: options.descend,
  })
  const missedAt = new Map<PeerIndex, number>()
  const driven = driveProtocol<LearnInput, LearnOutput>({
    self,
    peers: cohort.members.length,
    neighbours: neighboursOf(cohort, self),
    maxFaulty: cohort.faults,
    protocol: learn,
    rule,
    attack: options.attack,
    signer,
    transport,
    clock,
    verifier,
    journal,
    limits,
    ahead,
    ...linking(options),
    incarnation,
    hooks: {
      ...hooks,
      missed(peer) {
        const step = learn.currentStep()
        if (missedAt.get(peer) !== step) hooks.missed?.(peer, step)
        missedAt.set(peer, step)
        driver.input({ kind: 'missed', peer })
      },
      ahead: (peer, isAhead) => driver.input({ kind: 'ahead', peer, ahead: isAhead }),
      restarted: peer => driver.input({ kind: 'restarted', peer }),
      output: output => act({ ...options, kept }, driver, journal, output),
    },
  })
  const driver: Driver<LearnInput> = driven.driver
  return {
    start() {
      driver.setCompleteFrom(memory.completeFrom)
      driver.start()
      if (journal.lost !== null) hooks.forgot?.(journal.lost)
      driver.input({ kind: 'start', memory: hasLostMemory(journal) ? 'lost' : 'unconfirmed' })
    },
    poke: driven.poke,
    status: () => ({ ...learn.status(), ...driver.status(), ruleMs: ruleMs() }),
    finish: () => finish(options, journal, driver),
    unserved: () => driver.unserved(),
    sync: done => journal.sync(done),
    stop: done => driver.stop(done),
  }
}

/** @throws JournalError if the log was signed with another key, or with this one in another cohort */
function openJournal(
  { cohort, self, storage, signer, verifier, hooks }: PeerOptions,
  limits: DecodeLimits,
): Journal {
  const journal = createJournal({
    storage,
    sign: signer.sign,
    limits,
    compactEverySteps: 16,
    failed: hooks.failed,
    near: isBroadcastBased(cohort.protocol) ? cohort.members.length : 1,
  })
  const own = journal.messages().filter(({ kind }) => kind === 'vector' || kind === 'digest')
  if (own.every(message => message.slot.sender === self && verifier.accepts(message))) return journal
  throw new JournalError(
    'the log in the state directory belongs to another member, or to this one in another cohort, so its signatures do not hold here. Give each identity and cohort its own state directory (--state)',
  )
}

/**
 * Whether this peer cannot know what it signed. A peer that stopped within the first step has no checkpoint, but it
 * remembers what it signed unless its log has lost something.
 */
function hasLostMemory({ recovered, completeFrom, messages }: Journal): boolean {
  return recovered === null && (completeFrom(1) > 1 || messages().length === 0)
}

/** The state from which this peer goes on, and what it can still tell others about earlier steps. */
function memoryOf(
  journal: Journal,
  initial: Vector,
  last: number,
): Required<Pick<LearnOptions, 'start' | 'completeFrom' | 'history'>> {
  const { recovered } = journal
  const start = recovered ?? { step: 1, parameters: initial, momentum: null }
  const completeFrom = Math.min(journal.completeFrom(start.step), last + 1)
  const history = journal.history()
  // A run that has not forgotten its first step has not recorded it either.
  if (completeFrom === 1 && history.get(1) === undefined) history.set(1, initial)
  return { start, completeFrom, history }
}

/**
 * The others leave once all have finished. So this peer says that it has finished only after its last step is on the
 * disk: if it were killed before that, it would come back to a step in which nobody is left.
 */
function finish({ hooks }: PeerOptions, journal: Journal, driver: Driver<LearnInput>): void {
  journal.sync(error => {
    if (error === undefined) driver.finish()
    else hooks.failed(error)
  })
}

function act(
  options: PeerOptions & { readonly kept: number },
  driver: Driver<LearnInput>,
  journal: Journal,
  output: LearnOutput,
): void {
  const { hooks, cohort, initial, kept } = options
  if (output.kind === 'timer') {
    const payloadMs = payloadDelayMs(cohort.members.length, initial.length)
    const delayMs = delayOf(output.timer, { ...cohort, payloadMs })
    hooks.timer?.(output.timer, delayMs)
    driver.inputAfter(delayMs, output)
    return
  }
  hooks.output?.(output)
  switch (output.kind) {
    case 'need-gradient':
      ask(options, driver, output)
      break
    case 'need-metrics':
      askMetrics(options, driver, output)
      break
    case 'averaged':
      break
    case 'stepped': {
      const forgetBefore = output.state.step - kept
      driver.forgetBefore(forgetBefore)
      journal.checkpoint(output.state, forgetBefore)
      break
    }
    case 'outdated':
      journal.outdated(output.completeFrom)
      journal.sync(error => {
        if (error !== undefined) hooks.failed(error)
      })
      hooks.forgot?.(outdatedSentence(options, output))
      break
    case 'silent':
    case 'caught-up':
      driver.setCompleteFrom(output.completeFrom)
      break
    case 'finished':
      hooks.finished(output.parameters)
      break
    case 'diverged':
      hooks.diverged?.(output.divergence)
      break
  }
}

function outdatedSentence(
  { cohort }: PeerOptions,
  { by, slot, completeFrom }: Extract<LearnOutput, { kind: 'outdated' }>,
): string {
  const shown = `${cohort.members[by]!.name} shows a vector of step ${slot.step} that this peer signed and that its state directory does not know of`
  return `${shown}: an older copy of it was brought back, or this key runs, or ran, somewhere else as well. This peer goes on without its memory, asks the others, and says nothing in the steps before ${completeFrom}, in which it may have spoken`
}

function ask(
  options: PeerOptions,
  driver: Driver<LearnInput>,
  request: Extract<LearnOutput, { kind: 'need-gradient' }>,
): void {
  const { step, parameters, batch, local = 0 } = request
  const number = gradientNumber(step, local, options.cohort.localSteps)
  options.oracle.gradient({ step: number, parameters, batch }, reply => {
    if (reply instanceof Error) {
      options.hooks.failed(reply)
      return
    }
    if (local === 0) options.hooks.gradient?.(step, reply)
    driver.input({ kind: 'gradient', step, local, gradient: reply.gradient })
  })
}

function askMetrics(
  { oracle, hooks }: PeerOptions,
  driver: Driver<LearnInput>,
  { step, parameters }: Extract<LearnOutput, { kind: 'need-metrics' }>,
): void {
  if (oracle.metrics === undefined)
    throw new TypeError('the cohort agrees on metrics: the oracle must give them')
  oracle.metrics({ step, parameters }, reply => {
    if (reply instanceof Error) hooks.failed(reply)
    else driver.input({ kind: 'metrics', step, vector: reply })
  })
}

/** What messages of a cohort's peers can be, and records of their journals. */
export function decodeLimits(cohort: Cohort, dimension: number, statistics = 0): DecodeLimits {
  const plain = scheduleOf(cohort, dimension)
  const schedule = statistics > 0 ? agreeingFirst(plain) : plain
  const longest = Math.max(
    schedule(cohort.steps, 'gradient'),
    schedule(cohort.steps, 'parameters'),
    schedule(1, 'parameters'),
    1,
  )
  return {
    peers: cohort.members.length,
    dimension,
    stepsMax: lastStep(cohort),
    iterationsMax: longest,
    ...(cohort.evaluateEvery !== undefined && { metricsDimension: METRICS_DIMENSION }),
    ...(cohort.precision !== undefined && { precision: cohort.precision }),
  }
}
