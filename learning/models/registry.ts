/** The models by name. To add one: write its file beside the others and name it here. */
import type { DataShape } from '../data/dataset.ts'
import { resamCifar } from './cifar.ts'
import { lenet, resamMnist } from './lenet.ts'
import { linearRegression } from './linear-regression.ts'
import { meanEstimation } from './mean.ts'
import { multiLayerPerceptron } from './mlp.ts'
import { type Model, ModelError, type ModelFactory } from './model.ts'
import { softmaxRegression } from './softmax.ts'
import { linearSvm } from './svm.ts'

const MODELS = new Map<string, ModelFactory>([
  ['softmax', softmaxRegression],
  ['mlp', multiLayerPerceptron],
  ['lenet', lenet],
  ['resam-cnn', resamMnist],
  ['resam-cifar', resamCifar],
  ['linear-regression', linearRegression],
  ['svm', linearSvm],
  ['mean', meanEstimation],
])

/** Names that `modelNamed` takes. */
export const modelNames: readonly string[] = [...MODELS.keys()]

/** @throws ModelError `MODEL_UNKNOWN`, listing the names. */
export function modelNamed(name: string, data: DataShape): Model {
  const factory = MODELS.get(name)
  if (!factory)
    throw new ModelError('MODEL_UNKNOWN', `model '${name}': expected one of ${modelNames.join(', ')}`)
  return factory(data)
}
