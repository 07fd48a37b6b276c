/**
 * A model: the shapes of its named parameters, their initial values, and its loss.
 *
 * The parameters travel as one flat vector, the tensors one after another in the order stated here, row-major. A model
 * receives the array library as an argument rather than importing it. So code that needs only shapes and initial
 * parameters (every peer's main thread) never loads the library.
 */

import type { Array as Tensor } from '@jax-js/jax'
import { CodedError } from '../../agreement/error.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { DataShape } from '../data/dataset.ts'
import type { Predicts } from '../evaluation/predictions.ts'
import { randomStream } from '../random.ts'

export type Jax = typeof import('@jax-js/jax')
export type { Tensor }

/** A tensor's place in the flat vector is the order in which they are listed. */
export interface NamedShape {
  readonly name: string
  /** In our own models weights are `[in, out]`, kernels `[k, k, in, out]`. */
  readonly shape: readonly number[]
}

/** One tensor of a model: name, shape and initial values. */
export type ParameterShape = NamedShape &
  (
    | {
        /** How many inputs feed one output of this layer, which Kaiming's bound is made from. */
        readonly fanIn: number
      }
    | {
        /** The initial value of all of them. */
        readonly start: number
      }
  )

/** A layer that, in training, drops values at random and scales up the others. */
interface Dropout {
  /** Values in one row. */
  readonly size: number
  /** The share that is dropped. */
  readonly rate: number
}

/** A model as functions of its tensors, which lie one behind the other in a flat vector. */
export interface Model {
  readonly name: string
  /** In the order of the flat vector. */
  readonly parameters: readonly ParameterShape[]
  /**
   * The model's output for a batch: `inputs` is `[rows, size]`, the result has `rows` rows (a classifier's logits).
   * Here and below tensors are reference-counted as everything in jax-js: using one consumes it, `.ref` keeps it.
   * @param masks in training one `[rows, size]` for each of `dropout`, to multiply with; null when evaluating
   */
  outputs(jax: Jax, parameters: readonly Tensor[], inputs: Tensor, masks: readonly Tensor[] | null): Tensor
  /**
   * Sum (not mean) of the losses of a batch, a scalar. `targets` are one-hot `[rows, classes]`, or, for real targets,
   * `[rows, 2]`: the target and 1. A row of zeros is padding and counts for nothing; in place of its 1 a one-hot row may
   * have the weight by which its loss counts.
   */
  lossSum(jax: Jax, outputs: Tensor, targets: Tensor): Tensor
  /**
   * What the outputs predict: a class, by the greatest of a row or, with one score, by its sign; or a number. Null if the
   * model predicts nothing.
   */
  readonly predicts: Predicts | null
  /** The layers that drop values in training, in the order of their masks. */
  readonly dropout?: readonly Dropout[]
  /**
   * Set if rows are not independent (batch normalisation): batches are then not padded, and are cut into pieces of this
   * many rows.
   */
  readonly rowsTogether?: number
}

/** How a model is trained, beyond what its name says. Not every model takes every setting. */
export interface ModelSettings {
  /** The share of a hidden layer's values that is dropped in training, in [0, 1); 0 or absent: none. */
  readonly dropout?: number | undefined
  /** `balanced`: each class of a peer's own examples has the same share of its loss; absent: each example has. */
  readonly classWeights?: 'balanced' | undefined
}

/** Builds a model for data of a shape. @throws ModelError if it cannot take such data. */
export type ModelFactory = (data: DataShape, settings: ModelSettings) => Model

/** A model that does not exist, or does not fit the data, the vector or a setting. */
export class ModelError extends CodedError<
  'MODEL_UNKNOWN' | 'MODEL_DATA' | 'MODEL_DIMENSION' | 'MODEL_SETTING'
> {
  override readonly name = 'ModelError'
}

export function tensorSize(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1)
}

/** `d`, the length of the flat vector. */
export function modelDimension(model: Model): number {
  return model.parameters.reduce((sum, parameter) => sum + tensorSize(parameter.shape), 0)
}

/**
 * The flat vector as views, one for each parameter, in order; nothing is copied. @throws ModelError on a wrong length.
 */
export function splitParameters(model: Model, vector: Vector): Vector[] {
  const dimension = modelDimension(model)
  if (vector.length !== dimension)
    throw new ModelError(
      'MODEL_DIMENSION',
      `${vector.length} parameters for model ${model.name}, expected ${dimension}`,
    )
  let from = 0
  return model.parameters.map(({ shape }) => {
    const part = vector.subarray(from, from + tensorSize(shape))
    from += part.length
    return part
  })
}

/** The inverse of `splitParameters`, into a new vector. */
export function joinParameters(model: Model, parts: readonly ArrayLike<number>[]): Vector {
  const vector = new Float32Array(modelDimension(model))
  let from = 0
  for (const part of parts) {
    vector.set(part, from)
    from += part.length
  }
  return vector
}

/**
 * θ₁, the same on every peer with this seed: Kaiming uniform, as in PyTorch's layers and so in the papers:
 * `U(−1/√fanIn, 1/√fanIn)` for weights and biases.
 */
export function initialParameters(model: Model, seed: number): Vector {
  const parts = model.parameters.map(parameter => {
    const { name, shape } = parameter
    if ('start' in parameter) return new Float32Array(tensorSize(shape)).fill(parameter.start)
    const random = randomStream(seed, 'initial', model.name, name)
    const bound = 1 / Math.sqrt(parameter.fanIn)
    return Float32Array.from({ length: tensorSize(shape) }, () => bound * (2 * random.uniform() - 1))
  })
  return joinParameters(model, parts)
}
