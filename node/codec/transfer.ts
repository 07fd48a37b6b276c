/**
 * Takes in a long message that comes in pieces (frame.proto: Piece). There is one transfer at a time on a connection,
 * and so at most one vector whose message is not complete. Another one begins only once all bytes of the one before
 * have come: a peer that makes this one allocate a vector has to send a whole one.
 */
import { arrived, arrivingHeader, type Cursor, createCursor, nextHeader, push } from './cursor.ts'
import { bringsVector, type Received, readDraft, readSmall, readVector } from './decode-message.ts'
import { MalformedError } from './fields.ts'
import { type DecodeLimits, HEADER_BYTES_MAX } from './limits.ts'

/** Of a piece: where its bytes lie in the message, and how long that is. */
export interface Place {
  readonly offset: number
  readonly totalBytes: number
}

export interface Transfer {
  /** A piece of so many bytes is about to arrive. Throws `MalformedError` if it is not the next one. */
  begin(place: Place, bytes: number): void
  /** Adds bytes of that piece. What is wrong with them is told by `take`. */
  add(part: Uint8Array): void
  /** The message, once, or what is wrong with it. Throws `MalformedError` if it is not complete. */
  take(): Received
  /** How far the present transfer, or the last one, has come. */
  progress(): Progress
}

export interface Progress {
  readonly receivedBytes: number
  /** 0: there was none yet. */
  readonly totalBytes: number
}

/** It reads on once so many bytes wait, while the cache still holds them. */
const EAGER_BYTES = 16 * 1024

/** @param eagerBytes reads on as soon as so many bytes wait */
export function createTransfer(limits: DecodeLimits, eagerBytes = EAGER_BYTES): Transfer {
  const { dimension, metricsDimension = 0 } = limits
  const totalBytesMax = 2 * HEADER_BYTES_MAX + 4 * Math.max(dimension, metricsDimension)
  let [receivedBytes, totalBytes] = [0, 0]
  /** Null before the first message: most links of a large cohort of small vectors never have one. */
  let incoming: Incoming | null = null
  let message: Received | null = null
  const readOn = ({ reading }: Incoming): void => {
    try {
      const next = reading.next()
      if (next.done === true) message = next.value
    } catch (error) {
      message = { fault: 'malformed', detail: error instanceof Error ? error.message : String(error) }
    }
  }
  return {
    begin(place, bytes) {
      if (place.offset === 0 && receivedBytes === totalBytes) {
        if (place.totalBytes > totalBytesMax)
          throw new MalformedError(`a message of ${place.totalBytes} bytes; at most ${totalBytesMax}`)
        receivedBytes = 0
        totalBytes = place.totalBytes
        message = null
        incoming = begun(totalBytes, limits)
      }
      if (place.offset !== receivedBytes || place.totalBytes !== totalBytes)
        throw new MalformedError(
          `a piece that is not the next one: ${receivedBytes} of ${totalBytes} bytes have come`,
        )
      if (bytes === 0 || bytes > totalBytes - receivedBytes)
        throw new MalformedError(`a piece of ${bytes} bytes; ${totalBytes - receivedBytes} are missing`)
    },
    add(part) {
      receivedBytes += part.length
      if (message !== null || incoming === null) return // spoilt: the rest cannot be used
      push(incoming.cursor, part)
      if (arrived(incoming.cursor) >= eagerBytes || receivedBytes === totalBytes) readOn(incoming)
    },
    take() {
      if (message === null || receivedBytes < totalBytes)
        throw new MalformedError(
          `its message is not complete: ${receivedBytes} of ${totalBytes} bytes have come`,
        )
      const whole = message
      message = null
      return whole
    },
    progress: () => ({ receivedBytes, totalBytes }),
  }
}

/** A long message on its way in. */
interface Incoming {
  readonly cursor: Cursor
  readonly reading: Generator<void, Received>
}

function begun(totalBytes: number, limits: DecodeLimits): Incoming {
  const cursor = createCursor(totalBytes)
  return { cursor, reading: readOne(cursor, limits) }
}

function* readOne(cursor: Cursor, limits: DecodeLimits): Generator<void, Received> {
  const draft = readDraft(nextHeader(cursor) ?? (yield* arrivingHeader(cursor)))
  const message = bringsVector(draft) ? yield* readVector(cursor, draft, limits) : readSmall(draft, limits)
  if (cursor.remaining > 0) throw new MalformedError(`${cursor.remaining} bytes after a message`)
  return message
}
