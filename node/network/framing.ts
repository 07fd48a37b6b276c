/**
 * Splits a stream of bytes into frames, each behind its varint length. Every byte is handed on as it arrives. A long
 * frame is never kept here, so its bytes are read once, while the cache still holds them, and the memory that they came
 * in is free again soon. (`it-length-prefixed`, which writes these frames, gives whole ones only.)
 */
import type { Frame, FrameReader } from '../ports.ts'

interface UnframerOptions {
  /** A frame of this many bytes begins. Throws if it is too long. */
  begin(bytes: number): FrameReader
  /** While true, no further frame begins; `readOn` goes on with the bytes already pushed. */
  held(): boolean
}

export interface Unframer {
  /** Throws `FramingError`, and what `begin` throws. */
  push(parts: Iterable<Uint8Array>): void
  readOn(): void
}

/** The bytes are no frames. */
export class FramingError extends Error {
  override readonly name = 'FramingError'
}

/** A longer length would not be exact. */
const LENGTH_BITS_MAX = 49

export function createUnframer({ begin, held }: UnframerOptions): Unframer {
  const waiting: Uint8Array[] = []
  let isReading = false
  let reader: FrameReader | null = null
  /** The missing bytes of the frame; or the part of its length that was read, in `lengthBits` bits. */
  let length = 0
  let lengthBits = 0

  const readLength = (byte: number): void => {
    length += (byte & 127) * 2 ** lengthBits
    lengthBits += 7
    if (byte < 128) reader = begin(length)
    else if (lengthBits >= LENGTH_BITS_MAX) throw new FramingError('the length of a frame does not end')
  }
  const finishFrame = (finished: FrameReader): void => {
    reader = null
    length = 0
    lengthBits = 0
    finished.end()
  }
  /** Where reading had to stop: at the chunk's end, or before a frame that may not begin yet. */
  const readChunk = (chunk: Uint8Array): number => {
    let at = 0
    const bytes = chunk.length // the reader may free what it was given
    while (at < bytes) {
      if (reader === null) {
        if (held()) break
        readLength(chunk[at++]!)
      } else {
        const end = Math.min(bytes, at + length)
        reader.add(at === 0 && end === bytes ? chunk : chunk.subarray(at, end))
        length -= end - at
        at = end
      }
      if (reader !== null && length === 0) finishFrame(reader)
    }
    return at
  }
  const readOn = (): void => {
    if (isReading) return
    isReading = true
    try {
      for (let chunk = waiting.shift(); chunk !== undefined; chunk = waiting.shift()) {
        const bytes = chunk.length
        const at = readChunk(chunk)
        if (at === bytes) continue
        waiting.unshift(chunk.subarray(at))
        break
      }
    } finally {
      isReading = false
    }
  }
  return {
    push(parts) {
      for (const part of parts) waiting.push(part)
      readOn()
    },
    readOn,
  }
}

/** Takes in a short frame as a whole. */
export function wholeFrame(take: (frame: Frame) => void): FrameReader {
  const parts: Uint8Array[] = []
  return { add: part => parts.push(part), end: () => take(parts) }
}

/** A reader for a frame that nobody wants. */
export const ignoredFrame: FrameReader = { add() {}, end() {} }
