/**
 * Tables in Parquet, by hyparquet: row groups one after the other, of each column one page at a time, in rows of cells as
 * text, so that all that follows is the same as for CSV. What the file says of sizes and counts is held against limits
 * before room is made. Format: https://parquet.apache.org/docs/file-format/
 */
import { type FileMetaData, parquetMetadata, type RowGroup } from 'hyparquet'
import type { RecordReader } from './csv-records.ts'
import { DataError } from './dataset.ts'
import { columnsOf, type ParquetColumn } from './parquet-columns.ts'
import { createCursor, rangeOf, refusal } from './parquet-cursor.ts'
import { structEnd } from './parquet-thrift.ts'
import { DATA_BYTES_MAX, type Input } from './read-file.ts'
import { shortened } from './shortened.ts'

const MAGIC = 'PAR1'
const ENCRYPTED_MAGIC = 'PARE'
/** Some hundred thousand column chunks. */
const METADATA_BYTES_MAX = 2 ** 24

/**
 * @param reader takes the names of the columns, then the rows, counted from 0
 * @throws DataError `DATA_MAGIC`, `DATA_TRUNCATED`, `DATA_UNREADABLE` or `DATA_FORMAT`; what the reader throws
 */
export async function streamParquet(input: Input, file: string, reader: RecordReader): Promise<void> {
  const metadata = await readMetadata(input, file)
  const columns = within(file, () => columnsOf(metadata))
  const rows = within(file, () => checkGroups(metadata, columns.length, input.size))
  if (rows * columns.length * 4 > DATA_BYTES_MAX)
    throw refusal(
      file,
      `${rows} rows of ${columns.length} numbers; expected at most ${DATA_BYTES_MAX} bytes of numbers`,
    )
  reader.header(columns.map(({ name }) => name))
  let first = 0
  for (const [place, group] of metadata.row_groups.entries()) {
    await readGroup(input, `${file}: row group ${place}`, group, columns, (cells, row) =>
      reader.record(cells, first + row),
    )
    first += Number(group.num_rows)
  }
}

async function readMetadata(input: Input, file: string): Promise<FileMetaData> {
  const tail = input.size < 12 ? Buffer.alloc(0) : await input.read(input.size - 8, 8)
  const head = await input.read(0, 4)
  const magic = tail.toString('latin1', 4)
  if (magic === ENCRYPTED_MAGIC)
    throw refusal(file, 'it is encrypted; expected a Parquet file without encryption')
  if (head.toString('latin1') !== MAGIC)
    throw new DataError('DATA_MAGIC', `${file}: it does not begin with ${MAGIC}; expected a Parquet file`)
  if (magic !== MAGIC)
    throw new DataError(
      'DATA_TRUNCATED',
      `${file}: it does not end with ${MAGIC}; expected a whole Parquet file`,
    )
  const length = tail.readUInt32LE(0)
  if (length > METADATA_BYTES_MAX || length > input.size - 12)
    throw refusal(
      file,
      `its metadata is ${length} bytes long; expected at most ${Math.min(METADATA_BYTES_MAX, input.size - 12)}`,
    )
  const bytes = await input.read(input.size - 8 - length, length + 8)
  return within(`${file}: its metadata`, () => {
    if (structEnd(bytes.subarray(0, length), 0) === null) throw new Error('it ends early')
    return parquetMetadata(bytes, { geoparquet: false })
  })
}

/** @returns how many rows the file has. @throws Error where the row groups do not fit the file */
function checkGroups(
  { row_groups: groups, num_rows: stated }: FileMetaData,
  columns: number,
  size: number,
): number {
  let rows = 0
  for (const [place, group] of groups.entries()) {
    const count = Number(group.num_rows)
    if (!Number.isSafeInteger(count) || count < 0) throw new Error(`row group ${place} has ${count} rows`)
    if (group.columns.length !== columns)
      throw new Error(`row group ${place} has ${group.columns.length} columns, expected ${columns}`)
    for (const { file_path: elsewhere, meta_data: chunk } of group.columns) {
      if (elsewhere)
        throw new Error(`its numbers are in another file, ${shortened(elsewhere)}; expected one file`)
      if (chunk === undefined) throw new Error('a column is encrypted; expected a file without encryption')
      const { from, to } = rangeOf(chunk)
      if (!(from >= 4 && to >= from && to <= size - 8))
        throw new Error(
          `row group ${place} has numbers at ${from} to ${to}, expected within the file's ${size} bytes`,
        )
      if (Number(chunk.num_values) !== count)
        throw new Error(`row group ${place} has ${count} rows and a column of ${chunk.num_values} values`)
    }
    rows += count
  }
  if (Number(stated) !== rows) throw new Error(`it has ${stated} rows and row groups of ${rows}`)
  return rows
}

async function readGroup(
  input: Input,
  where: string,
  group: RowGroup,
  columns: readonly ParquetColumn[],
  take: (cells: readonly string[], row: number) => void,
): Promise<void> {
  const rows = Number(group.num_rows)
  const held = { bytes: 0 }
  const cursors = columns.map(column =>
    createCursor(input, `${where}, column ${JSON.stringify(shortened(column.name))}`, column, group, held),
  )
  for (let row = 0; row < rows; ) {
    let end = rows
    for (const cursor of cursors) {
      if (cursor.left() === 0) await cursor.next()
      end = Math.min(end, row + cursor.left())
    }
    for (; row < end; row++)
      take(
        cursors.map(cursor => cursor.take()),
        row,
      )
  }
}

/** What a reader of bytes throws, with the file's name. */
function within<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    // hyparquet looks for what is not there.
    throw refusal(file, error instanceof TypeError ? 'it lacks what Parquet needs' : (error as Error).message)
  }
}
