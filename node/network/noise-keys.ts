/**
 * The keys of Noise's handshake. Anyone may make this peer begin one, so it must not cost more than it has to. The
 * library makes key objects of raw bytes for each use, which costs twice as much as the arithmetic, and signs the same
 * key anew for each connection. Here each key becomes an object once, and is signed once. The results are the library's.
 */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'
import type { PrivateKey } from '@libp2p/interface'

/** What stands before the 32 bytes of an X25519 key in its DER form. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

/** As Noise hands it over: a list of pieces where it came over a connection. */
type Raw = Parameters<ICryptoInterface['generateX25519SharedKey']>[0]

/** Noise keeps one array for each of its own keys, and for each of the other side's, and changes none before its use. */
const privateKeys = new WeakMap<Raw, KeyObject>()
const publicKeys = new WeakMap<Raw, KeyObject>()

function objectOf(known: WeakMap<Raw, KeyObject>, raw: Raw, make: () => KeyObject): KeyObject {
  let object = known.get(raw)
  if (object === undefined) {
    object = make()
    known.set(raw, object)
  }
  return object
}

export const generateKeyPair: ICryptoInterface['generateX25519KeyPair'] = () => {
  const pair = generateKeyPairSync('x25519')
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(SPKI_PREFIX.length)
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(PKCS8_PREFIX.length)
  privateKeys.set(privateKey, pair.privateKey)
  return { publicKey, privateKey }
}

/** Throws if the public key is a point of low order. */
export const sharedKey: ICryptoInterface['generateX25519SharedKey'] = (privateRaw, publicRaw) =>
  diffieHellman({
    privateKey: objectOf(privateKeys, privateRaw, () =>
      createPrivateKey({ key: der(PKCS8_PREFIX, privateRaw), type: 'pkcs8', format: 'der' }),
    ),
    publicKey: objectOf(publicKeys, publicRaw, () =>
      createPublicKey({ key: der(SPKI_PREFIX, publicRaw), type: 'spki', format: 'der' }),
    ),
  })

const der = (prefix: Buffer, raw: Raw): Buffer => Buffer.concat([prefix, raw.subarray()])

/** The same key, whose last signature is not made again: Ed25519 has one signature for each message. */
export function signingOnce(key: PrivateKey): PrivateKey {
  let last: { readonly message: Buffer; readonly signature: Uint8Array } | null = null
  const sign: PrivateKey['sign'] = async (message, options) => {
    const bytes = Buffer.from(message.subarray())
    if (last?.message.equals(bytes)) return last.signature
    const signature = await key.sign(bytes, options)
    last = { message: bytes, signature }
    return signature
  }
  return Object.create(key, { sign: { value: sign } }) as PrivateKey
}
