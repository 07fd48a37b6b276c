/**
 * What a faulty peer sends, at the level of vectors. The adversary's powers (protocols.md §1): it sees every
 * honest vector of an exchange before it chooses its own, and may choose another one for each recipient.
 */
import type { Slot } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'

export interface Sight {
  /** The slot that is about to be filled; `slot.sender` is the faulty peer. */
  readonly slot: Slot
  readonly recipient: PeerIndex
  readonly peers: number
  readonly faults: number
  /** What an honest peer would have sent in this place. */
  readonly own: Vector
  /** The honest vectors of this exchange seen so far (all of them in the simulated world). */
  readonly honest: readonly Vector[]
  /** Uniform in [0, 1), from the adversary's own seed. */
  readonly random: () => number
}

export interface Attack {
  readonly name: string
  /** Completes the sentence "peer 3 …", in the past tense: "sent its gradient with the sign flipped". */
  readonly did: string
  /** Whether it wants to see honest vectors of the exchange before it chooses (rushing), or can send at once. */
  readonly rushing: boolean
  /** Whether every recipient may get another vector; where false `forge` is called once an exchange. */
  readonly perRecipient: boolean
  /** The labels the faulty peer trains on, where it poisons its data rather than its messages. */
  readonly relabel?: (label: number, classes: number) => number
  /** The vector for this slot and recipient; null sends nothing. */
  forge(sight: Sight): Vector | null
}
