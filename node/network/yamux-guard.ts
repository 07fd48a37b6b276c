/**
 * Yamux with two limits that its decoder lacks.
 *
 * The decoder collects a whole data frame before it looks at the receive window, so it would believe a header that
 * announces 4 GiB. Here the header is checked as it arrives.
 *
 * And it takes frames as fast as they come: streams that are opened and dropped, pings and empty updates would keep
 * this peer busy without a single byte for the program. Here every frame has its price (frame-budget.ts). A connection
 * that has spent too much is not read from for a moment (watch.ts): nothing is lost, but the sender waits.
 */
import { yamux } from '@chainsafe/libp2p-yamux'
import type {
  MessageStream,
  Stream,
  StreamMessageEvent,
  StreamMuxer,
  StreamMuxerFactory,
} from '@libp2p/interface'
import { INBOUND_STREAMS_MAX, NEGOTIATION_BYTES_MAX } from './constants.ts'
import { createFrameBudget, yamuxPrice } from './frame-budget.ts'
import { frameHeaders } from './frame-headers.ts'
import type { Watch, Watches } from './watch.ts'

const HEADER_BYTES = 12
const DATA = 0
/** The second byte of the flags: a stream begins. */
const SYN = 1

/** Both ends must use the same window: a sender starts with its own idea of the receiver's. */
export function guardedYamux(windowBytes: number, watches: Watches): () => StreamMuxerFactory {
  const factory = yamux({
    maxInboundStreams: INBOUND_STREAMS_MAX,
    maxEarlyStreams: INBOUND_STREAMS_MAX,
    streamOptions: {
      initialStreamWindowSize: windowBytes,
      maxStreamWindowSize: windowBytes,
      // A paused reader may hold a whole window.
      maxReadBufferLength: windowBytes + HEADER_BYTES,
    },
  })()
  return () => ({
    ...factory,
    protocol: factory.protocol,
    [Symbol.toStringTag]: 'guarded yamux',
    createStreamMuxer(connection) {
      const watch = watches.of(connection)
      watch.enter('up')
      sendQuietly(connection)
      guard(connection, windowBytes, watch)
      const muxer = factory.createStreamMuxer(connection)
      watch.boundary.enclose(muxer)
      guardStreams(muxer, watch)
      return muxer
    },
  })
}

/**
 * Whatever is sent on a connection that has ended is lost, without an exception. Yamux sends from microtasks, and while
 * it is being aborted, without asking whether it still can.
 */
function sendQuietly(connection: MessageStream): void {
  const { send } = connection
  connection.send = data => {
    try {
      return connection.status === 'open' && send.call(connection, data)
    } catch (error) {
      if (connection.status === 'open') throw error
      return false
    }
  }
}

/** Cuts the connection off at the header of a data frame longer than the window; pauses it if frames come too fast. */
function guard(connection: MessageStream, windowBytes: number, watch: Watch): void {
  const frameBudget = createFrameBudget()
  const oversize = oversizeDetector(windowBytes, (type, opensStream) =>
    frameBudget.pay(yamuxPrice(type, opensStream)),
  )
  const looksGood = (chunks: Iterable<Uint8Array>): boolean => {
    if (watch.isRefused()) return false
    for (const chunk of chunks)
      if (oversize(chunk)) watch.refuse('oversize', `a Yamux frame above the window of ${windowBytes} bytes`)
    return !watch.isRefused() && watch.settle(frameBudget, 'Yamux frames')
  }
  connection.addEventListener('message', event => {
    const { data } = event
    // Yamux listens as well, after this; it does not see bytes that are refused.
    if (!looksGood(data instanceof Uint8Array ? [data] : data)) event.stopImmediatePropagation()
  })
}

/** Yamux calls this for a stream that the other side has opened, before anybody listens on it. */
interface StreamTaker {
  onRemoteStream(stream: Stream): void
}

/** Streams run within the connection's boundary. Before its protocol is agreed on, a stream may carry only little. */
function guardStreams(muxer: StreamMuxer, watch: Watch): void {
  const taker = muxer as unknown as StreamTaker
  const { createStream } = muxer
  const { onRemoteStream } = taker
  taker.onRemoteStream = stream => {
    let bytes = 0
    watch.boundary.enclose(stream, event => {
      if (event.type !== 'message' || stream.protocol !== '') return true
      bytes += (event as StreamMessageEvent).data.byteLength
      if (bytes > NEGOTIATION_BYTES_MAX)
        watch.refuse('flooding', `more than ${NEGOTIATION_BYTES_MAX} bytes on a stream without a protocol`)
      return !watch.isRefused()
    })
    updateWindowLate(stream)
    holdConnection(stream, watch)
    onRemoteStream.call(muxer, stream)
  }
  muxer.createStream = async options => {
    const stream = await createStream.call(muxer, options)
    watch.boundary.enclose(stream)
    updateWindowLate(stream)
    holdConnection(stream, watch)
    return stream
  }
}

/** The part of a Yamux stream that is used here. */
interface Windowed {
  readonly state: number
  /** The whole window, and what is left of it for the sender. */
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  sendWindowUpdate(): void
}

const ESTABLISHED = 3

/** Half of the window with which a sender begins by Yamux's specification. One that keeps to it must not be left waiting. */
const USED_BYTES_MIN = 128 * 1024

/** Yamux answers each data frame with a frame that opens the window again. Here one is enough for so many bytes. */
function updateWindowLate(stream: Stream): void {
  const windowed = stream as unknown as Windowed
  const { sendWindowUpdate } = windowed
  windowed.sendWindowUpdate = () => {
    const { state, recvWindow, recvWindowCapacity } = windowed
    if (state !== ESTABLISHED || recvWindow - recvWindowCapacity >= USED_BYTES_MIN)
      sendWindowUpdate.call(stream)
  }
}

const pausesAlone = new WeakMap<Stream, () => void>()

/** Pauses a stream, but not its connection, so that this peer can talk with the other side meanwhile. */
export function pauseAlone(stream: Stream): void {
  const pause = pausesAlone.get(stream)
  if (pause === undefined) stream.pause()
  else pause()
}

/**
 * A stream that is not read keeps its connection from being read. Otherwise its frames would still be deciphered, up to
 * a whole window of them: half a second of work where they are small.
 */
function holdConnection(stream: Stream, watch: Watch): void {
  const { pause, resume } = stream
  pausesAlone.set(stream, () => pause.call(stream))
  stream.pause = () => {
    pause.call(stream)
    watch.hold(true)
  }
  stream.resume = () => {
    resume.call(stream)
    watch.hold(stream.readStatus === 'paused')
  }
}

/**
 * Takes the bytes of a Yamux connection in order; true once a data frame is announced that is above the limit.
 * @param onFrame called for each header, with the frame's type and whether it opens a stream
 */
export function oversizeDetector(
  limit: number,
  onFrame: (type: number, opensStream: boolean) => void = () => {},
): (chunk: Uint8Array) => boolean {
  let isOversize = false
  const read = frameHeaders(HEADER_BYTES, header => {
    const type = header.getUint8(1)
    const bodyBytes = type === DATA ? header.getUint32(8) : 0
    if (bodyBytes > limit) isOversize = true
    else onFrame(type, (header.getUint8(3) & SYN) !== 0)
    return bodyBytes
  })
  return chunk => {
    read(chunk)
    return isOversize
  }
}
