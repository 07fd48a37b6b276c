/** RESAM's multi-layer perceptron (App. D): one hidden layer of 100 with ReLU. On MNIST 784-100-10, 79,510 parameters. */
import { type DataShape, exampleSize } from '../data/dataset.ts'
import { classification, requireClasses } from './classifier.ts'
import { dense } from './layers.ts'
import type { Model } from './model.ts'

const HIDDEN = 100

export function multiLayerPerceptron(data: DataShape): Model {
  requireClasses('mlp', data)
  const { classes } = data
  const size = exampleSize(data.shape)
  return {
    name: 'mlp',
    parameters: [
      { name: 'hidden.weight', shape: [size, HIDDEN], fanIn: size },
      { name: 'hidden.bias', shape: [HIDDEN], fanIn: size },
      { name: 'output.weight', shape: [HIDDEN, classes], fanIn: HIDDEN },
      { name: 'output.bias', shape: [classes], fanIn: HIDDEN },
    ],
    outputs(jax, [w1, b1, w2, b2], inputs) {
      const hidden = jax.nn.relu(dense(jax, inputs, w1!, b1!))
      return dense(jax, hidden, w2!, b2!)
    },
    ...classification,
  }
}
