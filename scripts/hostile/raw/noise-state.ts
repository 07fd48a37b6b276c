/** Noise_XX_25519_ChaChaPoly_SHA256 (noiseprotocol.org), the initiator's side, message by message. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { createExchangeKey } from './keys.ts'
import { RawError } from './queue.ts'

const NAME = Buffer.from('Noise_XX_25519_ChaChaPoly_SHA256')
const EMPTY = Buffer.alloc(0)
const ALGORITHM = 'chacha20-poly1305'
const TAG_BYTES = 16
const KEY_BYTES = 32

/** One direction's cipher: its nonce is the number of the message. */
export interface Cipher {
  encrypt(plaintext: Uint8Array, associated?: Uint8Array): Buffer
  /** Throws if the bytes are not the other side's next message. */
  decrypt(sealed: Uint8Array, associated?: Uint8Array): Buffer
}

interface Initiator {
  /** The first message: a fresh public key. */
  messageA(): Buffer
  /** Takes the second: gives the other side's static key and its payload. */
  readMessageB(message: Uint8Array): { readonly staticKey: Buffer; readonly payload: Buffer }
  /** This side's static key, which the payload of the third message signs. */
  readonly staticKey: Buffer
  messageC(payload: Uint8Array): Buffer
  /** Ciphers for what follows. */
  split(): { readonly out: Cipher; readonly in: Cipher }
}

export function createInitiator(): Initiator {
  const state = createSymmetricState()
  const ephemeral = createExchangeKey()
  const own = createExchangeKey()
  let remoteEphemeral: Buffer = EMPTY
  return {
    staticKey: own.publicKey,
    messageA() {
      state.mixHash(ephemeral.publicKey)
      state.mixHash(EMPTY)
      return ephemeral.publicKey
    },
    readMessageB(message) {
      const sealedKeyEnd = 2 * KEY_BYTES + TAG_BYTES
      if (message.length < sealedKeyEnd + TAG_BYTES)
        throw new RawError(`a second Noise message of ${message.length} bytes`)
      remoteEphemeral = Buffer.from(message.subarray(0, KEY_BYTES))
      state.mixHash(remoteEphemeral)
      state.mixKey(ephemeral.agree(remoteEphemeral))
      const staticKey = state.decrypt(message.subarray(KEY_BYTES, sealedKeyEnd))
      state.mixKey(ephemeral.agree(staticKey))
      return { staticKey, payload: state.decrypt(message.subarray(sealedKeyEnd)) }
    },
    messageC(payload) {
      const sealedKey = state.encrypt(own.publicKey)
      state.mixKey(own.agree(remoteEphemeral))
      return Buffer.concat([sealedKey, state.encrypt(payload)])
    },
    split() {
      const [out, back] = state.derive(EMPTY)
      return { out: createCipher(out), in: createCipher(back) }
    },
  }
}

function createSymmetricState() {
  let hash: Buffer = NAME // of the length of a hash, and so used as it is
  let chaining: Buffer = NAME
  let cipher: Cipher | null = null
  const mixHash = (bytes: Uint8Array): void => {
    hash = createHash('sha256').update(hash).update(bytes).digest()
  }
  const derive = (input: Uint8Array): readonly [Buffer, Buffer] => {
    const bytes = Buffer.from(hkdfSync('sha256', input, chaining, EMPTY, 2 * KEY_BYTES))
    return [bytes.subarray(0, KEY_BYTES), bytes.subarray(KEY_BYTES)]
  }
  mixHash(EMPTY) // the prologue
  return {
    mixHash,
    derive,
    mixKey(input: Uint8Array) {
      const [next, key] = derive(input)
      chaining = next
      cipher = createCipher(key)
    },
    encrypt(plaintext: Uint8Array): Buffer {
      const sealed = cipher!.encrypt(plaintext, hash)
      mixHash(sealed)
      return sealed
    },
    decrypt(sealed: Uint8Array): Buffer {
      const plaintext = cipher!.decrypt(sealed, hash)
      mixHash(sealed)
      return plaintext
    },
  }
}

function createCipher(key: Uint8Array): Cipher {
  let messages = 0n
  const nextNonce = (): Buffer => {
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64LE(messages++, 4)
    return nonce
  }
  return {
    encrypt(plaintext, associated = EMPTY) {
      const cipher = createCipheriv(ALGORITHM, key, nextNonce(), { authTagLength: TAG_BYTES })
      cipher.setAAD(associated, { plaintextLength: plaintext.length })
      return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
    },
    decrypt(sealed, associated = EMPTY) {
      if (sealed.length < TAG_BYTES) throw new RawError(`a Noise message of ${sealed.length} bytes`)
      const body = sealed.subarray(0, -TAG_BYTES)
      const cipher = createDecipheriv(ALGORITHM, key, nextNonce(), { authTagLength: TAG_BYTES })
      cipher.setAAD(associated, { plaintextLength: body.length })
      cipher.setAuthTag(sealed.subarray(-TAG_BYTES))
      return Buffer.concat([cipher.update(body), cipher.final()])
    },
  }
}
