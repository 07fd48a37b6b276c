/**
 * Reads a frame that arrives in parts, front to back, without joining them. Every read is checked against the rest of
 * the whole frame before anything is allocated. The caller must ask (`has`) whether the bytes have arrived.
 */
import { MalformedError } from './fields.ts'
import { HEADER_BYTES_MAX } from './limits.ts'
import { createParts, type Parts, pushPart, readByte, readJoined, readView, wholePart } from './parts.ts'

/** A record with functions, as its parts are. */
export interface Cursor {
  readonly parts: Parts
  /** Unread bytes of the frame, arrived or not. */
  remaining: number
  /** The length of the next header, once it has been read. */
  announced: number | null
}

/** An integer of 32 bits. */
const VARINT_BYTES_MAX = 5

/** A cursor over a frame of this many bytes, none of which has arrived. */
export function createCursor(frameBytes: number): Cursor {
  return { parts: createParts(), remaining: frameBytes, announced: null }
}

/** Adds the next part. It is kept only while some of it is unread. */
export function push({ parts }: Cursor, part: Uint8Array): void {
  pushPart(parts, part)
}

/** How many bytes have arrived and were not read yet. */
export function arrived({ parts }: Cursor): number {
  return parts.arrived
}

/** Whether the next `length` bytes, or all that remain, have arrived. */
export function has({ parts, remaining }: Cursor, length: number): boolean {
  return parts.arrived >= Math.min(length, remaining)
}

/** Throws if the frame has fewer than `length` bytes left. */
export function need({ remaining }: Cursor, length: number): void {
  if (length > remaining) throw new MalformedError(`cut off: ${length} bytes announced, ${remaining} left`)
}

/**
 * The next header, behind its length; a view if it lies in one part, otherwise a copy. Null if it has not arrived
 * completely.
 */
export function nextHeader(cursor: Cursor): Uint8Array | null {
  if (cursor.announced === null) {
    if (!has(cursor, VARINT_BYTES_MAX)) return null
    const length = nextVarint(cursor)
    if (length > HEADER_BYTES_MAX)
      throw new MalformedError(`a header of ${length} bytes; at most ${HEADER_BYTES_MAX}`)
    need(cursor, length)
    cursor.announced = length
  }
  if (!has(cursor, cursor.announced)) return null
  const header = readJoined(cursor.parts, cursor.announced)
  cursor.remaining -= header.length
  cursor.announced = null
  return header
}

/** The next header; yields while it has not arrived completely. */
export function* arrivingHeader(cursor: Cursor): Generator<void, Uint8Array> {
  for (;;) {
    yield
    const header = nextHeader(cursor)
    if (header !== null) return header
  }
}

/** A view of those of the next `length` bytes that have arrived and lie in one part; empty if none has arrived. */
export function nextPart(cursor: Cursor, length: number): Uint8Array {
  const part = readView(cursor.parts, length)
  cursor.remaining -= part.length
  return part
}

/**
 * The value that `known` has for the next part, if that part is exactly the next `length` bytes. Otherwise undefined,
 * and nothing is read.
 */
export function nextKnown<T>(cursor: Cursor, known: WeakMap<Uint8Array, T>, length: number): T | undefined {
  need(cursor, length)
  const whole = wholePart(cursor.parts, length)
  const value = whole && known.get(whole)
  if (value !== undefined) nextPart(cursor, length)
  return value
}

function nextVarint(cursor: Cursor): number {
  let value = 0
  for (let shift = 0; shift < 7 * VARINT_BYTES_MAX; shift += 7) {
    need(cursor, 1)
    const byte = readByte(cursor.parts)
    cursor.remaining--
    value += (byte & 127) * 2 ** shift
    if (byte < 128) {
      if (value > 0xffffffff) break
      return value
    }
  }
  throw new MalformedError('a length above 32 bits')
}
