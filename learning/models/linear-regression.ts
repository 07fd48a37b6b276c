/**
 * Linear regression, `½(⟨θ, x⟩ − y)²`, starting at 0 (byzantine-gradient-descent, §4; approximate-byzantine-fault-
 * tolerance, §5). `linear-regression` has no intercept, as in the papers, whose experiments compare θ with the least
 * squares of the same rows. `linear-regression:intercept` has one, as data of one's own nearly always need:
 * `½(⟨w, x⟩ + b − y)²`.
 */
import { type DataShape, exampleSize } from '../data/dataset.ts'
import { type Jax, type Model, ModelError, type Tensor } from './model.ts'

export function linearRegression(data: DataShape): Model {
  requireNumbers('linear-regression', data)
  return {
    name: 'linear-regression',
    parameters: [{ name: 'weight', shape: [exampleSize(data.shape), 1], start: 0 }],
    outputs: (jax, [weight], inputs) => jax.numpy.matmul(inputs, weight!),
    lossSum: halfSquares,
    predicts: 'numbers',
  }
}

export function linearRegressionWithIntercept(data: DataShape): Model {
  requireNumbers('linear-regression:intercept', data)
  return {
    name: 'linear-regression:intercept',
    parameters: [
      { name: 'weight', shape: [exampleSize(data.shape), 1], start: 0 },
      { name: 'bias', shape: [1], start: 0 },
    ],
    outputs: (jax, [weight, bias], inputs) => jax.numpy.matmul(inputs, weight!).add(bias!),
    lossSum: halfSquares,
    predicts: 'numbers',
  }
}

function requireNumbers(name: string, { classes }: DataShape): void {
  if (classes !== 0)
    throw new ModelError(
      'MODEL_DATA',
      `model ${name} on data with ${classes} classes: expected real targets; softmax and mlp:64,64 learn classes`,
    )
}

function halfSquares(_: Jax, outputs: Tensor, targets: Tensor): Tensor {
  const value = targets.ref.slice([], [0, 1])
  const present = targets.slice([], [1, 2])
  const residual = outputs.sub(value).mul(present)
  return residual.ref.mul(residual).sum().mul(0.5)
}
