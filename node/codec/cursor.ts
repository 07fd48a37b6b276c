/**
 * Reads a frame that arrives in parts, front to back, without joining them. Every read is checked against what is
 * left of the whole frame before anything is allocated, and whether it has arrived is for the caller to ask (`has`).
 */
import { MalformedError } from './fields.ts'
import { HEADER_BYTES_MAX } from './limits.ts'
import { createParts } from './parts.ts'

export interface Cursor {
  /** Bytes of the frame that were not read yet, arrived or not. */
  readonly remaining: number
  /** Of these, how many have arrived. */
  readonly arrived: number
  /** The next part has arrived. It is kept only as long as some of it is unread. */
  push(part: Uint8Array): void
  /** Whether the next `length` bytes, or all that remain, have arrived. */
  has(length: number): boolean
  /** Throws where the frame has no `length` bytes left. */
  need(length: number): void
  /** The next header, behind its length; a view where it lies in one part, else a copy. Null where it has not all arrived. */
  header(): Uint8Array | null
  /** What has arrived of the next `length` bytes and lies in one part: a view; empty where nothing has. */
  part(length: number): Uint8Array
  /** The value that `known` has for the next part, where that is exactly the next `length` bytes; else undefined, and nothing is read. */
  known<T>(values: WeakMap<Uint8Array, T>, length: number): T | undefined
}

/** Of 32 bits. */
const VARINT_BYTES_MAX = 5

/** A cursor over a frame of so many bytes, of which none has arrived. */
export function createCursor(frameBytes: number): Cursor {
  const parts = createParts()
  let remaining = frameBytes
  /** Length of the header that is to come next, once that was read. */
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
