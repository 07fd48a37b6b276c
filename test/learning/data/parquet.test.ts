/** Tables in Parquet: the same as the same tables in CSV, whatever the file's types, groups, pages and compression. */
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { DataError } from '../../../learning/data/dataset.ts'
import { openData } from '../../../learning/data/open.ts'
import { type Column, type Compression, csvOf, parquetOf } from './parquet-writer.ts'
import { directoryOf, type Files, refused } from './support.ts'

/** Twenty rows of each type, a class in the last column. */
const ROWS = 20
const cellsOf = <T>(cellOf: (row: number) => T) => Array.from({ length: ROWS }, (_, row) => cellOf(row))
const columns: readonly Column[] = [
  { name: 'whole', type: 'INT32', cells: cellsOf(row => row * 7 - 30) },
  { name: 'long', type: 'INT64', cells: cellsOf(row => 2 ** 40 - row) },
  { name: 'real', type: 'DOUBLE', cells: cellsOf(row => row / 3) },
  { name: 'short', type: 'FLOAT', cells: cellsOf(row => (row === 4 ? null : Math.fround(row / 7))) },
  { name: 'yes', type: 'BOOLEAN', cells: cellsOf(row => row % 3 === 0) },
  { name: 'label', type: 'STRING', cells: cellsOf(row => ['hen', 'cat', 'dog'][row % 3]!) },
]

/** All that becomes of data, or the code of its error. */
async function outcomeOf(path: string): Promise<unknown> {
  try {
    const source = await openData(path)
    const { shape, classes, classNames, notes, trainLabels } = source
    const { name: _, ...train } = source.train(Uint32Array.from(trainLabels, (_, i) => i))
    const { name: __, ...testing } = source.test()
    return { shape, classes, classNames, notes, trainLabels, train, testing }
  } catch (error) {
    return (error as DataError).code
  }
}

async function sameAsCsv(
  t: ExecutionContext,
  table: readonly Column[],
  bytes: Buffer,
  asCsv: readonly Column[] = table,
): Promise<unknown> {
  const folder = await directoryOf(t, { 'a.parquet': bytes, 'a.csv': csvOf(asCsv) })
  const [parquet, csv] = [
    await outcomeOf(join(folder, 'a.parquet?missing=mean')),
    await outcomeOf(join(folder, 'a.csv?missing=mean')),
  ]
  t.deepEqual(parquet, csv)
  return parquet
}

test('numbers, yes and no, text and missing cells are what they are in CSV, in every compression', async t => {
  for (const codec of ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD', 'BROTLI'] as Compression[]) {
    const outcome = await sameAsCsv(t, columns, parquetOf(columns, { codec, rowGroupSize: 7 }))
    t.like(outcome, { shape: [5], classes: 3, classNames: ['cat', 'dog', 'hen'] })
  }
})

test('each encoding gives the same numbers', async t => {
  const encoded = (encodings: readonly (Column['encoding'] | undefined)[]) =>
    columns.map((column, place) => ({ ...column, ...(encodings[place] && { encoding: encodings[place] }) }))
  for (const encodings of [
    ['PLAIN', 'PLAIN', 'PLAIN', 'PLAIN', 'PLAIN', 'PLAIN'],
    [
      'DELTA_BINARY_PACKED',
      'DELTA_BINARY_PACKED',
      'BYTE_STREAM_SPLIT',
      'BYTE_STREAM_SPLIT',
      'RLE',
      'DELTA_LENGTH_BYTE_ARRAY',
    ],
  ] as Column['encoding'][][])
    t.like(await sameAsCsv(t, columns, parquetOf(encoded(encodings))), { shape: [5] })
})

const column = (rows: number): fc.Arbitrary<Omit<Column, 'name'>> => {
  const cells = <T>(cell: fc.Arbitrary<T>, isFull = false) =>
    fc.array(isFull ? cell : fc.option(cell, { freq: 6 }), { minLength: rows, maxLength: rows })
  const real = fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 })
    .map(value => value + 0)
  return fc.oneof(
    cells(fc.integer()).map(found => ({ type: 'INT32' as const, cells: found })),
    cells(fc.maxSafeInteger()).map(found => ({ type: 'INT64' as const, cells: found })),
    cells(real).map(found => ({ type: 'DOUBLE' as const, cells: found })),
    cells(real.map(Math.fround)).map(found => ({ type: 'FLOAT' as const, cells: found })),
    cells(fc.boolean()).map(found => ({ type: 'BOOLEAN' as const, cells: found })),
    // Few values, long runs: a dictionary.
    cells(fc.constantFrom('1.5', '2', 'NA', ' 7 '), true).map(found => ({
      type: 'STRING' as const,
      cells: found,
    })),
    // A slip, which both refuse.
    cells(fc.constantFrom('3', 'x'), true).map(found => ({ type: 'STRING' as const, cells: found })),
  )
}
const target = (rows: number): fc.Arbitrary<Omit<Column, 'name'>> => {
  const cells = <T>(cell: fc.Arbitrary<T>) => fc.array(cell, { minLength: rows, maxLength: rows })
  return fc.oneof(
    cells(fc.constantFrom('b', 'a', 'Ä')).map(found => ({ type: 'STRING' as const, cells: found })),
    cells(fc.integer({ min: -1, max: 4 })).map(found => ({ type: 'INT64' as const, cells: found })),
    cells(fc.integer({ min: 0, max: 3 })).map(found => ({ type: 'DOUBLE' as const, cells: found })),
    cells(fc.boolean()).map(found => ({ type: 'BOOLEAN' as const, cells: found })),
    cells(fc.option(fc.constantFrom('b', 'a'), { freq: 20 })).map(found => ({
      type: 'STRING' as const,
      cells: found,
    })),
  )
}

test('a table is the same in Parquet and in CSV: columns, target, classes, missing cells, index, errors', async t => {
  const table = fc.integer({ min: 5, max: 60 }).chain(rows =>
    fc.record({
      features: fc.array(column(rows), { minLength: 1, maxLength: 4 }),
      labels: target(rows),
      name: fc.constantFrom('label', 'noise'),
      isIndexed: fc.boolean(),
      codec: fc.constantFrom<Compression>('UNCOMPRESSED', 'SNAPPY', 'ZSTD'),
      rowGroupSize: fc.integer({ min: 3, max: 80 }),
      pageSize: fc.integer({ min: 30, max: 2000 }),
    }),
  )
  let read = 0
  const property = fc.asyncProperty(table, async ({ features, labels, name, isIndexed, ...options }) => {
    const named = features.map((each, place): Column => ({ name: `c${place}`, ...each }))
    const last: Column = { name, ...labels }
    const numbers = labels.cells.map((_, row) => row)
    const index: Column = { name: '', type: 'INT64', cells: numbers }
    const bytes = parquetOf(
      [...named, last, ...(isIndexed ? [{ ...index, name: '__index_level_0__' }] : [])],
      options,
    )
    const outcome = await sameAsCsv(t, [], bytes, [...(isIndexed ? [index] : []), ...named, last])
    if (typeof outcome !== 'string') read += 1
  })
  await fc.assert(property, { numRuns: 60 })
  t.true(read > 15, `${read} of 60 tables were read`)
})

test('an index that pandas names is the first column, as in CSV, wherever the file has it', async t => {
  const id: Column = { name: 'id', type: 'INT64', cells: cellsOf(row => row + 1) }
  const kvMetadata = [{ key: 'pandas', value: JSON.stringify({ index_columns: ['id'], columns: [] }) }]
  const bytes = parquetOf([...columns, id], { kvMetadata })
  const outcome = (await sameAsCsv(t, columns, bytes, [id, ...columns])) as { notes: string[] }
  t.regex(outcome.notes[0]!, /^left out the first column, "id": it numbers the rows$/)
})

test('train.parquet and test.parquet; their columns are to be alike, in the same order', async t => {
  const half = (from: number, to: number) =>
    parquetOf(columns.map(each => ({ ...each, cells: each.cells.slice(from, to) })))
  const source = await openData(
    `${await directoryOf(t, { 'train.parquet': half(0, 15), 'test.parquet': half(15, 20) })}?missing=0`,
  )
  t.is(source.trainLabels.length, 15)
  t.deepEqual([...source.test().labels], [2, 0, 1, 2, 0])
  const [first, second, ...rest] = columns
  await refused(
    t,
    async () =>
      openData(
        `${await directoryOf(t, { 'train.parquet': half(0, 15), 'test.parquet': parquetOf([second!, first!, ...rest]) })}?missing=0`,
      ),
    'DATA_MISMATCH',
    /test\.parquet: column 1 is "long", and "whole" in .*train\.parquet; expected the same columns/,
  )
  await refused(
    t,
    async () => openData(await directoryOf(t, { 'train.parquet': half(0, 15) })),
    'DATA_MISSING',
    /test\.parquet: no such file; expected train\.parquet and test\.parquet/,
  )
})

async function refuses(
  t: ExecutionContext,
  table: readonly Column[] | Buffer,
  says: RegExp,
  code: DataError['code'],
) {
  const bytes = Buffer.isBuffer(table) ? table : parquetOf(table)
  const files: Files = { 'a.parquet': bytes }
  await refused(t, async () => openData(join(await directoryOf(t, files), 'a.parquet')), code, says)
}

test('what is wrong with a cell is told with its row, from 0 on, and its column', async t => {
  await refuses(
    t,
    columns,
    /row 4, column 4 \(short\) has no value; expected .*a\.parquet\?missing=mean/,
    'DATA_NUMBER',
  )
  const [whole] = columns
  const text: Column = { name: 'kind', type: 'STRING', cells: cellsOf(row => (row === 9 ? 'x' : '1')) }
  await refuses(
    t,
    [text, whole!],
    /row 9, column 1 \(kind\) is "x", expected a number; the target is/,
    'DATA_NUMBER',
  )
  const huge: Column = { name: 'huge', type: 'DOUBLE', cells: cellsOf(row => (row === 2 ? 1e300 : row)) }
  await refuses(
    t,
    [huge, whole!],
    /row 2, column 1 \(huge\) is "1e\+300", expected at most 3\.4e38/,
    'DATA_NUMBER',
  )
  const endless: Column = {
    name: 'rate',
    type: 'DOUBLE',
    cells: cellsOf(row => (row === 2 ? Infinity : row)),
  }
  await refuses(
    t,
    [endless, whole!],
    /row 2, column 1 \(rate\) is "Infinity", expected a number/,
    'DATA_NUMBER',
  )
  await refuses(t, [whole!], /it has 1 column; expected at least one value and the target/, 'DATA_FORMAT')
})

test('dates and times are no numbers: the message says what to write; lists and bytes are no columns', async t => {
  const number = { name: 'label', data: cellsOf(row => row % 2), type: 'INT32' as const }
  const { parquetWriteBuffer } = await import('hyparquet-writer')
  const bytes = (data: unknown[], more: object) =>
    Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'when', data, ...more }, number] }))
  const when = cellsOf(row => new Date(86_400_000 * (365 + row)))
  await refuses(
    t,
    bytes(when, { type: 'TIMESTAMP' }),
    /row 0, column 1 \(when\) is "1971-01-01T00:00:00.000Z", expected a number: write a date as the days since/,
    'DATA_NUMBER',
  )
  await refuses(
    t,
    bytes(
      cellsOf(() => ({ a: 1 })),
      { type: 'VARIANT' },
    ),
    /column "when" holds .*; expected numbers, text, yes or no; write the file without it/,
    'DATA_UNREADABLE',
  )
  const lz4 = parquetOf(columns, { codec: 'LZ4_RAW', compressors: { LZ4_RAW: input => input } })
  await refuses(
    t,
    lz4,
    /row group 0, column "whole": it is compressed with LZ4_RAW; expected snappy, gzip, zstd, brotli or none/,
    'DATA_UNREADABLE',
  )
})
