/**
 * Reads a family of vectors from files, and writes the vector made of them to a file of the same kind. The files are
 * one .npy matrix with a vector in each row; several .npy files whose rows follow each other; one .safetensors file
 * with one matrix; or several, each with the tensors of one peer, which together are its vector.
 */
import { isNpy, NPY_HEAD_BYTES } from '../../learning/data/npy-header.ts'
import { FileError } from './error.ts'
import { npyLayout, ROWS_MAX, readNpy, writeNpy } from './npy.ts'
import { readSafetensors, type Tensor, writeSafetensors } from './safetensors.ts'
import { isSafetensors, listed, SAFETENSORS_HEAD_BYTES, safetensorsHeader } from './safetensors-header.ts'

export interface NamedBytes {
  /** For messages: a path, or "standard input". */
  readonly source: string
  readonly bytes: Uint8Array
}

interface Family {
  readonly vectors: readonly Float32Array[]
  /** Writes a vector of the same length as a file of the same kind. */
  write(vector: Float32Array): Uint8Array
}

/** Checks a file before it is read: whether it is one of these kinds, and as long as its head says. */
export const familyHeadBytes = Math.max(NPY_HEAD_BYTES, SAFETENSORS_HEAD_BYTES)

/** @throws FileError unknown-format, malformed, unsupported */
export function checkFamilyHead(head: Uint8Array, size: number, source: string): void {
  if (isNpy(head)) npyLayout(head, size, source)
  else if (isSafetensors(head)) safetensorsHeader(head, size, source)
  else throw unknownFormat(source)
}

function unknownFormat(source: string): FileError {
  return new FileError('unknown-format', `${source} is neither an .npy nor a .safetensors file`)
}

/** @throws FileError unknown-format, malformed, unsupported, mismatch (files that do not fit each other) */
export function readFamily(files: readonly NamedBytes[]): Family {
  const [first] = files
  if (first === undefined)
    return { vectors: [], write: vector => writeNpy(vector, { bytes: 4, little: true }) }
  const unknown = files.find(({ bytes }) => !isNpy(bytes) && !isSafetensors(bytes))
  if (unknown) throw unknownFormat(unknown.source)
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
  if (only === undefined || tensors.length > 1 || only.shape.length !== 2 || only.shape[0]! > ROWS_MAX)
    throw new FileError(
      'unsupported',
      `${source} holds ${listed(layoutOf(tensors)) || 'nothing'}; expected one matrix with a vector in each row (at most ${ROWS_MAX}), or several files, each one peer's tensors`,
    )
  const [n, d] = only.shape as [number, number]
  return {
    vectors: Array.from({ length: n }, (_, j) => only.values.subarray(j * d, j * d + d)),
    write: vector => writeSafetensors([{ ...only, shape: [d], values: vector }]),
  }
}

function fromModels(files: readonly NamedBytes[]): Family {
  const models = files.map(({ bytes, source }) => {
    // By name: a writer may order them in any way.
    const tensors = readSafetensors(bytes, source).sort((a, b) => (a.name < b.name ? -1 : 1))
    return { source, tensors }
  })
  const [first] = models
  const wanted = layoutOf(first!.tensors)
  for (const { source, tensors } of models) {
    const layout = layoutOf(tensors)
    const at = Array.from({ length: Math.max(layout.length, wanted.length) }).findIndex(
      (_, index) => layout[index] !== wanted[index],
    )
    if (at < 0) continue
    const [found, other] = [layout[at] ?? 'nothing', wanted[at] ?? 'nothing']
    throw new FileError('mismatch', `${source} holds ${found} where ${first!.source} holds ${other}`)
  }
  return {
    vectors: models.map(({ tensors }) => joined(tensors)),
    write: vector => writeSafetensors(split(vector, first!.tensors)),
  }
}

/** Names and shapes, as one text for each tensor. */
function layoutOf(tensors: readonly Tensor[]): readonly string[] {
  return tensors.map(({ name, shape }) => `${name} ${shape.join('×')}`)
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
