/**
 * Mean estimation, `½‖θ − x‖²`, starting at 0: with one example for each peer, LEARN agrees on a point near the mean of
 * the peers' examples (collaborative-learning, Theorem 2). Labels do not matter.
 */
import { type DataShape, exampleSize } from '../data/dataset.ts'
import type { Model } from './model.ts'

export function meanEstimation({ shape, classes }: DataShape): Model {
  return {
    name: 'mean',
    parameters: [{ name: 'mean', shape: [exampleSize(shape)], start: 0 }],
    outputs: (_, [mean], inputs) => mean!.sub(inputs),
    lossSum(jax, outputs, targets) {
      // One-hot rows sum to 1, padding to 0; a real target says so in its second column.
      const present = classes === 0 ? targets.slice([], 1) : targets.sum(-1)
      return jax.numpy.sum(outputs.ref.mul(outputs), -1).mul(present).sum().mul(0.5)
    },
    predicts: null,
  }
}
