/** Line 5 of Algorithm 1: the step of descent that every peer takes for itself. */
import type { Vector } from '../agreement/vector.ts'
import { type Box, project } from './box.ts'

/** A driver may pass a function of its own; it must give the same bits. */
export type Descend = typeof descended

/**
 * `θ_{t+½} ← [θ_t − η_t·γ_t]_W`, as a new vector.
 *
 * @param gamma `γ_t`, the average gradient, of as many coordinates as `parameters`
 * @param rate `η_t`
 * @param box `W`; null: all of ℝ^d
 */
export function descended(parameters: Vector, gamma: Vector, rate: number, box: Box | null): Vector {
  const moved = new Float32Array(gamma.length)
  for (let i = 0; i < moved.length; i++) moved[i] = parameters[i]! - rate * gamma[i]!
  if (box !== null) project(moved, box)
  return moved
}
