/**
 * Data sets as values: rows of examples with a label each, and sources that hand out a peer's share of them.
 */

/** Something is wrong with the data a user pointed at. `message` names the file, the record and what was expected. */
export class DataError extends Error {
  override readonly name = 'DataError'
  readonly code: DataErrorCode

  constructor(code: DataErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export type DataErrorCode =
  | 'DATA_MISSING'
  | 'DATA_UNREADABLE'
  | 'DATA_TRUNCATED'
  | 'DATA_MAGIC'
  | 'DATA_MISMATCH'
  | 'DATA_LABEL'
  | 'DATA_PARTITION'

/** What every example of a data set looks like. */
export interface DataShape {
  /** One example, `[rows, columns]` for a grey image; row-major. */
  readonly shape: readonly number[]
  /** Labels are `0 … classes − 1`. */
  readonly classes: number
}

export interface Dataset extends DataShape {
  readonly name: string
  /** `count × size` values, row-major: bytes `0 … 255` (normalised when a batch is made), or floats used as they are. */
  readonly examples: Uint8Array | Float32Array
  readonly labels: Uint8Array
}

/** A training and a test set of which a peer takes only what it needs. */
export interface DataSource extends DataShape {
  readonly name: string
  /** Labels of all training examples: what a partition is made from. */
  readonly trainLabels: Uint8Array
  /** The training examples at these indices, in this order. */
  train(indices: ArrayLike<number>): Dataset
  test(): Dataset
}

/** Values in one example. */
export function exampleSize(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1)
}

/** Mean and deviation to which pixels in [0, 1] are normalised: MNIST's own, as in RESAM, App. D. */
export const PIXEL_MEAN = 0.1307
export const PIXEL_DEVIATION = 0.3081

const NORMALISED = Float32Array.from(
  { length: 256 },
  (_, byte) => (byte / 255 - PIXEL_MEAN) / PIXEL_DEVIATION,
)

/** Writes example `index` as floats to `row` of the matrix `out` (`rows × size`). */
export function writeExample(dataset: Dataset, index: number, out: Float32Array, row: number): void {
  const size = exampleSize(dataset.shape)
  const { examples } = dataset
  const from = index * size
  const to = row * size
  if (examples instanceof Float32Array) out.set(examples.subarray(from, from + size), to)
  else for (let i = 0; i < size; i++) out[to + i] = NORMALISED[examples[from + i]!]!
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
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row]!
    taken.set(examples.subarray(index * size, (index + 1) * size), row * size)
    labels[row] = dataset.labels[index]!
  }
  return { ...dataset, examples: taken, labels }
}
