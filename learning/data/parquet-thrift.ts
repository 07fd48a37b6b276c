/**
 * Looks through a structure in Thrift's compact protocol before hyparquet reads it. hyparquet makes room for a list as long
 * as its header says, follows structures to any depth and numbers of any length; in a file that somebody made to harm,
 * a few bytes would take all memory. Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** Parquet's own structures are 8 deep. */
const DEPTH_MAX = 16
/** Writers leave out statistics of more than 4 KiB. */
const TEXT_BYTES_MAX = 8192
/** Elements of lists and structures; a hundred thousand column chunks have some 2 million. */
const VALUES_MAX = 2 ** 21
/** Which field of a file's metadata holds pairs of keys and values: only these are long. */
const PAIRS_FIELD = 5

const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12,
]

/**
 * Where the structure that begins at `from` ends; null if the bytes end before.
 * @throws Error for what no writer of Parquet makes, naming the limit
 */
export function structEnd(bytes: Uint8Array, from: number): number | null {
  let [at, values] = [from, 0]
  const varint = (bytesMax: number): number => {
    let value = 0
    for (let i = 0; i < bytesMax; i++) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw new Error(`a number has more than ${bytesMax} bytes`)
  }
  const count = () => {
    values += 1
    if (values > VALUES_MAX) throw new Error(`more than ${VALUES_MAX} values in one structure`)
  }
  const skip = (type: number, depth: number, isLong: boolean): void => {
    if (type === TRUE || type === FALSE) return
    if (type === BYTE) at += 1
    else if (type === I16 || type === I32) varint(5)
    else if (type === I64) varint(10)
    else if (type === DOUBLE) at += 8
    else if (type === BINARY) {
      const length = varint(5)
      if (length > TEXT_BYTES_MAX && !isLong)
        throw new Error(`a text of ${length} bytes, expected at most ${TEXT_BYTES_MAX}`)
      at += length
    } else if (type === LIST || type === STRUCT) {
      if (depth === DEPTH_MAX) throw new Error(`more than ${DEPTH_MAX} structures in each other`)
      if (type === LIST) list(depth + 1, isLong)
      else struct(depth + 1, isLong)
    } else throw new Error(`a value of type ${type}, which Parquet does not use`)
  }
  const list = (depth: number, isLong: boolean): void => {
    const head = bytes[at++] ?? 0
    const size = head >> 4 === 15 ? varint(5) : head >> 4
    const type = head & 15
    // Each element takes a byte at least.
    if (size > bytes.length - at) {
      if (size > VALUES_MAX) throw new Error(`a list of ${size}, expected at most ${VALUES_MAX}`)
      at = bytes.length + 1
      return
    }
    for (let i = 0; i < size && at <= bytes.length; i++) {
      count()
      skip(type === TRUE || type === FALSE ? BYTE : type, depth, isLong)
    }
  }
  const struct = (depth: number, isLong: boolean): void => {
    count()
    for (let field = 0; at < bytes.length; ) {
      const head = bytes[at++]!
      if ((head & 15) === STOP) return
      field = head >> 4 === 0 ? varint(5) / 2 : field + (head >> 4)
      skip(head & 15, depth, isLong || (depth === 0 && field === PAIRS_FIELD))
    }
    // No STOP: the bytes end before.
    at = bytes.length + 1
  }
  struct(0, false)
  return at <= bytes.length ? at : null
}
