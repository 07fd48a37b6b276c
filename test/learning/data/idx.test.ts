/** The IDX reader: good files in every spelling, and each way in which a file can be wrong. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { DataError, type DataErrorCode } from '../../../learning/data/dataset.ts'
import { loadDataset, parseIdxImages } from '../../../learning/data/idx.ts'

function header(...fields: number[]): Buffer {
  const bytes = Buffer.alloc(4 * fields.length)
  fields.forEach((field, i) => {
    bytes.writeUInt32BE(field, 4 * i)
  })
  return bytes
}

const images = (count: number, pixels = count * 6) =>
  Buffer.concat([header(2051, count, 2, 3), Buffer.from(Array.from({ length: pixels }, (_, i) => i))])
const labels = (...values: number[]) => Buffer.concat([header(2049, values.length), Buffer.from(values)])

const good: Readonly<Record<string, Buffer>> = {
  'train-images-idx3-ubyte': images(3),
  'train-labels-idx1-ubyte': labels(7, 0, 9),
  't10k-images-idx3-ubyte': images(1),
  't10k-labels-idx1-ubyte': labels(4),
}

/** A directory with these files, gone after the test. */
async function directoryOf(t: ExecutionContext, files: Readonly<Record<string, Buffer>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'concord-idx-'))
  t.teardown(() => rm(directory, { recursive: true }))
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes)
  return directory
}

async function refused(
  t: ExecutionContext,
  files: Record<string, Buffer>,
  code: DataErrorCode,
  says: RegExp,
) {
  const error = await t.throwsAsync(loadDataset(await directoryOf(t, files)), { instanceOf: DataError })
  t.is(error.code, code)
  t.regex(error.message, says)
}

test('reads the four files and hands out examples in the order asked for', async t => {
  const source = await loadDataset(await directoryOf(t, good))
  t.deepEqual(source.shape, [2, 3])
  t.is(source.classes, 10)
  t.deepEqual([...source.trainLabels], [7, 0, 9])
  const share = source.train([2, 0])
  t.deepEqual([...share.labels], [9, 7])
  t.deepEqual([...share.examples], [12, 13, 14, 15, 16, 17, 0, 1, 2, 3, 4, 5])
  t.deepEqual([...source.test().labels], [4])
})

test('reads .gz files, and the spelling with a dot', async t => {
  const zipped = Object.entries(good).map(([name, bytes]) => [
    `${name.replace('-idx', name.startsWith('train') ? '.idx' : '-idx')}.gz`,
    gzipSync(bytes),
  ])
  const source = await loadDataset(await directoryOf(t, Object.fromEntries(zipped)))
  t.deepEqual([...source.trainLabels], [7, 0, 9])
})

test('a missing file is named', async t => {
  const { 't10k-labels-idx1-ubyte': _, ...rest } = good
  await refused(t, rest, 'DATA_MISSING', /no file t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz/)
})

test('a missing directory reads as missing files', async t => {
  const error = await t.throwsAsync(loadDataset('/nowhere/at/all'), { instanceOf: DataError })
  t.is(error.code, 'DATA_MISSING')
})

test('a truncated file names the record in which it ends', async t => {
  await refused(
    t,
    { ...good, 'train-images-idx3-ubyte': images(3, 14) },
    'DATA_TRUNCATED',
    /train-images-idx3-ubyte: ends in image 2, expected 3 of 6 bytes/,
  )
})

test('a truncated header, and a truncated gzip file', async t => {
  await refused(
    t,
    { ...good, 't10k-labels-idx1-ubyte': Buffer.alloc(5) },
    'DATA_TRUNCATED',
    /expected a header of 8/,
  )
  const { 't10k-labels-idx1-ubyte': plain, ...rest } = good
  const cut = gzipSync(plain!).subarray(0, 20)
  await refused(t, { ...rest, 't10k-labels-idx1-ubyte.gz': cut }, 'DATA_TRUNCATED', /ends early/)
})

test('a .gz that is none', async t => {
  const { 't10k-labels-idx1-ubyte': plain, ...rest } = good
  await refused(
    t,
    { ...rest, 't10k-labels-idx1-ubyte.gz': plain! },
    'DATA_UNREADABLE',
    /not a valid gzip file/,
  )
})

test('images where labels belong', async t => {
  await refused(
    t,
    { ...good, 'train-labels-idx1-ubyte': images(3) },
    'DATA_MAGIC',
    /train-labels-idx1-ubyte: starts with 2051, expected 2049 \(IDX labels\)/,
  )
})

test('counts that differ', async t => {
  await refused(
    t,
    { ...good, 'train-labels-idx1-ubyte': labels(1, 2) },
    'DATA_MISMATCH',
    /3 images but .* holds 2 labels/,
  )
})

test('training and test images of different sizes', async t => {
  const wide = Buffer.concat([header(2051, 1, 1, 3), Buffer.alloc(3)])
  await refused(
    t,
    { ...good, 't10k-images-idx3-ubyte': wide },
    'DATA_MISMATCH',
    /training examples are 2 × 3, test examples 1 × 3/,
  )
})

test('bytes after the last record, no records, and images of no size', t => {
  const code = (parse: () => unknown) => t.throws(parse, { instanceOf: DataError })?.code
  t.is(
    code(() => parseIdxImages(images(2, 13), 'x')),
    'DATA_MISMATCH',
  )
  t.is(
    code(() => parseIdxImages(header(2051, 0, 0, 0), 'x')),
    'DATA_MISMATCH',
  )
})

test('an empty data set', async t => {
  await refused(
    t,
    { ...good, 't10k-images-idx3-ubyte': images(0), 't10k-labels-idx1-ubyte': labels() },
    'DATA_MISMATCH',
    /no images/,
  )
})

test('a label that no training example has is refused with its record', async t => {
  await refused(
    t,
    { ...good, 't10k-images-idx3-ubyte': images(2), 't10k-labels-idx1-ubyte': labels(1, 10) },
    'DATA_LABEL',
    /t10k-labels-idx1-ubyte: record 1 has label 10, expected a whole number from 0 to 9/,
  )
})

test('EMNIST: any number of classes, labels that start at 1, its names, and test for t10k', async t => {
  const letters = Object.fromEntries(
    Object.entries({ ...good, 'train-labels-idx1-ubyte': labels(26, 1, 9) }).map(([name, bytes]) => [
      `emnist-letters-${name.replace('t10k', 'test')}.gz`,
      gzipSync(bytes),
    ]),
  )
  const source = await loadDataset(await directoryOf(t, letters))
  t.is(source.classes, 26)
  t.deepEqual([...source.trainLabels], [25, 0, 8])
  t.deepEqual([...source.test().labels], [3])
  t.is(source.classNames?.[25], '26')
  t.regex(
    source.notes.join(),
    /^labels 1 to 26 are classes 0 to 25; no training example has the label 2, 3, /,
  )
  const both = { ...letters, 'emnist-digits-train-images-idx3-ubyte': images(3) }
  const error = await t.throwsAsync(loadDataset(await directoryOf(t, both)), { instanceOf: DataError })
  t.regex(
    error.message,
    /holds both emnist-digits-train.* and emnist-letters-train.*; expected the files of one/,
  )
})
