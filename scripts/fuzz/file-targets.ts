/** The readers of files with numbers: models, vectors and data sets that somebody else may have made. */
import { crc32 } from 'node:zlib'

import { readRecords } from '../../learning/data/csv-records.ts'
import { createTableReader, type Table } from '../../learning/data/csv-table.ts'
import { DataError } from '../../learning/data/dataset.ts'
import { parseIdxImages, parseIdxLabels } from '../../learning/data/idx.ts'
import { decodeImage } from '../../learning/data/image-file.ts'
import { PIXELS_MAX } from '../../learning/data/image-header.ts'
import { imageSchema } from '../../learning/data/image-schema.ts'
import { createMisfits } from '../../learning/data/misfits.ts'
import { parseNpy } from '../../learning/data/npy.ts'
import { FLOAT32, type NumberType } from '../../learning/data/number-type.ts'
import { streamParquet } from '../../learning/data/parquet.ts'
import { inMemory } from '../../learning/data/read-file.ts'
import { tableSchema } from '../../learning/data/schema.ts'
import { createSchemaReader } from '../../learning/data/schema-reader.ts'
import { parseCsv } from '../../learning/data/table.ts'
import { modelDimension } from '../../learning/models/model.ts'
import { formatSchema, parseSchema } from '../../node/data/schema-file.ts'
import { checkpointFrom } from '../../node/files/checkpoint.ts'
import { FileError } from '../../node/files/error.ts'
import { parseNpyVectors, writeNpy } from '../../node/files/npy.ts'
import { parseSafetensors, type Tensor, writeSafetensors } from '../../node/files/safetensors.ts'
import { usableModel } from '../../node/models/usable-model.ts'
import { imageSeeds, parquetSeeds } from './file-seeds.ts'
import { refusing, refusingLater } from './refusing.ts'
import type { Target } from './target.ts'

const SCHEMA = tableSchema.parse({
  kind: 'table',
  columns: [
    { name: 'a', type: 'number', scale: { mean: 1, deviation: 0.5 }, missing: 1, indicator: true },
    { name: 'b', type: 'category', values: ['x', 'y'] },
  ],
  target: { name: 'label', type: 'class', classes: ['no', 'yes'] },
})

const IMAGES = imageSchema.parse({
  kind: 'images',
  size: { width: 28, height: 28 },
  channels: 1,
  classes: ['cat', 'dog'],
  scale: { mean: [0.5], deviation: [0.25] },
})

export const fileTargets: readonly Target[] = [
  {
    name: 'npy',
    weight: 40,
    seeds: ([2, 4, 8] as const).map(bytes =>
      writeNpy(Float32Array.of(1, -2, 3e4), { kind: 'float', bytes, little: bytes !== 8 }),
    ),
    feed: input => refusing(() => parseNpyVectors(input, 'input'), FileError),
  },
  {
    name: 'npy-data',
    weight: 40,
    seeds: npyDataSeeds(),
    feed: input => refusing(() => parseNpy(input, 'input'), DataError),
  },
  {
    name: 'csv',
    weight: 40,
    seeds: ['a,b,label\n1,2,0\n3,,1\n', ',x;y\r\n0,"1\n2",a\r\n1,3,b', '1\t2\t-1\n"4"\t5e3\t1\n'].map(text =>
      Buffer.from(text),
    ),
    feed: feedCsv,
  },
  { name: 'parquet', weight: 40, seeds: parquetSeeds(), feed: feedParquet },
  { name: 'image', weight: 40, seeds: imageSeeds(), feed: feedImage },
  {
    name: 'table-by-schema',
    weight: 40,
    seeds: ['a,b,label\n1,x,no\n,y,yes\n', 'label;b;a\r\nno;"x";2\r\nyes; y;"3"', '\ta\tb\tlabel\n'].map(
      text => Buffer.from(text),
    ),
    feed: feedTableBySchema,
  },
  {
    name: 'schema',
    weight: 3,
    seeds: [SCHEMA, IMAGES].map(schema => Buffer.from(formatSchema(schema))),
    feed: input => refusing(() => parseSchema(Buffer.from(input).toString('utf8'), 'input'), DataError),
  },
  { name: 'idx', weight: 40, seeds: idxSeeds(), feed: feedIdx },
  { name: 'safetensors', weight: 40, seeds: safetensorsSeeds(), feed: feedSafetensors },
  { name: 'model', weight: 10, seeds: modelSeeds(), feed: feedModel },
]

/** Of a file that is read, no number is read twice: what comes of it is not larger than it is. */
function feedSafetensors(input: Uint8Array): void {
  refusing(() => {
    const { tensors } = parseSafetensors(input, 'input')
    const bytes = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0)
    if (bytes > input.length) throw new Error(`${bytes} bytes of numbers come of ${input.length}`)
  }, FileError)
}

/** Of a model that can be used, every parameter is a number, and it says something of classes or numbers. */
function feedModel(input: Uint8Array): void {
  refusing(() => {
    const { model, vector, says } = usableModel(
      checkpointFrom(parseSafetensors(input, 'input'), 'input'),
      'input',
    )
    if (vector.length !== modelDimension(model) || !vector.every(Number.isFinite)) throw new Error('no model')
    if (says.kind !== 'number' && says.classes.length < 2) throw new Error('it says nothing')
  }, FileError)
}

function bytesOf(tensor: Tensor): number {
  return 'raw' in tensor ? tensor.raw.length : tensor.values.length * tensor.type.bytes
}

/** As `feedCsv`. */
async function feedParquet(input: Uint8Array): Promise<void> {
  await refusingLater(async () => {
    const reader = createTableReader('input', 'row')
    await streamParquet(inMemory(input), 'input', reader)
    checkTable(reader.end())
  }, DataError)
}

/** Of an image that is decoded, every pixel has its four bytes. A PNG's checksums are made right, as an attacker can. */
async function feedImage(input: Uint8Array): Promise<void> {
  await refusingLater(async () => {
    const { width, height, rgba } = await decodeImage(withChecksums(input), 'input')
    if (rgba.length !== 4 * width * height || width * height > PIXELS_MAX)
      throw new Error(`${rgba.length} bytes for ${width} × ${height} pixels`)
  }, DataError)
}

function withChecksums(input: Uint8Array): Buffer {
  const bytes = Buffer.from(input)
  if (bytes.toString('latin1', 1, 4) !== 'PNG') return bytes
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at)
    if (end + 4 > bytes.length) break
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end)
    at = end + 4
  }
  return bytes
}

/** Of a table that is read, every place is a number or missing, and each row has a line and a target. */
function feedCsv(input: Uint8Array): void {
  refusing(() => {
    checkTable(parseCsv(Buffer.from(input).toString('utf8'), 'input'))
  }, DataError)
}

function checkTable({ width, examples, targets, lines }: Table): void {
  if (examples.length !== width * lines.length || targets.values.length !== lines.length)
    throw new Error('the rows do not fill the table')
  if (lines.some((line, row) => row > 0 && line <= lines[row - 1]!)) throw new Error('lines go back')
}

/** Of a table that fits, every row fills its inputs with numbers and has a class; of another nothing is kept. */
function feedTableBySchema(input: Uint8Array): void {
  refusing(() => {
    const misfits = createMisfits('input')
    const reader = createSchemaReader('input', SCHEMA, misfits, true)
    readRecords(Buffer.from(input).toString('utf8'), 'input', reader)
    const { examples, labels, count } = reader.end()
    if (misfits.count > 0) {
      if (misfits.lines().length === 0) throw new Error('a misfit is not said')
      return
    }
    if (labels.length !== count || examples.length !== 4 * count) throw new Error('the rows are not full')
    if (!examples.every(Number.isFinite) || labels.some(label => label > 1)) throw new Error('no number')
  }, DataError)
}

/** As images and as labels: the magic number says which it is. */
function feedIdx(input: Uint8Array): void {
  refusing(() => {
    const { count, rows, columns, pixels } = parseIdxImages(input, 'input')
    if (pixels.length !== count * rows * columns) throw new Error('the images do not fill their bytes')
  }, DataError)
  refusing(() => parseIdxLabels(input, 'input'), DataError)
}

function safetensorsSeeds(): readonly Uint8Array[] {
  const half: NumberType = { kind: 'float', bytes: 2, little: true }
  const brain: NumberType = { kind: 'bfloat', bytes: 2, little: true }
  const steps: NumberType = { kind: 'int', bytes: 8, little: true }
  const values = Float32Array.of(1, 2, 3, 4)
  return [
    writeSafetensors([{ name: 'a', shape: [2, 2], type: FLOAT32, values }], { made: 'by hand' }),
    writeSafetensors([
      { name: 'a', shape: [4], type: half, values },
      { name: 'b', shape: [4], type: brain, values },
      { name: 'c', shape: [], type: steps, raw: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) },
    ]),
  ]
}

/** A small model for a table, and one for images. */
function modelSeeds(): readonly Uint8Array[] {
  const tensorsOf = (inputs: number): Tensor[] => [
    { name: 'linear.weight', shape: [inputs, 2], type: FLOAT32, values: new Float32Array(2 * inputs) },
    { name: 'linear.bias', shape: [2], type: FLOAT32, values: new Float32Array(2) },
  ]
  const form = {
    shape: [2, 2],
    classes: 2,
    classNames: ['a', 'b'],
    normalisation: { mean: [0.1], deviation: [0.3] },
  }
  const notes = { layout: 'jax', model: 'softmax', step: '7' }
  return [
    writeSafetensors(tensorsOf(4), { ...notes, schema: JSON.stringify(SCHEMA) }),
    writeSafetensors(tensorsOf(4), { ...notes, data: JSON.stringify(form) }),
  ]
}

function idxSeeds(): readonly Uint8Array[] {
  const header = (...fields: readonly number[]) => Buffer.from(Uint32Array.from(fields).buffer).swap32()
  return [
    Buffer.concat([header(2051, 2, 2, 3), Buffer.alloc(12, 9)]),
    Buffer.concat([header(2049, 4), Buffer.from([0, 3, 9, 1])]),
  ]
}

function npyDataSeeds(): readonly Uint8Array[] {
  return ['|u1', '>i2', '<f2', '<u4', '<f8'].map(descr => {
    const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (2, 1), }`
    const head = Buffer.from(`\x93NUMPY\x01\0${String.fromCharCode(dictionary.length)}\0`, 'latin1')
    return Buffer.concat([head, Buffer.from(dictionary), Buffer.alloc(2 * Number(descr.at(-1)))])
  })
}
