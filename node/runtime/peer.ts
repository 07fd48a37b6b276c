/**
 * A peer of a cohort: LEARN on the runner, its oracle, and, where asked for, an attack in front. `join` gives it the
 * real ports, the simulated world its own.
 */
import { type Aggregate, aggregate } from '../../agreement/averaging/aggregate.ts'
import type { Message } from '../../agreement/message.ts'
import type { Evidence, Fault, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import { createLearn } from '../../learning/learn.ts'
import {
  defaultWindow,
  type LearnInput,
  type LearnOptions,
  type LearnOutput,
  type LearnStatus,
} from '../../learning/learn-contract.ts'
import type { GradientReply, GradientRequest } from '../../learning/oracle.ts'
import type { DecodeLimits } from '../codec/index.ts'
import type { Cohort } from '../cohort/cohort.ts'
import { learnOptions, scheduleOf } from '../cohort/learn-options.ts'
import type { LinkLimits } from '../link/limits.ts'
import type { Clock, SecondProcess, Storage, Transport } from '../ports.ts'
import type { Signer, Verifier } from '../signatures/index.ts'
import type { ByzantineBehaviour } from './byzantine-peer.ts'
import { delayOf } from './delays.ts'
import type { Driver, DriverStatus } from './driver.ts'
import { createJournal, type Journal } from './journal.ts'
import { JournalError } from './journal-records.ts'
import { driveProtocol, type ProtocolPeer } from './protocol-peer.ts'

/** The oracle as the peer uses it: the answer comes through a callback, at a time that the world decides. */
export interface OraclePort {
  gradient(request: GradientRequest, done: (reply: GradientReply | Error) => void): void
}

/** A peer's seat, its oracle, and the four ports (ports.ts) that make it a real or a simulated one. */
export interface PeerOptions {
  readonly cohort: Cohort
  readonly self: PeerIndex
  /** θ₁, the same for all members. */
  readonly initial: Vector
  readonly oracle: OraclePort
  readonly transport: Transport
  readonly clock: Clock
  /** Null: nothing survives a restart. */
  readonly storage: Storage | null
  /** Proofs of equivocation that are kept elsewhere than in the storage. */
  readonly proofs?: readonly Evidence[]
  readonly signer: Signer
  readonly verifier: Verifier
  readonly incarnation: number
  readonly linkLimits?: LinkLimits
  /** In place of the rules as they are: the same bits. */
  readonly aggregate?: Aggregate
  /** Makes this peer Byzantine. */
  readonly attack?: ByzantineBehaviour
  readonly hooks: PeerHooks
}

/** What whoever runs a peer may want to know. Every call runs to completion before the peer goes on. */
export interface PeerHooks {
  /** Every output of LEARN, before the peer acts on it. */
  output?(output: LearnOutput): void
  /** The own gradient is computed. */
  gradient?(step: number, reply: GradientReply): void
  finished(parameters: Vector): void
  fault(fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })): void
  connection?(peer: PeerIndex, up: boolean, reason: string): void
  /** A peer no longer has, or never had, all that this step needs of it. Once a step. */
  missed?(peer: PeerIndex, step: number): void
  received?(from: PeerIndex, message: Message): void
  /** A peer has shown a proof that holds, known or not. */
  shown?(from: PeerIndex, proof: Evidence): void
  /** A member is proved to equivocate: `before`, in an earlier life of this peer, or now. */
  convicted?(proof: Evidence, before: boolean): void
  /** Another process with this peer's key has been met. */
  secondProcess?(second: SecondProcess): void
  /** Its storage has lost something, as a sentence: it starts without memory. */
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

/** A peer on the ports given to it, from what its storage remembers. It does nothing before `start`. */
export function createPeer(options: PeerOptions): Peer {
  const { cohort, self, initial, verifier, clock, transport, signer, incarnation, hooks } = options
  const limits = decodeLimits(cohort, initial.length)
  const journal = openJournal(options, limits)
  const memory = memoryOf(journal, initial, cohort.steps)
  const ruleTime = { ms: 0 }
  const learn = createLearn({
    ...learnOptions(cohort, self, initial.length),
    ...memory,
    ledger: journal,
    remembers: journal.remembers,
    seen: journal.seen().filter(echo => verifier.accepts(echo)),
    aggregate: measured(options.aggregate ?? aggregate, ruleTime),
  })
  const missedAt = new Map<PeerIndex, number>()
  const driven = driveProtocol<LearnInput, LearnOutput>({
    self,
    peers: cohort.members.length,
    maxFaulty: cohort.faults,
    protocol: { ...learn, currentStep: () => learn.status().step },
    attack: options.attack,
    signer,
    transport,
    clock,
    verifier,
    journal,
    limits,
    ahead: defaultWindow.ahead,
    ...(options.proofs && { proofs: options.proofs }),
    ...(options.linkLimits && { linkLimits: options.linkLimits }),
    incarnation,
    hooks: {
      ...hooks,
      missed(peer) {
        const { step } = learn.status()
        if (missedAt.get(peer) !== step) hooks.missed?.(peer, step)
        missedAt.set(peer, step)
        driver.input({ kind: 'missed', peer })
      },
      ahead: (peer, isAhead) => driver.input({ kind: 'ahead', peer, ahead: isAhead }),
      restarted: peer => driver.input({ kind: 'restarted', peer }),
      output: output => act(options, driver, journal, output),
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
    status: () => ({ ...learn.status(), ...driver.status(), ruleMs: ruleTime.ms }),
    finish: () => finish(options, journal, driver),
    unserved: () => driver.unserved(),
    sync: done => journal.sync(done),
    stop: done => driver.stop(done),
  }
}

/** @throws JournalError where another key, or this one in another cohort, has signed what the log holds */
function openJournal({ self, storage, signer, verifier }: PeerOptions, limits: DecodeLimits): Journal {
  const journal = createJournal({ storage, sign: signer.sign, limits, compactEverySteps: 16 })
  const own = journal.messages().filter(({ kind }) => kind === 'vector')
  if (own.every(message => message.slot.sender === self && verifier.accepts(message))) return journal
  throw new JournalError(
    'the log in the state directory is another member’s, or this one’s in another cohort: what it signed there does not hold here. Give each identity and cohort a state directory of its own (--state)',
  )
}

/**
 * Whoever stopped within the first step remembers what it signed, though it has no checkpoint; but not where it has
 * forgotten the rest.
 */
function hasLostMemory({ recovered, completeFrom, messages }: Journal): boolean {
  return recovered === null && (completeFrom(1) > 1 || messages().length === 0)
}

/** Where this peer goes on, and what it can still tell others of the steps before. */
function memoryOf(
  journal: Journal,
  initial: Vector,
  steps: number,
): Required<Pick<LearnOptions, 'start' | 'completeFrom' | 'history'>> {
  const { recovered, past } = journal
  const start = recovered ?? { step: 1, parameters: initial, momentum: null }
  const completeFrom = Math.min(journal.completeFrom(start.step), steps + 1)
  const first = completeFrom === 1 ? [[1, initial] as const] : []
  return { start, completeFrom, history: new Map([...first, ...past]) }
}

/** How long the rules took on this machine: for the report, never for a decision. */
function measured(rules: Aggregate, time: { ms: number }): Aggregate {
  return (protocol, family) => {
    const begun = performance.now()
    const vector = rules(protocol, family)
    time.ms += performance.now() - begun
    return vector
  }
}

/**
 * The others leave when all have finished, so this peer says that it has only when its end is on the disk: killed
 * before, it would come back to a step that nobody is there for.
 */
function finish({ hooks }: PeerOptions, journal: Journal, driver: Driver<LearnInput>): void {
  journal.sync(error => {
    if (error === undefined) driver.finish()
    else hooks.failed(error)
  })
}

function act(options: PeerOptions, driver: Driver<LearnInput>, journal: Journal, output: LearnOutput): void {
  const { hooks, cohort } = options
  if (output.kind === 'timer') {
    driver.inputAfter(delayOf(output.timer, cohort), output)
    return
  }
  hooks.output?.(output)
  switch (output.kind) {
    case 'need-gradient':
      ask(options, driver, output)
      break
    case 'averaged':
      break
    case 'stepped': {
      const forgetBefore = output.state.step - defaultWindow.kept
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
    case 'caught-up':
      driver.setCompleteFrom(output.completeFrom)
      break
    case 'finished':
      hooks.finished(output.parameters)
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
  const { step, parameters, batch } = request
  options.oracle.gradient({ step, parameters, batch }, reply => {
    if (reply instanceof Error) {
      options.hooks.failed(reply)
      return
    }
    options.hooks.gradient?.(step, reply)
    driver.input({ kind: 'gradient', step, gradient: reply.gradient })
  })
}

/** What messages of a cohort's peers can be, and records of their journals. */
export function decodeLimits(cohort: Cohort, dimension: number): DecodeLimits {
  const schedule = scheduleOf(cohort, dimension)
  const longest = Math.max(schedule(cohort.steps, 'gradient'), schedule(cohort.steps, 'parameters'), 1)
  return { peers: cohort.members.length, dimension, stepsMax: cohort.steps, iterationsMax: longest }
}
