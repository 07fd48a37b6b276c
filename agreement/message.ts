/**
 * What peers say to each other. One flat union: every message names its slot, so that routing, signing,
 * accounting and evidence need not know which protocol a message belongs to.
 */
import type { Precision } from './precision.ts'
import type { Vector } from './vector.ts'

/** A peer's place in the cohort's list of members, `0 … n − 1`. */
export type PeerIndex = number

/** The averaging agreements of a LEARN step. In some steps the peers also agree on the metrics of their parameters. */
export type AveragedPhase = 'gradient' | 'parameters' | 'metrics'

/** `state` is outside the steps: in it a peer that catches up receives the parameters of others. */
export type Phase = AveragedPhase | 'state'

/** One exchange: step `t ≥ 1`, phase, iteration `r ≥ 0` of the averaging agreement. */
export interface Exchange {
  readonly step: number
  readonly phase: Phase
  readonly iteration: number
}

/** An exchange and the peer that speaks in it. A slot never holds more than one vector. */
export interface Slot extends Exchange {
  readonly sender: PeerIndex
}

/** SHA-256 of a vector's bytes as they travel, in its precision and little-endian, in lower-case hexadecimal. */
export type Digest = string

/** The digest that an author has signed for a slot. */
export interface Commitment {
  readonly digest: Digest
  readonly signature: Uint8Array
}

/** A commitment, and the slot for which it was signed by the slot's sender. */
interface SlotCommitment extends Commitment {
  readonly slot: Slot
}

/** A vector bound to a slot by its author: made by `SigningLedger.seal`, or opened and checked at the edge. */
export interface Sealed {
  /** Rounded to the precision. */
  readonly vector: Vector
  /** Absent: f32. */
  readonly precision?: Precision
  readonly digest: Digest
  /** The author's signature over (cohort, slot, digest); opaque to the core, which only passes it on. */
  readonly signature: Uint8Array
  /** This peer has found the vector sound before, and need not read it again to know that; absent: not known. */
  readonly isSound?: true
}

/** Every message between peers. */
export type Message =
  /** An author's own vector for its slot: the exchange of the standard form, and SEND of reliable broadcast. */
  | { readonly kind: 'vector'; readonly slot: Slot; readonly sealed: Sealed }
  /** In place of that vector, and as binding: its author gives it to those who ask. Most peers hold these bytes already. */
  | { readonly kind: 'digest'; readonly slot: Slot; readonly digest: Digest; readonly signature: Uint8Array }
  /** Reliable broadcast (Bracha 1987) of the vector of `slot.sender`; the signature is that author's. */
  | { readonly kind: 'echo'; readonly slot: Slot; readonly digest: Digest; readonly signature: Uint8Array }
  | { readonly kind: 'ready'; readonly slot: Slot; readonly digest: Digest }
  /** Asks for the vector behind a digest; `payload` answers, with the author's seal. */
  | { readonly kind: 'request'; readonly slot: Slot; readonly digest: Digest }
  | { readonly kind: 'payload'; readonly slot: Slot; readonly sealed: Sealed }
  /** The witness technique: `slot.sender` lists the authors whose vectors it has delivered, ascending. */
  | { readonly kind: 'report'; readonly slot: Slot; readonly peers: readonly PeerIndex[] }
  /** A synchronous agreement: all honest peers have begun it, as far as `slot.sender` knows. */
  | { readonly kind: 'pulse'; readonly slot: Slot }

  /** Catching up, always in phase `state`: asks others where they are. `slot.step` is the asker's step. */
  | { readonly kind: 'query'; readonly slot: Slot }
  /**
   * `slot.step` is the speaker's step, `oldest` the first whose parameters it holds; of steps before `completeFrom` it
   * says nothing any more, or not all that it said.
   */
  | {
      readonly kind: 'position'
      readonly slot: Slot
      readonly oldest: number
      readonly completeFrom: number
      readonly seen: Seen | null
    }
  /** Asks for the parameters at the beginning of `slot.step`; a `vector` in this phase answers. */
  | { readonly kind: 'fetch'; readonly slot: Slot }
  /** A proof, passed on, that `slot.sender` equivocates. It never reaches a protocol: drivers judge it. */
  | {
      readonly kind: 'evidence'
      readonly slot: Slot
      readonly first: Commitment
      readonly second: Commitment
    }

/** The newest vector of a peer that another has seen: its own signature proves how far it had come. */
export type Seen = SlotCommitment

/** The kinds of messages, as counted and logged. */
export type MessageKind = Message['kind']

/** The messages of a kind. */
export type MessageOf<Kind extends MessageKind> = Extract<Message, { readonly kind: Kind }>

/**
 * The values that this peer has bound itself to. The first value for a key wins, across crashes: after a restart the
 * ledger returns the value bound before, and the protocol must go on with that value instead of its own.
 */
export interface SigningLedger {
  /**
   * Never signs more than one vector for a slot. What it signs is rounded to the precision of the slot's phase: that
   * vector, and not the one given, is this peer's.
   */
  seal(slot: Slot, vector: Vector): Sealed
  /** What this peer has sealed for the slot; null: nothing that it knows of. */
  sealedFor(slot: Slot): Sealed | null
  /** Binds a vote (`echo`, `ready`) or a report for a slot, as text. */
  bind(kind: 'echo' | 'ready' | 'report', slot: Slot, value: string): string
}

/** A slot as a key of maps: equal for equal slots. */
export function slotKey(slot: Slot): string {
  return `${slot.step}/${slot.phase}/${slot.iteration}/${slot.sender}`
}

/**
 * Metrics come last: a peer begins to agree on them while it stands at their step, so whatever else it has signed in that
 * step counts as earlier, and the newest vector that another shows it is one of the last that it signed there.
 */
const phases: readonly Phase[] = ['state', 'gradient', 'parameters', 'metrics']

/** Whether an exchange comes after another. */
export function isLater(a: Exchange, b: Exchange): boolean {
  const before =
    a.step - b.step || phases.indexOf(a.phase) - phases.indexOf(b.phase) || a.iteration - b.iteration
  return before > 0
}

/** What those who sign, keep, send and log messages need to know of one. */
interface MessageTraits<M extends Message = never> {
  /** The commitments that it carries. Its receiver ignores it unless all their signatures are valid. */
  readonly signedBy: (message: M) => readonly SlotCommitment[]
  /**
   * Whether it survives a crash of its sender. `bound`: it binds the sender, so the first one for its slot is recorded
   * and synced before it is sent, and there is never another. `kept`: it is recorded as what others have signed.
   */
  readonly durable: 'bound' | 'kept' | 'never'
  /** There are n² of these in an exchange among n, so they wait a moment and travel together. */
  readonly bundled: boolean
  /** A later incarnation of its recipient needs it, too. It does not need answers: it has not asked. */
  readonly repeated: boolean
  /** It is of use in any step, so a recipient that is further on needs it, too. */
  readonly timeless: boolean
  /** What it says about its slot, as text: what binds its sender, and what a trace shows. */
  readonly content: (message: M) => string
}

const author = ({ slot, sealed: { digest, signature } }: MessageOf<'vector' | 'payload'>) => [
  { slot, digest, signature },
]
const nobody = () => []
const digestOf = ({ digest }: MessageOf<'digest' | 'echo' | 'ready' | 'request'>) => digest
const sealedDigest = ({ sealed }: MessageOf<'vector' | 'payload'>) => sealed.digest
const nothing = () => ''

/** The one place that says what each kind of message is: a kind without a row does not compile. */
export const messageTraits = {
  vector: {
    signedBy: author,
    durable: 'bound',
    bundled: false,
    repeated: true,
    timeless: false,
    content: sealedDigest,
  },
  digest: {
    signedBy: digest => [digest],
    durable: 'bound',
    bundled: false,
    repeated: true,
    timeless: false,
    content: digestOf,
  },
  echo: {
    signedBy: echo => [echo],
    durable: 'bound',
    bundled: true,
    repeated: true,
    timeless: false,
    content: digestOf,
  },
  ready: {
    signedBy: nobody,
    durable: 'bound',
    bundled: true,
    repeated: true,
    timeless: false,
    content: digestOf,
  },
  request: {
    signedBy: nobody,
    durable: 'never',
    bundled: false,
    // The protocol asks again, if it still needs the answer.
    repeated: false,
    timeless: false,
    content: digestOf,
  },
  payload: {
    signedBy: author,
    durable: 'kept',
    bundled: false,
    repeated: false,
    timeless: false,
    content: sealedDigest,
  },
  report: {
    signedBy: nobody,
    durable: 'bound',
    bundled: false,
    repeated: true,
    timeless: false,
    content: ({ peers }) => peers.join(' '),
  },
  pulse: {
    signedBy: nobody,
    // After a restart its sender finds out again.
    durable: 'never',
    bundled: false,
    repeated: true,
    timeless: false,
    content: nothing,
  },
  query: {
    signedBy: nobody,
    durable: 'never',
    bundled: false,
    repeated: true,
    timeless: true,
    content: nothing,
  },
  position: {
    signedBy: ({ seen }) => (seen === null ? [] : [seen]),
    durable: 'never',
    bundled: false,
    repeated: false,
    timeless: true,
    content: ({ oldest, completeFrom, seen }) =>
      `${oldest} ${completeFrom} ${seen === null ? 'unseen' : slotKey(seen.slot)}`,
  },
  fetch: {
    signedBy: nobody,
    durable: 'never',
    bundled: false,
    repeated: true,
    timeless: true,
    content: nothing,
  },
  evidence: {
    signedBy: ({ slot, first, second }) => [
      { slot, ...first },
      { slot, ...second },
    ],
    durable: 'kept',
    bundled: false,
    repeated: false,
    timeless: true,
    content: ({ first, second }) => `${first.digest} ${second.digest}`,
  },
} as const satisfies { readonly [Kind in MessageKind]: MessageTraits<MessageOf<Kind>> }

/** The parameters that a `fetch` asks for: a vector that is an answer, and of no step. */
const fetchedParameters = { ...messageTraits.vector, repeated: false, timeless: true } as const

/** The traits of a message. They are those of its kind, except that a vector of phase `state` answers a `fetch`. */
export function traitsOf({ kind, slot }: Pick<Message, 'kind' | 'slot'>): MessageTraits {
  return kind === 'vector' && slot.phase === 'state' ? fetchedParameters : messageTraits[kind]
}

/** The commitments that a message carries. */
export function commitmentsIn(message: Message): readonly SlotCommitment[] {
  return messageTraits[message.kind].signedBy(message as never)
}

/** What an author says of its own slot in a step, if the message is its vector or the digest of it; otherwise null. */
export function ownCommitment(from: PeerIndex, message: Message): Commitment | null {
  if (message.slot.sender !== from || message.slot.phase === 'state') return null
  if (message.kind === 'digest') return message
  return message.kind === 'vector' ? message.sealed : null
}

/** What a message says about its slot, as text. */
export function contentOf(message: Message): string {
  return messageTraits[message.kind].content(message as never)
}

type BoundKind = {
  [Kind in MessageKind]: (typeof messageTraits)[Kind]['durable'] extends 'bound' ? Kind : never
}[MessageKind]

/** A message that binds its sender. */
export type BoundMessage = MessageOf<BoundKind>

export function isBound(message: Message): message is BoundMessage {
  return messageTraits[message.kind].durable === 'bound'
}
