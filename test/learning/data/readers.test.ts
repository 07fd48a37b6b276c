/** CIFAR-10, tables and NumPy arrays: good files, and each way in which one can be wrong. */
import { join } from 'node:path'
import test from 'ava'
import { CIFAR_TRAIN_FILES, parseCifar } from '../../../learning/data/cifar.ts'
import { writeExample } from '../../../learning/data/dataset.ts'
import { parseNpy } from '../../../learning/data/npy.ts'
import { openData } from '../../../learning/data/open.ts'
import { parseCsv } from '../../../learning/data/table.ts'
import { directoryOf, refused } from './support.ts'

/** A record whose red, green and blue are all of one value each. */
function record(label: number, red: number, green: number, blue: number): Buffer {
  const plane = (value: number) => Buffer.alloc(1024, value)
  return Buffer.concat([Buffer.of(label), plane(red), plane(green), plane(blue)])
}

function npy(descr: string, shape: string, numbers: Uint8Array): Buffer {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }\n`
  const head = Buffer.from('\x93NUMPY\x01\x00__', 'latin1')
  head.writeUInt16LE(header.length, 8)
  return Buffer.concat([head, Buffer.from(header, 'latin1'), numbers])
}

const bytesOf = (values: Float32Array | Float64Array | BigInt64Array | Int32Array) =>
  new Uint8Array(values.buffer)

test('CIFAR-10: six files, colours interleaved and normalised channel by channel', async t => {
  const batches = CIFAR_TRAIN_FILES.map((name, i) => [name, record(i, 255, 0, 10 * i)] as const)
  const files = { ...Object.fromEntries(batches), 'test_batch.bin': record(9, 1, 2, 3) }
  const source = await openData(await directoryOf(t, files))
  t.deepEqual(source.shape, [32, 32, 3])
  t.deepEqual([...source.trainLabels], [0, 1, 2, 3, 4])
  const share = source.train([4])
  t.deepEqual([...share.examples.slice(0, 6)], [255, 0, 40, 255, 0, 40])
  const row = new Float32Array(3072)
  writeExample(share, 0, row, 0)
  for (const [i, value] of [(1 - 0.4914) / 0.2023, -0.4822 / 0.1994, (40 / 255 - 0.4465) / 0.201].entries())
    t.true(Math.abs(row[i]! - value) < 1e-6)
  t.deepEqual([...source.test().labels], [9])
})

test('CIFAR-10: what is wrong with a file', async t => {
  await refused(
    t,
    () => parseCifar(record(0, 0, 0, 0).subarray(1), 'a.bin'),
    'DATA_TRUNCATED',
    /a\.bin: 3072 bytes end within record 0/,
  )
  await refused(
    t,
    () => parseCifar(record(10, 0, 0, 0), 'a.bin'),
    'DATA_LABEL',
    /record 0 has label 10, expected 0 to 9/,
  )
  const lonely = await directoryOf(t, { 'test_batch.bin': record(1, 0, 0, 0) })
  await refused(t, () => openData(lonely), 'DATA_MISSING', /data_batch_1\.bin: no such file/)
})

test('tables: the target last, or wherever the header says', t => {
  t.like(parseCsv('1,2,0\n3,4,1\n', 'f'), {
    width: 2,
    targets: { kind: 'numbers', values: Float64Array.of(0, 1), isReal: false },
  })
  const named = parseCsv('"Label",a,b\r\n1, 2 ,3e-1\r\n0,.5,-6\r\n\r\n', 'f')
  t.deepEqual([...named.examples], [2, Math.fround(0.3), 0.5, -6])
  t.deepEqual(named.targets, { kind: 'numbers', values: Float64Array.of(1, 0), isReal: false })
  t.like(parseCsv('1,2.0\n1,3', 'f').targets, { isReal: true })
})

test('tables: classes or real targets, two files or one', async t => {
  const two = await openData(await directoryOf(t, { 'train.csv': '1,0\n2,2\n', 'test.csv': '3,1\n' }))
  t.is(two.classes, 3)
  t.deepEqual([...two.test().labels], [1])
  const lines = Array.from({ length: 10 }, (_, i) => `${i},${i}.5`).join('\n')
  const one = await openData(join(await directoryOf(t, { 'line.csv': lines }), 'line.csv'))
  t.is(one.classes, 0)
  t.deepEqual([...one.test().values!], [4.5, 9.5])
  t.deepEqual([...one.train([0, 7]).values!], [0.5, 8.5])
  t.is(one.trainLabels.length, 8)
})

test('tables: what is wrong with a file', async t => {
  await refused(
    t,
    () => parseCsv('1,2\n1,2,3\n', 'f.csv'),
    'DATA_FORMAT',
    /f\.csv: line 2 has 3 columns, expected 2/,
  )
  await refused(
    t,
    () => parseCsv('a,b\n1,2\nx,2\n', 'f.csv'),
    'DATA_NUMBER',
    /line 3, column 1 \(a\) is "x", expected a number/,
  )
  await refused(t, () => parseCsv('a,b', 'f.csv'), 'DATA_FORMAT', /no examples/)
  await refused(
    t,
    () => parseCsv('1e99,1', 'f.csv'),
    'DATA_NUMBER',
    /line 1, column 1 is "1e99", expected at most/,
  )
  await refused(t, () => parseCsv('7\n8', 'f.csv'), 'DATA_FORMAT', /1 column/)
  await refused(t, () => parseCsv('', 'f.csv'), 'DATA_FORMAT', /f\.csv/)
  const outside = await directoryOf(t, { 'train.csv': '1,0\n2,1\n', 'test.csv': '3,2\n' })
  await refused(t, () => openData(outside), 'DATA_LABEL', /test\.csv: line 1 has label 2, expected .* 0 to 1/)
  const wide = await directoryOf(t, { 'train.csv': '1,0\n2,1\n', 'test.csv': '3,3,1\n' })
  await refused(t, () => openData(wide), 'DATA_MISMATCH', /training examples are 1, test examples 2/)
  const alone = await directoryOf(t, { 'train.csv': '1,0\n' })
  await refused(t, () => openData(alone), 'DATA_MISSING', /test\.csv: no such file/)
  const short = await directoryOf(t, { 'few.csv': '1,0\n2,1\n' })
  await refused(t, () => openData(join(short, 'few.csv')), 'DATA_FORMAT', /2 examples, expected at least 5/)
  const many = await directoryOf(t, { 'train.csv': '1,256\n', 'test.csv': '1,0\n' })
  await refused(t, () => openData(many), 'DATA_LABEL', /label 256, expected at most 256 classes/)
})

test('arrays: bytes are pixels, floats are values; whole targets are classes, floats are real', async t => {
  const pixels = npy('|u1', '2, 1, 2', Uint8Array.of(1, 2, 3, 4))
  const labels = npy('<i8', '2,', bytesOf(BigInt64Array.of(0n, 3n)))
  const images = await openData(
    await directoryOf(t, {
      'train-x.npy': pixels,
      'train-y.npy': labels,
      'test-x.npy': pixels,
      'test-y.npy': labels,
    }),
  )
  t.deepEqual(images.shape, [1, 2])
  t.is(images.classes, 4)
  t.deepEqual(images.train([1]).examples, Uint8Array.of(3, 4))
  const x = npy('<f8', '2, 3', bytesOf(Float64Array.of(1, 2, 3, 4, 5, 6.5)))
  const y = npy('<f4', '2,', bytesOf(Float32Array.of(1, 2)))
  const line = await openData(
    await directoryOf(t, { 'train-x.npy': x, 'train-y.npy': y, 'test-x.npy': x, 'test-y.npy': y }),
  )
  t.is(line.classes, 0)
  t.deepEqual([...line.train([1]).examples], [4, 5, 6.5])
  t.deepEqual([...line.test().values!], [1, 2])
})

test('arrays: what is wrong with a file', async t => {
  const parse = (bytes: Uint8Array) => () => parseNpy(bytes, 'a.npy')
  await refused(t, parse(Buffer.from('PK\x03\x04 a zip file')), 'DATA_MAGIC', /a\.npy: it does not begin/)
  await refused(t, parse(npy('<c8', '1,', new Uint8Array(8))), 'DATA_FORMAT', /'<c8'; expected bool, int8/)
  await refused(
    t,
    parse(npy('<f4', '5,', new Uint8Array(16))),
    'DATA_TRUNCATED',
    /16 bytes of numbers, expected 20/,
  )
  await refused(
    t,
    parse(npy('<f4', '2,', bytesOf(Float32Array.of(1, Number.NaN)))),
    'DATA_NUMBER',
    /row 1 is NaN/,
  )
  const x = npy('<f4', '2, 1', new Uint8Array(8))
  const y = npy('<i4', '3,', bytesOf(Int32Array.of(0, 1, 0)))
  const files = { 'train-x.npy': x, 'train-y.npy': y, 'test-x.npy': x, 'test-y.npy': y }
  await refused(
    t,
    async () => openData(await directoryOf(t, files)),
    'DATA_MISMATCH',
    /shape \(2, 1\) and .*\(3\)/,
  )
  const { 'test-y.npy': _, ...three } = files
  await refused(
    t,
    async () => openData(await directoryOf(t, three)),
    'DATA_MISSING',
    /test-y\.npy: no such file/,
  )
})

test('what is no data is refused with what would be', async t => {
  const directory = await directoryOf(t, { 'notes.txt': 'hello' })
  await refused(
    t,
    () => openData(join(directory, 'notes.txt')),
    'DATA_FORMAT',
    /notes\.txt: expected .*a \.csv, \.tsv or \.parquet file, or a folder/,
  )
  await refused(
    t,
    () => openData(directory),
    'DATA_MISSING',
    /holds "notes\.txt"; expected .*train-images-idx3-ubyte/,
  )
  for (const missing of ['data.csv', 'folder', 'notes.txt/inside'])
    await refused(
      t,
      () => openData(join(directory, missing)),
      'DATA_MISSING',
      /no such file or folder; expected/,
    )
  t.is((await openData('digits')).classes, 10)
})
