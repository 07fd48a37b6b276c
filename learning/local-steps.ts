/**
 * Local steps: in one step of LEARN a peer descends `k` times by itself, from `θ` to `θ − η·v_1`, and so on, where `v_j`
 * is its own gradient there with decay, clipping and momentum (own-gradient.ts). What the peers average is the sum
 * `v_1 + … + v_k`, and the descent from `θ` uses the average of these sums. So a peer alone moves as in `k` steps.
 *
 * Momentum runs on from one local step to the next, and from the last one to the next step of LEARN. Statistics stay where
 * they are, and a box holds local steps too; the sum knows nothing of it.
 */
import type { Vector } from '../agreement/vector.ts'
import { type Box, project } from './box.ts'
import { type OwnGradientOptions, ownGradient } from './own-gradient.ts'

/** How far a peer has come in its own descent within a step. */
export interface LocalSteps {
  /** How many of the gradients it has. */
  readonly done: number
  /** Where it stands: `θ` at first. */
  readonly parameters: Vector
  /** Of the gradient before; null at the first of the run, and without momentum. */
  readonly momentum: Vector | null
  /** Of the vectors so far; null before the first. */
  readonly sum: Vector | null
}

/** The beginning of a step, at its parameters. */
export function localStart(parameters: Vector, momentum: Vector | null): LocalSteps {
  return { done: 0, parameters, momentum, sum: null }
}

interface LocalOptions extends OwnGradientOptions {
  /** `η`. */
  readonly rate: number
  readonly box: Box | null
}

/** After one more gradient, at `at.parameters`. @param isLast whether it is the last of its step: no descent follows */
export function localStep(
  at: LocalSteps,
  gradient: Vector,
  isLast: boolean,
  options: LocalOptions,
): LocalSteps & { readonly sum: Vector } {
  const vector = ownGradient(gradient, at.parameters, at.momentum, options)
  return {
    done: at.done + 1,
    parameters: isLast ? at.parameters : movedBy(at.parameters, vector, options),
    momentum: options.momentum === 0 ? at.momentum : vector,
    sum: at.sum === null ? vector : added(at.sum, vector),
  }
}

/** A step on learnt coordinates alone. */
function movedBy(parameters: Vector, vector: Vector, { rate, box, statistics = 0 }: LocalOptions): Vector {
  const moved = parameters.slice()
  const learnt = moved.subarray(0, moved.length - statistics)
  for (let i = 0; i < learnt.length; i++) learnt[i]! -= rate * vector[i]!
  if (box !== null) project(learnt, box)
  return moved
}

function added(a: Vector, b: Vector): Vector {
  const sum = new Float32Array(a.length)
  for (let i = 0; i < sum.length; i++) sum[i] = a[i]! + b[i]!
  return sum
}

/**
 * Which of its gradients a peer computes, from 1: an oracle draws the batch by it, so that each local step has one of its
 * own. Without local steps it is the step.
 */
export function gradientNumber(step: number, local: number, localSteps = 1): number {
  return (step - 1) * localSteps + local + 1
}
