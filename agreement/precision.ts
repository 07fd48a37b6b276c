/**
 * In how many bytes gradients travel. A vector is rounded to the precision before its author signs it, so what is
 * signed is what everybody averages. Its bytes decode to exactly this vector, and this vector encodes to exactly
 * these bytes.
 *
 * Only gradients may be narrow. Parameters stay 32-bit floats: a small step of descent would vanish in bfloat16, which
 * has 8 significant bits. So do metrics and statistics, which are few.
 *
 * How far rounding moves a coordinate `x`, at most (`roundingErrorOf`): bf16 by `|x|/256`, int8 by the largest of its block
 * over 127.5. In an agreement of `R` iterations the inputs are rounded before the guarantees are counted. The vectors
 * of the iterations 1 … R − 1 are rounded again, each by at most `ρ`. With the contraction `κ` and the averaging constant `C`,
 *   `Δ(out) ≤ κ^R Δ(in) + 2(R − 1)ρ`   and   `‖mean(out) − mean(in)‖ ≤ C·Δ(in) + (R − 1)(1 + 2C)ρ`:
 * each rounding adds at most 2ρ to the diameter, which later iterations only shrink, ρ to the mean's way, and C · 2ρ by what that diameter
 * lets later iterations move it.
 */
import { BFLOAT16_BYTES, narrowToBfloat16, widenBfloat16 } from './kernels/bfloat16.ts'
import { BLOCK_LENGTH, bytesInBlocks, narrowToBlocks, widenBlocks } from './kernels/block-int8.ts'
import type { Flaw } from './kernels/flaw.ts'
import type { Vector } from './vector.ts'

export type { Flaw } from './kernels/flaw.ts'

/** `f32`: 32-bit floats. `bf16`: bfloat16. `int8`: blocks of 256 coordinates of 8 bits with one scale. */
export const precisions = ['f32', 'bf16', 'int8'] as const
/** The name of a precision. */
export type Precision = (typeof precisions)[number]
/** A precision in which a vector has to be rounded. */
export type NarrowPrecision = Exclude<Precision, 'f32'>

/** Bytes of a vector of `d` coordinates. */
export function bytesOf(dimension: number, precision: Precision): number {
  switch (precision) {
    case 'f32':
      return 4 * dimension
    case 'bf16':
      return BFLOAT16_BYTES * dimension
    case 'int8':
      return bytesInBlocks(dimension)
  }
}

/** Vectors that have a precision, each with its bytes: what is sent is not rounded twice. */
const narrow = {
  bf16: new WeakMap<Vector, Uint8Array>(),
  int8: new WeakMap<Vector, Uint8Array>(),
}

/** The nearest vector of a precision, with ties to even: a new one, or the vector itself if it has the precision. */
export function roundedTo(vector: Vector, precision: Precision): Vector {
  if (precision === 'f32' || narrow[precision].has(vector)) return vector
  const bytes = precision === 'bf16' ? narrowToBfloat16(vector) : narrowToBlocks(vector)
  const rounded = new Float32Array(vector.length)
  widen(bytes, precision, rounded, 0)
  narrow[precision].set(rounded, bytes)
  return rounded
}

/** The bytes of a vector that was rounded to this precision. */
export function narrowBytes(vector: Vector, precision: NarrowPrecision): Uint8Array {
  const known = narrow[precision].get(vector)
  if (known !== undefined) return known
  const bytes = precision === 'bf16' ? narrowToBfloat16(vector) : narrowToBlocks(vector)
  narrow[precision].set(vector, bytes)
  return bytes
}

/** Received bytes come in pieces of whole units. */
export function unitBytes(precision: NarrowPrecision): number {
  return precision === 'bf16' ? BFLOAT16_BYTES : bytesInBlocks(BLOCK_LENGTH)
}

/** Coordinates in a unit. */
export function unitLength(precision: NarrowPrecision): number {
  return precision === 'bf16' ? 1 : BLOCK_LENGTH
}

/**
 * Writes whole units into the vector, from coordinate `at` on; only the vector's last may be shorter.
 * @returns null if the numbers are finite and their bytes are those to which they are narrowed
 */
export function widen(
  bytes: Uint8Array,
  precision: NarrowPrecision,
  vector: Vector,
  at: number,
): Flaw | null {
  if (precision === 'int8') return widenBlocks(bytes, vector, at)
  return widenBfloat16(bytes, vector, at) ? null : 'not-finite'
}

/** How far each coordinate of this rounded vector may be from what was rounded to it. */
export function roundingErrorOf(vector: Vector, precision: Precision): number {
  if (precision === 'f32') return 0
  let peak = 0
  for (const value of vector) peak = Math.max(peak, Math.abs(value))
  // From the rounded: |x| ≤ 256/255 |y|, and 2^e/2 ≤ 1/128 of the largest. Near 0 the steps are equal.
  return precision === 'bf16' ? peak / 255 + 2 ** -134 : peak / 127 + 2 ** -129
}
