/** Files of tables, told apart by their ending: of each, records of cells as text go to one reader, in order. */
import { basename, dirname, extname } from 'node:path'
import { cleaned, type RecordUnit } from './cells.ts'
import { type RecordReader, streamRecords } from './csv-records.ts'
import { DataError } from './dataset.ts'
import { DATA_BYTES_MAX, type Input, withInput } from './read-file.ts'

const UNITS = { '.csv': 'line', '.tsv': 'line', '.parquet': 'row' } as const satisfies Record<
  string,
  RecordUnit
>
export type TableEnding = keyof typeof UNITS

/** Null for what is no table. */
export function tableEnding(path: string): TableEnding | null {
  const ending = extname(path).toLowerCase()
  return Object.hasOwn(UNITS, ending) ? (ending as TableEnding) : null
}

/**
 * The reader of a table that has a header: what its file says of the columns' names, or else its first record.
 * @param header gets the names, and for messages where they stand
 */
export function withHeader(
  header: (names: readonly string[], where: string) => void,
  row: (cells: readonly string[], line: number) => void,
): RecordReader {
  let hasHeader = false
  const begin = (names: readonly string[], where: string) => {
    hasHeader = true
    header(names.map(cleaned), where)
  }
  return {
    header: names => begin(names, 'the table'),
    record: (cells, line) => (hasHeader ? row(cells, line) : begin(cells, `line ${line}`)),
  }
}

/** What the places of a file's records are called. */
export function unitOf(path: string): RecordUnit {
  return UNITS[tableEnding(path) ?? '.csv']
}

const SEPARATED: Readonly<Record<string, string>> = { ';': 'semicolons', '\t': 'tabs' }

/**
 * @param pace awaited before each piece that is read: what the reader makes of a piece can go on its way first
 * @returns what was noticed, in lines for people. @throws DataError; what the reader or `pace` throws
 */
export async function streamTable(
  file: string,
  reader: RecordReader,
  pace: () => Promise<void> = async () => {},
): Promise<readonly string[]> {
  const paced = (input: Input): Input => ({
    size: input.size,
    async read(at, length) {
      await pace()
      return input.read(at, length)
    },
  })
  const read = withInput(file, DATA_BYTES_MAX, input => streamAny(paced(input), file, reader))
  return read.catch((error: NodeJS.ErrnoException) => {
    if (error instanceof DataError) throw error
    const isMissing = error.code === 'ENOENT'
    throw new DataError(
      isMissing ? 'DATA_MISSING' : 'DATA_UNREADABLE',
      `${file}: ${isMissing ? `no such file; expected ${partsText(file)}` : `${error.message}; expected a table that can be read`}`,
    )
  })
}

async function streamAny(input: Input, file: string, reader: RecordReader): Promise<readonly string[]> {
  if (tableEnding(file) === '.parquet') {
    // Only a peer with such a file loads the library.
    const { streamParquet } = await import('./parquet.ts')
    await streamParquet(input, file, reader)
    return []
  }
  const separator = await streamRecords(input, file, reader)
  return separator in SEPARATED ? [`the columns are separated by ${SEPARATED[separator]}`] : []
}

function partsText(file: string): string {
  const ending = extname(file)
  return /^(train|test)\./.test(basename(file))
    ? `train${ending} and test${ending}`
    : `a table in ${dirname(file)}`
}
