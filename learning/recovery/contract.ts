/** What catching up is told, asks and offers. The exchange itself is catch-up.ts. */
import type { Aggregate } from '../../agreement/averaging/aggregate.ts'
import type { ProtocolName } from '../../agreement/bounds.ts'
import type { Message, Seen, SigningLedger } from '../../agreement/message.ts'
import type { Effects, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'

export interface CatchUpOptions {
  readonly protocol: ProtocolName
  readonly self: PeerIndex
  readonly peers: number
  readonly faults: number
  readonly dimension: number
  /** The last step there is, and one: where a finished peer stands. */
  readonly stepsEnd: number
  /** Of steps before this, this peer says nothing any more. */
  readonly since: number
  /** In the steps up to this one this peer may have spoken, as it knows itself; 0: it knows of none. */
  readonly forgotten: number
  /** Own parameters of steps before, by step, ascending. */
  readonly history: ReadonlyMap<number, Vector>
  /** Past steps whose parameters are held for others. */
  readonly kept: number
  /** Past steps in which peers still take part. */
  readonly past: number
  readonly ledger: SigningLedger
  readonly aggregate?: Aggregate
  /** Too few honest others for their parameters to be aggregated: the agreement on these is joined instead. */
  readonly listens: boolean
}

export type CatchUpReason =
  /** Nothing is known of what this peer signed before. */
  | 'amnesiac'
  /** More than f others can no longer serve it: one of them is honest. */
  | 'left-behind'
  /** It may be that others have gone on without this peer: it stays where it is unless more than f say so. */
  | 'unsure'

export type CatchUpOutput =
  | {
      readonly kind: 'found'
      readonly step: number
      /** θ_s; null: this peer goes on with the state it has. */
      readonly parameters: Vector | null
    }
  /** Goes on in this step's agreement on parameters, without a vector of its own. */
  | { readonly kind: 'listen'; readonly step: number }

export interface CatchUp {
  readonly asking: () => boolean
  /** Of steps before this, this peer says nothing any more: it was not there, or has forgotten. */
  readonly since: () => number
  /** It asks only whether it has to catch up, and goes on meanwhile. */
  readonly suspected: () => boolean
  /** Others whose answer is still missing. Empty while not asking. */
  waitingFor(): readonly PeerIndex[]
  /** This peer has come to a step. */
  reached(step: number, parameters: Vector): Effects<Message, CatchUpOutput>
  /** A vector of another peer was received from itself: kept as a proof of how far it had come. */
  saw(from: PeerIndex, seen: Seen): void
  /** This peer may ask again: it is another life that does. */
  restarted(peer: PeerIndex): void
  /** Asks where the others are. */
  ask(step: number, reason: CatchUpReason): Effects<Message, CatchUpOutput>
  /** Asks the same again: what was said may no longer be true, or lead nowhere. */
  retry(step: number): Effects<Message, CatchUpOutput>
  receive(from: PeerIndex, message: Message): Effects<Message, CatchUpOutput>
}
