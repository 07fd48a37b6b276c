/** Softmax regression: one linear layer. On 28 × 28 and ten classes 7,850 parameters. */
import { type DataShape, exampleSize } from '../data/dataset.ts'
import { classification, requireClasses } from './classifier.ts'
import { dense } from './layers.ts'
import type { Model } from './model.ts'

export function softmaxRegression(data: DataShape): Model {
  requireClasses('softmax', data)
  const { classes } = data
  const size = exampleSize(data.shape)
  return {
    name: 'softmax',
    parameters: [
      { name: 'linear.weight', shape: [size, classes], fanIn: size },
      { name: 'linear.bias', shape: [classes], fanIn: size },
    ],
    outputs: (jax, [weight, bias], inputs) => dense(jax, inputs, weight!, bias!),
    ...classification,
  }
}
