/**
 * Turns one libp2p stream into frames, each behind its varint length, with a bounded queue on the way out and
 * back-pressure on the way in.
 */
import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import type { FaultKind } from '../../agreement/protocol.ts'
import type { Frame, FrameReader } from '../ports.ts'
import type { Boundary } from './boundary.ts'
import { FLUSH_TIMEOUT_MS } from './constants.ts'
import { createUnframer, type Unframer } from './framing.ts'
import { resumeReading } from './watch.ts'
import { pauseAlone } from './yamux-guard.ts'

export interface WireLimits {
  /** The longest frame that may be sent, and, once `accept` was called, received. */
  readonly frameBytesMax: number
  /** The longest first frame that may be received. */
  readonly helloBytesMax: number
  /** Bytes that may wait to be sent before `send` returns false. */
  readonly queueBytesMax: number
  /**
   * Bytes that may wait to be read while this side is paused; more end the connection. Yamux never lets as many come;
   * QUIC goes on reading even when told to pause; then the link's window keeps an honest peer below this.
   */
  readonly unreadBytesMax?: number
}

export interface WireEvents {
  /** A frame of so many bytes begins to arrive, before `accept` says who takes frames from then on. */
  frame(bytes: number): FrameReader
  /** There is room again after `send` returned false. */
  drained(): void
  /** Called once, with `fault` if the remote broke the framing. */
  closed(reason: string, fault?: FaultKind): void
}

export interface Wire {
  /** False: closed, or `queueBytesMax` wait already; the frame was not taken. Throws a `RangeError` at a frame too long. */
  send(frame: Frame): boolean
  /** Reads no more from the whole connection. */
  pause(): void
  /** Reads no more frames, while other streams of the connection go on. At most a window of bytes waits. */
  hold(): void
  /** After `pause` or `hold`. */
  resume(): void
  /** The hello was good: from here on long frames are received, and read by whom `frame` says. */
  accept(frame: WireEvents['frame']): void
  /** Sends what waits, within a time, and closes; frames that still arrive are ignored. */
  close(): Promise<void>
  abort(reason: string): void
}

const LOST = 'the other side closed the connection'

interface State {
  readonly stream: Stream
  readonly limits: WireLimits
  readonly events: WireEvents
  readonly boundary: Boundary
  readonly unframer: Unframer
  /** Fulfilled once the wire is over. */
  readonly ended: PromiseWithResolvers<void>
  frame: WireEvents['frame']
  receivedBytesMax: number
  isFull: boolean
  isHeld: boolean
  isClosing: boolean
  isClosed: boolean
}

/** @param boundary within which the events run; it ends the connection, and with it this wire */
export function openWire(stream: Stream, limits: WireLimits, events: WireEvents, boundary: Boundary): Wire {
  const state: State = {
    stream,
    limits,
    events,
    boundary,
    unframer: createUnframer({
      begin: bytes => begin(state, bytes),
      held: () => state.isHeld || state.isClosing || state.isClosed,
    }),
    ended: Promise.withResolvers(),
    frame: events.frame,
    receivedBytesMax: limits.helloBytesMax,
    isFull: false,
    isHeld: false,
    isClosing: false,
    isClosed: false,
  }
  listen(state)
  return {
    send: frame => send(state, frame),
    pause() {
      state.isHeld = true
      if (stream.readStatus === 'readable') boundary.run(() => stream.pause())
    },
    hold() {
      state.isHeld = true
      if (stream.readStatus === 'readable') boundary.run(() => pauseAlone(stream))
    },
    resume() {
      if (!state.isHeld) return
      state.isHeld = false
      guarded(state, state.unframer.readOn)
      if (!state.isHeld && stream.readStatus === 'paused') boundary.run(() => resumeReading(stream))
    },
    accept(frame) {
      state.frame = frame
      state.receivedBytesMax = limits.frameBytesMax
    },
    close: () => close(state),
    abort(reason) {
      closed(state, reason)
      boundary.run(() => stream.abort(new Error(reason)))
    },
  }
}

function begin({ frame, receivedBytesMax }: State, bytes: number): FrameReader {
  if (bytes > receivedBytesMax)
    throw new OversizeError(`a frame of ${bytes} bytes; at most ${receivedBytesMax}`)
  return frame(bytes)
}

function listen(state: State): void {
  const { stream, limits, events, boundary, unframer } = state
  if (limits.unreadBytesMax !== undefined) stream.maxReadBufferLength = limits.unreadBytesMax
  stream.addEventListener('message', ({ data }) =>
    guarded(state, () => unframer.push(data instanceof Uint8Array ? [data] : data)),
  )
  // 'end' comes when all that had arrived was read; 'close' also where this side reads no more.
  stream.addEventListener(
    'end',
    boundary.around(() => closed(state, LOST)),
  )
  stream.addEventListener(
    'close',
    boundary.around(({ error }: StreamCloseEvent) => closed(state, error?.message ?? LOST)),
  )
  stream.addEventListener('idle', () => {
    if (!state.isFull) return
    state.isFull = false
    // Not at once: the stream is still inside its send loop, and would not see what is sent from here.
    queueMicrotask(
      boundary.around(() => {
        if (!state.isClosed) events.drained()
      }),
    )
  })
}

/** Reads within the boundary; wrong framing ends the wire. */
function guarded(state: State, read: () => void): void {
  state.boundary.run(() => {
    try {
      if (!state.isClosed && !state.isClosing) read()
    } catch (error) {
      const fault = error instanceof Error ? FRAMING_FAULTS[error.name] : undefined
      if (fault === undefined) throw error
      end(state, (error as Error).message, fault)
    }
  })
}

function send(state: State, frame: Frame): boolean {
  const { stream, limits } = state
  if (state.isClosed || stream.writeStatus !== 'writable') return false
  if (stream.writeBufferLength >= limits.queueBytesMax) state.isFull = true
  if (state.isFull) return false
  const bytes = gather(frame)
  if (bytes.byteLength > limits.frameBytesMax)
    throw new RangeError(
      `a frame of ${bytes.byteLength} bytes cannot be sent; at most ${limits.frameBytesMax}`,
    )
  try {
    stream.send(encode.single(bytes, { maxDataLength: limits.frameBytesMax }))
    return true
  } catch (error) {
    end(state, error instanceof Error ? error.message : String(error))
    return false
  }
}

function closed(state: State, reason: string, fault?: FaultKind): void {
  if (state.isClosed) return
  state.isClosed = true
  state.ended.resolve()
  state.events.closed(reason, fault)
}

function end(state: State, reason: string, fault?: FaultKind): void {
  const { stream, boundary } = state
  closed(state, reason, fault)
  if (stream.status === 'open') boundary.run(() => stream.abort(new Error(reason)))
}

async function close(state: State): Promise<void> {
  state.isClosing = true
  const timeout = new Promise<void>(resolve => setTimeout(resolve, FLUSH_TIMEOUT_MS).unref())
  await Promise.race([state.stream.close().catch(() => undefined), timeout])
  // The other side closes once it has read everything. A socket closed before that may be reset by what the
  // other side still sends, and takes what was not read yet with it.
  await Promise.race([state.ended.promise, timeout])
  state.boundary.run(() => closed(state, 'closed here'))
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
