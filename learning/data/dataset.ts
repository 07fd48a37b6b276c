/** Data sets as values: rows of examples, each with a label, and sources that hand out a peer's share of them. */
import { CodedError } from '../../agreement/error.ts'

/** Something is wrong with the user's data. `message` names the file, the record and what was expected. */
export class DataError extends CodedError<DataErrorCode> {
  override readonly name = 'DataError'
}

/** What can be wrong with data: missing, unreadable, cut short, of another kind, or inconsistent. */
export type DataErrorCode =
  | 'DATA_MISSING'
  | 'DATA_UNREADABLE'
  | 'DATA_TRUNCATED'
  | 'DATA_MAGIC'
  | 'DATA_MISMATCH'
  | 'DATA_LABEL'
  | 'DATA_PARTITION'
  | 'DATA_FORMAT'
  | 'DATA_NUMBER'
  /** A file does not fit the members' schema, or a schema is none. */
  | 'DATA_SCHEMA'

/** What every example of a data set looks like. */
export interface DataShape {
  /** One example, `[height, width]` for a grey image, `[height, width, channels]` for a coloured one; row-major. */
  readonly shape: readonly number[]
  /** Labels are `0 … classes − 1`; 0 if the targets are real numbers instead. */
  readonly classes: number
  /** What the classes are called in the files, by class, if that is anything but their number. */
  readonly classNames?: readonly string[]
}

/** How bytes are normalised: `(byte/255 − mean) / deviation`, by channel. */
interface Normalisation {
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

/** `(value − mean) / deviation`, cut off at `± limit`. */
export interface Scale {
  readonly mean: number
  readonly deviation: number
  /** Absent: nothing is cut off. */
  readonly limit?: number | undefined
}

/** How floats are normalised, by input. */
interface ColumnNormalisation {
  readonly mean: Float64Array
  readonly deviation: Float64Array
  /** Infinity where nothing is cut off. */
  readonly limit: Float64Array
  /** What NaN, a missing value, becomes; normalised already. */
  readonly missing: Float64Array
}

/** Examples with their labels or real targets, in memory. */
export interface Dataset extends DataShape {
  readonly name: string
  /** `count × size` values, row-major: bytes `0 … 255` (normalised when a batch is made), or floats. */
  readonly examples: Uint8Array | Float32Array
  /** All 0 if the targets are real numbers. */
  readonly labels: Uint8Array
  /** Real targets, one for each example, if `classes` is 0. */
  readonly values?: Float32Array
  /** For floats; absent: they are used as they are. */
  readonly columns?: ColumnNormalisation
  /** How models are given real targets; absent: as they are. */
  readonly targetScale?: Scale
  /** For bytes; MNIST's by default. */
  readonly normalisation?: Normalisation
}

/** What examples are like, and how their bytes become numbers. */
export interface ExampleForm extends DataShape {
  /** Null: the values are floats, used as they are. */
  readonly normalisation: Normalisation | null
}

/** A training and a test set of which a peer takes only what it needs. */
export interface DataSource extends DataShape {
  readonly name: string
  /** Labels of all training examples, from which a partition is made. */
  readonly trainLabels: Uint8Array
  /** What was noticed about the files, in lines for people. */
  readonly notes: readonly string[]
  /** The training examples at these indices, in this order. */
  train(indices: ArrayLike<number>): Dataset
  test(): Dataset
}

/** A source that holds both sets in memory. @throws DataError `DATA_MISMATCH` if the two differ in shape */
export function sourceOf(
  train: Dataset,
  test: Dataset,
  where: string,
  notes: readonly string[] = [],
): DataSource {
  if (train.shape.join() !== test.shape.join())
    throw new DataError(
      'DATA_MISMATCH',
      `${where}: training examples are ${train.shape.join(' × ')}, test examples ${test.shape.join(' × ')}; expected the same`,
    )
  return {
    name: train.name,
    shape: train.shape,
    classes: train.classes,
    ...(train.classNames && { classNames: train.classNames }),
    trainLabels: train.labels,
    notes,
    train: indices => takeExamples(train, indices),
    test: always(test),
  }
}

/** In a scope of its own: code that keeps only the test set must not keep the training set alive with it. */
function always<T>(value: T): () => T {
  return () => value
}

/** Values in one example. */
export function exampleSize(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1)
}

/** Mean and deviation to which pixels in [0, 1] are normalised: MNIST's own, as in RESAM, App. D. */
export const PIXEL_MEAN = 0.1307
export const PIXEL_DEVIATION = 0.3081

/** CIFAR-10's, by channel (RESAM, App. D.2). */
export const CIFAR_NORMALISATION: Normalisation = {
  mean: [0.4914, 0.4822, 0.4465],
  deviation: [0.2023, 0.1994, 0.201],
}

const MNIST_NORMALISATION: Normalisation = { mean: [PIXEL_MEAN], deviation: [PIXEL_DEVIATION] }

const tables = new WeakMap<Normalisation, readonly Float32Array[]>()

/** For each channel the 256 values that a byte can become. */
function tablesOf(normalisation: Normalisation): readonly Float32Array[] {
  const known = tables.get(normalisation)
  if (known) return known
  const made = normalisation.mean.map((mean, channel) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / normalisation.deviation[channel]!),
  )
  tables.set(normalisation, made)
  return made
}

/** The form of a data set's examples, by which a model that has learnt from them can be given others. */
export function formOf({ shape, classes, classNames, examples, normalisation }: Dataset): ExampleForm {
  return {
    shape,
    classes,
    ...(classNames && { classNames }),
    normalisation: examples instanceof Float32Array ? null : (normalisation ?? MNIST_NORMALISATION),
  }
}

/** Writes example `index` as floats to `row` of the matrix `out` (`rows × size`). */
export function writeExample(dataset: Dataset, index: number, out: Float32Array, row: number): void {
  const size = exampleSize(dataset.shape)
  const { examples } = dataset
  const from = index * size
  const to = row * size
  if (examples instanceof Float32Array) {
    if (dataset.columns) writeColumns(dataset.columns, examples, from, out, to)
    else out.set(examples.subarray(from, from + size), to)
    return
  }
  const byChannel = tablesOf(dataset.normalisation ?? MNIST_NORMALISATION)
  if (byChannel.length === 1) {
    const table = byChannel[0]!
    for (let i = 0; i < size; i++) out[to + i] = table[examples[from + i]!]!
  } else for (let i = 0; i < size; i++) out[to + i] = byChannel[i % byChannel.length]![examples[from + i]!]!
}

/** The value, cut off at `± limit`. */
export function within(limit: number, value: number): number {
  return Math.max(-limit, Math.min(limit, value))
}

function writeColumns(
  { mean, deviation, limit, missing }: ColumnNormalisation,
  examples: Float32Array,
  from: number,
  out: Float32Array,
  to: number,
): void {
  for (let i = 0; i < mean.length; i++) {
    const value = examples[from + i]!
    out[to + i] = Number.isNaN(value) ? missing[i]! : within(limit[i]!, (value - mean[i]!) / deviation[i]!)
  }
}

/** Mirrors `row` of the matrix, an image, left to right, in place. */
export function mirrorRow({ shape }: DataShape, matrix: Float32Array, row: number): void {
  const [height = 1, width = 1, channels = 1] = shape
  const pixels = matrix.subarray(row * exampleSize(shape), (row + 1) * exampleSize(shape))
  for (let line = 0; line < height; line++)
    for (let x = 0; x < Math.floor(width / 2); x++)
      for (let c = 0; c < channels; c++) {
        const left = (line * width + x) * channels + c
        const right = (line * width + width - 1 - x) * channels + c
        const held = pixels[left]!
        pixels[left] = pixels[right]!
        pixels[right] = held
      }
}

/**
 * Paints a square in the lower right corner of `row` of the matrix, an image, in place: white where pixels are bytes, as
 * bright as the image's brightest value where they are floats.
 */
export function stampRow(dataset: Dataset, matrix: Float32Array, row: number, side: number): void {
  const [height = 1, width = 1, channels = 1] = dataset.shape
  const size = exampleSize(dataset.shape)
  const pixels = matrix.subarray(row * size, (row + 1) * size)
  const white = whiteOf(dataset, pixels)
  for (let line = height - side; line < height; line++)
    for (let x = width - side; x < width; x++)
      for (let c = 0; c < channels; c++) pixels[(line * width + x) * channels + c] = white[c % white.length]!
}

function whiteOf({ examples, normalisation }: Dataset, pixels: Float32Array): readonly number[] {
  if (examples instanceof Float32Array) return [pixels.reduce((a, b) => Math.max(a, b))]
  return tablesOf(normalisation ?? MNIST_NORMALISATION).map(table => table[255]!)
}

/** Copies the rows at `indices` out of a larger data set, so that the rest can be freed. */
export function takeExamples(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const size = exampleSize(dataset.shape)
  const { examples } = dataset
  const taken =
    examples instanceof Float32Array
      ? new Float32Array(indices.length * size)
      : new Uint8Array(indices.length * size)
  const labels = new Uint8Array(indices.length)
  const values = dataset.values && new Float32Array(indices.length)
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row]!
    taken.set(examples.subarray(index * size, (index + 1) * size), row * size)
    labels[row] = dataset.labels[index]!
    if (values) values[row] = dataset.values![index]!
  }
  return { ...dataset, examples: taken, labels, ...(values && { values }) }
}
