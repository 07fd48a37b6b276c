/**
 * What peers say to each other. One flat union: every message names its slot, so that routing, signing,
 * accounting and evidence need not know which protocol a message belongs to.
 */
import type { Vector } from './vector.ts'

/** A peer's place in the cohort's list of members, `0 … n − 1`. */
export type PeerIndex = number

/** The two averaging agreements of a LEARN step. */
export type AveragedPhase = 'gradient' | 'parameters'

/** `state` is outside the steps: a peer that catches up is given the others' parameters in it. */
export type Phase = AveragedPhase | 'state'

/** One exchange: step `t ≥ 1`, phase, iteration `r ≥ 0` of the averaging agreement. */
export interface Exchange {
  readonly step: number
  readonly phase: Phase
  readonly iteration: number
}

/** An exchange and the peer that speaks in it. A slot holds one vector, ever. */
export interface Slot extends Exchange {
  readonly sender: PeerIndex
}

/** SHA-256 of a vector's little-endian bytes, in lower-case hexadecimal. */
export type Digest = string

/** What an author signed for a slot: the digest of its vector. */
export interface Commitment {
  readonly digest: Digest
  readonly signature: Uint8Array
}

/** A vector bound to a slot by its author: made by `Commitments.seal`, or opened and checked at the edge. */
export interface Sealed {
  readonly vector: Vector
  readonly digest: Digest
  /** The author's signature over (cohort, slot, digest); opaque to the core, which only passes it on. */
  readonly signature: Uint8Array
}

/** Everything that peers say to each other. */
export type Message =
  /** An author's own vector for its slot: the exchange of the standard form, and SEND of reliable broadcast. */
  | { readonly kind: 'vector'; readonly slot: Slot; readonly sealed: Sealed }
  /** Reliable broadcast (Bracha 1987) of the vector of `slot.sender`; the signature is that author's. */
  | { readonly kind: 'echo'; readonly slot: Slot; readonly digest: Digest; readonly signature: Uint8Array }
  | { readonly kind: 'ready'; readonly slot: Slot; readonly digest: Digest }
  /** Asks for the vector behind a digest; `payload` answers, with the author's seal. */
  | { readonly kind: 'request'; readonly slot: Slot; readonly digest: Digest }
  | { readonly kind: 'payload'; readonly slot: Slot; readonly sealed: Sealed }
  /** The witness technique: `slot.sender` lists the authors whose vectors it has delivered, ascending. */
  | { readonly kind: 'report'; readonly slot: Slot; readonly peers: readonly PeerIndex[] }

  /** Catching up, all in phase `state`: where is everyone? `slot.step` is the asker's step. */
  | { readonly kind: 'query'; readonly slot: Slot }
  /**
   * `slot.step` is the speaker's step, `oldest` the first whose parameters it holds; of steps before `since` it says
   * nothing any more.
   */
  | {
      readonly kind: 'position'
      readonly slot: Slot
      readonly oldest: number
      readonly since: number
      readonly seen: Seen | null
    }
  /** Asks for the parameters at the beginning of `slot.step`; a `vector` in this phase answers. */
  | { readonly kind: 'fetch'; readonly slot: Slot }
  /** Proof that `slot.sender` equivocates, passed on. It never reaches a protocol: drivers judge it. */
  | {
      readonly kind: 'evidence'
      readonly slot: Slot
      readonly first: Commitment
      readonly second: Commitment
    }

/** The newest vector of a peer that another has seen: its own signature proves how far it had come. */
export interface Seen {
  readonly slot: Slot
  readonly digest: Digest
  readonly signature: Uint8Array
}

/** The kinds of messages, as counted and logged. */
export type MessageKind = Message['kind']

/**
 * What this peer has bound itself to. The first value for a key wins, across crashes: after a restart the
 * ledger returns what was bound before, and the protocol must go on with the value returned, not with its own.
 */
export interface SigningLedger {
  /** Signs at most one vector per slot, ever. */
  seal(slot: Slot, vector: Vector): Sealed
  /** Binds a vote (`echo`, `ready`) or a report for a slot, as text. */
  bind(kind: 'echo' | 'ready' | 'report', slot: Slot, value: string): string
}

/** A slot as a key of maps: equal for equal slots. */
export function slotKey(slot: Slot): string {
  return `${slot.step}/${slot.phase}/${slot.iteration}/${slot.sender}`
}
