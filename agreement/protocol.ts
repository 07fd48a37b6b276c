/**
 * The shape of every protocol: a synchronous, deterministic state machine.
 *
 * A protocol never acts. It takes an input or a message and returns `Effects`, which say what the world must now do.
 * Its driver (a real peer, a simulated one, a test) carries them out; dropping any of them is a bug. A parent protocol
 * absorbs the effects of its children.
 */
import type { Commitment, Message, PeerIndex, Slot } from './message.ts'

export type { Commitment, PeerIndex } from './message.ts'

/** One peer, or every other peer. */
export type Recipient = PeerIndex | 'others'

/** A message and its recipient. */
export interface Envelope<M = Message> {
  readonly to: Recipient
  readonly message: M
}

/** Something that a peer did wrong, as data. Peers cause faults; only misuse of our own functions throws. */
export interface Fault {
  readonly peer: PeerIndex
  readonly kind: FaultKind
  readonly slot?: Slot
  /** Two commitments of one author to one slot: proof of equivocation that anyone can check. */
  readonly evidence?: Evidence
  /** One sentence for the log. */
  readonly detail?: string
}

/** Two commitments of one author to one slot, with different digests: anyone who has its key can check them. */
export interface Evidence {
  readonly slot: Slot
  readonly first: Commitment
  readonly second: Commitment
}

/** Everything that a peer can do wrong, grouped by the part that notices it. */
export type FaultKind =
  // the author's vector
  | 'equivocation'
  | 'not-finite'
  | 'wrong-dimension'
  // the protocols
  | 'wrong-author'
  | 'out-of-range'
  | 'conflicting-vote'
  | 'bad-report'
  | 'unrequested-payload'
  | 'excessive-requests'
  | 'unexpected-kind'
  // the wire
  | 'malformed'
  | 'oversize'
  | 'wrong-version'
  | 'wrong-cohort'
  | 'bad-signature'
  | 'stranger'
  | 'flooding'
  | 'silent'
  // what it sent met a defect of this program; only its connection ended
  | 'exception'

/** What the world must do now: send the messages, use the outputs, record the faults. */
export interface Effects<M, Output> {
  readonly messages: readonly Envelope<M>[]
  readonly outputs: readonly Output[]
  readonly faults: readonly Fault[]
}

/** What the link to a peer comes to know of it: told to a protocol in order with the peer's messages. */
export type LinkSignal =
  /** The peer can no longer send all that the present step may need of it. */
  | { readonly kind: 'missed'; readonly peer: PeerIndex }
  /** The peer is too far on to say anything that can be taken yet, or no longer is. */
  | { readonly kind: 'ahead'; readonly peer: PeerIndex; readonly ahead: boolean }
  /** The peer has begun a new incarnation, which may ask again for what the earlier ones were given. */
  | { readonly kind: 'restarted'; readonly peer: PeerIndex }

/** A state machine at one peer: given the same inputs and messages in the same order it returns the same steps. */
export interface Protocol<Input, M, Output> {
  /** Takes an input from its driver: a vector to begin with, a timer that has run out. */
  input(value: Input): Effects<M, Output>
  /** Takes anything that a peer may send: garbage becomes a fault, never an exception. */
  receive(from: PeerIndex, message: M): Effects<M, Output>
}

/** Effects in the making. */
export interface EffectsBuilder<M, Output> extends Effects<M, Output> {
  readonly messages: Envelope<M>[]
  readonly outputs: Output[]
  readonly faults: Fault[]
}

/** Empty effects, to fill. */
export function newEffects<M, Output>(): EffectsBuilder<M, Output> {
  return { messages: [], outputs: [], faults: [] }
}

/** The effects of acting, which fills them in. */
export function effectsOf<M, Output>(act: (builder: EffectsBuilder<M, Output>) => void): Effects<M, Output> {
  const builder: EffectsBuilder<M, Output> = newEffects()
  act(builder)
  return builder
}

/** Moves a child's messages and faults into the parent's step and returns the outputs for the parent to consume. */
export function absorb<M, ParentOutput, ChildOutput>(
  parent: EffectsBuilder<M, ParentOutput>,
  child: Effects<M, ChildOutput>,
): readonly ChildOutput[] {
  parent.messages.push(...child.messages)
  parent.faults.push(...child.faults)
  return child.outputs
}
