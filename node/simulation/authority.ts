/**
 * Signatures for worlds that run by the thousand: a table in place of Ed25519. Exactly the signed slots verify, and the
 * protocols rely on nothing more. The real scheme has its own tests, and `agree`, `simulate` of a cohort and a part of
 * the swarm use it. Measured per slot: 0.13 ms with Ed25519, 0.001 ms with the table.
 */
import { commitmentsIn, type Digest, type Message, type Slot } from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import { createSigner, createVerifier, ed25519, type Signer, type Verifier } from '../signatures/index.ts'

/** The keys of a world: one signer per peer, and one verifier that all share, because its cache of checks is pure. */
export interface Authority {
  signer(peer: PeerIndex): Signer
  readonly verifier: Verifier
}

/** As long as real signatures, so that traffic is realistic. */
const SIGNATURE_BYTES = 64

export function createTableAuthority(): Authority {
  const signed = new Map<string, Uint8Array>()
  const keyOf = ({ step, phase, iteration, sender }: Slot, digest: Digest) =>
    `${sender} ${iteration} ${step} ${phase} ${digest}`
  const sign = (slot: Slot, digest: Digest): Uint8Array => {
    const key = keyOf(slot, digest)
    let signature = signed.get(key)
    if (signature === undefined) {
      signature = new Uint8Array(SIGNATURE_BYTES)
      new DataView(signature.buffer).setUint32(0, signed.size + 1)
      signed.set(key, signature)
    }
    return signature
  }
  const verify = (slot: Slot, digest: Digest, signature: Uint8Array): boolean => {
    const expected = signed.get(keyOf(slot, digest))
    return expected !== undefined && isEqual(expected, signature)
  }
  const accepts = (message: Message) =>
    commitmentsIn(message).every(each => verify(each.slot, each.digest, each.signature))
  return {
    // A peer signs only for its own slots. If a faulty peer signs for another, the signature does not verify.
    signer: peer => ({
      sign: (slot, digest) => (slot.sender === peer ? sign(slot, digest) : new Uint8Array(SIGNATURE_BYTES)),
    }),
    verifier: { verify, accepts },
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Of how many digests the signatures are known: an exchange of 200 peers has up to 200. */
const DIGESTS_MAX = 2048

/** A signature that a peer of this world made for a slot of its own. */
interface Signed {
  readonly slot: Slot
  readonly signature: Uint8Array
}

/**
 * The real scheme, with keys from the given seeds. What a peer of this world signed in its own slot is valid, and is
 * compared instead of checked; every other signature is checked.
 */
export function createEd25519Authority(cohortId: string, seeds: readonly Uint8Array[]): Authority {
  const { verify: check } = createVerifier(
    cohortId,
    seeds.map(seed => ed25519.publicKey(seed)),
  )
  /** By digest, by signer: the last. */
  const known = new Map<Digest, Map<PeerIndex, Signed>>()
  const remember = (slot: Slot, digest: Digest, signature: Uint8Array) => {
    const signed = known.get(digest) ?? new Map<PeerIndex, Signed>()
    signed.set(slot.sender, { slot, signature })
    known.set(digest, signed)
    if (known.size > DIGESTS_MAX) known.delete(known.keys().next().value!)
  }
  const verify = (slot: Slot, digest: Digest, signature: Uint8Array): boolean => {
    const own = known.get(digest)?.get(slot.sender)
    const isKnown = own !== undefined && isSame(own.slot, slot) && isEqual(own.signature, signature)
    return isKnown || check(slot, digest, signature)
  }
  return {
    signer(peer) {
      const { sign } = createSigner(cohortId, seeds[peer]!)
      return {
        sign(slot, digest) {
          const signature = sign(slot, digest)
          if (slot.sender === peer) remember(slot, digest, signature)
          return signature
        },
      }
    },
    verifier: {
      verify,
      accepts: message =>
        commitmentsIn(message).every(each => verify(each.slot, each.digest, each.signature)),
    },
  }
}

function isSame(a: Slot, b: Slot): boolean {
  return a.step === b.step && a.phase === b.phase && a.iteration === b.iteration && a.sender === b.sender
}
