/** Who signed what: binds a slot and a digest to an author's key, in one cohort. */
import type { Digest, Slot } from '../agreement/message.ts'
import type { PeerIndex } from '../agreement/protocol.ts'

export interface Keyring {
  /** Signs with this peer's own key. */
  sign(slot: Slot, digest: Digest): Uint8Array
  /** Whether `author` signed this digest for this slot in this cohort. */
  verify(author: PeerIndex, slot: Slot, digest: Digest, signature: Uint8Array): boolean
}
