/**
 * Splits the bytes of a secured connection into Noise's frames. It takes the place of the library's own decoder, which
 * keeps frames as lists of pieces for Noise to join, and finds out that no further length has come by an exception: with
 * its stack that costs as much as deciphering 64 KB.
 */
import type { Uint8ArrayList } from 'uint8arraylist'
import { releaseOwn } from '../codec/passing-memory.ts'

/** What Noise calls. */
export interface NoiseDecoder {
  /** The frames that these bytes complete. Each is to be deciphered before the next one is asked for. */
  decode(bytes: Uint8Array | Uint8ArrayList): Iterable<Uint8Array>
}

const LENGTH_BYTES = 2
const FRAME_BYTES_MAX = 0xffff

/**
 * Shorter frames get memory of their own: Noise deciphers them where they lie, and what was deciphered may be kept. The
 * runtime's cipher, which takes the long ones, writes elsewhere (noise-crypto.ts).
 */
const LONG_BYTES = 2048

/** @param arrived bytes that have come before */
export function createNoiseDecoder(arrived: Iterable<Uint8Array>): NoiseDecoder {
  const chunks: Uint8Array[] = [...arrived]
  /**
   * The chunk that is read next, and how much of it has been read. Those before it leave the list together: a frame may
   * come byte by byte, and to shift 65,535 of them one by one takes seconds.
   */
  let head = 0
  let offset = 0
  let available = chunks.reduce((sum, { length }) => sum + length, 0)
  /** Chunks that have been read to their ends: free once their last frame is deciphered. */
  let read: Uint8Array[] = []
  /** Where a long frame is joined that came in several chunks. */
  let joined: Uint8Array | null = null

  const advance = (length: number): void => {
    available -= length
    offset += length
    for (let first = chunks[head]; first !== undefined && offset >= first.length; first = chunks[head]) {
      offset -= first.length
      read.push(first)
      head++
    }
  }
  const copyTo = (target: Uint8Array): Uint8Array => {
    for (let filled = 0; filled < target.length; ) {
      const part = chunks[head]!.subarray(offset, offset + target.length - filled)
      target.set(part, filled)
      filled += part.length
      advance(part.length)
    }
    return target
  }
  const take = (length: number): Uint8Array => {
    if (length < LONG_BYTES) return copyTo(new Uint8Array(length))
    const whole = chunks[head]!.subarray(offset, offset + length)
    if (whole.length === length) {
      advance(length)
      return whole
    }
    joined ??= new Uint8Array(FRAME_BYTES_MAX)
    return copyTo(joined.subarray(0, length))
  }
  const announced = (): number => {
    const first = chunks[head]!
    const low = offset + 1 < first.length ? first[offset + 1]! : chunks[head + 1]![0]!
    return first[offset]! * 256 + low
  }
  return {
    *decode(bytes) {
      for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes)
        if (chunk.length > 0) {
          chunks.push(chunk)
          available += chunk.length
        }
      try {
        while (available >= LENGTH_BYTES) {
          const length = announced()
          if (available < LENGTH_BYTES + length) break
          advance(LENGTH_BYTES)
          if (length > 0) yield take(length)
          free(read)
          read = []
        }
      } finally {
        chunks.splice(0, head)
        head = 0
      }
    },
  }
}

function free(chunks: readonly Uint8Array[]): void {
  for (const chunk of chunks) if (chunk.length >= LONG_BYTES) releaseOwn(chunk)
}
