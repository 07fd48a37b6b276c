/**
 * Error feedback (Seide and others 2014; Karimireddy and others 2019): what rounding takes from a gradient, its author
 * adds to its next one. So the sum of what it sends stays within one rounding of the sum of its gradients, and nothing
 * is lost for good, however small it is beside the rest of its block.
 *
 * Only a peer's own gradient is fed back. In later iterations of an agreement a peer rounds what is everybody's.
 */
import { type NarrowPrecision, roundedTo } from '../agreement/precision.ts'
import type { Vector } from '../agreement/vector.ts'

interface Fed {
  /** What to send. */
  readonly sent: Vector
  /** What the next gradient is to make good. */
  readonly residual: Vector
}

/** @param before the residual of the gradient before; null: none */
export function fedBack(vector: Vector, before: Vector | null, precision: NarrowPrecision): Fed {
  const wanted = new Float32Array(vector)
  if (before !== null) for (let i = 0; i < wanted.length; i++) wanted[i]! += before[i]!
  const sent = roundedTo(wanted, precision)
  const residual = new Float32Array(wanted.length)
  for (let i = 0; i < residual.length; i++) residual[i] = wanted[i]! - sent[i]!
  return { sent, residual }
}
