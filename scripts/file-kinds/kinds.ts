/** The kinds of files, by the names of examples: what is run, and what is right. */
import { parseNpyVectors } from '../../node/files/npy.ts'
import { parseSafetensors } from '../../node/files/safetensors.ts'

/** What a command printed, and its exit code. */
export interface Said {
  readonly code: number | null
  readonly text: string
}

export interface Kind {
  readonly name: string
  /** @param at where a file of this name lies; `out` is the place to write to */
  argv(at: (name: string) => string, out: string): readonly string[]
  readonly code: number
  readonly says: readonly RegExp[]
  /** What is wrong with the file that was written; null if nothing is. */
  holds?(out: string, read: (name: string) => Promise<Uint8Array>): Promise<string | null>
}

const THREE_CLASSES = /48 training and 12 test examples of 3 values, 3 classes/
const ARRAYS = /60 training and 60 test examples of 4 values, 3 classes/

const show = (data: string, ...says: RegExp[]): Pick<Kind, 'argv' | 'code' | 'says'> => ({
  argv: at => ['data', 'show', '--data', at(data), '--peers', '2'],
  code: 0,
  says,
})

const three = (name: string) => [0, 1, 2].map(i => `${name}${i}.safetensors`)
const merge =
  (name: string, ...more: string[]): Kind['argv'] =>
  (at, out) => ['aggregate', '--rule', 'mean', '--faults', '0', ...more, ...three(name).map(at), '-o', out]
const mda =
  (name: string, ...more: string[]): Kind['argv'] =>
  (at, out) => ['aggregate', '--rule', 'mda', '--faults', '1', ...more, at(name), '-o', out]

const tables: readonly Kind[] = [
  {
    name: 'a first row with an empty cell is data',
    ...show('csv/missing-first-noheader.csv?missing=mean', THREE_CLASSES, /filled 1 missing value/),
  },
  {
    name: 'a missing cell is named, with its line and column',
    ...show('csv/missing.csv', /line 9, column 1 \(a\) has no value; expected .*\?missing=mean/),
    code: 2,
  },
  {
    name: 'a missing cell is filled',
    ...show('csv/missing.csv?missing=0', THREE_CLASSES, /filled 1 missing value with 0/),
  },
  {
    name: 'an index column is left out',
    ...show('csv/pandas-index.csv', THREE_CLASSES, /left out the first column/),
  },
  {
    name: 'labels that start at 1',
    ...show('csv/one-based.csv', THREE_CLASSES, /labels 1 to 3 are classes 0 to 2/),
  },
  {
    name: 'text labels',
    ...show('csv/strings.csv', THREE_CLASSES, /setosa, versicolor, virginica are classes/),
  },
  { name: 'semicolons', ...show('csv/semicolon.csv', THREE_CLASSES, /separated by semicolons/) },
  { name: 'a quoted newline', ...show('csv/quoted-newline.csv', THREE_CLASSES) },
]

const arrays: readonly Kind[] = [
  { name: 'targets in 16 bits without a sign', ...show('npy-u2', ARRAYS) },
  { name: 'big-endian arrays', ...show('npy-be', ARRAYS) },
  { name: 'targets of shape (n, 1)', ...show('npy-ycol', ARRAYS) },
  { name: 'one-hot targets', ...show('npy-onehot', ARRAYS, /the targets are one-hot/) },
  {
    name: 'EMNIST letters',
    ...show('idx-emnist-letters', /26 classes/, /labels 1 to 26 are classes 0 to 25/),
  },
]

const models: readonly Kind[] = [
  {
    name: 'models with batch normalisation',
    argv: merge('bn'),
    code: 0,
    says: [/bn\.num_batches_tracked/],
    holds: (out, read) => holdsMean(out, three('bn'), 'F32', read),
  },
  {
    name: 'halves are widened to 32 bits',
    argv: merge('f16-'),
    code: 0,
    says: [/mean of 3 vectors/],
    holds: (out, read) => holdsMean(out, three('f16-'), 'F32', read),
  },
  {
    name: 'halves are written as halves where asked',
    argv: merge('f16-', '--keep-type'),
    code: 0,
    says: [/mean of 3 vectors/],
    holds: (out, read) => holdsMean(out, three('f16-'), 'F16', read),
  },
]

const vectors: readonly Kind[] = [
  {
    name: 'vectors of halves',
    argv: mda('f2.npy'),
    code: 0,
    says: [/mda of 7 vectors of 5 coordinates/],
    async holds(out, read) {
      const { type } = parseNpyVectors(await read(out), out)
      return type.bytes === 4 ? null : `the result has ${type.bytes} bytes a number, expected 4`
    },
  },
  {
    name: 'a vector that is not finite is refused with its row',
    argv: mda('nan.npy'),
    code: 2,
    says: [/nan\.npy, row \d: not finite .*--drop-not-finite/],
  },
  {
    name: 'a vector that is not finite is left out where asked, and counts towards f',
    argv: mda('nan.npy', '--drop-not-finite'),
    code: 0,
    says: [/left out .*nan\.npy, row \d/, /mda of 6 vectors of 5 coordinates, 0 of them/],
    async holds(out, read) {
      const { rows } = parseNpyVectors(await read('nan.npy'), 'nan.npy')
      const finite = rows.filter(row => row.every(Number.isFinite))
      const [result] = parseNpyVectors(await read(out), out).rows
      return isMean(result!, finite)
    },
  },
]

/** Of what `makeFiles` makes alone: the folders that people give have no such files. */
const made: readonly Kind[] = [
  {
    name: 'Parquet: an index of pandas, text labels, yes and no',
    ...show(
      'parquet/pandas.parquet',
      THREE_CLASSES,
      /left out the first column: it numbers the rows/,
      /labels cat, cow, hen are classes 0 to 2/,
    ),
  },
  {
    name: 'Parquet: a missing cell is named, with its row and column',
    ...show('parquet/missing.parquet', /row 7, column 1 \(a\) has no value; expected .*\?missing=mean/),
    code: 2,
  },
  {
    name: 'Parquet: a missing cell is filled',
    ...show('parquet/missing.parquet?missing=0', THREE_CLASSES, /filled 1 missing value with 0/),
  },
  {
    name: 'a folder of images for each class, as PNG and JPEG',
    ...show(
      'images/alike',
      /48 training and 12 test examples of 8 × 8 × 3, 3 classes/,
      /cat, cow, hen are classes/,
    ),
  },
  {
    name: 'images of several sizes are refused, and what to add is said',
    ...show('images/mixed', /expected images of one size, or "\?size=8x8" behind the name/),
    code: 2,
  },
  {
    name: 'images of several sizes and colours are brought to one',
    ...show('images/mixed?size=6x4&channels=3', /2 training and 2 test examples of 4 × 6 × 3, 2 classes/),
  },
]

/** Files of the kinds that the folders of people have. */
export const kinds: readonly Kind[] = [...tables, ...arrays, ...models, ...vectors]
/** And those that we make besides. */
export const madeKinds: readonly Kind[] = [...kinds, ...made]

/** Floats are the mean of the inputs', integers are as they were, in type and in a value that some input has. */
async function holdsMean(
  out: string,
  files: readonly string[],
  dtype: 'F16' | 'F32',
  read: (name: string) => Promise<Uint8Array>,
): Promise<string | null> {
  const inputs = await Promise.all(files.map(async name => parseSafetensors(await read(name), name)))
  const result = parseSafetensors(await read(out), out)
  for (const [key, value] of Object.entries(inputs[0]!.metadata))
    if (result.metadata[key] !== value) return `the note ${key} is lost`
  for (const tensor of result.tensors) {
    const of = inputs.map(({ tensors }) => tensors.find(({ name }) => name === tensor.name)!)
    if ('raw' in tensor) {
      const isHeld = of.some(other => 'raw' in other && Buffer.compare(other.raw, tensor.raw) === 0)
      if (tensor.type.bytes !== of[0]!.type.bytes || !isHeld) return `${tensor.name} is not as in any input`
      continue
    }
    if (tensor.type.bytes !== (dtype === 'F16' ? 2 : 4)) return `${tensor.name} is not of ${dtype}`
    const wrong = isMean(
      tensor.values,
      of.flatMap(other => ('values' in other ? [other.values] : [])),
    )
    if (wrong !== null) return `${tensor.name}: ${wrong}`
  }
  return null
}

function isMean(result: Float32Array, inputs: readonly Float32Array[]): string | null {
  const isNear = (value: number, i: number) => {
    const mean = inputs.reduce((sum, input) => sum + input[i]!, 0) / inputs.length
    return Math.abs(value - mean) <= 1e-3 * Math.max(1, Math.abs(mean))
  }
  return result.every(isNear) ? null : 'it is not the mean'
}
