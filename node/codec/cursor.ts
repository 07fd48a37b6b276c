/**
 * Reads a frame that arrives in parts, front to back, without joining them. Every read is checked against the rest of
 * the whole frame before anything is allocated. The caller must ask (`has`) whether the bytes have arrived.
 */
import { MalformedError } from './fields.ts'
import { HEADER_BYTES_MAX } from './limits.ts'
import { Parts } from './parts.ts'

/** An integer of 32 bits. */
const VARINT_BYTES_MAX = 5

/** A class, not closures, as its parts are. */
export class Cursor {
  readonly #parts = new Parts()
  #remaining: number
  /** The length of the next header, once it has been read. */
  #announced: number | null = null

  /** A cursor over a frame of this many bytes, none of which has arrived. */
  constructor(frameBytes: number) {
    this.#remaining = frameBytes
  }

  /** Unread bytes of the frame, arrived or not. */
  get remaining(): number {
    return this.#remaining
  }

  /** How many of these have arrived. */
  get arrived(): number {
    return this.#parts.arrived
  }

  /** Adds the next part. It is kept only while some of it is unread. */
  push(part: Uint8Array): void {
    this.#parts.push(part)
  }

  /** Whether the next `length` bytes, or all that remain, have arrived. */
  has(length: number): boolean {
    return this.#parts.arrived >= Math.min(length, this.#remaining)
  }

  /** Throws if the frame has fewer than `length` bytes left. */
  need(length: number): void {
    if (length > this.#remaining)
      throw new MalformedError(`cut off: ${length} bytes announced, ${this.#remaining} left`)
  }

  /**
   * The next header, behind its length; a view if it lies in one part, otherwise a copy. Null if it has not arrived
   * completely.
   */
  header(): Uint8Array | null {
    if (this.#announced === null) {
      if (!this.has(VARINT_BYTES_MAX)) return null
      const length = this.#varint()
      if (length > HEADER_BYTES_MAX)
        throw new MalformedError(`a header of ${length} bytes; at most ${HEADER_BYTES_MAX}`)
      this.need(length)
      this.#announced = length
    }
    if (!this.has(this.#announced)) return null
    const header = this.#read(this.#parts.joined(this.#announced))
    this.#announced = null
    return header
  }

  /** A view of those of the next `length` bytes that have arrived and lie in one part; empty if none has arrived. */
  part(length: number): Uint8Array {
    return this.#read(this.#parts.view(length))
  }

  /**
   * The value that `known` has for the next part, if that part is exactly the next `length` bytes. Otherwise undefined,
   * and nothing is read.
   */
  known<T>(values: WeakMap<Uint8Array, T>, length: number): T | undefined {
    this.need(length)
    const whole = this.#parts.whole(length)
    const value = whole && values.get(whole)
    if (value !== undefined) this.part(length)
    return value
  }

  #read(bytes: Uint8Array): Uint8Array {
    this.#remaining -= bytes.length
    return bytes
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 7 * VARINT_BYTES_MAX; shift += 7) {
      this.need(1)
      const byte = this.#parts.byte()
      this.#remaining--
      value += (byte & 127) * 2 ** shift
      if (byte < 128) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw new MalformedError('a length above 32 bits')
  }
}
