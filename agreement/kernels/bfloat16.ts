/**
 * The loops between 32-bit floats and bfloat16: the upper half of the bits, 8 of them significant. Little-endian bytes
 * on every machine.
 */
import type { Vector } from '../vector.ts'

export const BFLOAT16_BYTES = 2

const INFINITE = 0x7f80
const GREATEST = 0x7f7f
const QUIET = 0x0040
/** Numbers among which the rare ones are looked for at once: a branch for each would halve the speed. */
const RUN_LENGTH = 1024
const isBigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0

/**
 * Rounds to nearest, ties to even. A finite number stays finite: above the greatest bfloat16, 3.39e38, it becomes that.
 * Infinities and NaNs stay what they are.
 */
export function narrowToBfloat16(vector: Vector): Uint8Array {
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length)
  const words = new Uint16Array(vector.length)
  for (let begin = 0; begin < words.length; begin += RUN_LENGTH) {
    const end = Math.min(begin + RUN_LENGTH, words.length)
    let carried = 0
    for (let i = begin; i < end; i++) {
      const from = bits[i]!
      const to = (from + 0x7fff + ((from >>> 16) & 1)) >>> 16
      words[i] = to
      // Into bit 15 only from an exponent of ones, before or after.
      carried |= (((from >>> 16) & INFINITE) + 0x80) | ((to & INFINITE) + 0x80)
    }
    if ((carried & 0x8000) !== 0) for (let i = begin; i < end; i++) words[i] = narrowed(bits[i]!)
  }
  const bytes = new Uint8Array(words.buffer)
  if (isBigEndian) swap(bytes)
  return bytes
}

/** The same for one number, with the ends. */
function narrowed(from: number): number {
  const upper = from >>> 16
  if ((upper & INFINITE) === INFINITE) return (from & 0x7fffff) === 0 ? upper : upper | QUIET
  const to = (from + 0x7fff + (upper & 1)) >>> 16
  return (to & INFINITE) === INFINITE ? (upper & 0x8000) | GREATEST : to
}

const stage = new Uint16Array(16_384)
const stageBytes = new Uint8Array(stage.buffer)

/**
 * Writes the numbers of `bytes` into the vector, from coordinate `at` on. They pass through an aligned place that the
 * cache holds.
 * @returns whether all are finite
 */
export function widenBfloat16(bytes: Uint8Array, vector: Vector, at: number): boolean {
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length)
  let carried = 0
  for (let done = 0; done < bytes.length; done += stageBytes.length) {
    const piece = bytes.subarray(done, done + stageBytes.length)
    stageBytes.set(piece)
    if (isBigEndian) swap(stageBytes)
    const count = piece.length >>> 1
    const from = at + (done >>> 1)
    for (let i = 0; i < count; i++) {
      const word = stage[i]!
      bits[from + i] = word << 16
      // Into bit 15 only from an exponent of ones.
      carried |= (word & INFINITE) + 0x80
    }
  }
  return (carried & 0x8000) === 0
}

function swap(bytes: Uint8Array): void {
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const first = bytes[i]!
    bytes[i] = bytes[i + 1]!
    bytes[i + 1] = first
  }
}
