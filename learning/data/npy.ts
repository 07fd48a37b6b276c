/**
 * Arrays of NumPy: train-x.npy and train-y.npy, test-x.npy and test-y.npy. Examples are along the first axis; bytes
 * are pixels and normalised, other numbers are used as they are. Whole-number and one-hot targets are classes, floats
 * are real.
 */
import { basename, join } from 'node:path'
import { DataError, type DataErrorCode, type DataSource, type Dataset, sourceOf } from './dataset.ts'
import { type Filling, filledText, fillingsOf, fillMissing } from './missing.ts'
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
import { type Classes, classesOf, numberedClasses, type RawTargets, targetsOf } from './targets.ts'

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

/** @param isFilled missing values, which are NaNs, are let through */
function checkFinite(array: NpyArray, file: string, isFilled = false): NpyArray {
  const { shape, values } = array
  const isBad = (value: number) => !Number.isFinite(value) && !(isFilled && Number.isNaN(value))
  const bad = values instanceof Float32Array ? values.findIndex(isBad) : -1
  if (bad < 0) return array
  throw new DataError(
    'DATA_NUMBER',
    `${file}: ${placeText(shape, bad)} is ${values[bad]}, expected a finite number${Number.isNaN(values[bad]) ? '; "?missing=mean" behind the name of the data fills missing examples' : ''}`,
  )
}

async function readArray(directory: string, name: string, filling: Filling | null): Promise<Read> {
  const path = join(directory, name)
  const read = withInput(path, DATA_BYTES_MAX, input => readNpyArray(input, refusal(path)))
  const array = await read.catch((error: NodeJS.ErrnoException) => {
    if (error instanceof DataError) throw error
    throw new DataError(
      error.code === 'ENOENT' ? 'DATA_MISSING' : 'DATA_UNREADABLE',
      `${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}; expected ${NPY_FILES.join(', ')}`,
    )
  })
  return { path, ...checkFinite(array, path, filling !== null && name.endsWith('-x.npy')) }
}

/** @throws DataError naming the file and what was expected */
export async function loadNpy(directory: string, filling: Filling | null = null): Promise<DataSource> {
  // In order, so that of several missing files the same one is always named.
  const [trainX, trainY, testX, testY] = await inOrder(NPY_FILES, name => readArray(directory, name, filling))
  const train = targetsIn(trainX!, trainY!)
  const test = targetsIn(testX!, testY!)
  const { classes, note } = classesFor(train, trainY!, testY!)
  const notes = note === null ? [] : [note]
  if (filling !== null) notes.push(...fillAll(trainX!, testX!, filling))
  const name = basename(directory)
  const datasetOf = (x: Read, y: Read, targets: RawTargets): Dataset => ({
    name,
    shape: x.shape.slice(1),
    examples: x.values,
    ...targetsOf(targets, classes, { file: y.path }),
  })
  return sourceOf(datasetOf(trainX!, trainY!, train), datasetOf(testX!, testY!, test), directory, notes)
}

type Read = NpyArray & { readonly path: string }

function fillAll(train: Read, test: Read, filling: Filling): readonly string[] {
  if (!(train.values instanceof Float32Array && test.values instanceof Float32Array)) return []
  const fillings = fillingsOf(train.values, train.values.length / train.shape[0]!, filling)
  const count = fillMissing(train.values, fillings) + fillMissing(test.values, fillings)
  return count === 0 ? [] : [filledText(count, filling)]
}

/** Targets of shape (count), (count, 1), or (count, classes) with a single 1 in each row. */
function targetsIn(x: Read, y: Read): RawTargets {
  const fits = y.shape.length === 1 || y.shape.length === 2
  if (x.shape.length < 2 || !fits || x.shape[0] !== y.shape[0] || x.shape[0] === 0)
    throw new DataError(
      'DATA_MISMATCH',
      `${x.path} has shape (${x.shape.join(', ')}) and ${y.path} (${y.shape.join(', ')}); expected (count, …) and (count), or one-hot targets (count, classes)`,
    )
  const width = y.shape[1] ?? 1
  if (width === 1) return { kind: 'numbers', values: y.values, isReal: isFloat(y.type) }
  return { kind: 'numbers', values: hotPlaces(y, width), isReal: false }
}

function hotPlaces({ values, path, shape }: Read, width: number): Uint32Array {
  return Uint32Array.from({ length: shape[0]! }, (_, row) => {
    const targets = values.subarray(row * width, (row + 1) * width)
    const hot = targets.indexOf(1)
    if (hot >= 0 && targets.every((value, place) => value === (place === hot ? 1 : 0))) return hot
    throw new DataError(
      'DATA_LABEL',
      `${path}: row ${row} of shape (${shape.join(', ')}) is not one-hot; expected a single 1 and otherwise zeros, or targets of shape (count)`,
    )
  })
}

function classesFor(train: RawTargets, trainY: Read, testY: Read): { classes: Classes; note: string | null } {
  const widths = [trainY, testY].map(({ shape }) => shape[1] ?? 1)
  const [width, other] = widths as [number, number]
  if (width !== other)
    throw new DataError(
      'DATA_MISMATCH',
      `${trainY.path} has targets of ${width} columns and ${testY.path} of ${other}; expected as many`,
    )
  if (width === 1) {
    const classes = classesOf(train, { file: trainY.path })
    return { classes, note: classes.note }
  }
  return {
    classes: numberedClasses(width, trainY.path),
    note: `the targets are one-hot, each column a class: classes 0 to ${width - 1}`,
  }
}
