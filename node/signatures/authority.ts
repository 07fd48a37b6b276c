/**
 * Signs this peer's slots and checks those of others. A vector comes once from its author, but its signature comes
 * again in every ECHO, `n` times for each slot. So a verified signature is remembered, up to a limit.
 */
import { commitmentsIn, type Digest, type Message, type Slot } from '../../agreement/message.ts'
import { type Ed25519, ed25519 } from './ed25519.ts'
import { signedBytes } from './slot.ts'

/** Signs for one peer, in one cohort. */
export interface Signer {
  sign(slot: Slot, digest: Digest): Uint8Array
}

/** Checks the signatures of all members of one cohort. */
export interface Verifier {
  /** Whether the slot's sender signed this digest for it. False for a sender outside the cohort. */
  verify(slot: Slot, digest: Digest, signature: Uint8Array): boolean
  /** Whether all commitments that a message carries are signed by their slots' senders. */
  accepts(message: Message): boolean
}

/** A signer with the 32-byte private key `seed`. Its signatures are valid only in the cohort of that id. */
export function createSigner(cohortId: string, seed: Uint8Array, implementation: Ed25519 = ed25519): Signer {
  return { sign: (slot, digest) => implementation.sign(seed, signedBytes(cohortId, slot, digest)) }
}

/** Remembered verifications: about 300 bytes each. An iteration of reliable broadcast among 64 peers needs 64. */
const VERIFIED_MAX = 8192

/** How many verifications are remembered, and which Ed25519 is used. */
export interface VerifierOptions {
  readonly verifiedMax?: number
  readonly implementation?: Ed25519
}

/** `publicKeys[i]`: the 32 bytes of peer `i`'s key. */
export function createVerifier(
  cohortId: string,
  publicKeys: readonly Uint8Array[],
  { verifiedMax = VERIFIED_MAX, implementation = ed25519 }: VerifierOptions = {},
): Verifier {
  // Only what verified is remembered: an attacker cannot fill this with garbage, and a failure proves nothing new.
  const verified = new Set<string>()
  const verify = (slot: Slot, digest: Digest, signature: Uint8Array): boolean => {
    const publicKey = publicKeys[slot.sender]
    if (publicKey === undefined) return false
    const bytes = signedBytes(cohortId, slot, digest)
    const name = Buffer.concat([bytes, signature]).toString('latin1')
    if (verified.has(name)) return true
    if (!implementation.verify(publicKey, bytes, signature)) return false
    if (verified.size >= verifiedMax) verified.delete(verified.values().next().value!)
    verified.add(name)
    return true
  }
  return {
    verify,
    accepts: message => commitmentsIn(message).every(each => verify(each.slot, each.digest, each.signature)),
  }
}
