/**
 * Noise with two limits that it lacks: on the bytes before the handshake is done, and on the number of frames after it.
 *
 * Noise deciphers each frame, even an empty one, before anything above hears of it. Here every frame has its price
 * (frame-budget.ts), charged as its length is read, before any of the work.
 */
import { noise } from '@chainsafe/libp2p-noise'
import type {
  ConnectionEncrypter,
  MessageStream,
  MultiaddrConnection,
  SecuredConnection,
  StreamMessageEvent,
} from '@libp2p/interface'
import { createFrameBudget, noisePrice } from './frame-budget.ts'
import { frameHeaders } from './frame-headers.ts'
import { noiseCrypto } from './noise-crypto.ts'
import { createNoiseDecoder, type NoiseDecoder } from './noise-decoder.ts'
import { signingOnce } from './noise-keys.ts'
import type { Watch, Watches } from './watch.ts'

type NoiseComponents = Parameters<ReturnType<typeof noise>>[0]

const LENGTH_BYTES = 2

export function guardedNoise(watches: Watches): (components: NoiseComponents) => ConnectionEncrypter {
  const inner = noise({ crypto: noiseCrypto })
  return components => {
    const privateKey = signingOnce(components.privateKey)
    const encrypter = inner(Object.create(components, { privateKey: { value: privateKey } }))
    const watched = async (
      socket: MessageStream,
      secure: () => Promise<SecuredConnection>,
    ): Promise<SecuredConnection> => {
      const watch = watches.of(socket)
      watch.enter('proving')
      const secured = await secure()
      decodeHere(secured.connection)
      watches.secured(socket, secured)
      return secured
    }
    return {
      protocol: encrypter.protocol,
      secureInbound: (socket, options) => watched(socket, () => encrypter.secureInbound(socket, options)),
      secureOutbound: (socket, options) => watched(socket, () => encrypter.secureOutbound(socket, options)),
    }
  }
}

/** The part of Noise's stream that is used here. */
interface Decoding {
  decoder: NoiseDecoder & { readonly buffer: Iterable<Uint8Array> }
}

/** Goes on where Noise's own decoder is. */
function decodeHere(connection: MessageStream): void {
  const decoding = connection as unknown as Decoding
  Object.assign(decoding, { decoder: createNoiseDecoder(decoding.decoder.buffer) })
}

/** From its first byte on, a socket's connection runs within its boundary, and pays for what it sends. */
export function watchSocket(socket: MultiaddrConnection, watch: Watch): void {
  const frameBudget = createFrameBudget()
  const frames = noiseFrames(bytes => frameBudget.pay(noisePrice(bytes)))
  let last: Event | null = null
  let admitted = true
  watch.boundary.enclose(socket, event => {
    // An event may have several listeners.
    if (event.type !== 'message' || event === last) return event !== last || admitted
    last = event
    const { data } = event as StreamMessageEvent
    admitted = look(data instanceof Uint8Array ? [data] : data)
    return admitted
  })
  const { removeEventListener } = socket
  // The handshake stops listening: the bytes that it had not read are handed out again at once, to Noise, as frames.
  socket.removeEventListener = (type: string, ...rest: [listener?: never, options?: never]) => {
    removeEventListener.call(socket, type, ...rest)
    if (type === 'message' && watch.stage() === 'proving') watch.enter('proved')
  }
  const look = (chunks: Iterable<Uint8Array>): boolean => {
    if (watch.isRefused()) return false
    for (const chunk of chunks) {
      if (!watch.handshake(chunk.length)) return false
      if (watch.stage() === 'proved' || watch.stage() === 'up') frames(chunk)
    }
    return watch.settle(frameBudget, 'Noise frames')
  }
}

/** Takes the bytes of a secured connection in order, and reports the length of each frame as it begins. */
export function noiseFrames(onFrame: (bytes: number) => void): (chunk: Uint8Array) => void {
  return frameHeaders(LENGTH_BYTES, header => {
    const bytes = header.getUint16(0)
    onFrame(bytes)
    return bytes
  })
}
