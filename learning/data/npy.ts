/**
 * Arrays of NumPy: train-x.npy and train-y.npy, test-x.npy and test-y.npy. Examples are along the first axis; bytes
 * are pixels and normalised, floats are used as they are. Whole-number targets are classes, floats are real.
 */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DataError, type DataSource, type Dataset, sourceOf } from './dataset.ts'
import { npyHeader } from './npy-header.ts'
import { classesOf, targetsOf } from './targets.ts'

export const NPY_FILES = ['train-x.npy', 'train-y.npy', 'test-x.npy', 'test-y.npy'] as const

type Kind = 'u1' | 'i1' | 'i2' | 'i4' | 'i8' | 'f4' | 'f8'
const SIZES: Readonly<Record<Kind, number>> = { u1: 1, i1: 1, i2: 2, i4: 4, i8: 8, f4: 4, f8: 8 }

export interface NpyArray {
  readonly shape: readonly number[]
  readonly kind: Kind
  /** Row-major. */
  readonly values: Uint8Array | Float32Array
}

/** @throws DataError `DATA_MAGIC`, `DATA_FORMAT`, `DATA_TRUNCATED` or `DATA_NUMBER`; `file` is named in the message */
export function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  const header = npyHeader(bytes)
  if (header === null) throw new DataError('DATA_MAGIC', `${file}: does not begin as an .npy file does`)
  if (typeof header === 'string') throw new DataError('DATA_FORMAT', `${file}: ${header}`)
  const { descr, shape, start } = header
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
  const count = shape.reduce((product, side) => product * side, 1)
  if (bytes.length - start < count * SIZES[kind])
    throw new DataError(
      'DATA_TRUNCATED',
      `${file}: ${bytes.length - start} bytes of numbers, expected ${count * SIZES[kind]} for shape (${shape.join(', ')})`,
    )
  const numbers = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return { shape, kind, values: readValues(numbers, start, count, kind, file) }
}

function readValues(
  text: Buffer,
  start: number,
  count: number,
  kind: Kind,
  file: string,
): NpyArray['values'] {
  if (kind === 'u1') return Uint8Array.from(text.subarray(start, start + count))
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

/** @throws DataError naming the file and what was expected */
export async function loadNpy(directory: string): Promise<DataSource> {
  const [trainX, trainY, testX, testY] = await Promise.all(
    NPY_FILES.map(async name => {
      const path = join(directory, name)
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        throw new DataError(
          error.code === 'ENOENT' ? 'DATA_MISSING' : 'DATA_UNREADABLE',
          `${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}; expected ${NPY_FILES.join(', ')}`,
        )
      })
      return { path, ...parseNpy(bytes, path) }
    }),
  )
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
