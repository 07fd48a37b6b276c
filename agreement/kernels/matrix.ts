/** Symmetric matrices of values for pairs of vectors: `n × n`, row by row. */

export type Matrix = Float64Array

/** Below this sum for each coordinate, terms may have vanished in 32 bits. */
const LEAST = 2 ** -100

/**
 * Whether squared distances that were added up from 32-bit terms may be wrong: some term overflowed, or so many may
 * have fallen below the least number that the sum is in doubt.
 */
export function needsMoreBits(distances: Matrix, n: number, d: number): boolean {
  for (let j = 0; j < n; j++)
    for (let k = j + 1; k < n; k++) {
      const value = distances[j * n + k]!
      if (!(value >= LEAST * d && value < Infinity)) return true
    }
  return false
}
