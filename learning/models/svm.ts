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

function hingeOfTwo(jax: Jax, outputs: Tensor, targets: Tensor): Tensor {
  return hinges(jax, outputs, targets.ref.slice([], [1, 2]), targets.slice([], [0, 1]))
}

function hingeOfMany(jax: Jax, outputs: Tensor, targets: Tensor): Tensor {
  const rest = jax.numpy.sum(targets.ref, -1, { keepdims: true }).sub(targets.ref)
  return hinges(jax, outputs, targets, rest)
}

/** The losses of scores, by how much each counts as one of its class (`+1`) and as one of the others (`−1`). */
function hinges(jax: Jax, scores: Tensor, own: Tensor, others: Tensor): Tensor {
  const above = jax.nn.relu(scores.ref.neg().add(1)).mul(own)
  return above.add(jax.nn.relu(scores.add(1)).mul(others)).sum()
}
