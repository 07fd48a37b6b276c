/**
 * Noise's cipher, ChaCha20-Poly1305 by the runtime, for messages of 64 KiB: this is where the bytes of vectors spend
 * their time. These functions replace the library's own for long messages, and differ in two ways:
 *   - the key becomes a key object once a connection, not once a message (15 µs each, as much as the cipher);
 *   - what they make is marked as memory that may be handed back after use (codec/passing-memory.ts).
 */
import { type CipherKey, createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'
import { Uint8ArrayList } from 'uint8arraylist'
import { markPassing } from '../codec/passing-memory.ts'
import { generateKeyPair, sharedKey } from './noise-keys.ts'

const ALGORITHM = 'chacha20-poly1305'
const TAG_BYTES = 16

/** Below this the library's WebAssembly is faster than a call of the runtime. */
const SMALL_BYTES = 1200

/** Noise keeps one array for a connection's key for as long as the connection is open. */
const keyObjects = new WeakMap<Uint8Array, CipherKey>()

function keyObject(key: Uint8Array): CipherKey {
  let object = keyObjects.get(key)
  if (object === undefined) {
    object = createSecretKey(key)
    keyObjects.set(key, object)
  }
  return object
}

type Encrypted = ReturnType<ICryptoInterface['chaCha20Poly1305Encrypt']>

const encrypt: ICryptoInterface['chaCha20Poly1305Encrypt'] = (plaintext, nonce, ad, key) => {
  if (plaintext.byteLength < SMALL_BYTES)
    return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
  const cipher = createCipheriv(ALGORITHM, keyObject(key), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
  const parts = plaintext instanceof Uint8Array ? [plaintext] : [...plaintext]
  const pieces: Uint8Array[] = parts.map(part => cipher.update(part))
  cipher.final()
  // Not joined: the socket takes several at once (tcp-writes.ts).
  const message = new Uint8ArrayList(...pieces.map(markPassing), cipher.getAuthTag())
  return message as unknown as Encrypted // the same class, in another version of its types
}

/** `joined`: the ciphertext without its tag, in one piece. Throws if the tag does not match. */
const decrypt: ICryptoInterface['chaCha20Poly1305Decrypt'] = (ciphertext, nonce, ad, key, joined) => {
  const length = ciphertext.byteLength - TAG_BYTES
  if (length < SMALL_BYTES || joined?.length !== length)
    return defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, joined)
  const decipher = createDecipheriv(ALGORITHM, keyObject(key), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(ad, { plaintextLength: length })
  decipher.setAuthTag(ciphertext.subarray(length))
  const plaintext = decipher.update(joined)
  decipher.final()
  return markPassing(plaintext)
}

export const noiseCrypto: ICryptoInterface = {
  ...defaultCrypto,
  generateX25519KeyPair: generateKeyPair,
  generateX25519SharedKey: sharedKey,
  chaCha20Poly1305Encrypt: encrypt,
  chaCha20Poly1305Decrypt: decrypt,
}
