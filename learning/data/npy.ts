/**
 * Arrays of NumPy: train-x.npy and train-y.npy, test-x.npy and test-y.npy. Examples are along the first axis; bytes
 * are pixels and normalised, floats are used as they are. Whole-number targets are classes, floats are real.
 */
import { basename, join } from 'node:path'
import { DataError, type DataSource, type Dataset, sourceOf } from './dataset.ts'
import { NPY_HEAD_BYTES, npyHeader } from './npy-header.ts'
import { DATA_BYTES_MAX, inOrder, readBytes } from './read-file.ts'
import { classesOf, targetsOf } from './targets.ts'

export const NPY_FILES = ['train-x.npy', 'train-y.npy', 'test-x.npy', 'test-y.npy'] as const

type Kind = 'u1' | 'i1' | 'i2' | 'i4' | 'i8' | 'f4' | 'f8'
const SIZES: Readonly<Record<Kind, number>> = { u1: 1, i1: 1, i2: 2, i4: 4, i8: 8, f4: 4, f8: 8 }

interface NpyArray {
  readonly shape: readonly number[]
  readonly kind: Kind
  /** Row-major. */
  readonly values: Uint8Array | Float32Array
}

/** @throws DataError `DATA_MAGIC`, `DATA_FORMAT`, `DATA_TRUNCATED`, `DATA_MISMATCH` or `DATA_NUMBER`; `file` is named in the message */
export function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  const { shape, kind, count, start } = layoutOf(bytes, bytes.length, file)
  return { shape, kind, values: readValues(bytes, start, count, kind, file) }
}

interface Layout extends Pick<NpyArray, 'shape' | 'kind'> {
  readonly count: number
  /** The offset of the numbers. */
  readonly start: number
}

/** What a file of this size holds, by its head. @throws DataError as `parseNpy` */
function layoutOf(head: Uint8Array, size: number, file: string): Layout {
  const header = npyHeader(head)
  if (header === null) throw new DataError('DATA_MAGIC', `${file}: does not begin as an .npy file does`)
  if (typeof header === 'string') throw new DataError('DATA_FORMAT', `${file}: ${header}`)
  const { descr, shape, count, start } = header
  const kind = Object.keys(SIZES).find(known => descr === `<${known}` || descr === `|${known}`) as
    | Kind
    | undefined
  if (kind === undefined)
    throw new DataError(
      'DATA_FORMAT',
      `${file}: its numbers are '${descr}', expected one of uint8, int8 to int64, float32, float64, little-endian`,
    )
  if (header.byColumns)
    throw new DataError(
      'DATA_FORMAT',
      `${file}: in Fortran order, expected C order: save numpy.ascontiguousarray(a)`,
    )
  const held = size - start
  if (held !== count * SIZES[kind])
    throw new DataError(
      held < count * SIZES[kind] ? 'DATA_TRUNCATED' : 'DATA_MISMATCH',
      `${file}: ${held} bytes of numbers, expected ${count * SIZES[kind]} for shape (${shape.join(', ')})`,
    )
  return { shape, kind, count, start }
}

function readValues(
  bytes: Uint8Array,
  start: number,
  count: number,
  kind: Kind,
  file: string,
): NpyArray['values'] {
  if (kind === 'u1') return new Uint8Array(bytes.subarray(start, start + count))
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const read: Readonly<Record<Exclude<Kind, 'u1'>, (at: number) => number>> = {
    i1: at => text.readInt8(at),
    i2: at => text.readInt16LE(at),
    i4: at => text.readInt32LE(at),
    i8: at => Number(text.readBigInt64LE(at)),
    f4: at => text.readFloatLE(at),
    f8: at => text.readDoubleLE(at),
  }
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    values[i] = read[kind](start + i * SIZES[kind])
    if (!Number.isFinite(values[i]))
      throw new DataError(
        'DATA_NUMBER',
        `${file}: value ${i} is ${read[kind](start + i * SIZES[kind])}, expected a finite number`,
      )
  }
  return values
}

async function readArray(directory: string, name: string): Promise<Read> {
  const path = join(directory, name)
  const check = (head: Uint8Array, size: number) => void layoutOf(head, size, path)
  const inspection = { headBytes: NPY_HEAD_BYTES, check }
  const bytes = await readBytes(path, DATA_BYTES_MAX, inspection).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof DataError) throw error
    throw new DataError(
      error.code === 'ENOENT' ? 'DATA_MISSING' : 'DATA_UNREADABLE',
      `${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}; expected ${NPY_FILES.join(', ')}`,
    )
  })
  return { path, ...parseNpy(bytes, path) }
}

/** @throws DataError naming the file and what was expected */
export async function loadNpy(directory: string): Promise<DataSource> {
  // In order, so that of several missing files the same one is always named.
  const [trainX, trainY, testX, testY] = await inOrder(NPY_FILES, name => readArray(directory, name))
  const classes = classesOf(trainY!.values, trainY!.kind.startsWith('f'), trainY!.path)
  const name = basename(directory)
  return sourceOf(
    datasetOf(trainX!, trainY!, classes, name),
    datasetOf(testX!, testY!, classes, name),
    directory,
  )
}

type Read = NpyArray & { readonly path: string }

function datasetOf(x: Read, y: Read, classes: number, name: string): Dataset {
  if (x.shape.length < 2 || y.shape.length !== 1 || x.shape[0] !== y.shape[0] || x.shape[0] === 0)
    throw new DataError(
      'DATA_MISMATCH',
      `${x.path} has shape (${x.shape.join(', ')}) and ${y.path} (${y.shape.join(', ')}); expected (count, …) and (count)`,
    )
  return { name, shape: x.shape.slice(1), examples: x.values, ...targetsOf(y.values, classes, y.path) }
}
