/** The models by name. To add one: write its file beside the others and name it here. */
import type { DataShape } from '../data/dataset.ts'
import { lenet, resamMnist } from './lenet.ts'
import { multiLayerPerceptron } from './mlp.ts'
import { type Model, ModelError, type ModelFactory } from './model.ts'
import { softmaxRegression } from './softmax.ts'

const MODELS = new Map<string, ModelFactory>([
  ['softmax', softmaxRegression],
  ['mlp', multiLayerPerceptron],
  ['lenet', lenet],
  ['resam-cnn', resamMnist],
])

export const modelNames: readonly string[] = [...MODELS.keys()]

/** @throws ModelError `MODEL_UNKNOWN`, listing the names. */
export function modelNamed(name: string, data: DataShape): Model {
  const factory = MODELS.get(name)
  if (!factory)
    throw new ModelError('MODEL_UNKNOWN', `model '${name}': expected one of ${modelNames.join(', ')}`)
  return factory(data)
}
