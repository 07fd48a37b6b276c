/**
 * Reads a frame that arrives in parts, front to back, without joining them. Every read is checked against what is
 * left of the whole frame before anything is allocated, and whether it has arrived is for the caller to ask (`has`).
 */
import { MalformedError } from './fields.ts'
import { HEADER_BYTES_MAX } from './limits.ts'

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
  const parts: Uint8Array[] = []
  /** Read of `parts[0]`, which always has an unread byte. */
  let offset = 0
  let arrived = 0
  let remaining = frameBytes
  /** Length of the header that is to come next, once that was read. */
  let announced: number | null = null

  const need = (length: number): void => {
    if (length > remaining) throw new MalformedError(`cut off: ${length} bytes announced, ${remaining} left`)
  }
  const advance = (length: number): void => {
    offset += length
    arrived -= length
    remaining -= length
    if (parts.length > 0 && offset === parts[0]!.length) {
      parts.shift()
      offset = 0
    }
  }
  const part = (length: number): Uint8Array => {
    const first = parts[0]
    if (first === undefined) return EMPTY
    const end = Math.min(offset + length, first.length)
    const view = offset === 0 && end === first.length ? first : first.subarray(offset, end)
    advance(view.length)
    return view
  }
  const has = (length: number): boolean => arrived >= Math.min(length, remaining)
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 7 * VARINT_BYTES_MAX; shift += 7) {
      need(1)
      const byte = parts[0]![offset]!
      advance(1)
      value += (byte & 127) * 2 ** shift
      if (byte < 128) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw new MalformedError('a length above 32 bits')
  }
  /** The next `length` bytes, which have arrived. */
  const bytes = (length: number): Uint8Array => {
    const first = part(length)
    if (first.length === length) return first
    const copy = new Uint8Array(length)
    copy.set(first)
    for (let filled = first.length; filled < length; ) {
      const next = part(length - filled)
      copy.set(next, filled)
      filled += next.length
    }
    return copy
  }
  return {
    get remaining() {
      return remaining
    },
    get arrived() {
      return arrived
    },
    push(bytes) {
      if (bytes.length === 0) return
      parts.push(bytes)
      arrived += bytes.length
    },
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
      const header = bytes(announced)
      announced = null
      return header
    },
    part,
    known(values, length) {
      need(length)
      const first = parts[0]
      const value =
        offset === 0 && first !== undefined && first.length === length ? values.get(first) : undefined
      if (value !== undefined) advance(length)
      return value
    },
  }
}

const EMPTY = new Uint8Array(0)
