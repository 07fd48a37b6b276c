/**
 * One libp2p stream as frames: each behind its varint length, with a bounded queue on the way out and
 * back-pressure on the way in.
 */
import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import type { FaultKind } from '../../agreement/protocol.ts'
import type { Frame, FrameReader } from '../ports.ts'
import type { Boundary } from './boundary.ts'
import { FLUSH_TIMEOUT_MS } from './constants.ts'
import { createUnframer } from './framing.ts'
import { resumeReading } from './watch.ts'

export interface WireLimits {
  /** The longest frame that may be sent, and, once `accept` was called, received. */
  readonly frameBytesMax: number
  /** The longest first frame that may be received. */
  readonly helloBytesMax: number
  /** Bytes that may wait to be sent before `send` returns false. */
  readonly queueBytesMax: number
  /**
   * Bytes that may wait to be read while this side is paused; more end the connection. Yamux never lets as many come;
   * QUIC reads on whatever it is told, and then it is the link's window that keeps an honest peer below.
   */
  readonly unreadBytesMax?: number
}

export interface WireEvents {
  /** A frame of so many bytes begins to arrive: who takes it. */
  frame(bytes: number): FrameReader
  /** There is room again after `send` returned false. */
  drained(): void
  /** Called once. `fault` where the remote broke the framing. */
  closed(reason: string, fault?: FaultKind): void
}

export interface Wire {
  /** False: closed, or `queueBytesMax` wait already; the frame was not taken. Throws a `RangeError` at a frame too long. */
  send(frame: Frame): boolean
  pause(): void
  resume(): void
  /** The hello was good: from here on long frames are received. */
  accept(): void
  /** Sends what waits, within a time, and closes; frames that still arrive are ignored. */
  close(): Promise<void>
  abort(reason: string): void
}

const LOST = 'the other side closed the connection'

/** @param boundary within which the events run; it ends the connection, and with it this wire */
export function openWire(stream: Stream, limits: WireLimits, events: WireEvents, boundary: Boundary): Wire {
  let receivedBytesMax = limits.helloBytesMax
  let isFull = false
  let isClosing = false
  let isClosed = false
  const ended = Promise.withResolvers<void>()
  let isHeld = false

  const closed = (reason: string, fault?: FaultKind): void => {
    if (isClosed) return
    isClosed = true
    ended.resolve()
    events.closed(reason, fault)
  }
  const end = (reason: string, fault?: FaultKind): void => {
    closed(reason, fault)
    if (stream.status === 'open') boundary.run(() => stream.abort(new Error(reason)))
  }
  const unframer = createUnframer({
    begin(bytes) {
      if (bytes > receivedBytesMax)
        throw new OversizeError(`a frame of ${bytes} bytes; at most ${receivedBytesMax}`)
      return events.frame(bytes)
    },
    held: () => isHeld || isClosing || isClosed,
  })
  const guarded = (read: () => void): void =>
    boundary.run(() => {
      try {
        if (!isClosed && !isClosing) read()
      } catch (error) {
        const fault = error instanceof Error ? FRAMING_FAULTS[error.name] : undefined
        if (fault === undefined) throw error
        end((error as Error).message, fault)
      }
    })
  if (limits.unreadBytesMax !== undefined) stream.maxReadBufferLength = limits.unreadBytesMax
  stream.addEventListener('message', ({ data }) =>
    guarded(() => unframer.push(data instanceof Uint8Array ? [data] : data)),
  )
  // 'end' comes when all that had arrived was read; 'close' also where this side reads no more.
  stream.addEventListener(
    'end',
    boundary.around(() => closed(LOST)),
  )
  stream.addEventListener(
    'close',
    boundary.around(({ error }: StreamCloseEvent) => closed(error?.message ?? LOST)),
  )
  stream.addEventListener('idle', () => {
    if (!isFull) return
    isFull = false
    // Not at once: the stream is still inside its send loop, and would not see what is sent from here.
    queueMicrotask(
      boundary.around(() => {
        if (!isClosed) events.drained()
      }),
    )
  })
  return {
    send(frame) {
      if (isClosed || stream.writeStatus !== 'writable') return false
      if (stream.writeBufferLength >= limits.queueBytesMax) isFull = true
      if (isFull) return false
      const bytes = gather(frame)
      if (bytes.byteLength > limits.frameBytesMax)
        throw new RangeError(
          `a frame of ${bytes.byteLength} bytes cannot be sent; at most ${limits.frameBytesMax}`,
        )
      try {
        stream.send(encode.single(bytes, { maxDataLength: limits.frameBytesMax }))
        return true
      } catch (error) {
        end(error instanceof Error ? error.message : String(error))
        return false
      }
    },
    pause() {
      isHeld = true
      if (stream.readStatus === 'readable') boundary.run(() => stream.pause())
    },
    resume() {
      if (!isHeld) return
      isHeld = false
      guarded(unframer.readOn)
      if (!isHeld && stream.readStatus === 'paused') boundary.run(() => resumeReading(stream))
    },
    accept() {
      receivedBytesMax = limits.frameBytesMax
    },
    async close() {
      isClosing = true
      const timeout = new Promise<void>(resolve => setTimeout(resolve, FLUSH_TIMEOUT_MS).unref())
      await Promise.race([stream.close().catch(() => undefined), timeout])
      // The other side closes once it has read everything. A socket closed before that may be reset by what the
      // other side still sends, and takes what was not read yet with it.
      await Promise.race([ended.promise, timeout])
      boundary.run(() => closed('closed here'))
    },
    abort(reason) {
      closed(reason)
      boundary.run(() => stream.abort(new Error(reason)))
    },
  }
}

/** Chunks below this are joined: each costs a call of the cipher, more than copying it does. */
const SMALL_BYTES = 4096

/** The frame's chunks, the long ones as they are, neighbouring short ones joined. */
function gather(frame: Frame): Uint8ArrayList {
  const list = new Uint8ArrayList()
  let small: Uint8Array[] = []
  const flush = (): void => {
    if (small.length > 0) list.append(small.length === 1 ? small[0]! : Buffer.concat(small))
    small = []
  }
  for (const chunk of frame) {
    if (chunk.length < SMALL_BYTES) small.push(chunk)
    else {
      flush()
      list.append(chunk)
    }
  }
  flush()
  return list
}

class OversizeError extends Error {
  override readonly name = 'OversizeError'
}

/** Errors that only a remote's wrong framing causes. A frame cut off by a lost connection is nobody's fault. */
const FRAMING_FAULTS: Readonly<Record<string, FaultKind>> = {
  OversizeError: 'oversize',
  FramingError: 'malformed',
}
