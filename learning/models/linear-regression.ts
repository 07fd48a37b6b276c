/**
 * Linear regression, `½(⟨θ, x⟩ − y)²`, starting at 0 (byzantine-gradient-descent, §4; approximate-byzantine-fault-
 * tolerance, §5). It has no intercept, as in the papers: to get one, add a column of ones to the data.
 */
import { type DataShape, exampleSize } from '../data/dataset.ts'
import { type Model, ModelError } from './model.ts'

export function linearRegression({ shape, classes }: DataShape): Model {
  if (classes !== 0)
    throw new ModelError(
      'MODEL_DATA',
      `model linear-regression on data with ${classes} classes: expected real targets`,
    )
  return {
    name: 'linear-regression',
    parameters: [{ name: 'weight', shape: [exampleSize(shape), 1], start: 0 }],
    outputs: (jax, [weight], inputs) => jax.numpy.matmul(inputs, weight!),
    lossSum(_, outputs, targets) {
      const value = targets.ref.slice([], [0, 1])
      const present = targets.slice([], [1, 2])
      const residual = outputs.sub(value).mul(present)
      return residual.ref.mul(residual).sum().mul(0.5)
    },
    hits: null,
  }
}
