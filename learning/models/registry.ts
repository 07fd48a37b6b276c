/** The models by name. To add one: write its file beside the others and name it here. */
import type { DataShape } from '../data/dataset.ts'
import { resamCifar } from './cifar.ts'
import { lenet, resamMnist } from './lenet.ts'
import { linearRegression, linearRegressionWithIntercept } from './linear-regression.ts'
import { meanEstimation } from './mean.ts'
import { multiLayerPerceptron, namesSizes, perceptronForm, sizedPerceptron } from './mlp.ts'
import { type Model, ModelError, type ModelFactory, type ModelSettings } from './model.ts'
import { softmaxRegression } from './softmax.ts'
import { linearSvm } from './svm.ts'

const MODELS = new Map<string, ModelFactory>([
  ['softmax', softmaxRegression],
  ['mlp', multiLayerPerceptron],
  ['lenet', lenet],
  ['resam-cnn', resamMnist],
  ['resam-cifar', resamCifar],
  ['linear-regression', linearRegression],
  ['linear-regression:intercept', linearRegressionWithIntercept],
  ['svm', linearSvm],
  ['mean', meanEstimation],
])

/** The names that `modelNamed` takes, as people are told them: where a name has numbers in it, one of many. */
export const modelNames: readonly string[] = [...MODELS.keys()].flatMap(name =>
  name === 'mlp' ? ['mlp', 'mlp:64,64'] : [name],
)

/** True if `modelNamed` takes this name, whatever the data. */
export function isModelName(name: string): boolean {
  return factoryOf(name) !== null
}

/**
 * What would be right in place of a wrong name, to follow "expected".
 * @param others names that the caller takes besides
 */
export function expectedModel(name: string, others: readonly string[] = []): string {
  return namesSizes(name) ? perceptronForm : `one of ${[...modelNames, ...others].join(', ')}`
}

const withoutClasses: ReadonlySet<string> = new Set([
  'linear-regression',
  'linear-regression:intercept',
  'mean',
])

/** Which models take a setting. `resam-cifar` has a dropout of its own, which is not to be set. */
const takes: Readonly<Record<keyof ModelSettings, (name: string) => boolean>> = {
  dropout: name => name === 'mlp' || namesSizes(name),
  classWeights: name => isModelName(name) && !withoutClasses.has(name),
}

/** A setting that the model does not take. */
interface WrongSetting {
  readonly setting: keyof ModelSettings
  /** What is wrong and what would be right, to follow the setting's name. */
  readonly why: string
}

/** The first setting that the model does not take; null if it takes all that are set. */
export function wrongSetting(name: string, settings: ModelSettings): WrongSetting | null {
  for (const setting of Object.keys(takes) as (keyof ModelSettings)[]) {
    const value = settings[setting]
    if (!value || takes[setting](name)) continue
    const taking = modelNames.filter(takes[setting]).join(', ')
    return {
      setting,
      why: `is ${value}, which model ${name} does not take; expected none, or a model that takes it: ${taking}`,
    }
  }
  return null
}

/**
 * @throws ModelError `MODEL_UNKNOWN`, with what would be right; `MODEL_SETTING` if the model does not take a setting;
 * `MODEL_DATA` if it cannot take such data
 */
export function modelNamed(name: string, data: DataShape, settings: ModelSettings = {}): Model {
  const factory = factoryOf(name)
  if (!factory) throw new ModelError('MODEL_UNKNOWN', `model '${name}': expected ${expectedModel(name)}`)
  const wrong = wrongSetting(name, settings)
  if (wrong) throw new ModelError('MODEL_SETTING', `${wrong.setting} ${wrong.why}`)
  return factory(data, settings)
}

function factoryOf(name: string): ModelFactory | null {
  return MODELS.get(name) ?? sizedPerceptron(name)
}
