/**
 * Yamux with a limit that its decoder lacks: it collects a whole data frame before it looks at the receive
 * window, so a header that announces 4 GiB would be believed. Here the header is checked as it arrives.
 */
import { yamux } from '@chainsafe/libp2p-yamux'
import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { INBOUND_STREAMS_MAX } from './constants.ts'

const HEADER_BYTES = 12
const DATA = 0

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

/** Aborts the connection at the header of a data frame longer than the window. */
function guard(connection: MessageStream, windowBytes: number): void {
  const oversize = oversizeDetector(windowBytes)
  connection.addEventListener('message', ({ data }) => {
    for (const chunk of data instanceof Uint8Array ? [data] : data)
      if (oversize(chunk))
        return connection.abort(new Error(`a Yamux frame above the window of ${windowBytes} bytes`))
  })
}

/** Takes the bytes of a Yamux connection in order; true once a data frame is announced that is above the limit. */
export function oversizeDetector(limit: number): (chunk: Uint8Array) => boolean {
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
    }
    return false
  }
}
