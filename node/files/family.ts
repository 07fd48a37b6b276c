/**
 * Reads a family of vectors from files, and writes the vector made of them to a file of the same kind. The files are
 * one .npy matrix with a vector in each row; several .npy files whose rows follow each other; one .safetensors file
 * with one matrix; or several, each with the tensors of one peer, whose floats together are its vector.
 */
import { isNpy, NPY_HEAD_BYTES } from '../../learning/data/npy-header.ts'
import { FLOAT32, isFloat, type NumberType } from '../../learning/data/number-type.ts'
import type { Input } from '../../learning/data/read-file.ts'
import { FileError } from './error.ts'
import { consensusOf } from './integer-tensors.ts'
import { checkNpy, ROWS_MAX, readNpyVectors, writeNpy } from './npy.ts'
import {
  type FloatTensor,
  type IntegerTensor,
  readSafetensors,
  type Tensor,
  type TensorFile,
  writeSafetensors,
} from './safetensors.ts'
import { dtypeOf, isSafetensors, listed } from './safetensors-header.ts'

/** What one file gives to a family. */
export type FamilyPart = NpyPart | TensorPart

interface NpyPart {
  /** For messages: a path, or "standard input". */
  readonly source: string
  readonly rows: readonly Float32Array[]
  readonly type: NumberType
}

interface TensorPart extends TensorFile {
  readonly source: string
}

interface Family {
  readonly vectors: readonly Float32Array[]
  /** What each vector is, for messages: its file, and its row where the file has several. */
  readonly names: readonly string[]
  /** What became of tensors that are no floats, in lines for people. */
  readonly notes: readonly string[]
  /**
   * Writes a vector of the same length as a file of the same kind.
   * @param keepsType in the type and byte order of the first file; otherwise anything but 64-bit floats in 32 bits
   * @throws FileError unsupported: that type cannot hold it
   */
  write(vector: Float32Array, keepsType: boolean): Uint8Array
}

/** @throws FileError unknown-format, malformed, unsupported */
export async function readPart(input: Input, source: string): Promise<FamilyPart> {
  const head = await input.read(0, Math.min(NPY_HEAD_BYTES, input.size))
  if (isNpy(head)) {
    checkNpy(head, input.size, source)
    return { source, ...(await readNpyVectors(input, source)) }
  }
  if (isSafetensors(head)) return { source, ...(await readSafetensors(input, source)) }
  throw new FileError('unknown-format', `${source} is neither an .npy nor a .safetensors file`)
}

/** @throws FileError unsupported, mismatch (files that do not fit each other) */
export function familyOf(parts: readonly FamilyPart[]): Family {
  const arrays = parts.filter(part => 'rows' in part)
  const models = parts.filter(part => 'tensors' in part)
  if (models.length === 0) return fromNpy(arrays)
  if (arrays.length > 0) {
    const other = parts.find(part => 'rows' in part !== 'rows' in parts[0]!)!
    throw new FileError('mismatch', `${other.source} and ${parts[0]!.source} are files of different kinds`)
  }
  return models.length === 1 ? fromMatrix(models[0]!) : fromModels(models)
}

function fromNpy(parts: readonly NpyPart[]): Family {
  const type = parts[0]?.type ?? FLOAT32
  return {
    vectors: parts.flatMap(({ rows }) => rows),
    names: parts.flatMap(({ source, rows }) => rows.map((_, row) => `${source}, row ${row}`)),
    notes: [],
    write: (vector, keepsType) => writeNpy(vector, written(type, keepsType)),
  }
}

function fromMatrix({ source, tensors, metadata }: TensorPart): Family {
  const [only] = tensors
  if (
    only === undefined ||
    tensors.length > 1 ||
    !('values' in only) ||
    only.shape.length !== 2 ||
    only.shape[0]! > ROWS_MAX
  )
    throw new FileError(
      'unsupported',
      `${source} holds ${listed(layoutOf(tensors)) || 'nothing'}; expected one matrix of floats with a vector in each row (at most ${ROWS_MAX}), or several files, each one peer's tensors`,
    )
  const [n, d] = only.shape as [number, number]
  return {
    vectors: Array.from({ length: n }, (_, j) => only.values.subarray(j * d, j * d + d)),
    names: Array.from({ length: n }, (_, j) => `${source}, row ${j}`),
    notes: [],
    write: (vector, keepsType) =>
      writeSafetensors(
        [{ ...only, type: written(only.type, keepsType), shape: [d], values: vector }],
        metadata,
      ),
  }
}

function fromModels(files: readonly TensorPart[]): Family {
  // By name: a writer may order them in any way.
  const models = files.map(file => ({
    ...file,
    tensors: [...file.tensors].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }))
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
  const { integers, notes } = consensusOf(models.map(({ tensors }) => tensors.filter(isInteger)))
  const like = first!.tensors
  if (!like.some(isFloatTensor))
    throw new FileError('unsupported', `${first!.source} holds no floats; expected some for the rule`)
  return {
    vectors: models.map(({ floats }) => floats),
    names: models.map(({ source }) => source),
    notes,
    write: (vector, keepsType) =>
      writeSafetensors(split(vector, like, integers, keepsType), sharedNotes(models)),
  }
}

function isFloatTensor(tensor: Tensor): tensor is FloatTensor {
  return 'values' in tensor
}

function isInteger(tensor: Tensor): tensor is IntegerTensor {
  return 'raw' in tensor
}

/** Names and shapes, as one text for each tensor; floats may differ in their width. */
function layoutOf(tensors: readonly Tensor[]): readonly string[] {
  return tensors.map(({ name, shape, type }) => {
    const dtype = isFloat(type) ? '' : ` of ${dtypeOf(type)}`
    return `${name} ${shape.length === 0 ? '(one number)' : shape.join('×')}${dtype}`
  })
}

function written(type: NumberType, keepsType: boolean): NumberType {
  if (keepsType) return type
  return isFloat(type) && type.bytes === 8 ? { ...type, little: true } : FLOAT32
}

/** What the writers of all files noted alike. */
function sharedNotes(models: readonly TensorFile[]): Readonly<Record<string, string>> {
  const [first, ...others] = models
  return Object.fromEntries(
    Object.entries(first!.metadata).filter(([key, value]) =>
      others.every(({ metadata }) => Object.hasOwn(metadata, key) && metadata[key] === value),
    ),
  )
}

function split(
  vector: Float32Array,
  like: readonly Tensor[],
  integers: readonly IntegerTensor[],
  keepsType: boolean,
): Tensor[] {
  const byName = new Map(integers.map(tensor => [tensor.name, tensor]))
  let at = 0
  return like.map(tensor => {
    if (!isFloatTensor(tensor)) return byName.get(tensor.name)!
    const values = vector.subarray(at, at + tensor.values.length)
    at += values.length
    return { ...tensor, type: written(tensor.type, keepsType), values }
  })
}
