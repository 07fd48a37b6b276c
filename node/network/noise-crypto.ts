/**
 * Noise's cipher, ChaCha20-Poly1305 by the runtime, for messages of 64 KiB: this is where the bytes of vectors spend
 * their time. These functions replace the library's own for long messages, and differ in two ways:
 *   - the key becomes a key object once a connection, not once a message (15 µs each, as much as the cipher);
 *   - a message that came in pieces is deciphered from the joined copy that Noise makes anyway.
 */
import { type CipherKey, createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'
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

const encrypt: ICryptoInterface['chaCha20Poly1305Encrypt'] = (plaintext, nonce, ad, key) => {
  if (plaintext.byteLength < SMALL_BYTES)
    return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
  const cipher = createCipheriv(ALGORITHM, keyObject(key), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
  const parts = plaintext instanceof Uint8Array ? [plaintext] : [...plaintext]
  const pieces: Uint8Array[] = parts.map(part => cipher.update(part))
  cipher.final()
  const message = Buffer.concat([...pieces, cipher.getAuthTag()])
  for (const piece of pieces) release(piece)
  return message
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
  if (!(ciphertext instanceof Uint8Array)) release(joined)
  return plaintext
}

/**
 * Frees memory that only this module, or its caller's scratch, has seen, and that `piece` alone fills: the collector
 * would free it much later. (Noise lets the cipher write over `joined`.)
 */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

export const noiseCrypto: ICryptoInterface = {
  ...defaultCrypto,
  generateX25519KeyPair: generateKeyPair,
  generateX25519SharedKey: sharedKey,
  chaCha20Poly1305Encrypt: encrypt,
  chaCha20Poly1305Decrypt: decrypt,
}
