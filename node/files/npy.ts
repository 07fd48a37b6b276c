/**
 * NumPy's .npy files: a magic string, a version, a Python dictionary as text, then the numbers.
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { FileError } from './error.ts'
import { type NumberType, readNumbers, viewOf, writeNumbers } from './numbers.ts'

const MAGIC = '\x93NUMPY'
const types: Readonly<Record<string, NumberType>> = {
  '<f4': { bytes: 4, little: true },
  '<f8': { bytes: 8, little: true },
  '>f4': { bytes: 4, little: false },
  '>f8': { bytes: 8, little: false },
}

export interface Npy {
  /** A vector a row; an array of one dimension is one row. */
  readonly rows: Float32Array[]
  readonly type: NumberType
}

export function isNpy(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 6)).toString('latin1') === MAGIC
}

/** @throws FileError malformed, unsupported (other numbers than floats, more than two dimensions) */
export function readNpy(bytes: Uint8Array, source: string): Npy {
  const { text, start } = header(bytes, source)
  const field = (name: string, form: RegExp): string => {
    const found = new RegExp(`['"]${name}['"]\\s*:\\s*${form.source}`).exec(text)?.[1]
    if (found === undefined) throw malformed(source, `its header has no ${name}: ${text.trim()}`)
    return found
  }
  const descr = field('descr', /['"]([^'"]*)['"]/)
  const type = types[descr]
  if (type === undefined)
    throw new FileError(
      'unsupported',
      `${source}: its numbers are ${descr}; expected 32- or 64-bit floats, as of .astype(numpy.float32)`,
    )
  const shape = field('shape', /\(([^)]*)\)/)
    .split(',')
    .filter(part => part.trim() !== '')
    .map(Number)
  const [n, d] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!]
  if (shape.length < 1 || shape.length > 2 || !shape.every(Number.isSafeInteger))
    throw new FileError(
      'unsupported',
      `${source}: its shape is (${shape.join(', ')}); expected a matrix, a vector a row`,
    )
  if (bytes.length - start < n * d * type.bytes)
    throw malformed(source, `it ends after ${bytes.length - start} of ${n * d * type.bytes} bytes of numbers`)
  const view = viewOf(bytes)
  const byColumns = field('fortran_order', /(True|False)/) === 'True' && shape.length === 2
  const rows = byColumns
    ? readColumns(view, start, n, d, type, source)
    : readRows(view, start, n, d, type, source)
  return { rows, type }
}

function header(bytes: Uint8Array, source: string): { text: string; start: number } {
  if (!isNpy(bytes) || bytes.length < 12) throw malformed(source, 'it does not begin as an .npy file does')
  const wide = bytes[6]! >= 2
  const length = wide ? viewOf(bytes).getUint32(8, true) : viewOf(bytes).getUint16(8, true)
  const start = (wide ? 12 : 10) + length
  if (start > bytes.length) throw malformed(source, 'it ends within its header')
  return { text: Buffer.from(bytes.subarray(start - length, start)).toString('latin1'), start }
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
  result.set(Buffer.from(`${MAGIC}\x01\x00`, 'latin1'))
  viewOf(result).setUint16(8, length, true)
  result.set(Buffer.from(`${dictionary.padEnd(length - 1)}\n`, 'latin1'), 10)
  writeNumbers(viewOf(result), 10 + length, vector, { bytes, little: true })
  return result
}

function malformed(source: string, why: string): FileError {
  return new FileError('malformed', `${source} is no .npy file that can be read: ${why}`)
}
