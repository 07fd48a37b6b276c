/**
 * Reads a frame that arrived as chunks, front to back, without joining them. Every read is checked against
 * what is left of the frame before anything is allocated.
 */
import { endianness } from 'node:os'
import { allocatePassing } from '../../agreement/kernels/index.ts'
import type { Frame } from '../ports.ts'
import { MalformedError } from './fields.ts'

export interface Cursor {
  readonly remaining: number
  /** An unsigned varint of at most 32 bits. */
  varint(): number
  /** The next `length` bytes: a view where they lie in one chunk, else a copy. */
  bytes(length: number): Uint8Array
  skip(length: number): void
  /** The value that `known` has for the next chunk, where that is exactly the next `length` bytes; else undefined, and nothing is read. */
  known<T>(values: WeakMap<Uint8Array, T>, length: number): T | undefined
  /**
   * The next `dimension` floats, copied once. `onPart` is called with each part's bytes as the wire has them, and
   * how many floats are whole by then.
   */
  floats(
    dimension: number,
    onPart?: (bytes: Uint8Array, vector: Float32Array, whole: number) => void,
  ): Float32Array
}

const BIG_ENDIAN = endianness() === 'BE'

/** The vector's bytes as the wire has them: a view of the vector itself (a swapped copy on a big-endian machine). */
export function vectorBytes(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  return BIG_ENDIAN ? Buffer.from(bytes).swap32() : bytes
}

export function cursorOver(frame: Frame): Cursor {
  let chunkIndex = 0
  let offset = 0
  let remaining = frame.reduce((sum, chunk) => sum + chunk.length, 0)

  /** The unread part of the current chunk; never empty while bytes remain. */
  const rest = (): Uint8Array => {
    while (offset === frame[chunkIndex]!.length) {
      chunkIndex++
      offset = 0
    }
    return offset === 0 ? frame[chunkIndex]! : frame[chunkIndex]!.subarray(offset)
  }
  const need = (length: number): void => {
    if (length > remaining) throw new MalformedError(`cut off: ${length} bytes announced, ${remaining} left`)
  }
  const advance = (length: number): void => {
    offset += length
    remaining -= length
  }
  const copyInto = (target: Uint8Array, onPart?: (bytes: Uint8Array, filled: number) => void): void => {
    for (let filled = 0; filled < target.length; ) {
      const chunk = rest()
      const count = Math.min(chunk.length, target.length - filled)
      const part = count === chunk.length ? chunk : chunk.subarray(0, count)
      target.set(part, filled)
      filled += count
      advance(count)
      onPart?.(part, filled)
    }
  }
  const bytes = (length: number): Uint8Array => {
    need(length)
    if (length === 0) return new Uint8Array(0)
    const chunk = rest()
    if (chunk.length >= length) {
      advance(length)
      return chunk.subarray(0, length)
    }
    const copy = new Uint8Array(length)
    copyInto(copy)
    return copy
  }
  return {
    get remaining() {
      return remaining
    },
    bytes,
    varint() {
      let value = 0
      for (let shift = 0; shift < 35; shift += 7) {
        need(1)
        const byte = rest()[0]!
        advance(1)
        value += (byte & 127) * 2 ** shift
        if (byte < 128) {
          if (value > 0xffffffff) break
          return value
        }
      }
      throw new MalformedError('a length above 32 bits')
    },
    skip(length) {
      need(length)
      for (let left = length; left > 0; ) {
        const count = Math.min(rest().length, left)
        advance(count)
        left -= count
      }
    },
    known(values, length) {
      need(length)
      if (length === 0) return undefined
      const chunk = rest()
      const value = offset === 0 && chunk.length === length ? values.get(chunk) : undefined
      if (value !== undefined) advance(length)
      return value
    },
    floats(dimension, onPart) {
      need(4 * dimension)
      const vector = allocatePassing(dimension)
      const target = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
      let swapped = 0
      copyInto(target, (bytes, filled) => {
        const whole = filled >>> 2
        if (BIG_ENDIAN) target.subarray(4 * swapped, 4 * whole).swap32()
        swapped = whole
        onPart?.(bytes, vector, whole)
      })
      return vector
    },
  }
}
