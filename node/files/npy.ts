/** Vectors in NumPy's .npy files, one in each row. */
import { NPY_MAGIC, npyHeader } from '../../learning/data/npy-header.ts'
import { FileError } from './error.ts'
import { type NumberType, readNumbers, viewOf, writeNumbers } from './numbers.ts'

const types: ReadonlyMap<string, NumberType> = new Map([
  ['<f4', { bytes: 4, little: true }],
  ['<f8', { bytes: 8, little: true }],
  ['>f4', { bytes: 4, little: false }],
  ['>f8', { bytes: 8, little: false }],
])

/**
 * A row costs some 200 bytes besides its numbers. Rows may be empty: a billion of them fit into a file of 128 bytes.
 */
export const ROWS_MAX = 2 ** 18

interface Npy {
  /** One vector from each row; an array of one dimension is one row. */
  readonly rows: Float32Array[]
  readonly type: NumberType
}

/** @throws FileError malformed, unsupported (other numbers than floats, more than two dimensions) */
export function readNpy(bytes: Uint8Array, source: string): Npy {
  const { n, d, type, start, byColumns } = npyLayout(bytes, bytes.length, source)
  const view = viewOf(bytes)
  const rows = byColumns
    ? readColumns(view, start, n, d, type, source)
    : readRows(view, start, n, d, type, source)
  return { rows, type }
}

interface Layout {
  readonly type: NumberType
  /** Rows, and numbers in each. */
  readonly n: number
  readonly d: number
  /** The offset of the numbers. */
  readonly start: number
  readonly byColumns: boolean
}

/**
 * What a file of this size holds, by its head.
 * @param head the file, or its first `NPY_HEAD_BYTES`
 * @param size of the whole file, in bytes
 * @throws FileError as `readNpy`
 */
export function npyLayout(head: Uint8Array, size: number, source: string): Layout {
  const header = npyHeader(head) ?? 'it does not begin as an .npy file does'
  if (typeof header === 'string') throw malformed(source, header)
  const { descr, shape, count, start } = header
  const type = types.get(descr)
  if (type === undefined)
    throw new FileError(
      'unsupported',
      `${source}: its numbers are ${descr.slice(0, 20)}; expected 32- or 64-bit floats, as of .astype(numpy.float32)`,
    )
  const [n, d] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!]
  if (shape.length < 1 || shape.length > 2)
    throw new FileError(
      'unsupported',
      `${source}: its shape is (${shape.join(', ')}); expected a matrix with a vector in each row`,
    )
  if (n > ROWS_MAX)
    throw new FileError('unsupported', `${source} has ${n} rows; expected at most ${ROWS_MAX}`)
  const [held, needed] = [size - start, count * type.bytes]
  if (held < needed) throw malformed(source, `it ends after ${held} of ${needed} bytes of numbers`)
  if (held > needed) throw malformed(source, `${held - needed} bytes follow its ${needed} bytes of numbers`)
  return { type, n, d, start, byColumns: header.byColumns && shape.length === 2 }
}

function readRows(
  view: DataView,
  start: number,
  n: number,
  d: number,
  type: NumberType,
  source: string,
): Float32Array[] {
  return Array.from({ length: n }, (_, j) =>
    readNumbers(view, start + j * d * type.bytes, d, type, `${source}, row ${j}`),
  )
}

function readColumns(
  view: DataView,
  start: number,
  n: number,
  d: number,
  type: NumberType,
  source: string,
): Float32Array[] {
  const all = readNumbers(view, start, n * d, type, source)
  return Array.from({ length: n }, (_, j) => Float32Array.from({ length: d }, (_, i) => all[i * n + j]!))
}

/** One vector as an array of one dimension. */
export function writeNpy(vector: Float32Array, { bytes }: NumberType): Uint8Array {
  const dictionary = `{'descr': '<f${bytes}', 'fortran_order': False, 'shape': (${vector.length},), }`
  // The numbers start at a multiple of 64.
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10
  const result = new Uint8Array(10 + length + vector.length * bytes)
  result.set(Buffer.from(`${NPY_MAGIC}\x01\x00`, 'latin1'))
  viewOf(result).setUint16(8, length, true)
  result.set(Buffer.from(`${dictionary.padEnd(length - 1)}\n`, 'latin1'), 10)
  writeNumbers(viewOf(result), 10 + length, vector, { bytes, little: true })
  return result
}

function malformed(source: string, why: string): FileError {
  return new FileError('malformed', `${source} is not an .npy file that can be read: ${why}`)
}
