/**
 * Linear support vector machine: hinge loss `max(0, 1 − y·s)` of the score `s = ⟨w, x⟩ + b`, `y = ±1`. Two classes have
 * one score (class 1 is +1); with more classes each has a score of its own, against all the others (one-vs-rest), and
 * the losses are summed. The margin's `λ/2·‖w‖²` is the cohort's weight decay.
 */
import { type DataShape, exampleSize } from '../data/dataset.ts'
import { requireClasses } from './classifier.ts'
import { dense } from './layers.ts'
import type { Jax, Model, Tensor } from './model.ts'

export function linearSvm(data: DataShape): Model {
  requireClasses('svm', data)
  const size = exampleSize(data.shape)
  const two = data.classes === 2
  const scores = two ? 1 : data.classes
  return {
    name: 'svm',
    parameters: [
      { name: 'linear.weight', shape: [size, scores], fanIn: size },
      { name: 'linear.bias', shape: [scores], fanIn: size },
    ],
    outputs: (jax, [weight, bias], inputs) => dense(jax, inputs, weight!, bias!),
    lossSum: two ? hingeOfTwo : hingeOfMany,
    predicts: 'classes',
  }
}

/** +1 for class 1, −1 for class 0, 0 for padding; `[rows, 1]`. */
function side(targets: Tensor): Tensor {
  return targets.ref.slice([], [1, 2]).sub(targets.slice([], [0, 1]))
}

function hingeOfTwo(jax: Jax, outputs: Tensor, targets: Tensor): Tensor {
  const y = side(targets)
  const present = y.ref.mul(y.ref)
  return jax.nn.relu(outputs.mul(y).neg().add(1)).mul(present).sum()
}

function hingeOfMany(jax: Jax, outputs: Tensor, targets: Tensor): Tensor {
  const present = jax.numpy.sum(targets.ref, -1, { keepdims: true })
  const y = targets.mul(2).sub(present.ref)
  return jax.nn.relu(outputs.mul(y).neg().add(1)).mul(present).sum()
}
