/**
 * Reads a packet of DNS from anyone, at a cost with a limit: its size, its records, and the labels and pointers of its
 * names. A name may end in a pointer to an earlier name, and that one in a pointer again, so that without a limit a
 * packet could make its reader follow millions of them.
 */
import { MDNS_NAME_STEPS_MAX, MDNS_PACKET_BYTES_MAX, MDNS_RECORDS_MAX } from '../constants.ts'

/** What mDNS needs of a packet. */
export interface Packet {
  readonly type: 'query' | 'response'
  /** The names whose pointers are asked for. */
  readonly questions: readonly string[]
  /** The pointers among the answers. */
  readonly pointers: readonly { readonly name: string; readonly target: string }[]
  /** The texts among the answers and the additional records. */
  readonly texts: readonly string[]
}

const HEADER_BYTES = 12
const RESPONSE = 0x80
const PTR = 12
const TXT = 16
/** RFC 1035, section 2.3.4. */
const NAME_BYTES_MAX = 255

/** Null if it is no packet of DNS, or one that costs more than any of ours. */
export function decodePacket(bytes: Uint8Array): Packet | null {
  const { length } = bytes
  if (length < HEADER_BYTES || length > MDNS_PACKET_BYTES_MAX) return null
  const counts = [4, 6, 8, 10].map(at => 256 * bytes[at]! + bytes[at + 1]!)
  if (counts.reduce((sum, count) => sum + count) > MDNS_RECORDS_MAX) return null
  try {
    return read(readerOf(bytes, HEADER_BYTES), counts, (bytes[2]! & RESPONSE) !== 0)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** Goes through a packet; throws a `RangeError` where the packet is none. */
interface Reader {
  number(): number
  name(): string
  /** That many bytes. */
  bytes(count: number): Uint8Array
  at(): number
}

function readerOf(bytes: Uint8Array, start: number): Reader {
  let at = start
  let stepsLeft = MDNS_NAME_STEPS_MAX
  const byteAt = (index: number): number => bytes[index] ?? fail()
  const slice = (from: number, count: number): Uint8Array =>
    from + count <= bytes.length ? bytes.subarray(from, from + count) : fail()
  return {
    at: () => at,
    number() {
      at += 2
      return 256 * byteAt(at - 2) + byteAt(at - 1)
    },
    bytes(count) {
      at += count
      return slice(at - count, count)
    },
    name() {
      const labels: string[] = []
      let next = at
      let nameBytes = 1
      /** Where the packet goes on: behind the first pointer. */
      let end: number | null = null
      for (;;) {
        const length = byteAt(next)
        if (length === 0) break
        stepsLeft -= 1
        if (stepsLeft < 0) fail()
        if (length < 0x40) {
          labels.push(textOf(slice(next + 1, length)))
          next += 1 + length
          nameBytes += 1 + length
        } else if (length >= 0xc0) {
          end ??= next + 2
          next = 256 * (length - 0xc0) + byteAt(next + 1)
        } else fail()
        if (nameBytes > NAME_BYTES_MAX) fail()
      }
      at = end ?? next + 1
      return labels.join('.')
    },
  }
}

function fail(): never {
  throw new RangeError('not a packet')
}

function read(from: Reader, counts: readonly number[], isResponse: boolean): Packet {
  const [questionCount = 0, ...recordCounts] = counts
  const questions: string[] = []
  const pointers: { name: string; target: string }[] = []
  const texts: string[] = []
  for (let i = 0; i < questionCount; i++) {
    const name = from.name()
    const type = from.number()
    from.number()
    if (type === PTR) questions.push(name)
  }
  for (const [section, count] of recordCounts.entries()) {
    for (let i = 0; i < count; i++) {
      const { name, type, length } = recordHeader(from)
      const end = from.at() + length
      if (type === PTR) {
        const target = from.name()
        if (section === ANSWERS) pointers.push({ name, target })
      } else if (type === TXT && section !== AUTHORITIES) texts.push(...textsOf(from.bytes(length)))
      else from.bytes(length)
      if (from.at() !== end) fail()
    }
  }
  return { type: isResponse ? 'response' : 'query', questions, pointers, texts }
}

const ANSWERS = 0
const AUTHORITIES = 1

function recordHeader(from: Reader): {
  readonly name: string
  readonly type: number
  readonly length: number
} {
  const name = from.name()
  const type = from.number()
  // The class, and how long the record holds.
  from.bytes(6)
  return { name, type, length: from.number() }
}

/** The data of a text record: texts, each with its length before it. */
function textsOf(data: Uint8Array): readonly string[] {
  const texts: string[] = []
  for (let at = 0; at < data.length; at += 1 + data[at]!) {
    const text = data.subarray(at + 1, at + 1 + data[at]!)
    if (text.length < data[at]!) fail()
    texts.push(textOf(text))
  }
  return texts
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
