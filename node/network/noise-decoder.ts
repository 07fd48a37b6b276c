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
  const unread: Uint8Array[] = [...arrived]
  /** Of `unread[0]`. */
  let offset = 0
  let available = unread.reduce((sum, { length }) => sum + length, 0)
  /** Chunks that have been read to their ends: free once their last frame is deciphered. */
  let read: Uint8Array[] = []
  /** Where a long frame is joined that came in several chunks. */
  let joined: Uint8Array | null = null

  const advance = (length: number): void => {
    available -= length
    offset += length
    for (let first = unread[0]; first !== undefined && offset >= first.length; first = unread[0]) {
      offset -= first.length
      read.push(first)
      unread.shift()
    }
  }
  const copyTo = (target: Uint8Array): Uint8Array => {
    for (let filled = 0; filled < target.length; ) {
      const part = unread[0]!.subarray(offset, offset + target.length - filled)
      target.set(part, filled)
      filled += part.length
      advance(part.length)
    }
    return target
  }
  const take = (length: number): Uint8Array => {
    if (length < LONG_BYTES) return copyTo(new Uint8Array(length))
    const whole = unread[0]!.subarray(offset, offset + length)
    if (whole.length === length) {
      advance(length)
      return whole
    }
    joined ??= new Uint8Array(FRAME_BYTES_MAX)
    return copyTo(joined.subarray(0, length))
  }
  const announced = (): number => {
    const first = unread[0]!
    const low = offset + 1 < first.length ? first[offset + 1]! : unread[1]![0]!
    return first[offset]! * 256 + low
  }
  const freeRead = (): void => {
    for (const chunk of read) if (chunk.length >= LONG_BYTES) releaseOwn(chunk)
    read = []
  }
  return {
    *decode(bytes) {
      for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes)
        if (chunk.length > 0) {
          unread.push(chunk)
          available += chunk.length
        }
      while (available >= LENGTH_BYTES) {
        const length = announced()
        if (available < LENGTH_BYTES + length) break
        advance(LENGTH_BYTES)
        if (length > 0) yield take(length)
        freeRead()
      }
    },
  }
}
