/**
 * Yamux with two limits that its decoder lacks.
 *
 * It collects a whole data frame before it looks at the receive window, so a header that announces 4 GiB would be
 * believed. Here the header is checked as it arrives.
 *
 * And it takes frames as fast as they come: streams that are opened and dropped, its own pings, empty updates would
 * keep this peer busy without a single byte for the program. Here every frame has its price (toll.ts), and whoever
 * has spent too much is not read from for a moment: nothing is lost, but he waits.
 */
import { yamux } from '@chainsafe/libp2p-yamux'
import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { INBOUND_STREAMS_MAX } from './constants.ts'
import { createToll } from './toll.ts'

const HEADER_BYTES = 12
const DATA = 0
/** The second byte of the flags: a stream begins. */
const SYN = 1

/** Both ends must use the same window: a sender starts with its own idea of the receiver's. */
export function guardedYamux(windowBytes: number): () => StreamMuxerFactory {
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
      guard(connection, windowBytes)
      return factory.createStreamMuxer(connection)
    },
  })
}

/** Aborts the connection at the header of a data frame longer than the window; pauses it where frames come too fast. */
function guard(connection: MessageStream, windowBytes: number): void {
  const toll = createToll()
  const oversize = oversizeDetector(windowBytes, toll.pay)
  let isPaused = false
  const rest = (ms: number): void => {
    if (ms === 0 || isPaused || connection.status !== 'open') return
    isPaused = true
    connection.pause()
    setTimeout(() => {
      isPaused = false
      if (connection.status === 'open') connection.resume()
    }, ms)
  }
  connection.addEventListener('message', event => {
    const { data } = event
    const refuse = (why: string): void => {
      // Yamux listens as well, after this; it is spared what is in these bytes.
      event.stopImmediatePropagation()
      connection.abort(new Error(why))
    }
    for (const chunk of data instanceof Uint8Array ? [data] : data)
      if (oversize(chunk)) return refuse(`a Yamux frame above the window of ${windowBytes} bytes`)
    const restMs = toll.restMs(performance.now())
    if (restMs === null) refuse('more Yamux frames at once than any peer has reason to send')
    else rest(restMs)
  })
}

/**
 * Takes the bytes of a Yamux connection in order; true once a data frame is announced that is above the limit.
 * @param onFrame called for each header, with the frame's type and whether it opens a stream
 */
export function oversizeDetector(
  limit: number,
  onFrame: (type: number, opensStream: boolean) => void = () => {},
): (chunk: Uint8Array) => boolean {
  const header = new Uint8Array(HEADER_BYTES)
  const view = new DataView(header.buffer)
  let headerFilled = 0
  let bodyLeft = 0
  return chunk => {
    for (let at = 0; at < chunk.length; ) {
      const skipped = Math.min(bodyLeft, chunk.length - at)
      bodyLeft -= skipped
      at += skipped
      const part = chunk.subarray(at, at + HEADER_BYTES - headerFilled)
      header.set(part, headerFilled)
      headerFilled += part.length
      at += part.length
      if (headerFilled < HEADER_BYTES) continue
      headerFilled = 0
      bodyLeft = header[1] === DATA ? view.getUint32(8) : 0
      if (bodyLeft > limit) return true
      onFrame(header[1]!, (header[3]! & SYN) !== 0)
    }
    return false
  }
}
