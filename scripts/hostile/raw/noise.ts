/**
 * Noise as libp2p uses it: each message behind two bytes of length; the payloads of the handshake say whose static key
 * it is, with the signature of an Ed25519 key, and which multiplexer may follow without being asked for.
 */

import { isSignedBy, type Signer, signerOf } from './keys.ts'
import { NOISE_PLAINTEXT_MAX } from './limits.ts'
import { type Cipher, createInitiator } from './noise-state.ts'
import { type Field, message, parse } from './protobuf.ts'
import { createQueue, RawError } from './queue.ts'
import type { Channel, RawSocket } from './socket.ts'

export const NOISE = '/noise'
export const YAMUX = '/yamux/1.0.0'

/** The text before the key in the bytes that the signature of a static key covers. */
const SIGNED_PREFIX = Buffer.from('noise-libp2p-static-key:')
/** An Ed25519 key as libp2p writes it: kind 1, 32 bytes. */
const PUBLIC_KEY_PREFIX = Buffer.from('08011220', 'hex')

/** An encrypted connection. `write` makes messages as large as they may be. */
export interface SecureChannel extends Channel {
  readonly socket: RawSocket
  /** The other side's Ed25519 key, 32 bytes. */
  readonly remoteKey: Buffer
  /** Agreed on within the handshake; null: it has to be selected. */
  readonly muxer: string | null
  /** The next message, with its length, not sent: it must be, as messages are numbered. */
  seal(plaintext: Uint8Array): Buffer
  readonly messagesReceived: number
}

export interface HandshakeOptions {
  /** Offers Yamux within the handshake; true by default. */
  readonly earlyMuxer?: boolean
}

/** The bytes behind their length in two bytes: sealed, or whatever an attack wants; may be empty. */
export function noiseFrame(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

async function readNoiseFrame(socket: Channel, timeoutMs?: number): Promise<Buffer> {
  const length = (await socket.read(2, timeoutMs)).readUInt16BE()
  return socket.read(length, timeoutMs)
}

/** The payload of the third message. */
function handshakePayload(signer: Signer, staticKey: Uint8Array, muxers: readonly string[]): Buffer {
  const extensions: Field[] = muxers.map(muxer => [2, muxer])
  return message(
    [1, Buffer.concat([PUBLIC_KEY_PREFIX, signer.publicKey])],
    [2, signer.sign(Buffer.concat([SIGNED_PREFIX, staticKey]))],
    ...(muxers.length > 0 ? ([[4, message(...extensions)]] satisfies Field[]) : []),
  )
}

/** The whole handshake with the key of this seed, after `/noise` was selected. */
export async function shakeHands(
  socket: RawSocket,
  seed: Uint8Array,
  { earlyMuxer = true }: HandshakeOptions = {},
): Promise<SecureChannel> {
  const initiator = createInitiator()
  socket.write(noiseFrame(initiator.messageA()))
  const { staticKey, payload } = initiator.readMessageB(await readNoiseFrame(socket))
  const { remoteKey, muxers } = readPayload(payload, staticKey)
  const own = handshakePayload(signerOf(seed), initiator.staticKey, earlyMuxer ? [YAMUX] : [])
  socket.write(noiseFrame(initiator.messageC(own)))
  const muxer = earlyMuxer && muxers.includes(YAMUX) ? YAMUX : null
  return secured(socket, initiator.split(), { remoteKey, muxer })
}

function readPayload(payload: Buffer, staticKey: Buffer) {
  const { bytes } = parse(payload)
  const [identity, signature, extensions] = [1, 2, 4].map(field => bytes.get(field)?.at(-1))
  const remoteKey = identity?.subarray(PUBLIC_KEY_PREFIX.length) ?? Buffer.alloc(0)
  const signed = Buffer.concat([SIGNED_PREFIX, staticKey])
  if (remoteKey.length !== 32 || !isSignedBy(remoteKey, signed, signature ?? Buffer.alloc(0)))
    throw new RawError('the other side has not signed its static key')
  const muxers = extensions === undefined ? [] : (parse(extensions).bytes.get(2) ?? [])
  return { remoteKey, muxers: muxers.map(String) }
}

type Known = Pick<SecureChannel, 'remoteKey' | 'muxer'>

function secured(
  socket: RawSocket,
  ciphers: { readonly out: Cipher; readonly in: Cipher },
  known: Known,
): SecureChannel {
  const queue = createQueue()
  let messagesReceived = 0
  const seal = (plaintext: Uint8Array): Buffer => noiseFrame(ciphers.out.encrypt(plaintext))
  const readOn = async (): Promise<void> => {
    for (;;) {
      const sealed = await readNoiseFrame(socket, Number.POSITIVE_INFINITY)
      messagesReceived++
      queue.push(ciphers.in.decrypt(sealed))
    }
  }
  void readOn().catch((error: Error) => {
    queue.end(error.message)
    socket.destroy()
  })
  return {
    socket,
    ...known,
    seal,
    closed: socket.closed,
    write(bytes) {
      const messages: Buffer[] = []
      for (let at = 0; at < bytes.length; at += NOISE_PLAINTEXT_MAX)
        messages.push(seal(bytes.subarray(at, at + NOISE_PLAINTEXT_MAX)))
      return socket.write(Buffer.concat(messages))
    },
    drained: () => socket.drained(),
    read: (count, timeoutMs) => queue.read(count, timeoutMs),
    get isOpen() {
      return socket.isOpen
    },
    get messagesReceived() {
      return messagesReceived
    },
  }
}
