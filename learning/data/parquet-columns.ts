/**
 * The columns of a Parquet file, in the order and with the text that the same table has as CSV: an index of pandas first
 * and without a name, a number of floats with its decimal point, nothing where a value is missing.
 */
import type { FileMetaData, SchemaElement } from 'hyparquet'
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js'
import { shortened } from './shortened.ts'

export interface ParquetColumn {
  /** Its place in the schema and in each row group. */
  readonly place: number
  /** As the table calls it; empty for an index without a name. */
  readonly name: string
  readonly element: SchemaElement
  /** A cell's text, of what hyparquet makes of a value. */
  readonly textOf: (value: unknown) => string
}

/** What pandas calls the column of an index that has no name. */
const INDEX_NAME = /^__index_level_\d+__$/

/** Dates are text: as numbers of milliseconds they would be far beyond what a 32-bit float tells apart. */
export const PARSERS: typeof DEFAULT_PARSERS = {
  ...DEFAULT_PARSERS,
  timestampFromMilliseconds: value => timeText(DEFAULT_PARSERS.timestampFromMilliseconds(value)),
  timestampFromMicroseconds: value => timeText(DEFAULT_PARSERS.timestampFromMicroseconds(value)),
  timestampFromNanoseconds: value => timeText(DEFAULT_PARSERS.timestampFromNanoseconds(value)),
  dateFromDays: value => timeText(DEFAULT_PARSERS.dateFromDays(value)).slice(0, 10),
  jsonFromBytes: bytes => DEFAULT_PARSERS.stringFromBytes(bytes),
}

/** @throws Error naming a column that no table has */
export function columnsOf({
  schema,
  key_value_metadata: pairs = [],
}: FileMetaData): readonly ParquetColumn[] {
  const [root, ...elements] = schema
  if (root === undefined || elements.length === 0) throw new Error('it has no columns')
  // hyparquet's types say that there is a name; a file need not have one.
  if (elements.some(({ name }) => typeof name !== 'string')) throw new Error('a column has no name')
  const nested = elements.find(({ num_children: children = 0 }) => children > 0)
  if (nested !== undefined || root.num_children !== elements.length)
    throw new Error(`column ${shown(nested)} holds lists or structures${LEAVE_OUT}`)
  const columns = elements.map((element, place) => columnOf(element, place))
  const index = indexNames(pairs.find(({ key }) => key === 'pandas')?.value)
  const isIndex = ({ element }: ParquetColumn) =>
    index.includes(element.name) || INDEX_NAME.test(element.name)
  return [...columns.filter(isIndex), ...columns.filter(column => !isIndex(column))]
}

const LEAVE_OUT = '; expected numbers, text, yes or no; write the file without it'

function columnOf(raw: SchemaElement, place: number): ParquetColumn {
  const element = withConverted(raw)
  const name = INDEX_NAME.test(raw.name) ? '' : raw.name
  if (raw.repetition_type === 'REPEATED') throw new Error(`column ${shown(raw)} holds lists${LEAVE_OUT}`)
  const textOf = textFor(element)
  if (textOf === null) throw new Error(`column ${shown(raw)} holds ${kindOf(element)}${LEAVE_OUT}`)
  return { place, name, element, textOf }
}

/** hyparquet goes by the older name of a type, which writers need not give. */
function withConverted(element: SchemaElement): SchemaElement {
  const { converted_type: converted, logical_type: logical } = element
  if (converted !== undefined) return element
  if (logical?.type === 'DECIMAL') return { ...element, converted_type: 'DECIMAL', scale: logical.scale }
  if (logical?.type === 'DATE') return { ...element, converted_type: 'DATE' }
  return element
}

/** Null for what is neither number nor text. */
function textFor(element: SchemaElement): ((value: unknown) => string) | null {
  const { type, converted_type: converted, logical_type: logical } = element
  const kind = logical?.type
  if (kind === 'GEOMETRY' || kind === 'GEOGRAPHY' || kind === 'VARIANT' || kind === 'FILE' || kind === 'BSON')
    return null
  if (converted === 'BSON' || converted === 'INTERVAL') return null
  if (converted === 'DECIMAL') return (element.scale ?? 0) > 0 ? realText : String
  if (kind === 'TIME' || converted?.startsWith('TIME_')) return value => `time ${value}`
  switch (type) {
    case 'BOOLEAN':
      return value => (value ? 'True' : 'False')
    case 'FLOAT':
    case 'DOUBLE':
      return realText
    case 'INT32':
    case 'INT64':
    case 'INT96':
    case 'BYTE_ARRAY':
      return String
    case 'FIXED_LEN_BYTE_ARRAY':
      return kind === 'FLOAT16' ? realText : kind === 'UUID' ? String : null
    default:
      return null
  }
}

/** A number that is not an integer by its type says so, as pandas writes it. */
function realText(value: unknown): string {
  const number = Number(value)
  if (Number.isNaN(number)) return ''
  return Number.isInteger(number) && Math.abs(number) < 1e21 ? `${number}.0` : String(number)
}

/** The text of a `Date`, which hyparquet makes; one far beyond all calendars has none. */
function timeText(time: { getTime(): number; toISOString(): string }): string {
  return Number.isNaN(time.getTime()) ? 'out of range' : time.toISOString()
}

/** The names of columns that pandas says are its index. */
function indexNames(notes: string | undefined): readonly unknown[] {
  try {
    const { index_columns: names } = JSON.parse(notes ?? '{}') as { index_columns?: unknown }
    return Array.isArray(names) ? names.filter(name => typeof name === 'string') : []
  } catch {
    return []
  }
}

function kindOf({ type, converted_type: converted, logical_type: logical }: SchemaElement): string {
  return (logical?.type ?? converted ?? type ?? 'nothing').toLowerCase().replaceAll('_', ' ')
}

function shown(element: SchemaElement | undefined): string {
  return JSON.stringify(shortened(element?.name ?? ''))
}
