/** Parquet files that somebody made to harm: each asks for much with few bytes, and is refused before room is made. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { openData } from '../../../learning/data/open.ts'
import { structEnd } from '../../../learning/data/parquet-thrift.ts'
import { unpackSnappy } from '../../../learning/data/snappy.ts'
import { LITTLE_MEGABYTES, peakOf } from './peak.ts'
import { directoryOf, refused } from './support.ts'

/** Values of Thrift's compact protocol: 32 bits, 64 bits, text, list, structure by the numbers of its fields. */
type Value = number | bigint | string | readonly Value[] | { readonly [field: number]: Value }

function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  for (let left = BigInt(value); ; left >>= 7n) {
    bytes.push(Number(left & 0x7fn) | (left > 0x7fn ? 0x80 : 0))
    if (left <= 0x7fn) return Buffer.from(bytes)
  }
}

function typeOf(value: Value): number {
  if (typeof value === 'number') return 5
  if (typeof value === 'bigint') return 6
  if (typeof value === 'string') return 8
  return Array.isArray(value) ? 9 : 12
}

function thrift(value: Value): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') return varint(BigInt(value) * 2n)
  if (typeof value === 'string') return Buffer.concat([varint(value.length), Buffer.from(value)])
  if (Array.isArray(value))
    return Buffer.concat([
      Buffer.of(0xf0 | typeOf(value[0] ?? 0)),
      varint(value.length),
      ...value.map(thrift),
    ])
  let last = 0
  const fields = Object.entries(value).map(([field, each]: [string, Value]) => {
    const head = Buffer.of(((Number(field) - last) << 4) | typeOf(each))
    last = Number(field)
    return Buffer.concat([head, thrift(each)])
  })
  return Buffer.concat([...fields, Buffer.of(0)])
}

interface Changes {
  readonly rows?: bigint
  /** What stands between the head and the tail of the first column's only page. */
  readonly page?: Buffer
  readonly header?: Value | Buffer
  readonly codec?: number
  readonly type?: number
  readonly metadata?: Buffer
  readonly metadataLength?: number
  readonly dictionary?: Buffer
}

const words = (...numbers: number[]) => Buffer.from(Int32Array.from(numbers).buffer)
const sized = (bytes: Buffer) => Buffer.concat([words(bytes.length), bytes])
/** Two values, both there: one run of two ones. */
const LEVELS = sized(Buffer.of(4, 1))
const PAGE = Buffer.concat([LEVELS, words(5, 6)])
const headerOf = (page: Buffer, encoding = 0, rows = 2, unpacked = page.length): Value => ({
  1: 0,
  2: unpacked,
  3: page.length,
  5: { 1: rows, 2: encoding, 3: 3, 4: 3 },
})

/** A file of two columns and two rows, 5 and 6 with the labels 0 and 1; and what a test changes of it. */
function fileOf(changes: Changes = {}): Buffer {
  const { rows = 2n, page = PAGE, codec = 0, type = 1 } = changes
  const labels = Buffer.concat([LEVELS, words(0, 1)])
  const first = Buffer.concat([
    changes.dictionary ?? Buffer.alloc(0),
    Buffer.isBuffer(changes.header) ? changes.header : thrift(changes.header ?? headerOf(page)),
    page,
  ])
  const second = Buffer.concat([thrift(headerOf(labels)), labels])
  const chunk = (name: string, kind: number, method: number, from: number, size: number): Value => ({
    2: 0n,
    3: { 1: kind, 2: [0], 3: [name], 4: method, 5: rows, 6: BigInt(size), 7: BigInt(size), 9: BigInt(from) },
  })
  const metadata =
    changes.metadata ??
    thrift({
      1: 1,
      2: [
        { 4: 'schema', 5: 2 },
        { 1: type, 3: 1, 4: 'a' },
        { 1: 1, 3: 1, 4: 'label' },
      ],
      3: rows,
      4: [
        {
          1: [
            chunk('a', type, codec, 4, first.length),
            chunk('label', 1, 0, 4 + first.length, second.length),
          ],
          2: 100n,
          3: rows,
        },
      ],
    })
  const tail = words(changes.metadataLength ?? metadata.length)
  return Buffer.concat([Buffer.from('PAR1'), first, second, metadata, tail, Buffer.from('PAR1')])
}

async function refuses(t: ExecutionContext, file: Buffer, says: RegExp, code = 'DATA_UNREADABLE' as const) {
  const folder = await directoryOf(t, { 'train.parquet': file, 'test.parquet': fileOf() })
  await refused(t, () => openData(folder), code, says)
}

test('the file from which the hostile ones are made is a table', async t => {
  const source = await openData(await directoryOf(t, { 'train.parquet': fileOf(), 'test.parquet': fileOf() }))
  t.deepEqual([...source.train([0, 1]).examples], [5, 6])
  t.deepEqual([...source.trainLabels], [0, 1])
})

test('no Parquet, half of one, and an encrypted one', async t => {
  const good = fileOf()
  const folder = async (bytes: Buffer) => directoryOf(t, { 'train.parquet': bytes, 'test.parquet': good })
  const open = (bytes: Buffer) => async () => openData(await folder(bytes))
  await refused(
    t,
    open(Buffer.from('a,b,label\n1,2,0\n')),
    'DATA_MAGIC',
    /does not begin with PAR1; expected a Parquet file/,
  )
  await refused(t, open(Buffer.alloc(0)), 'DATA_MAGIC', /does not begin with PAR1/)
  await refused(t, open(good.subarray(0, -9)), 'DATA_TRUNCATED', /does not end with PAR1; expected a whole/)
  await refuses(t, Buffer.concat([good.subarray(0, -4), Buffer.from('PARE')]), /it is encrypted; expected/)
})

test('metadata: its length, its lists, its depth, its numbers and its texts have limits', async t => {
  await refuses(
    t,
    fileOf({ metadataLength: 2 ** 31 - 1 }),
    /metadata is 2147483647 bytes long; expected at most \d+$/,
  )
  const list = Buffer.concat([Buffer.of(0x19, 0xfc), varint(2 ** 25 - 1), Buffer.alloc(40, 0x19)])
  await refuses(t, fileOf({ metadata: list }), /its metadata: a list of 33554431, expected at most 2097152$/)
  await refuses(
    t,
    fileOf({ metadata: Buffer.alloc(5000, 0x1c) }),
    /its metadata: more than 16 structures in each other$/,
  )
  await refuses(
    t,
    fileOf({ metadata: Buffer.alloc(5000, 0x19) }),
    /its metadata: more than 16 structures in each other$/,
  )
  const number = Buffer.concat([Buffer.of(0x16), Buffer.alloc(5000, 0xff), Buffer.of(0)])
  await refuses(t, fileOf({ metadata: number }), /its metadata: a number has more than 10 bytes$/)
  await refuses(
    t,
    fileOf({ metadata: thrift({ 1: 'x'.repeat(9000) }) }),
    /a text of 9000 bytes, expected at most 8192$/,
  )
  // pandas' notes and Arrow's schema are longer.
  const notes = thrift({ 5: [{ 1: 'pandas', 2: 'x'.repeat(9000) }] })
  t.is(structEnd(notes, 0), notes.length)
  t.is(structEnd(notes.subarray(0, -1), 0), null)
  await refuses(t, fileOf({ metadata: thrift({ 1: 1 }) }), /its metadata: it lacks what Parquet needs$/)
  const nameless = thrift({
    1: 1,
    2: [
      { 4: 'schema', 5: 1 },
      { 1: 1, 3: 1 },
    ],
    3: 0n,
    4: [],
  })
  await refuses(t, fileOf({ metadata: nameless }), /a column has no name$/)
})

test('rows: more than memory holds, and counts that differ', async t => {
  await refuses(
    t,
    fileOf({ rows: 2n ** 45n }),
    /35184372088832 rows of 2 numbers; expected at most \d+ bytes of numbers$/,
  )
  await refuses(t, fileOf({ rows: 3n }), /row group 0, column "a": its pages end 1 rows early$/)
  const many = headerOf(PAGE, 0, 2 ** 30)
  await refuses(
    t,
    fileOf({ header: many }),
    /column "a": a page of 1073741824 values, expected at most 16777216$/,
  )
})

test('pages: runs and groups of billions of values in five bytes', async t => {
  const withLevels = (...levels: number[]) => Buffer.concat([sized(Buffer.from(levels)), words(5, 6)])
  const run = withLevels(...varint(2 ** 30), 1)
  await refuses(t, fileOf({ page: run }), /column "a": a run of 536870912 values, expected at most 2$/)
  const groups = withLevels(...varint(2 ** 30 + 1), 3)
  await refuses(t, fileOf({ page: groups }), /column "a": 536870912 groups of 8 values, expected at most 1$/)
  await refuses(t, fileOf({ page: withLevels(0, 1) }), /column "a": a run of 0 values, expected at most 2$/)
  const short = Buffer.concat([LEVELS, words(5)])
  await refuses(t, fileOf({ page: short }), /column "a": 4 bytes of values, expected 8$/)
  const list = Buffer.concat([Buffer.of(0x59, 0xfc), varint(2 ** 25 - 1)])
  await refuses(t, fileOf({ header: list }), /column "a": a list of 33554431, expected at most 2097152$/)
})

test('dictionaries: runs, places that are not there, one too many', async t => {
  const values = words(5, 6)
  const dictionary = Buffer.concat([
    thrift({ 1: 2, 2: values.length, 3: values.length, 7: { 1: 2, 2: 0 } }),
    values,
  ])
  const indexed = (...bytes: number[]) => {
    const page = Buffer.concat([LEVELS, Buffer.from(bytes)])
    return { page, header: headerOf(page, 8) }
  }
  const good = fileOf({ dictionary, ...indexed(1, 3, 2) })
  const source = await openData(await directoryOf(t, { 'train.parquet': good, 'test.parquet': fileOf() }))
  t.deepEqual([...source.train([0, 1]).examples], [5, 6])
  await refuses(
    t,
    fileOf({ dictionary, ...indexed(8, ...varint(2 ** 30), 0) }),
    /column "a": a run of 536870912 values/,
  )
  await refuses(t, fileOf({ dictionary, ...indexed(8, 4, 9) }), /column "a": place 9 of a dictionary of 2$/)
  await refuses(t, fileOf(indexed(1, 3, 2)), /column "a": it comes before its dictionary$/)
  await refuses(
    t,
    fileOf({ dictionary: Buffer.concat([dictionary, dictionary]) }),
    /column "a": it has two dictionaries$/,
  )
})

test('compression: what unpacks to more than it says, or could not', async t => {
  const zeros = gzipSync(Buffer.alloc(2 ** 24))
  await refuses(
    t,
    fileOf({ codec: 2, page: zeros, header: headerOf(zeros, 0, 2, 14) }),
    /column "a": .*larger than 14/i,
  )
  const small = Buffer.of(0x80, 0x80, 0x80, 0x80, 1, 0)
  await refuses(
    t,
    fileOf({ codec: 1, page: small, header: headerOf(small, 0, 2, 2 ** 28) }),
    /column "a": 6 bytes cannot hold 268435456$/,
  )
  await refuses(
    t,
    fileOf({ codec: 1, page: small, header: headerOf(small, 0, 2, 2 ** 30) }),
    /column "a": a page unpacks to 1073741824 bytes, expected at most 536870912$/,
  )
})

test('Snappy: what its format says, and nothing beyond', t => {
  const unpack = (length: number, ...bytes: number[]) =>
    Buffer.from(unpackSnappy(Uint8Array.from(bytes), length)).toString()
  t.is(unpack(3, 3, 8, 97, 98, 99), 'abc')
  // A copy reaches into what it writes.
  t.is(unpack(9, 9, 4, 97, 98, 13, 2), 'ababababa')
  t.is(unpack(0, 0), '')
  for (const [says, length, ...bytes] of [
    // hyparquet's own reader goes in circles here: a length of 32 bits with the highest one set.
    [/a literal is too long/, 9, 9, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0],
    [/a literal is too long/, 2, 2, 8, 97, 98, 99],
    [/a copy is out of range/, 9, 9, 4, 97, 98, 13, 3],
    [/a copy is out of range/, 9, 9, 4, 97, 98, 13, 0],
    [/ends early/, 9, 9, 4, 97, 98, 14, 2],
    [/it holds 2 bytes, expected 9/, 9, 9, 4, 97, 98],
    [/says that it holds 8 bytes, expected 9/, 9, 8, 4, 97, 98],
    [/more than 5 bytes/, 9, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
  ] as [RegExp, number, ...number[]][])
    t.throws(() => unpack(length, ...bytes), { message: says })
})

test('little memory is taken for any of them', async t => {
  const list = Buffer.concat([Buffer.of(0x19, 0xfc), varint(2 ** 25 - 1), Buffer.alloc(40, 0x19)])
  for (const [name, file] of Object.entries({
    list: fileOf({ metadata: list }),
    rows: fileOf({ rows: 2n ** 45n }),
  })) {
    const folder = await directoryOf(t, { [`${name}.parquet`]: file })
    const { said, megabytes } = await peakOf(
      'learning/data/open.ts',
      'openData',
      join(folder, `${name}.parquet`),
    )
    t.regex(said, /^DATA_UNREADABLE /)
    t.true(megabytes < LITTLE_MEGABYTES, `${megabytes} MB for: ${said}`)
  }
})
