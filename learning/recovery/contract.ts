/** The options, inputs and outputs of recovery. The state machine itself is in recovery.ts. */

import type { TimerKey } from '../../agreement/averaging/averaging.ts'
import type { Aggregate } from '../../agreement/averaging/family.ts'
import type { ProtocolName } from '../../agreement/bounds.ts'
import type { Message, Seen, SigningLedger, Slot } from '../../agreement/message.ts'
import type { Effects, LinkSignal, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Memory, StateName } from './state.ts'

/** A peer's own parameters by step, ascending. A `Map` holds them in memory; a real peer's journal, on its disk. */
export interface PastParameters {
  get(step: number): Vector | undefined
  set(step: number, parameters: Vector): unknown
  delete(step: number): unknown
  keys(): IterableIterator<number>
}

export interface RecoveryOptions {
  readonly protocol: ProtocolName
  readonly self: PeerIndex
  readonly peers: number
  readonly maxFaulty: number
  readonly dimension: number
  /** The step at which this peer starts. */
  readonly step: number
  /** The last step with an agreement on parameters. */
  readonly steps: number
  /** One more than the last step: where a finished peer stands. */
  readonly stepsEnd: number
  /** This peer's messages are complete from this step on. It knows nothing, or not everything, of earlier steps. */
  readonly completeFrom: number
  /** Its own parameters of earlier steps. Recovery adds to them and removes the oldest. */
  readonly history: PastParameters
  /** How many past steps' parameters are held for others. */
  readonly kept: number
  /** How many past steps peers still take part in. */
  readonly past: number
  /** A peer needs no others to go on where it stands, as in gossip; absent: it does. */
  readonly alone?: boolean
  readonly ledger: SigningLedger
  /** What an earlier incarnation of this peer saw of others; absent: nothing. */
  readonly seen?: readonly Seen[]
  /** False where this peer may have signed a vector for the slot only if it has forgotten that; absent: never false. */
  readonly remembers?: (slot: Slot) => boolean
  readonly aggregate?: Aggregate
}

export type RecoveryOutput =
  /** Begin this step, with these parameters; null: with the state that this peer has. */
  | { readonly kind: 'begin'; readonly step: number; readonly parameters: Vector | null }
  /** Go on in this step's agreement on parameters, without a vector of its own. */
  | { readonly kind: 'listen'; readonly step: number }
  /** This peer has asked and found its place, perhaps where it was. The links report again what it misses there. */
  | { readonly kind: 'caught-up'; readonly step: number; readonly completeFrom: number }
  /** It seeks its place on, and says nothing of the steps before `completeFrom`, whatever it finds: nobody need wait for it. */
  | { readonly kind: 'silent'; readonly completeFrom: number }
  /**
   * Another shows a vector that this peer signed and does not know of: what it remembers is an older copy, or its key
   * runs elsewhere. In the steps before `completeFrom` it is to say nothing any more.
   */
  | { readonly kind: 'outdated'; readonly slot: Slot; readonly by: PeerIndex; readonly completeFrom: number }
  | { readonly kind: 'timer'; readonly timer: TimerKey }

type RecoveryEffects = Effects<Message, RecoveryOutput>

export interface Recovery {
  readonly state: () => StateName
  /** Whether this peer has to go to another step, and is not there yet. */
  readonly isAway: () => boolean
  /** The peers whose answers are still missing. Empty while none is asked for. */
  waitingFor(): readonly PeerIndex[]
  /** A peer whose memory is not known to be whole asks the others first. */
  start(memory: Memory): RecoveryEffects
  /** This peer has reached a step. */
  reached(step: number, parameters: Vector): RecoveryEffects
  /** A peer has sent a vector of its own: this is kept as a proof of how far that peer had come. */
  saw(from: PeerIndex, seen: Seen): void
  /** Something that a link has learned about its peer. */
  signal(signal: LinkSignal): RecoveryEffects
  /**
   * A wait has run out.
   * @param isWaiting whether this peer's step cannot go on before others have sent something
   */
  timeout(timer: TimerKey, isWaiting: boolean): RecoveryEffects
  receive(from: PeerIndex, message: Message): RecoveryEffects
}
