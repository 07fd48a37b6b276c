/** Projection onto a box: the convex, compact `W` of approximate-byzantine-fault-tolerance, eq. 20. */
import type { Vector } from '../agreement/vector.ts'

/** `[low, high]^d`. */
export interface Box {
  readonly low: number
  readonly high: number
}

/** `[x]_W`, in place. A NaN stays a NaN. */
export function project(vector: Vector, { low, high }: Box): void {
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i]!
    if (value < low) vector[i] = low
    else if (value > high) vector[i] = high
  }
}
