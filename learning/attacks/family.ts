/** What an omniscient adversary computes from the honest vectors that it has seen. */
import type { Vector } from '../../agreement/vector.ts'
import type { Sight } from './attack.ts'

/** The honest vectors seen, or the vector that an honest peer would have sent if none was seen yet. Never empty. */
export function seen({ honest, own }: Sight): readonly Vector[] {
  return honest.length > 0 ? honest : [own]
}

/** `ḡ`, coordinate by coordinate. */
export function mean(family: readonly Vector[]): Float64Array {
  const sums = new Float64Array(family[0]!.length)
  // Four vectors a pass, added one after the other: the same bits, and the sums are fetched a quarter as often.
  const whole = family.length - (family.length % 4)
  for (let j = 0; j < whole; j += 4) {
    const [a, b, c, d] = [family[j]!, family[j + 1]!, family[j + 2]!, family[j + 3]!]
    for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + a[i]! + b[i]! + c[i]! + d[i]!
  }
  for (const vector of family.slice(whole)) for (let i = 0; i < sums.length; i++) sums[i]! += vector[i]!
  for (let i = 0; i < sums.length; i++) sums[i]! /= family.length
  return sums
}

/** `σ`: coordinate-wise standard deviation over the family (divided by its size). */
export function deviation(family: readonly Vector[], center: Float64Array): Float64Array {
  const squares = new Float64Array(center.length)
  const whole = family.length - (family.length % 2)
  for (let j = 0; j < whole; j += 2) {
    const [a, b] = [family[j]!, family[j + 1]!]
    for (let i = 0; i < squares.length; i++) {
      const first = a[i]! - center[i]!
      const second = b[i]! - center[i]!
      squares[i] = squares[i]! + first * first + second * second
    }
  }
  for (const vector of family.slice(whole))
    for (let i = 0; i < squares.length; i++) {
      const gap = vector[i]! - center[i]!
      squares[i]! += gap * gap
    }
  for (let i = 0; i < squares.length; i++) squares[i] = Math.sqrt(squares[i]! / family.length)
  return squares
}

/** Loops rather than `Float32Array.from` with a mapping here and below: that takes forty times as long. */
export function scaled(vector: Float32Array | Float64Array, factor: number): Vector {
  const result = new Float32Array(vector.length)
  for (let i = 0; i < result.length; i++) result[i] = vector[i]! * factor
  return result
}

/** `ḡ + ζσ`, rounded once. */
export function shifted(family: readonly Vector[], zeta: number): Vector {
  const center = mean(family)
  const sigma = deviation(family, center)
  const result = new Float32Array(center.length)
  for (let i = 0; i < result.length; i++) result[i] = center[i]! + zeta * sigma[i]!
  return result
}
