/**
 * Ed25519 (RFC 8032) twice: the runtime's own, if it has one, and tweetnacl everywhere. Both stand behind the strict
 * criterion of strict.ts, so they accept the same signatures.
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto'
import nacl from 'tweetnacl'
import { isStrictPoint, isStrictSignature } from './strict.ts'

/** RFC 8032 by one strict criterion (strict.ts), the same for every implementation. */
export interface Ed25519 {
  readonly name: 'native' | 'portable'
  /** The public key of a 32-byte seed. */
  publicKey(seed: Uint8Array): Uint8Array
  sign(seed: Uint8Array, bytes: Uint8Array): Uint8Array
  /** Never throws: bytes that are not a key or a signature verify nothing. */
  verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean
}

const strictly =
  (verify: Ed25519['verify']): Ed25519['verify'] =>
  (publicKey, bytes, signature) =>
    isStrictPoint(publicKey) && isStrictSignature(signature) && verify(publicKey, bytes, signature)

export const portable: Ed25519 = {
  name: 'portable',
  publicKey: seed => nacl.sign.keyPair.fromSeed(seed).publicKey,
  sign: (seed, bytes) => nacl.sign.detached(bytes, nacl.sign.keyPair.fromSeed(seed).secretKey),
  verify: strictly((publicKey, bytes, signature) => nacl.sign.detached.verify(bytes, signature, publicKey)),
}

/** DER around a raw key (RFC 8410): the runtime wants an envelope. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Making a key object costs as much as a verification, and a cohort has few keys. */
const KEYS_MAX = 1024

/** `make(key)`, remembered; the oldest is forgotten first. Null if the bytes are not a key. */
function keyCache(make: (key: Uint8Array) => KeyObject): (key: Uint8Array) => KeyObject | null {
  const objects = new Map<string, KeyObject>()
  return key => {
    const name = Buffer.from(key).toString('latin1')
    const cached = objects.get(name)
    if (cached !== undefined) return cached
    try {
      const object = make(key)
      if (objects.size >= KEYS_MAX) objects.delete(objects.keys().next().value!)
      objects.set(name, object)
      return object
    } catch {
      return null
    }
  }
}

const privateKey = keyCache(seed =>
  createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' }),
)
const publicKey = keyCache(key =>
  createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, key]), format: 'der', type: 'spki' }),
)

function privateKeyOf(seed: Uint8Array): KeyObject {
  const key = seed.length === 32 ? privateKey(seed) : null
  if (key === null) throw new RangeError(`an Ed25519 seed has 32 bytes, not ${seed.length}`)
  return key
}

const native: Ed25519 = {
  name: 'native',
  publicKey: seed =>
    new Uint8Array(createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' }).subarray(12)),
  sign: (seed, bytes) => new Uint8Array(nodeSign(null, bytes, privateKeyOf(seed))),
  verify: strictly((key, bytes, signature) => {
    const object = publicKey(key)
    return object !== null && nodeVerify(null, bytes, object, signature)
  }),
}

/** The runtime's implementation, or null if it was built without one. */
export const nativeIfAny: Ed25519 | null = works(native) ? native : null

function works(implementation: Ed25519): boolean {
  try {
    const seed = new Uint8Array(32)
    const bytes = Uint8Array.of(1)
    return implementation.verify(implementation.publicKey(seed), bytes, implementation.sign(seed, bytes))
  } catch {
    return false
  }
}

/** The runtime's own if it has one, otherwise the portable one. */
export const ed25519: Ed25519 = nativeIfAny ?? portable
