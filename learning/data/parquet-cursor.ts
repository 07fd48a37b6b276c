/**
 * Goes through the cells of one column in one row group of a Parquet file. Only one page of it is in memory, and its
 * dictionary; what the pages of all columns take together has a limit.
 */
import type { ColumnMetaData, PageHeader, RowGroup } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { convert } from 'hyparquet/src/convert.js'
import { readPlain } from 'hyparquet/src/plain.js'
import { DataError } from './dataset.ts'
import { PARSERS, type ParquetColumn } from './parquet-columns.ts'
import { decodePage, PAGE_ROWS_MAX, type Page, unpackPage } from './parquet-page.ts'
import { structEnd } from './parquet-thrift.ts'
import { DATA_BYTES_MAX, type Input } from './read-file.ts'

const HEADER_BYTES = 2 ** 12
/** With the longest statistics. */
const HEADER_BYTES_MAX = 2 ** 16
/** Most writers make pages of a megabyte, some one page of each column chunk. */
const PAGE_BYTES_MAX = 2 ** 29
/** What the pages of all columns take at one time. */
const HELD_BYTES_MAX = DATA_BYTES_MAX / 2
/** What a row of a page takes: its level, and a value or a place in the dictionary. */
const ROW_BYTES = 16
/** A decimal number of 76 digits, the most that anybody writes, takes 32. */
const DECIMAL_BYTES_MAX = 64
/** How much of a library's message is shown: it may quote the file. */
const SHOWN_MAX = 300

/** What the pages of a row group take. */
interface Held {
  bytes: number
}

/** Where a column's pages lie in the file. */
export function rangeOf(chunk: ColumnMetaData): { readonly from: number; readonly to: number } {
  const from = Number(chunk.dictionary_page_offset || chunk.data_page_offset)
  return { from, to: from + Number(chunk.total_compressed_size) }
}

/** @param where for messages: file, row group and column. @param held by all columns of the group */
export function createCursor(
  input: Input,
  where: string,
  column: ParquetColumn,
  group: RowGroup,
  held: Held,
) {
  const { textOf } = column
  const pages = createPages(input, column, group, held)
  let page: Page = { rows: 0, levels: null, values: [], isIndexed: false }
  let [row, value] = [0, 0]
  return {
    /** Rows of this page that are not taken yet. */
    left: () => page.rows - row,
    /** Goes on to the next page with rows. @throws DataError `DATA_UNREADABLE` */
    async next(): Promise<void> {
      try {
        do page = await pages.next()
        while (page.rows === 0)
      } catch (error) {
        throw refusal(where, (error as Error).message)
      }
      row = 0
      value = 0
    },
    /** The next row's cell. */
    take(): string {
      const isThere = page.levels === null || page.levels[row] === 1
      row += 1
      if (!isThere) return ''
      const found: unknown = page.values[value++]
      if (!page.isIndexed) return textOf(found)
      const texts = pages.dictionary() ?? []
      const text = texts[Number(found)]
      if (text === undefined) throw refusal(where, `place ${found} of a dictionary of ${texts.length}`)
      return text
    },
  }
}

/** The pages of a column with data, in order. */
function createPages(input: Input, { place, element, textOf }: ParquetColumn, group: RowGroup, held: Held) {
  const chunk = group.columns[place]!.meta_data!
  const leaf = { element, children: [], count: 1, path: [element.name] }
  const root = { element: { name: 'root' }, children: [leaf], count: 2, path: [] }
  const { type, codec } = chunk
  const decoder = {
    pathInSchema: leaf.path,
    type,
    codec,
    element,
    schemaPath: [root, leaf],
    parsers: PARSERS,
  }
  const { from, to } = rangeOf(chunk)
  let [at, rowsLeft, own] = [from, Number(group.num_rows), 0]
  let dictionary: readonly string[] | null = null
  const hold = (length: number, rows: number) => {
    const bytes = length + ROW_BYTES * (rows + (dictionary?.length ?? 0))
    held.bytes += bytes - own
    own = bytes
    if (held.bytes > HELD_BYTES_MAX)
      throw new Error(
        `the pages of all columns take more than ${HELD_BYTES_MAX} bytes; expected smaller pages`,
      )
  }
  const converted = (values: Page['values']) => {
    if (element.converted_type === 'DECIMAL') checkDecimals(values)
    return convert(values, decoder)
  }
  const readDictionary = (packed: Uint8Array, length: number, count: number) => {
    if (dictionary !== null) throw new Error('it has two dictionaries')
    const bytes = unpackPage(packed, length, codec)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const values = readPlain({ view, offset: 0 }, type, count, element.type_length)
    dictionary = Array.from(converted(values) as ArrayLike<unknown>, textOf)
  }
  return {
    dictionary: () => dictionary,
    async next(): Promise<Page> {
      if (type !== element.type || chunk.path_in_schema.join('.') !== element.name)
        throw new Error(`it holds ${type}, and its schema says ${element.type}, or another column`)
      for (;;) {
        if (at >= to) throw new Error(`its pages end ${rowsLeft} rows early`)
        const { header, next } = await readHeader(input, at, to)
        const { size, length } = sizesOf(header, to - next)
        at = next + size
        if (header.type === 'INDEX_PAGE') continue
        const rows = countOf(header)
        hold(length, rows)
        const packed = await input.read(next, size)
        if (header.dictionary_page_header !== undefined) {
          readDictionary(packed, length, rows)
          continue
        }
        const page = decodePage(header, packed, decoder, dictionary !== null, rowsLeft)
        rowsLeft -= page.rows
        return page.isIndexed ? page : { ...page, values: converted(page.values) }
      }
    },
  }
}

function sizesOf(header: PageHeader, left: number): { readonly size: number; readonly length: number } {
  const { compressed_page_size: size, uncompressed_page_size: length } = header
  if (!(size >= 0 && size <= left)) throw new Error(`a page of ${size} bytes, where ${left} are left`)
  if (!(length >= 0 && length <= PAGE_BYTES_MAX))
    throw new Error(`a page unpacks to ${length} bytes, expected at most ${PAGE_BYTES_MAX}`)
  return { size, length }
}

/** The values of a page of data or of a dictionary. */
function countOf(header: PageHeader): number {
  const found = header.dictionary_page_header ?? header.data_page_header_v2 ?? header.data_page_header
  if (found === undefined) throw new Error('a page of an unknown type; expected data or a dictionary')
  const { num_values: count } = found
  if (Number.isInteger(count) && count >= 0 && count <= PAGE_ROWS_MAX) return count
  throw new Error(`a page of ${count} values, expected at most ${PAGE_ROWS_MAX}`)
}

async function readHeader(input: Input, at: number, to: number) {
  for (const room of [HEADER_BYTES, HEADER_BYTES_MAX]) {
    const bytes = await input.read(at, Math.min(room, to - at))
    const length = structEnd(bytes, 0)
    if (length === null) continue
    const view = new DataView(bytes.buffer, bytes.byteOffset, length)
    return { header: parquetHeader({ view, offset: 0 }), next: at + length }
  }
  throw new Error(`the head of a page is longer than ${HEADER_BYTES_MAX} bytes, or ends early`)
}

/** The time to read a decimal number grows with the square of its length. */
function checkDecimals(values: ArrayLike<unknown>): void {
  for (let i = 0; i < values.length; i++) {
    const each = values[i]
    if (each instanceof Uint8Array && each.length > DECIMAL_BYTES_MAX)
      throw new Error(`a decimal number of ${each.length} bytes, expected at most ${DECIMAL_BYTES_MAX}`)
  }
}

/** What is wrong with the bytes of a file. */
export function refusal(where: string, why: string): DataError {
  return new DataError(
    'DATA_UNREADABLE',
    `${where}: ${why.length <= SHOWN_MAX ? why : `${why.slice(0, SHOWN_MAX)}…`}`,
  )
}
