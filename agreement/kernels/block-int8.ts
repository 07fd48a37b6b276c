/**
 * The loops between 32-bit floats and blocks of 8-bit integers. A block is one byte for the exponent `e` of its scale,
 * then `q_i` from −127 to 127 for up to 256 coordinates: `x_i ≈ 2^e · q_i`.
 *
 * `e` is the least with which the largest `q_i` is at most 127, so that this one is at least 64, and no smaller than
 * −128. So a block has one form, and what was decoded is encoded as the same bytes. A receiver refuses any
 * other form: a vector passed on would otherwise not have the bytes that its author signed.
 */
import type { Vector } from '../vector.ts'
import type { Flaw } from './flaw.ts'

export const BLOCK_LENGTH = 256

const QUOTIENT_MAX = 127
const QUOTIENT_MIN_OF_PEAK = 64
const EXPONENT_MIN = -128
/** 127 · 2^121 is finite. */
const EXPONENT_MAX = 121
/** In place of an exponent, above `EXPONENT_MAX`: the block is not finite. */
const NOT_FINITE = 127
/** Added and taken away, it leaves a 64-bit float rounded to an integer: to nearest, ties to even. */
const INTEGER = 1.5 * 2 ** 52

export function bytesInBlocks(length: number): number {
  return length + Math.ceil(length / BLOCK_LENGTH)
}

/**
 * Rounds to nearest, ties to even. A finite number stays finite: above 127 · 2^121, 3.38e38, it becomes that. A block
 * with a number that is not finite becomes one that no receiver takes.
 */
export function narrowToBlocks(vector: Vector): Uint8Array {
  const bytes = new Uint8Array(bytesInBlocks(vector.length))
  const quotients = new Int8Array(bytes.buffer)
  for (let from = 0, at = 0; from < vector.length; from += BLOCK_LENGTH) {
    const end = Math.min(from + BLOCK_LENGTH, vector.length)
    let peak = 0
    let sum = 0
    for (let i = from; i < end; i++) {
      const size = Math.abs(vector[i]!)
      sum += 0 * size
      peak = size > peak ? size : peak
    }
    if (sum !== 0) {
      quotients[at] = NOT_FINITE
      at += 1 + end - from
      continue
    }
    const exponent = exponentFor(peak)
    const inverse = 2 ** -exponent
    quotients[at++] = exponent
    // Only in a block of the greatest exponent is a quotient above 127.
    const limit = QUOTIENT_MAX / inverse
    if (peak <= limit)
      for (let i = from; i < end; i++) quotients[at++] = vector[i]! * inverse + INTEGER - INTEGER
    else
      for (let i = from; i < end; i++)
        quotients[at++] = Math.max(-limit, Math.min(limit, vector[i]!)) * inverse + INTEGER - INTEGER
  }
  return bytes
}

const float = new Float32Array(1)
const floatBits = new Uint32Array(float.buffer)

function exponentFor(peak: number): number {
  float[0] = peak
  // `peak / 2^exponent` is from 64 up to 128, and may round to 128. (Below 2^−126 any exponent is too small.)
  const exponent = (floatBits[0]! >>> 23) - 127 - 6
  const fitting = peak * 2 ** -exponent < QUOTIENT_MAX + 0.5 ? exponent : exponent + 1
  return Math.max(EXPONENT_MIN, Math.min(EXPONENT_MAX, fitting))
}

/**
 * Writes the numbers of whole blocks into the vector, from coordinate `at` on. The last block may be shorter. A block
 * that is not finite becomes NaNs.
 */
export function widenBlocks(bytes: Uint8Array, vector: Vector, at: number): Flaw | null {
  const quotients = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  let flaw: Flaw | null = null
  let to = at
  for (let from = 0; from < quotients.length; ) {
    const end = Math.min(from + 1 + BLOCK_LENGTH, quotients.length)
    const exponent = quotients[from++]!
    const scale = exponent > EXPONENT_MAX ? Number.NaN : 2 ** exponent
    // The bits of all sizes together: as much above 63 or 127 as the largest.
    let sizes = 0
    for (; from < end; from++) {
      const quotient = quotients[from]!
      const sign = quotient >> 31
      sizes |= (quotient ^ sign) - sign
      vector[to++] = quotient * scale
    }
    if (exponent > EXPONENT_MAX) flaw = 'not-finite'
    else if (sizes > QUOTIENT_MAX || (sizes < QUOTIENT_MIN_OF_PEAK && exponent > EXPONENT_MIN))
      flaw ??= 'other-form'
  }
  return flaw
}
