/** The way in, one layer at a time, so that an attack stops or goes astray wherever it likes. */
import { CONCORD, type HelloFields, helloFrame, readFrame, readHello } from './frames.ts'
import { READ_TIMEOUT_MS } from './limits.ts'
import { selectProtocol } from './multistream.ts'
import { type HandshakeOptions, NOISE, type SecureChannel, shakeHands, YAMUX } from './noise.ts'
import { prefixed } from './protobuf.ts'
import { RawError } from './queue.ts'
import { openSocket, type SocketOptions, type Target } from './socket.ts'
import { openSession, type SessionOptions, type YamuxSession, type YamuxStream } from './yamux.ts'

interface DialOptions extends SocketOptions, HandshakeOptions, SessionOptions {
  /** Of the key that the handshake is made with: a member's or a stranger's, 32 bytes. */
  readonly seed: Uint8Array
}

/** A socket on which both sides have proved their keys. Closes it if that fails. */
export async function dialSecure(target: Target, options: DialOptions): Promise<SecureChannel> {
  const socket = await openSocket(target, options)
  try {
    await selectProtocol(socket, NOISE)
    return await shakeHands(socket, options.seed, options)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Up to the multiplexer. A stranger comes as far as this, and hears then that the connection is closed. */
export async function dialSession(target: Target, options: DialOptions): Promise<YamuxSession> {
  const channel = await dialSecure(target, options)
  try {
    if (channel.muxer === null) await selectProtocol(channel, YAMUX)
    return openSession(channel, { protocols: [CONCORD], ...options })
  } catch (error) {
    channel.socket.destroy()
    throw error
  }
}

/** A stream of frames with one peer, after both hellos. */
export interface Talk {
  readonly session: YamuxSession
  readonly stream: YamuxStream
  /** Theirs. */
  readonly hello: HelloFields
  /** A frame behind its length, within the other side's window. One at a time. */
  send(frame: Uint8Array): Promise<void>
  /** The next frame; none must have been discarded before. */
  next(timeoutMs?: number): Promise<Buffer>
  /** Ends the connection. */
  close(): void
}

export interface JoinOptions extends DialOptions {
  readonly hello: HelloFields
  /** Which side opens the stream: the lower index of the two. */
  readonly opens: boolean
}

/** The stream for frames, without any hello: opened, or awaited if the other side must open it. */
export async function concordStream(session: YamuxSession, opens: boolean): Promise<YamuxStream> {
  if (!opens) return soon(session.incoming(CONCORD), 'the other side opened no stream')
  const stream = session.openStream()
  await selectProtocol(stream, CONCORD)
  return stream
}

/** As a member in good standing: hello said and answered. Rejects if it is refused. */
export async function join(target: Target, options: JoinOptions): Promise<Talk> {
  const session = await dialSession(target, options)
  const close = (): void => session.channel.socket.destroy()
  try {
    const stream = await concordStream(session, options.opens)
    await stream.send(prefixed(helloFrame(options.hello)))
    const hello = readHello(await readFrame(stream))
    return {
      session,
      stream,
      hello,
      close,
      send: frame => stream.send(prefixed(frame)),
      next: timeoutMs => readFrame(stream, timeoutMs),
    }
  } catch (error) {
    close()
    throw error
  }
}

async function soon<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new RawError(otherwise)), READ_TIMEOUT_MS)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
