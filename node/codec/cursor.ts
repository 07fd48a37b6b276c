/**
 * Reads a frame that arrives in parts, front to back, without joining them. Every read is checked against the rest of
 * the whole frame before anything is allocated. The caller must ask (`has`) whether the bytes have arrived.
 */
import { MalformedError } from './fields.ts'
import { HEADER_BYTES_MAX } from './limits.ts'
import { createParts } from './parts.ts'

export interface Cursor {
  /** Unread bytes of the frame, arrived or not. */
  readonly remaining: number
  /** How many of these have arrived. */
  readonly arrived: number
  /** Adds the next part. It is kept only while some of it is unread. */
  push(part: Uint8Array): void
  /** Whether the next `length` bytes, or all that remain, have arrived. */
  has(length: number): boolean
  /** Throws if the frame has fewer than `length` bytes left. */
  need(length: number): void
  /**
   * The next header, behind its length; a view if it lies in one part, otherwise a copy. Null if it has not arrived
   * completely.
   */
  header(): Uint8Array | null
  /** A view of those of the next `length` bytes that have arrived and lie in one part; empty if none has arrived. */
  part(length: number): Uint8Array
  /**
   * The value that `known` has for the next part, if that part is exactly the next `length` bytes. Otherwise undefined,
   * and nothing is read.
   */
  known<T>(values: WeakMap<Uint8Array, T>, length: number): T | undefined
}

/** An integer of 32 bits. */
const VARINT_BYTES_MAX = 5

/** A cursor over a frame of this many bytes, none of which has arrived. */
export function createCursor(frameBytes: number): Cursor {
  const parts = createParts()
  let remaining = frameBytes
  /** The length of the next header, once it has been read. */
  let announced: number | null = null

  const need = (length: number): void => {
    if (length > remaining) throw new MalformedError(`cut off: ${length} bytes announced, ${remaining} left`)
  }
  const has = (length: number): boolean => parts.arrived >= Math.min(length, remaining)
  const read = (bytes: Uint8Array): Uint8Array => {
    remaining -= bytes.length
    return bytes
  }
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 7 * VARINT_BYTES_MAX; shift += 7) {
      need(1)
      const byte = read(parts.view(1))[0]!
      value += (byte & 127) * 2 ** shift
      if (byte < 128) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw new MalformedError('a length above 32 bits')
  }
  return {
    get remaining() {
      return remaining
    },
    get arrived() {
      return parts.arrived
    },
    push: parts.push,
    has,
    need,
    header() {
      if (announced === null) {
        if (!has(VARINT_BYTES_MAX)) return null
        const length = varint()
        if (length > HEADER_BYTES_MAX)
          throw new MalformedError(`a header of ${length} bytes; at most ${HEADER_BYTES_MAX}`)
        need(length)
        announced = length
      }
      if (!has(announced)) return null
      const header = read(parts.joined(announced))
      announced = null
      return header
    },
    part: length => read(parts.view(length)),
    known(values, length) {
      need(length)
      const whole = parts.whole(length)
      const value = whole && values.get(whole)
      if (value !== undefined) read(parts.view(length))
      return value
    },
  }
}
