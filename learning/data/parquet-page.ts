/**
 * The pages of a Parquet column: unpacked, checked, then decoded by hyparquet. Its decoders believe what a page says of
 * itself: a run of two billion values takes five bytes. So the counts of all runs are checked here before.
 * Format: https://parquet.apache.org/docs/file-format/data-pages/encodings/
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { CompressionCodec, DecodedArray, Encoding, PageHeader, ParquetType } from 'hyparquet'
import { readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js'
import { unpackSnappy } from './snappy.ts'

/** Values of a page, in memory. The 16 million fit into the fast arrays of V8. */
export const PAGE_ROWS_MAX = 2 ** 24
/** Of deltas: writers use 128 or 256 values. */
const BLOCK_MAX = 2 ** 16
const MINIBLOCKS_MAX = 512
const WIDTHS: Partial<Record<ParquetType, number>> = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8 }

type Decoder = Parameters<typeof readDataPage>[2]

/** A page's values, and for which rows there are any. */
export interface Page {
  readonly rows: number
  /** 1 where a row has a value; null if all have one. */
  readonly levels: ArrayLike<number> | null
  readonly values: DecodedArray
  /** Whether the values are places in the column's dictionary. */
  readonly isIndexed: boolean
}

/** @throws Error saying why the bytes are not `length` bytes in this compression */
export function unpackPage(packed: Uint8Array, length: number, codec: CompressionCodec): Uint8Array {
  if (length === 0) return new Uint8Array()
  const options = { maxOutputLength: length }
  const unpacked = unpackWith(codec, packed, length, options)
  if (unpacked.length !== length) throw new Error(`it holds ${unpacked.length} bytes, expected ${length}`)
  // Bytes of their own: hyparquet makes views of the whole buffer.
  return unpacked.byteLength === unpacked.buffer.byteLength ? unpacked : new Uint8Array(unpacked)
}

function unpackWith(
  codec: CompressionCodec,
  packed: Uint8Array,
  length: number,
  options: { readonly maxOutputLength: number },
): Uint8Array {
  switch (codec) {
    case 'UNCOMPRESSED':
      return packed
    case 'SNAPPY':
      return unpackSnappy(packed, length)
    case 'GZIP':
      return gunzipSync(packed, options)
    case 'ZSTD':
      return zstdDecompressSync(packed, options)
    case 'BROTLI':
      return brotliDecompressSync(packed, options)
    default:
      throw new Error(
        `it is compressed with ${codec ?? 'an unknown method'}; expected snappy, gzip, zstd, brotli or none`,
      )
  }
}

/** @param rowsLeft of the row group. @throws Error saying what is wrong */
export function decodePage(
  header: PageHeader,
  packed: Uint8Array,
  decoder: Decoder,
  hasDictionary: boolean,
  rowsLeft: number,
): Page {
  const isNullable = decoder.element.repetition_type !== 'REQUIRED'
  const { data_page_header: first, data_page_header_v2: second } = header
  const { num_values: rows, encoding } = (second ?? first)!
  if (!Number.isInteger(rows) || rows < 0 || rows > rowsLeft || rows > PAGE_ROWS_MAX)
    throw new Error(`${rows} rows, expected at most ${Math.min(rowsLeft, PAGE_ROWS_MAX)}`)
  const checked = {
    type: decoder.type,
    encoding,
    hasDictionary,
    typeLength: decoder.element.type_length ?? 0,
  }
  if (second === undefined) {
    const bytes = unpackPage(packed, header.uncompressed_page_size, decoder.codec)
    const { at, present } = isNullable
      ? firstLevels(bytes, rows, first!.definition_level_encoding)
      : { at: 0, present: rows }
    checkValues(bytes, at, present, checked)
    return pageOf(rows, encoding, present === 0 ? null : readDataPage(bytes, first!, decoder))
  }
  const { definition_levels_byte_length: levelBytes, repetition_levels_byte_length: repeated } = second
  const valueBytes = header.uncompressed_page_size - levelBytes
  if (
    repeated !== 0 ||
    !(levelBytes >= 0) ||
    levelBytes > packed.length ||
    valueBytes < 0 ||
    (levelBytes > 0 && !isNullable)
  )
    throw new Error('the lengths of its levels do not fit')
  const rest = packed.subarray(levelBytes)
  const isPacked = second.is_compressed !== false
  const values = unpackPage(
    rest,
    isPacked ? valueBytes : rest.length,
    isPacked ? decoder.codec : 'UNCOMPRESSED',
  )
  const bytes = new Uint8Array(levelBytes + values.length)
  bytes.set(packed.subarray(0, levelBytes))
  bytes.set(values, levelBytes)
  const present = isNullable ? checkRuns(bytes, 0, levelBytes, 1, rows) : rows
  if (present !== rows - second.num_nulls) throw new Error('its levels and its count of nulls differ')
  checkValues(bytes, levelBytes, present, checked)
  const whole = {
    ...header,
    uncompressed_page_size: bytes.length,
    data_page_header_v2: { ...second, is_compressed: false },
  }
  return pageOf(rows, encoding, present === 0 ? null : readDataPageV2(bytes, whole, decoder))
}

function pageOf(rows: number, encoding: Encoding, read: ReturnType<typeof readDataPage> | null): Page {
  const isIndexed = encoding.endsWith('_DICTIONARY')
  if (read === null) return { rows, levels: new Uint8Array(rows), values: [], isIndexed }
  const { definitionLevels, dataPage } = read
  return { rows, levels: definitionLevels?.length ? definitionLevels : null, values: dataPage, isIndexed }
}

/** Of a page of the first version: how long its levels are, and how many rows have a value. */
function firstLevels(bytes: Uint8Array, rows: number, encoding: Encoding): { at: number; present: number } {
  if (encoding !== 'RLE') throw new Error(`its levels are in ${encoding}, expected RLE`)
  const at = 4 + lengthAt(bytes, 0)
  return { at, present: checkRuns(bytes, 4, at, 1, rows) }
}

interface Checked {
  readonly type: ParquetType
  readonly encoding: Encoding
  readonly hasDictionary: boolean
  readonly typeLength: number
}

/** Checks that decoding `count` values from `at` on makes room for no more than these. */
function checkValues(bytes: Uint8Array, at: number, count: number, checked: Checked): void {
  const { type, encoding, hasDictionary, typeLength } = checked
  if (count === 0) return
  const refuse = () =>
    new Error(
      `values of ${type} in ${encoding}; expected another encoding: most writers choose one by themselves`,
    )
  const width = type === 'FIXED_LEN_BYTE_ARRAY' ? typeLength : WIDTHS[type]
  switch (encoding) {
    case 'PLAIN':
      if (width !== undefined) checkRoom(bytes, at, width * count)
      return
    case 'RLE':
      if (type !== 'BOOLEAN') throw refuse()
      checkRuns(bytes, at + 4, at + 4 + lengthAt(bytes, at), 1, count)
      return
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      if (!hasDictionary) throw new Error('it comes before its dictionary')
      if (type === 'BOOLEAN' || !(bytes[at]! <= 32)) throw refuse()
      if (bytes[at]! > 0) checkRuns(bytes, at + 1, bytes.length, bytes[at]!, count)
      return
    case 'BYTE_STREAM_SPLIT':
      if (width === undefined) throw refuse()
      checkRoom(bytes, at, width * count)
      return
    case 'DELTA_BINARY_PACKED':
      if (type !== 'INT32' && type !== 'INT64') throw refuse()
      checkDeltas(bytes, at)
      return
    case 'DELTA_LENGTH_BYTE_ARRAY':
      if (type !== 'BYTE_ARRAY') throw refuse()
      checkDeltas(bytes, at)
      return
    default:
      throw refuse()
  }
}

function checkRoom(bytes: Uint8Array, at: number, needed: number): void {
  if (needed > bytes.length - at) throw new Error(`${bytes.length - at} bytes of values, expected ${needed}`)
}

/**
 * Checks that the runs of a hybrid of runs and packed bits are `count` values, at most some of the last eight more.
 * @returns of values of one bit, how many are 1
 */
function checkRuns(bytes: Uint8Array, from: number, to: number, width: number, count: number): number {
  if (to > bytes.length) throw new Error('its levels are longer than the page')
  const valueBytes = Math.ceil(width / 8)
  let [at, seen, ones] = [from, 0, 0]
  while (seen < count) {
    const [head, next] = varintAt(bytes, at, to)
    const length = Math.floor(head / 2)
    at = next
    if (head % 2 === 0) {
      if (length > count - seen || length === 0)
        throw new Error(`a run of ${length} values, expected at most ${count - seen}`)
      if (bytes[at] === 1) ones += length
      at += valueBytes
      seen += length
      continue
    }
    const groups = Math.ceil((count - seen) / 8)
    if (length > groups || length === 0)
      throw new Error(`${length} groups of 8 values, expected at most ${groups}`)
    if (width === 1)
      for (let i = 0; i < 8 * length && seen + i < count; i++)
        ones += ((bytes[at + (i >> 3)] ?? 0) >> (i & 7)) & 1
    at += width * length
    seen += 8 * length
  }
  return ones
}

function checkDeltas(bytes: Uint8Array, at: number): void {
  const [block, next] = varintAt(bytes, at, bytes.length)
  const [miniblocks] = varintAt(bytes, next, bytes.length)
  if (block > BLOCK_MAX || miniblocks < 1 || miniblocks > MINIBLOCKS_MAX || block % miniblocks !== 0)
    throw new Error(
      `deltas in blocks of ${block} values and ${miniblocks} parts, expected at most ${BLOCK_MAX} and ${MINIBLOCKS_MAX}`,
    )
}

/** @returns the number and where it ends */
function varintAt(bytes: Uint8Array, from: number, to: number): readonly [number, number] {
  let value = 0
  for (let i = 0; i < 5; i++) {
    if (from + i >= to) throw new Error('its values end early')
    const byte = bytes[from + i]!
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return [value, from + i + 1]
  }
  throw new Error('a number has more than 5 bytes')
}

function lengthAt(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) throw new Error('its levels end early')
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true)
}
