/** Packets of DNS are read as another implementation reads them, and what a packet makes its reader do has a limit. */
import test from 'ava'
import { decode, encode, type Packet } from 'dns-packet'
import fc from 'fast-check'
import { createIdentity } from '../../../../node/cohort/identity.ts'
import {
  MDNS_NAME_STEPS_MAX,
  MDNS_PACKET_BYTES_MAX,
  MDNS_RECORDS_MAX,
  MDNS_SERVICE,
} from '../../../../node/network/constants.ts'
import { decodePacket } from '../../../../node/network/mdns/decode.ts'
import { asksFor, claimOf, encodeAnswer, encodeQuestion } from '../../../../node/network/mdns/message.ts'

/** A packet of that many bytes whose questions are names of pointers alone, each to the pointer before it. */
function chain(bytes: number, questions = Math.floor((bytes - 12) / 6)): Uint8Array {
  const packet = Buffer.alloc(bytes - (bytes % 2))
  packet.writeUInt16BE(questions, 4)
  for (let at = 12; at < packet.length; at += 2)
    packet.writeUInt16BE(0xc000 | (at === 12 ? 6 : Math.min(at - 2, 16_382)), at)
  return packet
}

/** How many bytes are looked at, one by one, and what comes of it. */
function readsOf(bytes: Uint8Array): { readonly reads: number; readonly isRead: boolean } {
  let reads = 0
  const counted = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) reads++
      const value = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const isRead = decodePacket(counted) !== null
  return { reads, isRead }
}

test('a chain of pointers through a whole packet costs no more than an honest packet', t => {
  for (const size of [1472, MDNS_PACKET_BYTES_MAX, 8972, 65_507]) {
    for (const questions of [1, MDNS_RECORDS_MAX, Math.floor((size - 12) / 6)]) {
      const { reads, isRead } = readsOf(chain(size, questions))
      t.true(reads < 2 * MDNS_NAME_STEPS_MAX + 200, `${reads} reads of ${size} bytes`)
      t.is(isRead, questions === 1 && size <= MDNS_PACKET_BYTES_MAX)
    }
  }
})

test('pointers to themselves, in circles or out of the packet end', t => {
  for (const to of [12, 14, 18, 0x3fff]) {
    const packet = Buffer.alloc(40)
    packet.writeUInt16BE(1, 4)
    packet.writeUInt16BE(0xc000 | to, 12)
    packet.writeUInt16BE(0xc00c, 14)
    packet.writeUInt16BE(0xc00c, 18)
    t.is(decodePacket(packet), null)
  }
})

test('a packet that is too long, or has too many records, is not read', t => {
  const questions = (count: number) =>
    encode({ type: 'query', questions: Array.from({ length: count }, () => ({ name: 'a', type: 'PTR' })) })
  t.is(decodePacket(questions(MDNS_RECORDS_MAX))?.questions.length, MDNS_RECORDS_MAX)
  t.deepEqual(readsOf(questions(MDNS_RECORDS_MAX + 1)), { reads: 8, isRead: false })
  const padded = (bytes: number) =>
    Buffer.concat([encodeQuestion('a'), Buffer.alloc(bytes)]).subarray(0, bytes)
  t.not(decodePacket(padded(MDNS_PACKET_BYTES_MAX)), null)
  t.deepEqual(readsOf(padded(MDNS_PACKET_BYTES_MAX + 1)), { reads: 0, isRead: false })
})

test('the longest answer that a peer gives is read whole', t => {
  const { id } = createIdentity()
  const addresses = Array.from({ length: 20 }, (_, i) => {
    const [head, tail] = [`/dns4/${i}`, `.example.org/tcp/4001/p2p/${id}`]
    return `${head}${'x'.repeat(255 - 'dnsaddr='.length - head.length - tail.length)}${tail}`
  })
  const bytes = encodeAnswer(MDNS_SERVICE, 'a'.repeat(32), addresses)
  t.is(bytes.length, 2657)
  t.is(claimOf(decodePacket(bytes)!, MDNS_SERVICE)?.addresses.length, 8)
})

test('names that are shortened by pointers are read', t => {
  const service = MDNS_SERVICE.split('.').flatMap(label => [label.length, ...Buffer.from(label)])
  const header = [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]
  const bytes = Uint8Array.from([...header, ...service, 0, 0, 16, 0, 1, 0xc0, 12, 0, 12, 0, 1])
  t.true(asksFor(decodePacket(bytes)!, MDNS_SERVICE))
})

const label = fc.stringMatching(/^[a-z]{1,8}$/)
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map(labels => labels.join('.'))
const record = fc.oneof(
  fc.record({ type: fc.constant('PTR' as const), name, data: name }),
  fc.record({
    type: fc.constant('TXT' as const),
    name,
    data: fc.array(label, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('A' as const), name, data: fc.constant('10.0.0.1') }),
)
const sections = fc.record({
  type: fc.constantFrom('query' as const, 'response' as const),
  questions: fc.array(fc.record({ name, type: fc.constantFrom('PTR' as const, 'TXT' as const) }), {
    maxLength: 4,
  }),
  answers: fc.array(record, { maxLength: 4 }),
  authorities: fc.array(record, { maxLength: 4 }),
  additionals: fc.array(record, { maxLength: 4 }),
})

/** What a packet says, as the library reads it. */
function expected({ type, questions = [], answers = [], additionals = [] }: Packet): unknown {
  return {
    type,
    questions: questions.flatMap(each => (each.type === 'PTR' ? [each.name] : [])),
    pointers: answers.flatMap(each => (each.type === 'PTR' ? [{ name: each.name, target: each.data }] : [])),
    texts: [...answers, ...additionals].flatMap(each =>
      each.type === 'TXT' ? [each.data].flat().map(String) : [],
    ),
  }
}

test('any packet is read as the library reads it, and any broken one ends without an error', t => {
  fc.assert(
    fc.property(sections, fc.nat(), fc.nat(255), (packet, where, value) => {
      const bytes = encode(packet as Packet)
      t.deepEqual<unknown, unknown>(decodePacket(bytes), expected(decode(bytes)))
      for (let end = 12; end < bytes.length; end += 7) decodePacket(bytes.subarray(0, end))
      bytes[where % bytes.length] = value
      t.true(readsOf(bytes).reads < 2000)
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => void decodePacket(bytes)))
})
