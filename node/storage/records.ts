/**
 * The log's format on disk: a first line that names it, then records. All numbers are 32 bits, little-endian.
 *
 *   first line = "concord log 2\n" ‖ tag ‖ CRC-32 of both
 *   record     = tag ‖ length ‖ number ‖ durable ‖ CRC-32 of payload ‖ CRC-32 of the 20 bytes before ‖ payload
 *
 * `tag` is drawn at random for each file. After a damaged record, reading goes on at the next tag; and an attacker that
 * has chosen bytes in the log (in a vector) cannot have put a tag there. `number` counts the records of the file from
 * 0. All records below `durable` were on the disk before this one was written.
 *
 * So two kinds of damage can be told apart. A crash leaves unsynced records torn: cut short, missing, or with blocks of
 * older content. No later record says that one of them was durable. If a record does say so, the disk has lost what it
 * had.
 */
import { crc32 } from 'node:zlib'

const MAGIC = Buffer.from('concord log 2\n')
/** The format from before the first release. */
const OUTDATED = Buffer.from('concord log 1\n')
export const TAG_BYTES = 4
export const HEAD_BYTES = MAGIC.length + TAG_BYTES + 4
export const HEADER_BYTES = 24

/** The files in the state directory that hold a peer's memory. */
export const logFiles = { log: 'peer.log', watermark: 'peer.mark', vectors: 'peer.vectors' } as const

/** The longest record: far above any vector, far below what a corrupt length could ask for. */
const RECORD_BYTES_MAX = 2 ** 30

function encodeHead(tag: Uint8Array): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES)
  MAGIC.copy(head)
  head.set(tag, MAGIC.length)
  head.writeUInt32LE(crc32(head.subarray(0, HEAD_BYTES - 4)), HEAD_BYTES - 4)
  return head
}

/** Header and payload; the payload is not copied. */
export function encodeRecord(
  tag: Uint8Array,
  number: number,
  durable: number,
  payload: Uint8Array,
): [Uint8Array, Uint8Array] {
  if (payload.length > RECORD_BYTES_MAX)
    throw new RangeError(`a record of ${payload.length} bytes; at most ${RECORD_BYTES_MAX}`)
  const header = Buffer.alloc(HEADER_BYTES)
  header.set(tag)
  header.writeUInt32LE(payload.length, 4)
  header.writeUInt32LE(number, 8)
  header.writeUInt32LE(durable, 12)
  header.writeUInt32LE(crc32(payload), 16)
  header.writeUInt32LE(crc32(header.subarray(0, 20)), 20)
  return [header, payload]
}

/** A whole file, with the first record at both ends. It gets its name only when all of it is on the disk. */
export function encodeFile(tag: Uint8Array, records: readonly Uint8Array[]): Uint8Array[] {
  const [first] = records
  const copy = first === undefined ? [] : encodeRecord(tag, 0, records.length, first)
  return [
    encodeHead(tag),
    ...records.flatMap((payload, number) => encodeRecord(tag, number, number, payload)),
    ...copy,
  ]
}

/** Records that are synced together, after `before` records that were synced earlier. */
export function encodeBatch(tag: Uint8Array, before: number, records: readonly Uint8Array[]): Uint8Array[] {
  return records.flatMap((payload, i) => encodeRecord(tag, before + i, before, payload))
}

/** What a file holds, or why no peer can go on from it. */
export type LogScan =
  | {
      readonly kind: 'whole'
      /** All durable records, and those of a torn tail before the first that is missing. */
      readonly records: readonly Uint8Array[]
      readonly tag: Uint8Array
      /** The end of the valid part, after which a torn tail follows. 0: not even the first line was written. */
      readonly end: number
      /** Damaged bytes before that, in records whose other copy is good. */
      readonly sparedBytes: number
    }
  | { readonly kind: 'foreign' | 'outdated' }
  | {
      readonly kind: 'damaged'
      /** The first damaged byte. */
      readonly at: number
      /** How many good records follow it; 0: the first line itself is damaged. */
      readonly behind: number
    }

/** Reads a whole log. Records are views, not copies. */
export function scanLog(file: Buffer): LogScan {
  const begins = (magic: Buffer) => magic.subarray(0, file.length).equals(file.subarray(0, magic.length))
  if (file.length >= MAGIC.length && begins(OUTDATED)) return { kind: 'outdated' }
  const tag = file.subarray(MAGIC.length, MAGIC.length + TAG_BYTES)
  if (file.length < HEAD_BYTES)
    // If a file is shorter than its first line, its creation was cut off.
    return begins(MAGIC) ? { kind: 'whole', records: [], tag, end: 0, sparedBytes: 0 } : { kind: 'foreign' }
  if (file.readUInt32LE(HEAD_BYTES - 4) !== crc32(file.subarray(0, HEAD_BYTES - 4)))
    return isNearly(file, MAGIC) ? { kind: 'damaged', at: 0, behind: 0 } : { kind: 'foreign' }
  return judge(tag, findRecords(file, tag))
}

/** One damaged byte does not make it a foreign file. */
function isNearly(file: Buffer, magic: Buffer): boolean {
  return magic.filter((byte, i) => byte !== file[i]).length <= 1
}

interface Found {
  readonly payload: Uint8Array
  readonly number: number
  readonly durable: number
  readonly end: number
}

interface Finds {
  /** By number: the first good copy in the file. */
  readonly byNumber: ReadonlyMap<number, Found>
  /** All records below this number were once on the disk. */
  readonly durable: number
  /** The end of the last good record. */
  readonly end: number
  /** The number of damaged bytes before that, and the first of them. */
  readonly holeBytes: number
  readonly holeAt: number
}

function findRecords(file: Buffer, tag: Buffer): Finds {
  const byNumber = new Map<number, Found>()
  let [durable, end, holeBytes, holeAt] = [0, HEAD_BYTES, 0, Infinity]
  for (let at = HEAD_BYTES; at >= 0 && at < file.length; ) {
    const found = recordAt(file, at, tag)
    if (found === null) {
      at = tagBehind(file, tag, at + 1)
      continue
    }
    if (!byNumber.has(found.number)) byNumber.set(found.number, found)
    durable = Math.max(durable, found.durable)
    if (at > end) holeAt = Math.min(holeAt, end)
    holeBytes += at - end
    at = end = found.end
  }
  return { byNumber, durable, end, holeBytes, holeAt }
}

/** `indexOf` misreads offsets beyond 2 GiB, so it gets one piece at a time. */
const SEARCH_BYTES = 2 ** 30

function tagBehind(file: Buffer, tag: Buffer, from: number): number {
  for (let start = from; start < file.length; start += SEARCH_BYTES) {
    const at = file.subarray(start, start + SEARCH_BYTES + tag.length - 1).indexOf(tag)
    if (at >= 0) return start + at
  }
  return -1
}

function recordAt(file: Buffer, at: number, tag: Buffer): Found | null {
  const start = at + HEADER_BYTES
  if (start > file.length || !file.subarray(at, at + TAG_BYTES).equals(tag)) return null
  if (file.readUInt32LE(at + 20) !== crc32(file.subarray(at, at + 20))) return null
  const end = start + file.readUInt32LE(at + 4)
  if (end > file.length) return null
  const payload = file.subarray(start, end)
  if (file.readUInt32LE(at + 16) !== crc32(payload)) return null
  return { payload, number: file.readUInt32LE(at + 8), durable: file.readUInt32LE(at + 12), end }
}

function judge(tag: Uint8Array, { byNumber, durable, end, holeBytes, holeAt }: Finds): LogScan {
  const records: Uint8Array[] = []
  let sound = HEAD_BYTES
  for (let found = byNumber.get(0); found !== undefined; found = byNumber.get(records.length)) {
    records.push(found.payload)
    sound = found.end
  }
  if (records.length < durable) return { kind: 'damaged', at: holeAt, behind: byNumber.size - records.length }
  const isComplete = records.length === byNumber.size
  return {
    kind: 'whole',
    records,
    tag,
    end: isComplete ? end : sound,
    sparedBytes: isComplete ? holeBytes : 0,
  }
}
