/** Data that somebody made to harm who reads it: what each claims, and that nothing is spent on it. */

import { execFileSync } from 'node:child_process'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGzip, gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { gunzipHeaded, OverlongError } from '../../../learning/data/gunzip.ts'
import { loadDataset, parseIdxImages } from '../../../learning/data/idx.ts'
import { parseNpy } from '../../../learning/data/npy.ts'
import { LITTLE_MEGABYTES, peakOf } from './peak.ts'
import { directoryOf, type Files, refused } from './support.ts'

function idx(...fields: number[]): Buffer {
  const bytes = Buffer.alloc(4 * fields.length)
  for (const [i, field] of fields.entries()) bytes.writeUInt32BE(field, 4 * i)
  return bytes
}

const images = Buffer.concat([idx(2051, 3, 2, 3), Buffer.alloc(18, 7)])
const labels = Buffer.concat([idx(2049, 3), Buffer.from([1, 2, 3])])
const good: Files = {
  'train-images-idx3-ubyte.gz': gzipSync(images),
  'train-labels-idx1-ubyte.gz': gzipSync(labels),
  't10k-images-idx3-ubyte.gz': gzipSync(images),
  't10k-labels-idx1-ubyte.gz': gzipSync(labels),
}
const trainedWith = (bytes: Uint8Array): Files => ({ ...good, 'train-images-idx3-ubyte.gz': bytes })

/** A header, and then `length` zeros: a thousandth of them when packed. */
async function bomb(header: Uint8Array, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  const packer = createGzip({ level: 9 }).on('data', chunk => chunks.push(chunk))
  const zeros = Buffer.alloc(2 ** 22)
  packer.write(header)
  for (let left = length; left > 0; left -= zeros.length) {
    if (!packer.write(zeros.subarray(0, left)))
      await new Promise(resolve => {
        packer.once('drain', resolve)
      })
  }
  packer.end()
  await new Promise(resolve => {
    packer.once('end', resolve)
  })
  return Buffer.concat(chunks)
}

async function cheaplyRefused(t: ExecutionContext, files: Files, says: RegExp): Promise<void> {
  const folder = await directoryOf(t, files)
  const { said, megabytes } = await peakOf('learning/data/idx.ts', 'loadDataset', folder)
  t.regex(said, says)
  t.true(megabytes < LITTLE_MEGABYTES, `${megabytes} MB for: ${said}`)
}

test('.gz: of more than its header counts nothing is kept', async t => {
  const packed = await bomb(idx(2051, 1, 2, 3), 2 ** 29)
  t.true(packed.length < 2 ** 20)
  await cheaplyRefused(t, trainedWith(packed), /^DATA_MISMATCH .*more bytes follow the last of the images/)
})

test('.gz: what its header counts is limited, and by its own size', async t => {
  const huge = gzipSync(Buffer.concat([idx(2051, 2 ** 31, 28, 28), Buffer.alloc(1000)]))
  await cheaplyRefused(
    t,
    trainedWith(huge),
    /^DATA_UNREADABLE .*unpacked it holds 1683627180048 bytes; expected at most 1073741824, or the file as gunzip/,
  )
  const most = gzipSync(Buffer.concat([idx(2051, 2 ** 20, 32, 31), Buffer.alloc(1000)]))
  await cheaplyRefused(t, trainedWith(most), /^DATA_TRUNCATED .*ends in image 1, expected 1048576 of 992/)
  const overflowing = gzipSync(idx(2051, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1))
  await cheaplyRefused(t, trainedWith(overflowing), /^DATA_UNREADABLE .*unpacked it holds/)
})

test('.gz: several members are one file; zeros behind them are padding, anything else is told', async t => {
  const parts = [images.subarray(0, 5), images.subarray(5, 20), images.subarray(20)].map(part =>
    gzipSync(part),
  )
  const several = Buffer.concat([gzipSync(''), ...parts, Buffer.alloc(512)])
  t.is((await loadDataset(await directoryOf(t, trainedWith(several)))).trainLabels.length, 3)
  const opening = (bytes: Buffer) => async () => loadDataset(await directoryOf(t, trainedWith(bytes)))
  const more = Buffer.concat([...parts, gzipSync('more')])
  await refused(t, opening(more), 'DATA_MISMATCH', /more bytes follow/)
  const trash = Buffer.concat([gzipSync(images), Buffer.from('trash')])
  await refused(t, opening(trash), 'DATA_UNREADABLE', /not a valid gzip file/)
  await refused(
    t,
    opening(gzipSync(images.subarray(0, 9))),
    'DATA_TRUNCATED',
    /9 bytes, expected a header of 16/,
  )
  await refused(t, opening(gzipSync('')), 'DATA_TRUNCATED', /0 bytes, expected a header of 16/)
  await refused(t, opening(gzipSync(labels)), 'DATA_TRUNCATED', /11 bytes, expected a header/)
})

test('what is unpacked has room for its own length, and the head is asked once', async t => {
  const whole = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251))
  const asked: number[] = []
  const lengthOf = (head: Uint8Array) => {
    asked.push(head.length)
    return whole.length
  }
  const bytes = await gunzipHeaded(gzipSync(whole), 100, lengthOf)
  t.deepEqual(Buffer.from(bytes), whole)
  t.is(bytes.buffer.byteLength, whole.length)
  t.deepEqual(asked, [100])
  await t.throwsAsync(
    gunzipHeaded(gzipSync(whole), 100, () => whole.length - 1),
    { instanceOf: OverlongError },
  )
})

test('a file with holes, which takes no room on the disk, takes none in memory where its header does not fit it', async t => {
  const plain: Files = {
    'train-images-idx3-ubyte': images,
    'train-labels-idx1-ubyte': labels,
    't10k-images-idx3-ubyte': images,
    't10k-labels-idx1-ubyte': labels,
  }
  const folder = await directoryOf(t, plain)
  await truncate(join(folder, 'train-images-idx3-ubyte'), 2 ** 31 - 1)
  const { said, megabytes } = await peakOf('learning/data/idx.ts', 'loadDataset', folder)
  t.regex(said, /^DATA_MISMATCH .*2147483613 bytes follow the last of 3 images/)
  t.true(megabytes < LITTLE_MEGABYTES, `${megabytes} MB`)
  const arrays = await directoryOf(t, {})
  for (const name of ['train-x.npy', 'train-y.npy', 'test-x.npy', 'test-y.npy']) {
    await writeFile(join(arrays, name), npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }"))
    await truncate(join(arrays, name), 2 ** 31 - 1)
  }
  const read = await peakOf('learning/data/open.ts', 'openData', arrays)
  t.regex(read.said, /^DATA_MISMATCH .*expected 6 for shape \(3, 2\)/)
  t.true(read.megabytes < LITTLE_MEGABYTES, `${read.megabytes} MB`)
})

test('an IDX header whose product overflows is a file cut short', t => {
  const file = idx(2051, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1)
  t.throws(() => parseIdxImages(file, 'f'), { code: 'DATA_TRUNCATED', message: /ends in image 0/ })
  t.throws(() => parseIdxImages(idx(2051, 5, 2 ** 32 - 1, 0), 'f'), { message: /pixels hold nothing/ })
})

function npy(dictionary: string, numbers: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.from(`\x93NUMPY\x02\0\0\0\0\0${dictionary}`, 'latin1')
  head.writeUInt32LE(dictionary.length, 8)
  return Buffer.concat([head, numbers])
}

const array = (shape: string, more = '') =>
  npy(`{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}, ${more}}`, new Uint8Array(4))

test('.npy: shapes that are none, too long, or whose product overflows', async t => {
  const parse = (bytes: Uint8Array) => () => parseNpy(bytes, 'a.npy')
  t.is(parseNpy(array('(2, 2)'), 'a.npy').values.length, 4)
  for (const shape of [
    '(-1, -4)',
    '(4.0,)',
    '(1e0, 4)',
    '(0x4,)',
    '(4L,)',
    '(2**2,)',
    '(None,)',
    "('4',)",
    '(, 4)',
  ])
    await refused(t, parse(array(shape)), 'DATA_FORMAT', /its shape is .*expected whole numbers/)
  for (const shape of ['(9007199254740993,)', '(4294967296, 4294967296, 4)', '(99999999999999999999,)'])
    await refused(t, parse(array(shape)), 'DATA_FORMAT', /expected whole numbers, and fewer/)
  await refused(t, parse(array('(4294967296, 4294967296, 0)')), 'DATA_FORMAT', /and fewer/)
  await refused(
    t,
    parse(array('(1099511627776,)')),
    'DATA_TRUNCATED',
    /4 bytes of numbers, expected 1099511627776/,
  )
  await refused(t, parse(array(`(${'1,'.repeat(65)})`)), 'DATA_FORMAT', /65 sides; expected at most 64/)
  await refused(t, parse(array('(3,)')), 'DATA_MISMATCH', /4 bytes of numbers, expected 3/)
})

test('.npy: a dictionary says three things, once each, in NumPy’s words', async t => {
  const parse = (bytes: Uint8Array) => () => parseNpy(bytes, 'a.npy')
  await refused(t, parse(array('(4,)', "'shape': (2,), ")), 'DATA_FORMAT', /has shape twice/)
  await refused(t, parse(array('(4,)', "'__class__': (2,), ")), 'DATA_FORMAT', /__class__/)
  await refused(t, parse(array('(4,), __import__("os")')), 'DATA_FORMAT', /no dictionary of three fields/)
  const words = "{'descr': '|u1', 'shape': (4,), 'fortran_order': Trueish}"
  await refused(t, parse(npy(words)), 'DATA_FORMAT', /fortran_order is none/)
  const records = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"
  await refused(t, parse(npy(records)), 'DATA_FORMAT', /its header has no descr/)
  const long = npy(`{'descr': '|u1', ${' '.repeat(2 ** 20)}`)
  await refused(t, parse(long), 'DATA_FORMAT', /header has 1048593 bytes; expected at most 65536/)
  const hidden = npy(`{'descr': '${'x'.repeat(60_000)}`)
  await refused(t, parse(hidden), 'DATA_FORMAT', /^.{0,200}$/)
})

test('a pipe among a data set’s files is told', async t => {
  const folder = await directoryOf(t, good)
  execFileSync('mkfifo', [join(folder, 'train-images-idx3-ubyte')])
  await refused(
    t,
    () => loadDataset(folder),
    'DATA_UNREADABLE',
    /cannot be read: it is a named pipe; expected a file/,
  )
})
