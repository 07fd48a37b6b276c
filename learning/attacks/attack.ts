/**
 * What a faulty peer sends: its vectors, its messages, its frames. The adversary's powers: it sees
 * every honest vector of an exchange before it chooses its own, and may choose a different one for each recipient. It
 * may say anything to anyone, and put any bytes on its own connections. It cannot forge signatures.
 */
import type { Message, Sealed, Slot } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Backdoor } from './backdoor.ts'

/** What an attack may look at when it chooses a vector. */
export interface Sight {
  /** The slot that is about to be filled; `slot.sender` is the faulty peer. */
  readonly slot: Slot
  readonly recipient: PeerIndex
  readonly peers: number
  readonly maxFaulty: number
  /** The vector that an honest peer would have sent here. */
  readonly own: Vector
  /** The honest vectors of this exchange that were seen so far (in the simulated world all of them). */
  readonly honest: readonly Vector[]
  /** Uniform in [0, 1), from the adversary's own seed. */
  readonly random: () => number
  /** What an honest peer's rule gives for these vectors: the adversary knows it. */
  readonly rule: (vectors: readonly Vector[]) => Vector
  /** The adversary's memory: shared by all faulty peers of a simulated world (they collude), a peer's own on a real network. */
  readonly shared: Map<string, unknown>
}

/** What an attack on messages knows when one of them is about to leave. */
export interface Saying {
  /** The faulty peer. */
  readonly self: PeerIndex
  readonly recipient: PeerIndex
  readonly peers: number
  readonly maxFaulty: number
  /** The last messages that this peer said to anyone, at most 64, oldest first. */
  readonly said: readonly Message[]
  /** Messages that it said so far, to all recipients. */
  readonly count: number
  readonly random: () => number
  /** Scratch space: shared by all faulty peers of a simulated world (they collude), a peer's own on a real network. */
  readonly shared: Map<string, unknown>
  /**
   * Signs any vector for the slot of a faulty peer whose key is known; for other slots the signature verifies nowhere.
   */
  seal(slot: Slot, vector: Vector): Sealed
}

/** A frame as chunks in order; its bytes may be shared with other frames and must not be written to. */
export type WireFrame = readonly Uint8Array[]

/** What a faulty peer sends in place of its vectors (docs/attacks.md). */
export interface Attack {
  readonly name: string
  /** Completes the sentence "peer 3 …", in the past tense: "sent its gradient with the sign flipped". */
  readonly did: string
  /** Whether it waits to see honest vectors of the exchange before it chooses (rushing), or sends at once. */
  readonly rushing: boolean
  /** Whether each recipient may get a different vector; if false, `forge` is called once for each exchange. */
  readonly perRecipient: boolean
  /**
   * What the forged vector is made from: `honest`, the honest vectors alone, so that all faulty peers send the same;
   * `nothing`, no vector at all. The server then asks no gradient of a liar. Absent: the peer's own vector, too.
   */
  readonly from?: 'honest' | 'nothing'
  /** The first step in which it lies, counted from 1; absent: the first of all. */
  readonly firstStep?: number
  /** The labels that the faulty peer trains on, if it poisons its data rather than its messages. */
  readonly relabel?: (label: number, classes: number) => number
  /** What the faulty peer trains on instead of its own examples, if they are images. */
  readonly backdoor?: Backdoor
  /** The vector for this slot and recipient; null sends nothing. */
  forge(sight: Sight): Vector | null
  /**
   * Message level: the messages that go out in place of one message to one recipient, possibly none. Absent: the
   * message itself.
   */
  say?(message: Message, saying: Saying): readonly Message[]
  /** Wire level: the frames that go out in place of one frame to `recipient`. Absent: the frame itself. */
  wire?(frame: WireFrame, recipient: PeerIndex, random: () => number): readonly WireFrame[]
  /** Wire level: every frame leaves this much later. */
  readonly delayMs?: number
}

/** Whether what the faulty peer sends is an honest vector, of data that it has changed. */
export function poisonsData({ relabel, backdoor }: Attack): boolean {
  return relabel !== undefined || backdoor !== undefined
}
