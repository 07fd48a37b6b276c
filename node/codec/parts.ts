/** Bytes that arrive in parts and are read front to back, as views: a part is kept while some of it is unread. */

const EMPTY = new Uint8Array(0)

/** A class, not closures: every frame has one, and a frame of votes has few bytes to pay for it. */
export class Parts {
  readonly #parts: Uint8Array[] = []
  /** How much of the first part was read; it always has an unread byte. */
  #offset = 0
  #arrived = 0

  /** How many bytes have arrived and were not read yet. */
  get arrived(): number {
    return this.#arrived
  }

  push(part: Uint8Array): void {
    if (part.length === 0) return
    this.#parts.push(part)
    this.#arrived += part.length
  }

  /** Reads the next byte, which has arrived. */
  byte(): number {
    const byte = this.#parts[0]![this.#offset]!
    this.#advance(1)
    return byte
  }

  /**
   * Reads those of the next `length` bytes that have arrived and lie in one part, as a view; empty if none has arrived.
   */
  view(length: number): Uint8Array {
    const first = this.#parts[0]
    if (first === undefined) return EMPTY
    const end = Math.min(this.#offset + length, first.length)
    const bytes = this.#offset === 0 && end === first.length ? first : first.subarray(this.#offset, end)
    this.#advance(bytes.length)
    return bytes
  }

  /** Reads the next `length` bytes, which have arrived: a view if they lie in one part, otherwise a copy. */
  joined(length: number): Uint8Array {
    const first = this.view(length)
    if (first.length === length) return first
    const copy = new Uint8Array(length)
    copy.set(first)
    for (let filled = first.length; filled < length; ) {
      const next = this.view(length - filled)
      copy.set(next, filled)
      filled += next.length
    }
    return copy
  }

  /** The next part itself, unread, if it is exactly the next `length` bytes. */
  whole(length: number): Uint8Array | undefined {
    const first = this.#parts[0]
    return this.#offset === 0 && first?.length === length ? first : undefined
  }

  /** `length` bytes of the first part were read. */
  #advance(length: number): void {
    this.#arrived -= length
    this.#offset += length
    if (this.#offset !== this.#parts[0]?.length) return
    this.#parts.shift()
    this.#offset = 0
  }
}
