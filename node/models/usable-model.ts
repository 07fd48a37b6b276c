/** A finished model from a checkpoint: what it is, what it was learnt from, and its parameters. */
import type { Vector } from '../../agreement/vector.ts'
import type { DataShape } from '../../learning/data/dataset.ts'
import { shapeOfSchema } from '../../learning/data/schema.ts'
import { type Model, ModelError, modelDimension } from '../../learning/models/model.ts'
import { modelNamed } from '../../learning/models/registry.ts'
import { type Checkpoint, readCheckpoint, vectorOf } from '../files/checkpoint.ts'
import { descriptionOf, type ModelDescription, type ModelInputs } from '../files/description.ts'
import { FileError } from '../files/error.ts'

/** A model that can be given new rows or images. */
export interface UsableModel {
  readonly description: ModelDescription
  /** What its file notes beside the parameters. */
  readonly notes: Checkpoint['notes']
  readonly model: Model
  readonly shape: DataShape
  readonly vector: Vector
  readonly says: Says
}

/** What a model says of an example. */
export type Says =
  /** A probability of each class. */
  | { readonly kind: 'probabilities'; readonly classes: readonly string[] }
  /** How far an example lies on a class's side: these are no probabilities. */
  | { readonly kind: 'scores'; readonly classes: readonly string[] }
  /** `output × deviation + mean`, in the target's own units. */
  | { readonly kind: 'number'; readonly mean: number; readonly deviation: number }

/** Models whose outputs are distances to a border between classes. */
const MARGINS: ReadonlySet<string> = new Set(['svm'])

/** @throws FileError, saying what would be right */
export async function readModel(path: string): Promise<UsableModel> {
  return usableModel(await readCheckpoint(path), path)
}

/**
 * @param source the checkpoint's file, for messages
 * @throws FileError
 */
export function usableModel(checkpoint: Checkpoint, source: string): UsableModel {
  if (checkpoint.layout === 'own')
    throw new FileError(
      'unsupported',
      `${source} is not of one of Concord's own models: only the --oracle program that learnt it, or another writer of the file, knows what its tensors mean; expected what --save wrote for one of Concord's models. docs/using-a-model.md shows how Python loads the others`,
    )
  const description = descriptionOf(checkpoint, source)
  if (description === null)
    throw new FileError(
      'unsupported',
      `${source} does not say what its model was learnt from, as files of earlier versions; expected one that this version's --save wrote: a run with --init ${source} and --save makes it`,
    )
  const shape = shapeOf(description.inputs)
  const model = modelOf(description.model, shape, source)
  const says = whatIsSaid(model, description.inputs, shape, source)
  const held = checkpoint.tensors.reduce((sum, { values }) => sum + values.length, 0)
  if (held !== modelDimension(model))
    throw new FileError(
      'mismatch',
      `${source} holds ${held} parameters; expected ${modelDimension(model)}, as model ${model.name} has on such data`,
    )
  const vector = vectorOf(checkpoint, model.parameters, source)
  if (!vector.every(Number.isFinite))
    throw new FileError('unsupported', `${source} holds parameters that are not finite; expected numbers`)
  return { description, notes: checkpoint.notes, model, shape, vector, says }
}

function shapeOf(inputs: ModelInputs): DataShape {
  return inputs.kind === 'table' ? shapeOfSchema(inputs.schema) : inputs.form
}

function modelOf(name: string, shape: DataShape, source: string): Model {
  try {
    return modelNamed(name, shape)
  } catch (error) {
    if (error instanceof ModelError) throw new FileError('malformed', `${source}: ${error.message}`)
    throw error
  }
}

function whatIsSaid(model: Model, inputs: ModelInputs, shape: DataShape, source: string): Says {
  if (model.predicts === null)
    throw new FileError(
      'unsupported',
      `${source}: model ${model.name} predicts nothing; expected a model of classes or numbers`,
    )
  if (model.predicts === 'numbers') {
    const target = inputs.kind === 'table' ? inputs.schema.target : null
    const { mean = 0, deviation = 1 } = (target?.type === 'number' && target.scale) || {}
    return { kind: 'number', mean, deviation }
  }
  const classes = shape.classNames ?? Array.from({ length: shape.classes }, (_, label) => String(label))
  return { kind: MARGINS.has(model.name) ? 'scores' : 'probabilities', classes }
}
