/** Batches as matrices: which examples, padded to which number of rows. */
import { type Dataset, exampleSize, mirrorRow, stampRow, writeExample } from '../data/dataset.ts'
import { randomStream } from '../random.ts'

/** Larger batches are computed in pieces of this many rows. */
export const ROWS_MAX = 256

export interface Matrices {
  readonly rows: number
  /** `rows × size` */
  readonly inputs: Float32Array
  /** One-hot, where a weight may stand in place of the 1, `rows × classes`; or `rows × 2` of real target and 1; rows of zeros pad the end. */
  readonly targets: Float32Array
}

/**
 * The examples of a peer's batch at a step, drawn with replacement: a function of its arguments alone, so that a
 * restarted peer draws the same ones.
 */
export function drawBatch(
  seed: number,
  peer: number,
  step: number,
  batch: number,
  count: number,
): Uint32Array {
  const random = randomStream(seed, 'batch', peer, step)
  return Uint32Array.from({ length: batch }, () => random.integer(count))
}

/** Four sizes for each octave, but 25 in place of 24: it is RESAM's batch size and our default. */
const SIZES = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 25, 28, 32],
  ...[40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, ROWS_MAX],
]

/**
 * Rows to compute for a batch: each new number of rows costs a compilation, so a growing batch takes few of them
 * (25 → 25, 64 → 64, 100 → 112). A function of the batch alone: history must not change a bit.
 */
export function paddedRows(batch: number): number {
  return SIZES.find(size => size >= batch) ?? ROWS_MAX
}

/** How examples are altered on their way into a batch. */
export interface Alterations {
  readonly relabel?: (label: number) => number
  /** Of each example of the batch, by its place in `indices`: whether it is mirrored left to right. */
  readonly mirrored?: (place: number) => boolean
  /** Which examples of the batch get a trigger, by place, and with it the label of its target. */
  readonly stamp?: {
    readonly side: number
    readonly target: number
    readonly isAt: (place: number) => boolean
  }
  /** By how much the loss of an example of this class counts; the class is the data's, before it is relabelled. */
  readonly weight?: (label: number) => number
}

/** Examples `indices[from … from + rows)` as matrices of exactly `rows` rows. */
export function gatherRows(
  dataset: Dataset,
  indices: ArrayLike<number>,
  from: number,
  rows: number,
  { relabel = label => label, mirrored = () => false, stamp, weight = () => 1 }: Alterations = {},
): Matrices {
  const { classes, values, targetScale: { mean, deviation } = { mean: 0, deviation: 1 } } = dataset
  const width = values ? 2 : classes
  const inputs = new Float32Array(rows * exampleSize(dataset.shape))
  const targets = new Float32Array(rows * width)
  for (let row = 0; row < rows && from + row < indices.length; row++) {
    const index = indices[from + row]!
    writeExample(dataset, index, inputs, row)
    if (mirrored(from + row)) mirrorRow(dataset, inputs, row)
    const isStamped = stamp?.isAt(from + row) === true
    if (isStamped) stampRow(dataset, inputs, row, stamp.side)
    if (values) targets.set([(values[index]! - mean) / deviation, 1], row * 2)
    else {
      const label = dataset.labels[index]!
      targets[row * width + (isStamped ? stamp.target : relabel(label))] = weight(label)
    }
  }
  return { rows, inputs, targets }
}
