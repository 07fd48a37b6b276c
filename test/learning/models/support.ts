/** Data and parameters that tests of models share. */
import type { Vector } from '../../../agreement/vector.ts'
import type { DataShape } from '../../../learning/data/dataset.ts'
import { initialParameters, type Model, tensorSize } from '../../../learning/models/model.ts'
import { randomStream } from '../../../learning/random.ts'

export const small = { shape: [2, 3], classes: 3 }

/** The smallest data that a model takes. */
export function dataOf(name: string): DataShape {
  if (name === 'lenet' || name === 'resam-cnn') return { ...small, shape: [16, 16] }
  if (name === 'resam-cifar') return { ...small, shape: [8, 8, 3] }
  if (name.startsWith('linear-regression')) return { shape: [2, 3], classes: 0 }
  return small
}

/** Parameters away from the start, where those of some models are all 0. */
export function somewhere(model: Model): Vector {
  const random = randomStream(2, 'somewhere')
  return initialParameters(model, 1).map(value => value + 0.02 * random.normal())
}

/** A few coordinates of every parameter. */
export function coordinates(model: Model): number[] {
  let from = 0
  return model.parameters.flatMap(({ shape }) => {
    const length = tensorSize(shape)
    const own = Array.from({ length: 6 }, (_, i) => from + Math.floor(((i + 0.5) * length) / 6))
    from += length
    return [...new Set(own)]
  })
}
