/**
 * Yamux over an encrypted connection: streams of this side and of the other, windows kept, pings answered; or not, as
 * the attack wants. Whatever bytes an attack likes better go out by `write`.
 */
import { STREAM_UNREAD_BYTES_MAX, STREAMS_MAX, YAMUX_BODY_BYTES, YAMUX_WINDOW_BYTES } from './limits.ts'
import { handleProtocol } from './multistream.ts'
import type { SecureChannel } from './noise.ts'
import { createQueue, RawError } from './queue.ts'
import type { Channel } from './socket.ts'
import { FLAG, HEADER_BYTES, readHeader, TYPE, type YamuxHeader, yamuxFrame } from './yamux-frame.ts'

export interface YamuxStream extends Channel {
  readonly id: number
  /** Sends within the other side's window and the socket's room; rejects if the stream ends before. One at a time. */
  send(bytes: Uint8Array): Promise<void>
  /** Incoming bytes are counted and dropped; their window is still renewed. */
  discard(): void
  finish(): void
  reset(): void
  readonly receivedBytes: number
  /** How much the other side can take. */
  readonly windowBytes: number
}

export interface SessionOptions {
  /** Renews the other side's windows as data comes; true by default. */
  readonly renewsWindows?: boolean
  /** Answers pings; true by default. */
  readonly answersPings?: boolean
  /** Protocols that the other side may open streams for; all others are answered with "na". */
  readonly protocols?: readonly string[]
}

export interface YamuxSession {
  readonly channel: SecureChannel
  /** Opens a stream, without waiting for any answer. */
  openStream(): YamuxStream
  /** The next stream that the other side opens for this protocol. */
  incoming(protocol: string): Promise<YamuxStream>
  /** Any bytes at all, in the place of frames. */
  write(bytes: Uint8Array): boolean
  /** Why the other side says that it goes; null: it has not. */
  readonly goAway: number | null
  readonly framesReceived: number
  /** Numbers of the pings that were answered, the latest first; this many are remembered. */
  readonly pongs: readonly number[]
  readonly closed: Promise<string>
}

interface Inner extends YamuxStream {
  push(body: Buffer): void
  update(bytes: number): void
  over(reason: string): void
}

interface State {
  readonly channel: SecureChannel
  readonly options: SessionOptions
  readonly streams: Map<number, Inner>
  readonly offered: { readonly protocol: string; readonly stream: YamuxStream }[]
  readonly wakers: Set<() => void>
  readonly pongs: number[]
  nextStream: number
  goAway: number | null
  frames: number
}

export function openSession(channel: SecureChannel, options: SessionOptions = {}): YamuxSession {
  const state: State = {
    channel,
    options,
    streams: new Map(),
    offered: [],
    wakers: new Set(),
    pongs: [],
    nextStream: 1,
    goAway: null,
    frames: 0,
  }
  void readFrames(state).catch((error: Error) => {
    for (const stream of state.streams.values()) stream.over(error.message)
    channel.socket.destroy()
  })
  void channel.closed.then(reason => {
    for (const stream of state.streams.values()) stream.over(reason)
    for (const wake of [...state.wakers]) wake()
  })
  return {
    channel,
    closed: channel.closed,
    pongs: state.pongs,
    openStream() {
      const stream = addStream(state, state.nextStream)
      state.nextStream += 2
      channel.write(yamuxFrame({ type: TYPE.update, flags: FLAG.syn, stream: stream.id }))
      return stream
    },
    incoming: protocol => incoming(state, protocol),
    write: bytes => channel.write(bytes),
    get goAway() {
      return state.goAway
    },
    get framesReceived() {
      return state.frames
    },
  }
}

async function incoming(state: State, protocol: string): Promise<YamuxStream> {
  for (;;) {
    const index = state.offered.findIndex(offer => offer.protocol === protocol)
    if (index >= 0) return state.offered.splice(index, 1)[0]!.stream
    if (!state.channel.isOpen) throw new RawError(`closed before a stream of ${protocol} was opened`)
    await new Promise<void>(resolve => {
      const wake = (): void => {
        state.wakers.delete(wake)
        resolve()
      }
      state.wakers.add(wake)
    })
  }
}

async function readFrames(state: State): Promise<void> {
  for (;;) {
    const header = readHeader(await state.channel.read(HEADER_BYTES, Number.POSITIVE_INFINITY))
    state.frames++
    if (header.type === TYPE.data) {
      const body = await state.channel.read(header.length, Number.POSITIVE_INFINITY)
      onStream(state, header, body)
    } else if (header.type === TYPE.update) onStream(state, header, null)
    else if (header.type === TYPE.goAway) state.goAway = header.length
    else if (header.type === TYPE.ping) onPing(state, header)
  }
}

function onPing({ channel, options, pongs }: State, { flags, length }: YamuxHeader): void {
  if ((flags & FLAG.ack) !== 0) {
    pongs.unshift(length)
    pongs.length = Math.min(pongs.length, STREAMS_MAX)
  } else if (options.answersPings !== false)
    channel.write(yamuxFrame({ type: TYPE.ping, flags: FLAG.ack, length }))
}

function onStream(state: State, { flags, stream: id, length }: YamuxHeader, body: Buffer | null): void {
  const isNew = (flags & FLAG.syn) !== 0 && !state.streams.has(id)
  if (isNew) offer(state, addStream(state, id))
  const stream = state.streams.get(id)
  if (stream === undefined) return
  if (isNew) state.channel.write(yamuxFrame({ type: TYPE.update, flags: FLAG.ack, stream: id }))
  if (body === null) stream.update(length)
  else stream.push(body)
  if (body !== null && body.length > 0 && state.options.renewsWindows !== false)
    state.channel.write(yamuxFrame({ type: TYPE.update, stream: id, length: body.length }))
  if ((flags & (FLAG.fin | FLAG.rst)) === 0) return
  stream.over((flags & FLAG.rst) === 0 ? 'the stream was finished' : 'the stream was reset')
  state.streams.delete(id)
}

function offer(state: State, stream: YamuxStream): void {
  handleProtocol(stream, state.options.protocols ?? [])
    .then(protocol => {
      state.offered.push({ protocol, stream })
      if (state.offered.length > STREAMS_MAX) state.offered.shift()
      for (const wake of [...state.wakers]) wake()
    })
    .catch(() => stream.reset())
}

function addStream(state: State, id: number): Inner {
  if (state.streams.size >= STREAMS_MAX) throw new RawError(`more than ${STREAMS_MAX} streams`)
  const stream = createStream(state.channel, id, () => state.streams.delete(id))
  state.streams.set(id, stream)
  return stream
}

function createStream(channel: SecureChannel, id: number, forget: () => void): Inner {
  const { promise: closed, resolve } = Promise.withResolvers<string>()
  const queue = createQueue()
  let windowBytes = YAMUX_WINDOW_BYTES
  let receivedBytes = 0
  let why: string | null = null
  let widened = Promise.withResolvers<void>()
  const over = (reason: string): void => {
    why ??= reason
    queue.end(why)
    resolve(why)
    widened.resolve()
  }
  const write = (body: Uint8Array): boolean => {
    windowBytes -= body.length
    return channel.write(yamuxFrame({ stream: id }, body))
  }
  const part = (flag: number, reason: string): void => {
    channel.write(yamuxFrame({ type: TYPE.update, flags: flag, stream: id }))
    if (flag === FLAG.rst) {
      over(reason)
      forget()
    }
  }
  return {
    id,
    closed,
    write,
    over,
    drained: () => channel.drained(),
    read: (count, timeoutMs) => queue.read(count, timeoutMs),
    async send(bytes) {
      for (let at = 0; at < bytes.length; ) {
        while (windowBytes <= 0 && why === null) await widened.promise
        if (why !== null || !channel.isOpen) throw new RawError(why ?? 'the connection is closed')
        const end = Math.min(bytes.length, at + Math.min(windowBytes, YAMUX_BODY_BYTES))
        write(bytes.subarray(at, end))
        at = end
        await channel.drained()
      }
    },
    discard: () => queue.discard(),
    finish: () => part(FLAG.fin, 'finished here'),
    reset: () => part(FLAG.rst, 'reset here'),
    push(body) {
      receivedBytes += body.length
      queue.push(body)
      if (queue.waitingBytes > STREAM_UNREAD_BYTES_MAX)
        throw new RawError(`more than ${STREAM_UNREAD_BYTES_MAX} bytes that nobody reads: discard() them`)
    },
    update(bytes) {
      windowBytes += bytes
      if (windowBytes <= 0) return
      widened.resolve()
      widened = Promise.withResolvers()
    },
    get isOpen() {
      return why === null && channel.isOpen
    },
    get receivedBytes() {
      return receivedBytes
    },
    get windowBytes() {
      return windowBytes
    },
  }
}
