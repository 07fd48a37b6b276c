/**
 * Arrays of NumPy: train-x.npy and train-y.npy, test-x.npy and test-y.npy. Examples are along the first axis; bytes
 * are pixels and normalised, floats are used as they are. Whole-number targets are classes, floats are real.
 */
import { basename, join } from 'node:path'
import { DataError, type DataErrorCode, type DataSource, type Dataset, sourceOf } from './dataset.ts'
import {
  type NpyArray,
  type NpyProblem,
  parseNpyArray,
  placeText,
  type RefuseNpy,
  readNpyArray,
} from './npy-array.ts'
import { isFloat } from './number-type.ts'
import { DATA_BYTES_MAX, inOrder, withInput } from './read-file.ts'
import { classesOf, targetsOf } from './targets.ts'

export const NPY_FILES = ['train-x.npy', 'train-y.npy', 'test-x.npy', 'test-y.npy'] as const

const CODES: Readonly<Record<NpyProblem, DataErrorCode>> = {
  magic: 'DATA_MAGIC',
  header: 'DATA_FORMAT',
  type: 'DATA_FORMAT',
  truncated: 'DATA_TRUNCATED',
  trailing: 'DATA_MISMATCH',
  number: 'DATA_NUMBER',
  size: 'DATA_UNREADABLE',
}

/** @throws DataError `DATA_MAGIC`, `DATA_FORMAT`, `DATA_TRUNCATED`, `DATA_MISMATCH` or `DATA_NUMBER`; `file` is named in the message */
export function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  return checkFinite(parseNpyArray(bytes, refusal(file)), file)
}

function refusal(file: string): RefuseNpy {
  return (problem, why) => new DataError(CODES[problem], `${file}: ${why}`)
}

function checkFinite(array: NpyArray, file: string): NpyArray {
  const { shape, values } = array
  const bad = values instanceof Float32Array ? values.findIndex(value => !Number.isFinite(value)) : -1
  if (bad < 0) return array
  throw new DataError(
    'DATA_NUMBER',
    `${file}: ${placeText(shape, bad)} is ${values[bad]}, expected a finite number`,
  )
}

async function readArray(directory: string, name: string): Promise<Read> {
  const path = join(directory, name)
  const read = withInput(path, DATA_BYTES_MAX, input => readNpyArray(input, refusal(path)))
  const array = await read.catch((error: NodeJS.ErrnoException) => {
    if (error instanceof DataError) throw error
    throw new DataError(
      error.code === 'ENOENT' ? 'DATA_MISSING' : 'DATA_UNREADABLE',
      `${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}; expected ${NPY_FILES.join(', ')}`,
    )
  })
  return { path, ...checkFinite(array, path) }
}

/** @throws DataError naming the file and what was expected */
export async function loadNpy(directory: string): Promise<DataSource> {
  // In order, so that of several missing files the same one is always named.
  const [trainX, trainY, testX, testY] = await inOrder(NPY_FILES, name => readArray(directory, name))
  const classes = classesOf(trainY!.values, isFloat(trainY!.type), trainY!.path)
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
