/**
 * A family of vectors from files, and the vector made of them back into a file of the same kind: one .npy matrix, a
 * vector a row; several .npy files whose rows follow each other; one .safetensors file with one matrix; or several,
 * each a peer's tensors, which together are its vector.
 */
import { isNpy } from '../../learning/data/npy-header.ts'
import { FileError } from './error.ts'
import { readNpy, writeNpy } from './npy.ts'
import { isSafetensors, readSafetensors, type Tensor, writeSafetensors } from './safetensors.ts'

export interface NamedBytes {
  /** For messages: a path, or "standard input". */
  readonly source: string
  readonly bytes: Uint8Array
}

export interface Family {
  readonly vectors: readonly Float32Array[]
  /** A vector of the same length as a file of the same kind. */
  write(vector: Float32Array): Uint8Array
}

/** @throws FileError unknown-format, malformed, unsupported, mismatch (files that do not fit each other) */
export function readFamily(files: readonly NamedBytes[]): Family {
  const [first] = files
  if (first === undefined)
    return { vectors: [], write: vector => writeNpy(vector, { bytes: 4, little: true }) }
  const unknown = files.find(({ bytes }) => !isNpy(bytes) && !isSafetensors(bytes))
  if (unknown)
    throw new FileError('unknown-format', `${unknown.source} is neither an .npy nor a .safetensors file`)
  const other = files.find(({ bytes }) => isNpy(bytes) !== isNpy(first.bytes))
  if (other)
    throw new FileError('mismatch', `${other.source} and ${first.source} are files of different kinds`)
  if (isNpy(first.bytes)) return fromNpy(files)
  return files.length === 1 ? fromMatrix(first) : fromModels(files)
}

function fromNpy(files: readonly NamedBytes[]): Family {
  const read = files.map(({ bytes, source }) => readNpy(bytes, source))
  const type = read[0]!.type
  return { vectors: read.flatMap(({ rows }) => rows), write: vector => writeNpy(vector, type) }
}

function fromMatrix({ bytes, source }: NamedBytes): Family {
  const tensors = readSafetensors(bytes, source)
  const [only] = tensors
  if (only === undefined || tensors.length > 1 || only.shape.length !== 2)
    throw new FileError(
      'unsupported',
      `${source} holds ${tensors.map(({ name, shape }) => `${name} ${shape.join('×')}`).join(', ') || 'nothing'}; expected one matrix, a vector a row, or several files, each one peer's tensors`,
    )
  const [n, d] = only.shape as [number, number]
  return {
    vectors: Array.from({ length: n }, (_, j) => only.values.subarray(j * d, j * d + d)),
    write: vector => writeSafetensors([{ ...only, shape: [d], values: vector }]),
  }
}

function fromModels(files: readonly NamedBytes[]): Family {
  const models = files.map(({ bytes, source }) => {
    // By name: writers may order them as they like.
    const tensors = readSafetensors(bytes, source).sort((a, b) => (a.name < b.name ? -1 : 1))
    return { source, tensors }
  })
  const [first] = models
  const layout = (tensors: readonly Tensor[]) =>
    tensors.map(({ name, shape }) => `${name} ${shape.join('×')}`)
  for (const { source, tensors } of models)
    for (const [index, found] of layout(tensors).entries())
      if (layout(first!.tensors)[index] !== found || tensors.length !== first!.tensors.length)
        throw new FileError(
          'mismatch',
          `${source} holds ${found} where ${first!.source} holds ${layout(first!.tensors)[index] ?? 'nothing'}`,
        )
  return {
    vectors: models.map(({ tensors }) => joined(tensors)),
    write: vector => writeSafetensors(split(vector, first!.tensors)),
  }
}

function joined(tensors: readonly Tensor[]): Float32Array {
  const vector = new Float32Array(tensors.reduce((sum, { values }) => sum + values.length, 0))
  let at = 0
  for (const { values } of tensors) {
    vector.set(values, at)
    at += values.length
  }
  return vector
}

function split(vector: Float32Array, like: readonly Tensor[]): Tensor[] {
  let at = 0
  return like.map(tensor => {
    const values = vector.subarray(at, at + tensor.values.length)
    at += values.length
    return { ...tensor, values }
  })
}
