/** What the runner is given, asks of its host, and offers it. The runner itself is runner.ts. */
import type { TimerKey, TimerPurpose } from '../../agreement/averaging/averaging.ts'
import type { Message } from '../../agreement/message.ts'
import type { Effects, Envelope, Evidence, Fault, PeerIndex, Protocol } from '../../agreement/protocol.ts'
import type { DecodeLimits } from '../codec/index.ts'
import type { LinkLimits } from '../link/limits.ts'
import type { LinkStatus } from '../link/link.ts'
import type { Clock, Transport } from '../ports.ts'
import type { Verifier } from '../signatures/index.ts'
import type { Journal } from './journal.ts'

/** A protocol as the runner drives it: it can say whether a message comes too early to be taken. */
export interface Driven<Input, Output> extends Protocol<Input, Message, Output> {
  readiness(message: Message): 'now' | 'later'
  /** The LEARN step it is at; what lies further back than the window is no longer kept for others. */
  currentStep(): number
}

export interface TimerInput {
  readonly kind: 'timer'
  readonly timer: TimerKey
}

export interface DriverOptions<Input, Output> {
  readonly self: PeerIndex
  readonly peers: number
  readonly protocol: Driven<Input | TimerInput, Output | TimerInput>
  readonly transport: Transport
  readonly clock: Clock
  readonly verifier: Pick<Verifier, 'accepts' | 'verify'>
  readonly journal: Journal
  /** Proofs that are kept elsewhere than in the journal. */
  readonly proofs?: readonly Evidence[]
  readonly limits: DecodeLimits
  readonly linkLimits?: LinkLimits
  /** Distinguishes this run of the peer from earlier ones: any number that was not used before, never 0. */
  readonly incarnation: number
  /** How long each kind of timer is. */
  readonly delaysMs: Readonly<Record<TimerPurpose, number>>
  /** Of steps before this the journal holds nothing, or not all that was said. */
  readonly since: number
  /** Steps for which own messages are kept for peers that restart. */
  readonly keptSteps: number
  readonly hooks: DriverHooks<Output>
}

interface DriverHooks<Output> {
  /** What the protocol asks of its host; the host answers with `input`, at once or later. */
  output(output: Output): void
  fault(fault: Fault | (Omit<Fault, 'peer'> & { readonly peer: null })): void
  connection?(peer: PeerIndex, up: boolean, reason: string): void
  /** So many messages of a peer will never come; null: not all that this peer's step would need of it. */
  missed?(peer: PeerIndex, messages: number | null): void
  /** A peer has begun a new life, or is met for the first time. */
  restarted?(peer: PeerIndex): void
  /** What this peer says next comes too early to be taken. */
  ahead?(peer: PeerIndex): void
  /** A message reached the protocol. For traces and checkers. */
  received?(from: PeerIndex, message: Message): void
  sent?(envelope: Envelope): void
  /** A peer has shown a proof that holds, known or not. For checkers. */
  shown?(from: PeerIndex, proof: Evidence): void
  /** A peer is proved to equivocate: `before`, in an earlier life of this one, or now. */
  convicted?(proof: Evidence, before: boolean): void
  /** The peer cannot go on: its storage failed. Nothing was sent that was not recorded. */
  failed(error: Error): void
}

export interface Driver<Input> {
  start(): void
  input(value: Input): void
  /** Carries out a step that did not come from the protocol itself (a faulty peer's doing). */
  carry(effects: Effects<Message, never>): void
  /** Tells the others that this peer needs nothing more. */
  finish(): void
  /** Peers that still need something from this one. */
  unserved(): readonly PeerIndex[]
  status(): DriverStatus
  stop(done: () => void): void
}

export interface DriverStatus {
  readonly connected: readonly PeerIndex[]
  /** Who is proved to equivocate, ascending. */
  readonly convicted: readonly PeerIndex[]
  readonly links: readonly (LinkStatus | null)[]
  readonly messagesSent: number
  readonly bytesSent: number
  readonly bytesReceived: number
}
