/**
 * Averaging agreement: what each of the four protocols takes, outputs and guarantees (collaborative-learning, §3.2).
 *
 * One instance runs `AVG_t` once: it takes one vector, exchanges vectors for a fixed number of iterations, and outputs
 * one. The guarantees hold for every attack by at most f peers; they concern the honest peers:
 *   agreement    Δ₂(out) ≤ Δ₂(in) / 2^t
 *   averaging    ‖mean(out) − mean(in)‖₂ ≤ C·Δ₂(in)
 *   termination  every honest peer outputs
 * How many iterations that takes is `iterationsFor` in bounds.ts.
 */
import type { Digest, Exchange, Message, Phase, SigningLedger, Slot } from '../message.ts'
import type { LinkSignal, PeerIndex, Protocol } from '../protocol.ts'
import type { ProtocolName } from '../protocol-names.ts'
import type { Synchrony } from '../thresholds.ts'
import type { Vector } from '../vector.ts'
import type { Aggregate } from './family.ts'

/** One run of `AVG_t`: which protocol, among whom, and how long. */
export interface AveragingOptions {
  readonly protocol: ProtocolName
  readonly synchrony: Synchrony
  readonly self: PeerIndex
  readonly peers: number
  readonly maxFaulty: number
  /** `q`: how many vectors an iteration waits for; absent: `n − f`. Not under synchrony. */
  readonly quorum?: number
  readonly dimension: number
  /** Names the instance: every message of it carries this step and phase. */
  readonly step: number
  readonly phase: Phase
  readonly iterations: number
  /** Asynchronous standard form: whether to wait a little for more than `q` vectors. */
  readonly grace: boolean
  /**
   * Synchronous: how far apart honest peers may begin, in timeouts. They then count the rounds from a moment that they
   * agree on (synchroniser.ts); absent: from their own beginning, and a timeout covers the differences.
   */
  readonly beginnings?: number
  /** From this iteration on vectors travel by digest, and whole only to those who lack them; absent: always whole. */
  readonly digestFrom?: number
  readonly ledger: SigningLedger
  /** The rule of the first iteration, in place of the protocol's own (first-rule.ts); absent: the protocol's own. */
  readonly firstRule?: string
  /** Called in place of the protocol's own rule; gives the same result, measured or faster. */
  readonly aggregate?: Aggregate
  /** A vector of another peer is of no more use here: nothing of this agreement will look at it again. */
  readonly discard?: (vector: Vector) => void
}

/** Whether an iteration exchanges digests, and vectors only where they are lacking. */
export function isByDigest(
  { digestFrom = Infinity }: Pick<AveragingOptions, 'digestFrom'>,
  iteration: number,
): boolean {
  return iteration >= digestFrom
}

/** Why a protocol asks to be woken. The driver's configuration says how long each wait is. */
export type TimerPurpose =
  /** q vectors are in; a little more time may bring the rest. */
  | 'grace'
  /** The synchronous iteration's bound on delay. */
  | 'timeout'
  /** Synchronous: by then all honest peers have begun, even if it does not hear from all. */
  | 'beginnings'
  /** Somebody was asked, or should be, for a vector that this peer needs and does not have. */
  | 'payload'
  /** The others may have gone on without this peer: it asks them, or asks again, if this does not end by itself. */
  | 'recovery'

/** Which wait is meant. */
export interface TimerKey {
  readonly slot: Slot
  readonly purpose: TimerPurpose
  /** So many times as long as usual; absent: once. */
  readonly times?: number
}

/** What the driver tells the protocol. */
export type AveragingInput =
  | { readonly kind: 'vector'; readonly vector: Vector }
  /**
   * In place of a vector: the others have ended this agreement, or will end it, without a vector of this peer (RB-TM
   * only).
   */
  | { readonly kind: 'listen' }
  | Extract<LinkSignal, { kind: 'restarted' }>
  | { readonly kind: 'timer'; readonly timer: TimerKey }

/** What the protocol tells its driver; `agreed` comes last, once. */
export type AveragingOutput =
  | { readonly kind: 'timer'; readonly timer: TimerKey }
  /** This peer's vector of an exchange, as it was sealed: from now on it is this one and no other. */
  | { readonly kind: 'sealed'; readonly slot: Slot; readonly vector: Vector; readonly digest: Digest }
  /** Reliable broadcast delivered the vector of `slot.sender` here (RB-TM only). */
  | { readonly kind: 'delivered'; readonly slot: Slot; readonly digest: string }
  /** An iteration is over: the authors whose vectors were used, ascending, and the rule's result. */
  | {
      readonly kind: 'iterated'
      readonly exchange: Exchange
      readonly used: readonly PeerIndex[]
      readonly vector: Vector
    }
  | { readonly kind: 'agreed'; readonly vector: Vector }

/** One run of `AVG_t` at one peer, as a state machine. */
export interface Averaging extends Protocol<AveragingInput, Message, AveragingOutput> {
  /** The peers whose vectors the current exchange still lacks; empty once agreed. For people: "waiting for …". */
  waitingFor(): readonly PeerIndex[]
}
