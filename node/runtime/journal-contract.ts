/** What a journal promises, and what it is made from. The journal itself is in journal.ts. */
import type { Commitment, Message, MessageOf, SigningLedger, Slot } from '../../agreement/message.ts'
import type { Evidence } from '../../agreement/protocol.ts'
import type { LearnState } from '../../learning/learn-contract.ts'
import type { PastParameters } from '../../learning/recovery/contract.ts'
import type { Frame, Storage } from '../ports.ts'
import type { RecordLimits } from './journal-records.ts'

export interface Journal extends SigningLedger {
  /** The state of the last run, or null at the first start. */
  readonly recovered: LearnState | null
  /**
   * Remembers that another peer signed this, if it is that peer's newest. The next checkpoint keeps it for the next
   * incarnation. A peer whose memory may be older is told.
   */
  saw(slot: Slot, commitment: Commitment): void
  /** The newest that each other peer was seen to sign, in the form of a vote. */
  readonly seen: () => readonly MessageOf<'echo'>[]
  /** False if this peer can have signed a vector for the slot only if it has forgotten that. */
  remembers(slot: Slot): boolean
  /** Forgets everything, because it is an older copy. The peer says nothing more that binds it before this step. */
  outdated(completeFrom: number): void
  /** What was lost since the last run, as a sentence; null: nothing. */
  readonly lost: string | null
  /** This peer's parameters of the last steps: others may need them to catch up. For LEARN, which adds to it. */
  history(): PastParameters
  /**
   * The first of the steps up to this one from which on this peer has spoken in each step and knows all that it said.
   * Before that step it was not there, or may have said something that it no longer knows.
   */
  readonly completeFrom: (step: number) => number
  /** This peer's messages for slots that are still open, in the order in which they were first sent. */
  readonly messages: () => readonly Message[]
  /**
   * Appends a message that is about to be sent, if it binds this peer. False: it must not be sent, because this peer
   * has lost its memory of that step.
   * @param encoded the message in wire form, if the caller has it
   */
  record(message: Message, encoded?: Frame): boolean
  /**
   * Keeps the vector of another peer that this one is about to echo. A peer that counts on the echo may ask for the
   * vector, also after a restart, and the author may not answer.
   */
  keep(message: Kept): void
  /** The same message, in a form whose vector can leave the memory once it is kept. */
  holding(message: Message): Message
  /** The vectors kept, as their authors sent them. */
  kept(): readonly Kept[]
  /** The proofs that others equivocate, as they were shown to everyone. */
  readonly proofs: () => readonly Evidence[]
  /** Whether anything was recorded since the last sync. */
  dirty(): boolean
  sync(done: (error?: Error) => void): void
  /** Records the state after a step, and forgets what no peer can ask for any more. */
  checkpoint(state: LearnState, forgetBefore: number): void
}

export interface JournalOptions extends RecordLimits {
  /** Null keeps everything in memory only: a restarted peer is then a new one. */
  readonly storage: Storage | null
  readonly sign: (slot: Slot, digest: string) => Uint8Array
  /** Steps between two compactions of the log. */
  readonly compactEverySteps: number
  /** Where vectors stand beside the log: how many of the newest stay in memory, too; absent: 2. */
  readonly near?: number
  /** A vector beside the log can no longer be read: the peer cannot go on. */
  readonly failed?: (error: Error) => void
}

export type Kept = MessageOf<'vector' | 'payload'>
