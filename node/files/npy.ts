/** Vectors in NumPy's .npy files, one in each row. */
import {
  type NpyArray,
  type NpyProblem,
  npyLayout,
  parseNpyArray,
  readNpyArray,
} from '../../learning/data/npy-array.ts'
import { NPY_MAGIC } from '../../learning/data/npy-header.ts'
import { type NumberType, viewOf } from '../../learning/data/number-type.ts'
import type { Input } from '../../learning/data/read-file.ts'
import { FileError } from './error.ts'
import { writeFloats } from './floats.ts'

/**
 * A row costs some 200 bytes besides its numbers. Rows may be empty: a billion of them fit into a file of 128 bytes.
 */
export const ROWS_MAX = 2 ** 18

interface Npy {
  /** One vector from each row; an array of one dimension is one row. */
  readonly rows: Float32Array[]
  readonly type: NumberType
}

/** @throws FileError malformed, unsupported (no numbers, more than two dimensions) */
export function parseNpyVectors(bytes: Uint8Array, source: string): Npy {
  checkNpy(bytes, bytes.length, source)
  return rowsOf(parseNpyArray(bytes, refusal(source)))
}

/** @throws FileError as `parseNpyVectors` */
export async function readNpyVectors(input: Input, source: string): Promise<Npy> {
  return rowsOf(await readNpyArray(input, refusal(source)))
}

/**
 * Checks whether a file of this size holds vectors, by its head.
 * @param head the file, or its first `NPY_HEAD_BYTES`
 * @param size of the whole file, in bytes
 * @throws FileError as `parseNpyVectors`
 */
export function checkNpy(head: Uint8Array, size: number, source: string): void {
  const { shape } = npyLayout(head, size, refusal(source))
  const n = shape.length === 1 ? 1 : shape[0]!
  if (shape.length < 1 || shape.length > 2)
    throw new FileError(
      'unsupported',
      `${source}: its shape is (${shape.join(', ')}); expected a matrix with a vector in each row`,
    )
  if (n > ROWS_MAX)
    throw new FileError('unsupported', `${source} has ${n} rows; expected at most ${ROWS_MAX}`)
}

function rowsOf({ shape, type, values }: NpyArray): Npy {
  const [n, d] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!]
  const floats = values instanceof Float32Array ? values : Float32Array.from(values)
  return { rows: Array.from({ length: n }, (_, j) => floats.subarray(j * d, j * d + d)), type }
}

/** One vector as an array of one dimension. @throws FileError unsupported: no floats, or too small for a number */
export function writeNpy(vector: Float32Array, type: NumberType): Uint8Array {
  const { bytes, little } = type
  const descr = `${little ? '<' : '>'}f${bytes}`
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${vector.length},), }`
  // The numbers start at a multiple of 64.
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10
  const result = new Uint8Array(10 + length + vector.length * bytes)
  result.set(Buffer.from(`${NPY_MAGIC}\x01\x00`, 'latin1'))
  viewOf(result).setUint16(8, length, true)
  result.set(Buffer.from(`${dictionary.padEnd(length - 1)}\n`, 'latin1'), 10)
  writeFloats(result.subarray(10 + length), vector, type, 'the result')
  return result
}

function refusal(source: string): (problem: NpyProblem, why: string) => FileError {
  return (problem, why) =>
    problem === 'type' || problem === 'number' || problem === 'size'
      ? new FileError('unsupported', `${source}: ${why}`)
      : new FileError('malformed', `${source} is not an .npy file that can be read: ${why}`)
}
