/**
 * Checkpoints: a model's parameters in a .safetensors file, by name and shape.
 *
 * Our own models keep weights as `[in, out]` and kernels as `[k, k, in, out]`, as JAX does; PyTorch keeps them as
 * `[out, in]` and `[out, in, k, k]`. The file notes its order of axes, and both can be read back.
 */
import type { Vector } from '../../agreement/vector.ts'
import { FLOAT32 } from '../../learning/data/number-type.ts'
import { DATA_BYTES_MAX, withInput } from '../../learning/data/read-file.ts'
import type { NamedShape } from '../../learning/models/model.ts'
import { FileError } from './error.ts'
import { writeOutput } from './output.ts'
import { readSafetensors, type Tensor, type TensorFile, writeSafetensors } from './safetensors.ts'
import { dtypeOf, listed, SAFETENSORS_HEAD_BYTES, safetensorsHeader, shorten } from './safetensors-header.ts'

/** The order of the axes: `jax` ours and JAX's, `pytorch` PyTorch's, `own` that of a user's oracle. */
export const layouts = ['jax', 'pytorch', 'own'] as const
export type Layout = (typeof layouts)[number]

export interface Checkpoint {
  readonly tensors: readonly (NamedShape & { readonly values: Vector })[]
  /** As noted in the file; `own` if nothing is noted. */
  readonly layout: Layout
  /** As noted in the file. */
  readonly model: string | null
  /** What else the file notes: the model's description (description.ts). */
  readonly notes: Readonly<Record<string, string>>
}

/** A flat vector as a checkpoint. What stands in it behind these parameters is left out. */
export function checkpointOf(
  parameters: readonly NamedShape[],
  vector: Vector,
  model: string,
  layout: Layout,
  notes: Checkpoint['notes'] = {},
): Checkpoint {
  let from = 0
  const tensors = parameters.map(({ name, shape }) => {
    const values = vector.subarray(from, from + sizeOf(shape))
    from += values.length
    return { name, shape, values }
  })
  return { tensors, layout, model, notes }
}

/** @throws FileError unreadable, malformed, unsupported */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const read = withInput(path, DATA_BYTES_MAX, input => readSafetensors(input, path))
  const { tensors, metadata } = await read.catch((error: NodeJS.ErrnoException) => {
    if (error instanceof FileError) throw error
    throw new FileError(
      'unreadable',
      `${path} cannot be read: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
    )
  })
  return checkpointFrom({ tensors, metadata }, path)
}

/** What a file notes, without its tensors. @throws FileError; the system's error */
export function readNotes(path: string): Promise<Readonly<Record<string, string>>> {
  return withInput(path, DATA_BYTES_MAX, async input => {
    const head = await input.read(0, Math.min(SAFETENSORS_HEAD_BYTES, input.size))
    return safetensorsHeader(head, input.size, path).metadata
  })
}

/** A checkpoint from a file's content. @throws FileError unsupported */
export function checkpointFrom(
  { tensors, metadata }: Pick<TensorFile, 'tensors' | 'metadata'>,
  path: string,
): Checkpoint {
  const { format: _, writer: __, layout, model, ...notes } = metadata
  return {
    tensors: tensors.map(tensor => parameterOf(tensor, path)),
    layout: layouts.find(known => known === layout) ?? 'own',
    model: model ?? null,
    notes,
  }
}

function parameterOf(tensor: Tensor, path: string): NamedTensor {
  const { name, shape, type } = tensor
  if ('values' in tensor) return { name, shape, values: tensor.values }
  throw new FileError(
    'unsupported',
    `${path}: tensor ${shorten(name)} holds ${dtypeOf(type)}; expected floats, which can be learnt`,
  )
}

/** Writes the file whole or not at all: an earlier file of the same name stays until the new one is complete. */
export async function writeCheckpoint(
  path: string,
  { tensors, layout, model, notes }: Checkpoint,
): Promise<void> {
  const typed: Tensor[] = tensors.map(tensor => ({ ...tensor, type: FLOAT32 }))
  const own = { format: 'pt', writer: 'concord', layout, ...(model && { model }) }
  const bytes = writeSafetensors(typed, { ...notes, ...own })
  await writeOutput(path, bytes).catch((error: Error) => {
    throw new FileError('unreadable', `${path} cannot be written: ${error.message}`)
  })
}

/**
 * The checkpoint as the flat vector of a model with these tensors; PyTorch's order of axes is converted back.
 * @throws FileError `mismatch`, naming the tensor and both shapes
 */
export function vectorOf(checkpoint: Checkpoint, parameters: readonly NamedShape[], source: string): Vector {
  const ours = checkpoint.layout === 'pytorch' ? toLayout(checkpoint, 'jax') : checkpoint
  const byName = new Map(ours.tensors.map(tensor => [tensor.name, tensor]))
  const names = new Set(parameters.map(({ name }) => name))
  for (const { name } of ours.tensors)
    if (!names.has(name))
      throw new FileError(
        'mismatch',
        `${source} holds ${shorten(name)}, which the model does not have; it has ${listed([...names])}`,
      )
  const vector = new Float32Array(parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0))
  let at = 0
  for (const { name, shape } of parameters) {
    const tensor = byName.get(name)
    if (tensor === undefined)
      throw new FileError('mismatch', `${source} lacks ${name}; it holds ${listed([...byName.keys()])}`)
    if (tensor.shape.join() !== shape.join())
      throw new FileError(
        'mismatch',
        `${source}: ${name} has shape ${shapeText(tensor.shape)}, the model's has ${shapeText(shape)}`,
      )
    vector.set(tensor.values, at)
    at += tensor.values.length
  }
  return vector
}

/** Puts the axes of weights and kernels into the other order; leaves everything else as it is. */
export function toLayout(checkpoint: Checkpoint, layout: 'jax' | 'pytorch'): Checkpoint {
  if (checkpoint.layout === layout || checkpoint.layout === 'own') return { ...checkpoint, layout }
  const kernelAxes = layout === 'pytorch' ? [3, 2, 0, 1] : [2, 3, 1, 0]
  const tensors = checkpoint.tensors.map(tensor => {
    if (tensor.shape.length === 2) return permuted(tensor, [1, 0])
    return tensor.shape.length === 4 ? permuted(tensor, kernelAxes) : tensor
  })
  return { ...checkpoint, tensors, layout }
}

type NamedTensor = Checkpoint['tensors'][number]

/** Axis `i` of the result is axis `axes[i]` of the tensor. */
function permuted({ name, shape, values }: NamedTensor, axes: readonly number[]): NamedTensor {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))
  const turned = axes.map(axis => shape[axis]!)
  const steps = axes.map(axis => strides[axis]!)
  const result = new Float32Array(values.length)
  const place = turned.map(() => 0)
  let from = 0
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from]!
    for (let axis = place.length - 1; axis >= 0; axis--) {
      place[axis]!++
      from += steps[axis]!
      if (place[axis]! < turned[axis]!) break
      from -= place[axis]! * steps[axis]!
      place[axis] = 0
    }
  }
  return { name, shape: turned, values: result }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1)
}

function shapeText(shape: readonly number[]): string {
  return `(${shape.join(', ')})`
}
