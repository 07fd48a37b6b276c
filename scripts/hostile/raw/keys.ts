/** The two kinds of keys: Ed25519, which says who somebody is, and X25519, which Noise agrees on secrets with. */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'

/** DER around raw keys (RFC 8410). */
const ED25519_PRIVATE = Buffer.from('302e020100300506032b657004220420', 'hex')
const ED25519_PUBLIC = Buffer.from('302a300506032b6570032100', 'hex')
const X25519_PUBLIC = Buffer.from('302a300506032b656e032100', 'hex')

/** Signs as the holder of a seed of 32 bytes. */
export interface Signer {
  readonly publicKey: Buffer
  sign(bytes: Uint8Array): Buffer
}

export function signerOf(seed: Uint8Array): Signer {
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PRIVATE, seed]), format: 'der', type: 'pkcs8' })
  return { publicKey: rawOf(createPublicKey(key)), sign: bytes => sign(null, bytes, key) }
}

export function isSignedBy(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({
    key: Buffer.concat([ED25519_PUBLIC, publicKey]),
    format: 'der',
    type: 'spki',
  })
  return verify(null, bytes, key, signature)
}

interface ExchangeKey {
  readonly publicKey: Buffer
  /** The secret shared with the holder of that key. */
  agree(publicKey: Uint8Array): Buffer
}

export function createExchangeKey(): ExchangeKey {
  const pair = generateKeyPairSync('x25519')
  return {
    publicKey: rawOf(pair.publicKey),
    agree: publicKey =>
      diffieHellman({
        privateKey: pair.privateKey,
        publicKey: createPublicKey({
          key: Buffer.concat([X25519_PUBLIC, publicKey]),
          format: 'der',
          type: 'spki',
        }),
      }),
  }
}

function rawOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32)
}
