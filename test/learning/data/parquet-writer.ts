/** Parquet files for tests, by hyparquet-writer, and the same tables as CSV. */
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { type ColumnSource, type ParquetWriteOptions, parquetWriteBuffer } from 'hyparquet-writer'

export type Compression = NonNullable<ParquetWriteOptions['codec']>

/** A column of a table: its cells, null where there is none. */
export interface Column {
  readonly name: string
  readonly type: 'INT32' | 'INT64' | 'FLOAT' | 'DOUBLE' | 'BOOLEAN' | 'STRING'
  readonly cells: readonly (number | string | boolean | null)[]
  readonly encoding?: ColumnSource['encoding']
}

type Options = Omit<ParquetWriteOptions, 'writer' | 'columnData'>

export function parquetOf(columns: readonly Column[], options: Options = {}): Buffer {
  const columnData = columns.map(({ name, type, cells, encoding }) => ({
    name,
    type,
    data: type === 'INT64' ? cells.map(cell => (cell === null ? null : BigInt(Number(cell)))) : [...cells],
    ...(encoding && { encoding }),
  }))
  const compressors = { GZIP: gzipSync, ZSTD: zstdCompressSync, BROTLI: brotliCompressSync }
  return Buffer.from(parquetWriteBuffer({ columnData, compressors, ...options }))
}

/** As pandas writes the same table. */
export function csvOf(columns: readonly Column[]): string {
  const rows = columns[0]!.cells.map((_, row) => columns.map(column => textOf(column, row)).join(','))
  return `${[columns.map(({ name }) => name).join(','), ...rows].join('\n')}\n`
}

function textOf({ type, cells }: Column, row: number): string {
  const cell = cells[row]!
  if (cell === null) return ''
  if (typeof cell === 'boolean') return cell ? 'True' : 'False'
  const isReal = type === 'FLOAT' || type === 'DOUBLE'
  return isReal && Number.isInteger(cell) && Math.abs(Number(cell)) < 1e21 ? `${cell}.0` : String(cell)
}
