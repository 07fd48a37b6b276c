/** Small files of each kind, drawn from a seed, with the names that `kinds.ts` knows. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { encode } from 'jpeg-js'
import { PNG } from 'pngjs'
import { FLOAT32, type NumberType } from '../../learning/data/number-type.ts'
import { randomStream } from '../../learning/random.ts'
import { writeSafetensors } from '../../node/files/safetensors.ts'

const ROWS = 60
const random = randomStream(1, 'file kinds')

/** @returns the folder */
export async function makeFiles(folder: string): Promise<string> {
  for (const [name, content] of Object.entries({
    ...tables(),
    ...arrays(),
    ...letters(),
    ...models(),
    ...vectors(),
    ...parquet(),
    ...images(),
  })) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
  return folder
}

function tables(): Record<string, string> {
  const rows = Array.from({ length: ROWS }, (_, row) => [
    ...Array.from({ length: 3 }, () => random.normal().toFixed(4)),
    String(row % 3),
  ])
  const lines = (cells: readonly (readonly string[])[], separator = ',') =>
    `${cells.map(row => row.join(separator)).join('\n')}\n`
  const header = ['a', 'b', 'c', 'label']
  const relabelled = (names: readonly string[]) =>
    rows.map(row => [...row.slice(0, 3), names[Number(row[3])]!])
  const without = (at: number) => rows.map((row, i) => (i === at ? ['', ...row.slice(1)] : row))
  return {
    'csv/missing-first-noheader.csv': lines(without(0)),
    'csv/missing.csv': lines([header, ...without(7)]),
    'csv/pandas-index.csv': lines([['', ...header], ...rows.map((row, i) => [String(i), ...row])]),
    'csv/one-based.csv': lines([header, ...relabelled(['1', '2', '3'])]),
    'csv/strings.csv': lines([header, ...relabelled(['setosa', 'versicolor', 'virginica'])]),
    'csv/semicolon.csv': lines([header, ...rows], ';'),
    'csv/quoted-newline.csv': lines([['"a\nlong"', 'b', 'c', 'label'], ...rows]),
  }
}

function npy(descr: string, shape: string, numbers: Uint8Array): Buffer {
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }\n`
  const head = Buffer.from(`\x93NUMPY\x01\x00\0\0${dictionary}`, 'latin1')
  head.writeUInt16LE(dictionary.length, 8)
  return Buffer.concat([head, numbers])
}

function bytesOf({
  buffer,
  byteOffset,
  byteLength,
}: Float32Array | Uint16Array | Int32Array | BigInt64Array): Buffer {
  return Buffer.from(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer)
}

function arrays(): Record<string, Uint8Array> {
  const x = Float32Array.from({ length: ROWS * 4 }, () => random.normal())
  const y = Array.from({ length: ROWS }, (_, row) => row % 3)
  const little = npy('<f4', `${ROWS}, 4`, bytesOf(x))
  const kinds: Record<string, readonly [Uint8Array, Uint8Array]> = {
    'npy-u2': [little, npy('<u2', `${ROWS},`, bytesOf(Uint16Array.from(y)))],
    'npy-be': [
      npy('>f4', `${ROWS}, 4`, bytesOf(x).swap32()),
      npy('>i4', `${ROWS},`, bytesOf(Int32Array.from(y)).swap32()),
    ],
    'npy-ycol': [little, npy('<i8', `${ROWS}, 1`, bytesOf(BigInt64Array.from(y, BigInt)))],
    'npy-onehot': [
      little,
      npy(
        '<f4',
        `${ROWS}, 3`,
        bytesOf(Float32Array.from(y.flatMap(label => [0, 1, 2].map(k => Number(k === label))))),
      ),
    ],
  }
  return Object.fromEntries(
    Object.entries(kinds).flatMap(([folder, [xs, ys]]) =>
      ['train', 'test'].flatMap(part => [
        [`${folder}/${part}-x.npy`, xs],
        [`${folder}/${part}-y.npy`, ys],
      ]),
    ),
  )
}

function letters(): Record<string, Uint8Array> {
  const idx = (...fields: number[]) => Buffer.from(Uint32Array.from(fields).buffer).swap32()
  const count = 52
  const images = Buffer.concat([idx(2051, count, 28, 28), Buffer.alloc(count * 28 * 28, 9)])
  const labels = Buffer.concat([
    idx(2049, count),
    Buffer.from(Array.from({ length: count }, (_, i) => 1 + (i % 26))),
  ])
  return Object.fromEntries(
    ['train', 't10k'].flatMap(part => [
      [`idx-emnist-letters/${part}-images-idx3-ubyte`, images],
      [`idx-emnist-letters/${part}-labels-idx1-ubyte`, labels],
    ]),
  )
}

function models(): Record<string, Uint8Array> {
  const half: NumberType = { kind: 'float', bytes: 2, little: true }
  const int64: NumberType = { kind: 'int', bytes: 8, little: true }
  const drawn = (length: number) => Float32Array.from({ length }, () => random.normal())
  return Object.fromEntries(
    [0, 1, 2].flatMap(i => [
      [
        `bn${i}.safetensors`,
        writeSafetensors(
          [
            { name: 'conv.weight', shape: [4, 3], type: FLOAT32, values: drawn(12) },
            { name: 'bn.running_mean', shape: [4], type: FLOAT32, values: drawn(4) },
            {
              name: 'bn.num_batches_tracked',
              shape: [],
              type: int64,
              raw: bytesOf(BigInt64Array.of(BigInt(100 + i))),
            },
          ],
          { format: 'pt' },
        ),
      ],
      [
        `f16-${i}.safetensors`,
        writeSafetensors([{ name: 'w', shape: [4, 3], type: half, values: drawn(12) }]),
      ],
    ]),
  )
}

function vectors(): Record<string, Uint8Array> {
  const halves = Uint16Array.from({ length: 35 }, () => 0x3c00 + random.integer(1024))
  const numbers = Float32Array.from({ length: 35 }, () => random.normal())
  numbers[10] = Number.NaN
  return { 'f2.npy': npy('<f2', '7, 5', bytesOf(halves)), 'nan.npy': npy('<f4', '7, 5', bytesOf(numbers)) }
}

const ANIMALS = ['hen', 'cat', 'cow'] as const

function parquet(): Record<string, Uint8Array> {
  const drawn = () => Array.from({ length: ROWS }, () => random.normal())
  const rows = Array.from({ length: ROWS }, (_, row) => row)
  const label = { name: 'label', data: rows.map(row => ANIMALS[row % 3]), type: 'STRING' as const }
  const a = { name: 'a', data: drawn(), type: 'DOUBLE' as const }
  const b = { name: 'b', data: drawn().map(Math.fround), type: 'FLOAT' as const }
  const c = { name: 'c', data: rows.map(row => row % 5 === 0), type: 'BOOLEAN' as const }
  const index = { name: '__index_level_0__', data: rows.map(BigInt), type: 'INT64' as const }
  const holed = { ...a, data: a.data.map((value, row) => (row === 7 ? null : value)) }
  const write = (columnData: Parameters<typeof parquetWriteBuffer>[0]['columnData']) =>
    new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 25 }))
  return {
    'parquet/pandas.parquet': write([a, b, c, label, index]),
    'parquet/missing.parquet': write([holed, b, c, label]),
  }
}

function images(): Record<string, Uint8Array> {
  const drawn = (side: number) =>
    Buffer.from(Array.from({ length: 4 * side * side }, (_, i) => (i % 4 === 3 ? 255 : random.integer(256))))
  const png = (side: number, colorType: 0 | 2) => {
    const image = new PNG({ width: side, height: side })
    image.data = drawn(side)
    return PNG.sync.write(image, { colorType, inputColorType: 6 })
  }
  const jpeg = (side: number) => encode({ width: side, height: side, data: drawn(side) }, 90).data
  const alike = Array.from({ length: ROWS }, (_, row) => [
    `images/alike/${ANIMALS[row % 3]}/${row}.${row % 2 === 0 ? 'png' : 'jpg'}`,
    row % 2 === 0 ? png(8, 2) : jpeg(8),
  ])
  return {
    ...Object.fromEntries(alike),
    'images/mixed/train/cat/1.png': png(8, 0),
    'images/mixed/train/hen/1.jpg': jpeg(12),
    'images/mixed/test/cat/1.png': png(20, 2),
    'images/mixed/test/hen/1.jpeg': jpeg(8),
  }
}
