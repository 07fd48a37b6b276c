/**
 * Bytes that arrive in parts and are read front to back, as views: a part is kept while some of it is unread. Every
 * frame has them, so they are a record with functions: closures would cost more than reading a frame of votes.
 */

export interface Parts {
  readonly unread: Uint8Array[]
  /** How much of `unread[0]` was read; it always has an unread byte. */
  offset: number
  /** How many bytes have arrived and were not read yet. */
  arrived: number
}

const EMPTY = new Uint8Array(0)

export function createParts(): Parts {
  return { unread: [], offset: 0, arrived: 0 }
}

export function pushPart(parts: Parts, part: Uint8Array): void {
  if (part.length === 0) return
  parts.unread.push(part)
  parts.arrived += part.length
}

/** Reads the next byte, which has arrived. */
export function readByte(parts: Parts): number {
  const byte = parts.unread[0]![parts.offset]!
  advance(parts, 1)
  return byte
}

/** Reads those of the next `length` bytes that have arrived and lie in one part, as a view; empty if none has arrived. */
export function readView(parts: Parts, length: number): Uint8Array {
  const first = parts.unread[0]
  if (first === undefined) return EMPTY
  const { offset } = parts
  const end = Math.min(offset + length, first.length)
  const view = offset === 0 && end === first.length ? first : first.subarray(offset, end)
  advance(parts, view.length)
  return view
}

/** Reads the next `length` bytes, which have arrived: a view if they lie in one part, otherwise a copy. */
export function readJoined(parts: Parts, length: number): Uint8Array {
  const first = readView(parts, length)
  if (first.length === length) return first
  const copy = new Uint8Array(length)
  copy.set(first)
  for (let filled = first.length; filled < length; ) {
    const next = readView(parts, length - filled)
    copy.set(next, filled)
    filled += next.length
  }
  return copy
}

/** The next part itself, unread, if it is exactly the next `length` bytes. */
export function wholePart({ unread, offset }: Parts, length: number): Uint8Array | undefined {
  const first = unread[0]
  return offset === 0 && first?.length === length ? first : undefined
}

/** `length` bytes of the first part were read. */
function advance(parts: Parts, length: number): void {
  parts.arrived -= length
  parts.offset += length
  if (parts.offset !== parts.unread[0]?.length) return
  parts.unread.shift()
  parts.offset = 0
}
