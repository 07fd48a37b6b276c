/**
 * What an honest worker does to its gradient before it sends it: weight decay, clipping and momentum, in this order
 * (RESAM, §5.1 and eq. 5).
 */
import { allocatePassing, blend } from '../agreement/kernels/index.ts'
import { isFiniteVector, markFinite, type Vector } from '../agreement/vector.ts'

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
 * @param vector becomes the vector: an array where the rules read it without copying it again, or the gradient itself
 * if nobody needs it any more
 */
export function ownGradient(
  gradient: Vector,
  parameters: Vector,
  before: Vector | null,
  { momentum: beta, clip, weightDecay, statistics = 0 }: OwnGradientOptions,
  vector: Vector = allocatePassing(gradient.length),
): Vector {
  const squares = decayed(gradient, parameters, weightDecay, gradient.length - statistics, vector)
  const length = Math.sqrt(squares)
  const scale = clip !== null && length > clip ? clip / length : 1
  if (beta === 0 || before === null) {
    if (scale !== 1) for (let i = 0; i < vector.length; i++) vector[i]! *= scale
    const share = 1 - beta
    if (beta !== 0) for (let i = 0; i < vector.length; i++) vector[i]! *= share
  } else blend(vector, 1 - beta, before, beta, scale)
  // A sum of squares of 32-bit numbers overflows only if one of them did, and a weighted mean does not.
  if (Number.isFinite(squares) && (before === null || isFiniteVector(before))) markFinite(vector)
  return vector
}

/**
 * Writes the gradient with its decay, and measures it while it is at hand: three passes would fetch it three times.
 * @param learnt how many of the first coordinates decay
 * @returns the sum of the squares, in index order
 */
function decayed(
  gradient: Vector,
  parameters: Vector,
  weightDecay: number,
  learnt: number,
  vector: Vector,
): number {
  let squares = 0
  const decaying = weightDecay === 0 ? 0 : learnt
  for (let i = 0; i < decaying; i++) {
    const value = Math.fround(gradient[i]! + weightDecay * parameters[i]!)
    vector[i] = value
    squares += value * value
  }
  for (let i = decaying; i < gradient.length; i++) {
    const value = gradient[i]!
    vector[i] = value
    squares += value * value
  }
  return squares
}
