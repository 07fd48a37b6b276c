/** Bytes that arrive in parts and are read front to back, as views: a part is kept while some of it is unread. */

interface Parts {
  /** How many bytes have arrived and were not read yet. */
  readonly arrived: number
  push(part: Uint8Array): void
  /**
   * Reads those of the next `length` bytes that have arrived and lie in one part, as a view; empty if none has arrived.
   */
  view(length: number): Uint8Array
  /** Reads the next `length` bytes, which have arrived: a view if they lie in one part, otherwise a copy. */
  joined(length: number): Uint8Array
  /** The next part itself, unread, if it is exactly the next `length` bytes. */
  whole(length: number): Uint8Array | undefined
}

const EMPTY = new Uint8Array(0)

export function createParts(): Parts {
  const parts: Uint8Array[] = []
  /** How much of `parts[0]` was read; it always has an unread byte. */
  let offset = 0
  let arrived = 0
  const view = (length: number): Uint8Array => {
    const first = parts[0]
    if (first === undefined) return EMPTY
    const end = Math.min(offset + length, first.length)
    const bytes = offset === 0 && end === first.length ? first : first.subarray(offset, end)
    arrived -= bytes.length
    offset = end
    if (end === first.length) {
      parts.shift()
      offset = 0
    }
    return bytes
  }
  return {
    get arrived() {
      return arrived
    },
    push(part) {
      if (part.length === 0) return
      parts.push(part)
      arrived += part.length
    },
    view,
    joined(length) {
      const first = view(length)
      if (first.length === length) return first
      const copy = new Uint8Array(length)
      copy.set(first)
      for (let filled = first.length; filled < length; ) {
        const next = view(length - filled)
        copy.set(next, filled)
        filled += next.length
      }
      return copy
    },
    whole(length) {
      const first = parts[0]
      return offset === 0 && first?.length === length ? first : undefined
    },
  }
}
