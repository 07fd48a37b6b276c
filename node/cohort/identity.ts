/**
 * A peer's identity: one Ed25519 key, which is its libp2p key and signs its slots. Kept in a PEM file (PKCS #8, RFC
 * 8410) that `openssl pkey -in FILE` reads too, with a note for people above it.
 */

import { createPrivateKey, randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { CodedError } from '../../agreement/error.ts'
import { ReadError, readInput } from '../../learning/data/read-file.ts'
import { syncFolder, writeNew } from '../files/safe-open.ts'
import { ed25519 } from '../signatures/ed25519.ts'

/** A member's key pair, and the peer id made from it. */
export interface Identity {
  /** The private key: 32 bytes of RFC 8032. */
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  /** libp2p peer id, `12D3KooW…`. */
  readonly id: string
}

/** What can be wrong with an identity file or a peer id. */
export type IdentityErrorCode =
  | 'identity-exists'
  | 'identity-missing'
  | 'identity-readable'
  | 'identity-malformed'
  | 'peer-id-malformed'

/** An identity file or peer id that cannot be used, with what to do in its message. */
export class IdentityError extends CodedError<IdentityErrorCode> {
  override readonly name = 'IdentityError'
}

/** A new identity, from the system's randomness. */
export function createIdentity(): Identity {
  return identityFromSeed(randomBytes(32))
}

/** The identity of a 32-byte seed: the same seed, the same peer. */
export function identityFromSeed(seed: Uint8Array): Identity {
  const publicKey = ed25519.publicKey(seed)
  return { seed: new Uint8Array(seed), publicKey, id: peerIdOf(publicKey) }
}

/** `12D3KooW…` of a 32-byte Ed25519 public key. */
export function peerIdOf(publicKey: Uint8Array): string {
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
}

/** The 32-byte public key inside a peer id. Throws `peer-id-malformed`. */
export function publicKeyOf(peerId: string): Uint8Array {
  const malformed = (why: string) =>
    new IdentityError(
      'peer-id-malformed',
      `"${peerId}" is not the id of a Concord peer (${why}); it looks like 12D3KooW… and is printed by "concord keygen"`,
    )
  let id: ReturnType<typeof peerIdFromString>
  try {
    id = peerIdFromString(peerId)
  } catch {
    throw malformed('not a libp2p peer id')
  }
  if (id.type !== 'Ed25519') throw malformed(`its key is ${id.type ?? 'of another type'}, not Ed25519`)
  return id.publicKey.raw
}

/** Our files have 300 bytes; a user may add a note above the key. */
const PEM_BYTES_MAX = 64 * 1024

/** DER of a PKCS #8 Ed25519 key, up to the seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

function pemOf(identity: Identity): string {
  const base64 = Buffer.concat([PKCS8_PREFIX, identity.seed]).toString('base64')
  return [
    `Concord identity of ${identity.id}`,
    'Anyone who has this file can act as this peer. Keep it secret (mode 0600), and run only one peer with it.',
    '-----BEGIN PRIVATE KEY-----',
    base64,
    '-----END PRIVATE KEY-----',
    '',
  ].join('\n')
}

/**
 * Writes a new file of mode 0600; it is on disk when this resolves. Throws `identity-exists` rather than replace a key.
 */
export async function writeIdentity(path: string, identity: Identity): Promise<void> {
  await writeNew(path, pemOf(identity), { mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
    throw new IdentityError(
      'identity-exists',
      `${path} exists already; a key that is replaced is lost for good. Choose another name, or remove it first`,
    )
  })
  await syncFolder(dirname(path))
}

/** Reads an identity file. Throws `identity-missing`, `identity-readable` (by group or others) or `identity-malformed`. */
export async function readIdentity(path: string): Promise<Identity> {
  const { bytes, status } = await readInput(path, PEM_BYTES_MAX).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof ReadError)
      throw new IdentityError('identity-malformed', `${path} is not an identity file: ${error.message}`)
    if (error.code !== 'ENOENT') throw error
    throw new IdentityError(
      'identity-missing',
      `${path} does not exist; make it with "concord keygen ${path}"`,
    )
  })
  // Windows has no such bits.
  if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
    const mode = (status.mode & 0o777).toString(8).padStart(4, '0')
    throw new IdentityError(
      'identity-readable',
      `${path} can be read by others (mode ${mode}), and so may have been; if it has not, run: chmod 600 ${path}`,
    )
  }
  return parseIdentity(path, bytes.toString('utf8'))
}

function parseIdentity(path: string, text: string): Identity {
  const malformed = (why: string) =>
    new IdentityError('identity-malformed', `${path} is not an identity file: ${why}`)
  const pem = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----/.exec(text)?.[0]
  if (pem === undefined)
    throw malformed('it has no "BEGIN PRIVATE KEY" block; make one with "concord keygen"')
  const seed = seedOfPem(pem)
  if (seed === null) throw malformed('its private key is not an Ed25519 key')
  const identity = identityFromSeed(seed)
  const stated = /^Concord identity of (\S+)$/m.exec(text)?.[1]
  if (stated !== undefined && stated !== identity.id)
    throw malformed(`it says ${stated}, but its key is that of ${identity.id}; one of the two was edited`)
  return identity
}

function seedOfPem(pem: string): Uint8Array | null {
  try {
    const key = createPrivateKey(pem)
    const { d } = key.export({ format: 'jwk' })
    return key.asymmetricKeyType === 'ed25519' && d !== undefined ? Buffer.from(d, 'base64url') : null
  } catch {
    return null
  }
}
