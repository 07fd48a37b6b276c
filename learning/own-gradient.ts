/**
 * What an honest worker does to its gradient before it sends it: weight decay, clipping and momentum, in this order
 * (RESAM, §5.1 and eq. 5).
 */
import { allocatePassing, blend } from '../agreement/kernels/index.ts'
import { norm, type Vector } from '../agreement/vector.ts'

export interface OwnGradientOptions {
  /** `β` of `m ← βm + (1 − β)g` (RESAM, eq. 5); 0 sends gradients. */
  readonly momentum: number
  /** ℓ₂ norm to which the gradient is clipped; null: not at all. */
  readonly clip: number | null
  /** Coefficient of θ added to the gradient. */
  readonly weightDecay: number
  /** How many of the last coordinates are statistics, which do not decay; absent: none. */
  readonly statistics?: number
}

/**
 * The vector to send. With momentum it is also the momentum of the next call.
 *
 * @param gradient `d` coordinates, at `parameters`
 * @param before the momentum before this step; null at the first step
 * @param vector the gradient's array, which becomes the vector: a copy, or the gradient itself if nobody needs it any
 * more
 */
export function ownGradient(
  gradient: Vector,
  parameters: Vector,
  before: Vector | null,
  { momentum: beta, clip, weightDecay, statistics = 0 }: OwnGradientOptions,
  vector: Vector = copyOf(gradient),
): Vector {
  if (weightDecay !== 0)
    for (let i = 0; i < vector.length - statistics; i++) vector[i]! += weightDecay * parameters[i]!
  if (clip !== null) {
    const length = norm(vector)
    const scale = clip / length
    if (length > clip) for (let i = 0; i < vector.length; i++) vector[i]! *= scale
  }
  if (beta === 0) return vector
  const share = 1 - beta
  if (before === null) for (let i = 0; i < vector.length; i++) vector[i]! *= share
  else blend(vector, share, before, beta)
  return vector
}

/** Where the rules read it without copying it again. */
function copyOf(vector: Vector): Vector {
  const copy = allocatePassing(vector.length)
  copy.set(vector)
  return copy
}
