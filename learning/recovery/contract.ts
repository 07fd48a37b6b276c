/** What recovery is given, told and asked, and what it says. The machine itself is recovery.ts. */
import type { Aggregate } from '../../agreement/averaging/aggregate.ts'
import type { TimerKey } from '../../agreement/averaging/averaging.ts'
import type { ProtocolName } from '../../agreement/bounds.ts'
import type { Message, Seen, SigningLedger, Slot } from '../../agreement/message.ts'
import type { Effects, LinkSignal, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Memory, StateName } from './state.ts'

export interface RecoveryOptions {
  readonly protocol: ProtocolName
  readonly self: PeerIndex
  readonly peers: number
  readonly maxFaulty: number
  readonly dimension: number
  /** The step at which this peer starts. */
  readonly step: number
  /** The last step there is, and one: where a finished peer stands. */
  readonly stepsEnd: number
  /** What this peer says is complete from this step on; of steps before it knows nothing, or not all. */
  readonly completeFrom: number
  /** Own parameters of steps before, by step, ascending. */
  readonly history: ReadonlyMap<number, Vector>
  /** Past steps whose parameters are held for others. */
  readonly kept: number
  /** Past steps in which peers still take part. */
  readonly past: number
  readonly ledger: SigningLedger
  /** What an earlier incarnation of this peer saw of others; absent: nothing. */
  readonly seen?: readonly Seen[]
  /** False where this peer may have signed a vector for the slot only if it has forgotten that; absent: never false. */
  readonly remembers?: (slot: Slot) => boolean
  readonly aggregate?: Aggregate
}

export type RecoveryOutput =
  /** A step is to be begun: with these parameters, or, where they are null, with the state that this peer has. */
  | { readonly kind: 'begin'; readonly step: number; readonly parameters: Vector | null }
  /** This peer goes on in this step's agreement on parameters, without a vector of its own. */
  | { readonly kind: 'listen'; readonly step: number }
  /** It has found its place after asking, perhaps where it was: the links are to say again what it misses there. */
  | { readonly kind: 'caught-up'; readonly step: number; readonly completeFrom: number }
  /**
   * Another shows a vector that this peer signed and does not know of: what it remembers is an older copy, or its key
   * runs elsewhere. In the steps before `completeFrom` it is to say nothing any more.
   */
  | { readonly kind: 'outdated'; readonly slot: Slot; readonly by: PeerIndex; readonly completeFrom: number }
  | { readonly kind: 'timer'; readonly timer: TimerKey }

type RecoveryEffects = Effects<Message, RecoveryOutput>

export interface Recovery {
  readonly state: () => StateName
  /** It has to go elsewhere, and is not there yet. */
  readonly isAway: () => boolean
  /** Others whose answer is still missing. Empty while none is asked for. */
  waitingFor(): readonly PeerIndex[]
  /** A peer whose memory is not known to be whole asks the others first. */
  start(memory: Memory): RecoveryEffects
  /** This peer has come to a step. */
  reached(step: number, parameters: Vector): RecoveryEffects
  /** A vector of another peer was received from itself: kept as a proof of how far it had come. */
  saw(from: PeerIndex, seen: Seen): void
  /** What a link has come to know of its peer. */
  signal(signal: LinkSignal): RecoveryEffects
  /**
   * A wait has run out.
   * @param isWaiting others have to say something before this peer's step can go on
   */
  timeout(timer: TimerKey, isWaiting: boolean): RecoveryEffects
  receive(from: PeerIndex, message: Message): RecoveryEffects
}
