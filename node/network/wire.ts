/**
 * One libp2p stream as frames: each behind its varint length, with a bounded queue on the way out and
 * back-pressure on the way in.
 */
import type { Stream } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { Uint8ArrayList } from 'uint8arraylist'
import type { FaultKind } from '../../agreement/protocol.ts'
import type { Frame } from '../ports.ts'
import { FLUSH_TIMEOUT_MS } from './constants.ts'

export interface WireLimits {
  /** The longest frame that may be sent, and, once `accept` was called, received. */
  readonly frameBytesMax: number
  /** The longest first frame that may be received. */
  readonly helloBytesMax: number
  /** Bytes that may wait to be sent before `send` returns false. */
  readonly queueBytesMax: number
}

export interface WireEvents {
  frame(frame: Frame): void
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

export function openWire(stream: Stream, limits: WireLimits, events: WireEvents): Wire {
  let receivedBytesMax = limits.helloBytesMax
  let isFull = false
  let isClosing = false
  let isClosed = false
  const ended = Promise.withResolvers<void>()
  let gate: PromiseWithResolvers<void> | null = null

  const closed = (reason: string, fault?: FaultKind): void => {
    if (isClosed) return
    isClosed = true
    ended.resolve()
    gate?.resolve()
    events.closed(reason, fault)
  }
  const fail = (error: unknown): void => {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    closed(message, FRAMING_FAULTS[name])
    if (stream.status === 'open') stream.abort(new Error(message))
  }
  /** An error of our own in handling a frame is not the sender's fault; it must neither pass in silence nor end the process. */
  const deliver = (frame: Frame): void => {
    try {
      events.frame(frame)
    } catch (error) {
      closed(`this peer failed at a frame: ${error instanceof Error ? error.stack : String(error)}`)
      stream.abort(new Error('failed at a frame'))
    }
  }
  const checkLength = (length: number): void => {
    if (length > receivedBytesMax)
      throw new OversizeError(`a frame of ${length} bytes; at most ${receivedBytesMax}`)
  }
  const read = async (): Promise<void> => {
    const options = { maxDataLength: Number.MAX_SAFE_INTEGER, onLength: checkLength }
    await pipe(
      stream,
      source => decode(source, options),
      async frames => {
        for await (const frame of frames) {
          if (isClosed) return
          if (!isClosing) deliver([...frame])
          // What had been taken off the stream before `pause` waits here; the rest waits in the stream.
          while (gate !== null && !isClosed) await gate.promise
        }
      },
    )
    closed(LOST)
  }
  stream.addEventListener('close', ({ error }) => {
    // What arrived before the end is still to be read, and then `read` ends; unless nobody wants it.
    if (gate !== null) closed(error?.message ?? LOST)
  })
  stream.addEventListener('idle', () => {
    if (!isFull) return
    isFull = false
    // Not at once: the stream is still inside its send loop, and would not see what is sent from here.
    queueMicrotask(() => {
      if (!isClosed) events.drained()
    })
  })
  read().catch(fail)

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
        fail(error)
        return false
      }
    },
    pause() {
      if (isClosed || gate !== null) return
      gate = Promise.withResolvers()
      if (stream.readStatus === 'readable') stream.pause()
    },
    resume() {
      gate?.resolve()
      gate = null
      if (stream.readStatus === 'paused') stream.resume()
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
      closed('closed here')
    },
    abort(reason) {
      closed(reason)
      stream.abort(new Error(reason))
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
  InvalidDataLengthError: 'oversize',
  InvalidDataLengthLengthError: 'malformed',
  InvalidMessageLengthError: 'malformed',
}
