/**
 * The log's format on disk: a line that names it, then records.
 *
 *   record = length (32 bits, little-endian) ‖ CRC-32 of length and payload (32 bits) ‖ payload
 *
 * What a crash left of unsynced records (cut short, or blocks of an older content) does not match its checksum;
 * reading stops there. A synced record always lies before everything unsynced.
 */
import { crc32 } from 'node:zlib'

export const MAGIC = Buffer.from('concord log 1\n')
const HEADER_BYTES = 8

/** One record: far above any vector, far below what a corrupt length could ask for. */
export const RECORD_BYTES_MAX = 2 ** 30

const checksum = (length: Uint8Array, payload: Uint8Array) => crc32(payload, crc32(length))

/** Header and payload; the payload is not copied. */
export function encodeRecord(payload: Uint8Array): [Uint8Array, Uint8Array] {
  if (payload.length > RECORD_BYTES_MAX)
    throw new RangeError(`a record of ${payload.length} bytes; at most ${RECORD_BYTES_MAX}`)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(payload.length)
  header.writeUInt32LE(checksum(header.subarray(0, 4), payload), 4)
  return [header, payload]
}

export interface Scan {
  readonly records: readonly Uint8Array[]
  /** Where the last good record ends. */
  readonly end: number
}

/** The records of a whole file, up to the first that is torn or corrupt. Null where the file is not a log. */
export function scanRecords(file: Buffer): Scan | null {
  const magic = file.subarray(0, MAGIC.length)
  // A file shorter than its first line is one whose creation was cut off.
  if (!MAGIC.subarray(0, magic.length).equals(magic)) return null
  if (magic.length < MAGIC.length) return { records: [], end: 0 }
  const records: Uint8Array[] = []
  let end = MAGIC.length
  while (file.length - end >= HEADER_BYTES) {
    const length = file.readUInt32LE(end)
    const start = end + HEADER_BYTES
    if (length > RECORD_BYTES_MAX || length > file.length - start) break
    const payload = file.subarray(start, start + length)
    if (file.readUInt32LE(end + 4) !== checksum(file.subarray(end, end + 4), payload)) break
    records.push(payload)
    end = start + length
  }
  return { records, end }
}
