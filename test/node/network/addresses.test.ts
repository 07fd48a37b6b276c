/** Finding each other: what one member knows of another's addresses reaches those that need it, and no lie does. */
import type { Libp2p, PeerStore } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { createIdentity, type Identity } from '../../../node/cohort/identity.ts'
import { createAddressBook } from '../../../node/network/address-book.ts'
import * as limits from '../../../node/network/constants.ts'
import { encodeHello } from '../../../node/network/hello.ts'
import { createMembers } from '../../../node/network/members.ts'
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
} from '../../../node/network/peer-exchange-message.ts'
import type { Frame } from '../../../node/ports.ts'
import { hostileNode, isFault, membersOf, openPeer, type RunningPeer } from './support.ts'

const connectedTo = (peer: number) => (report: { kind: string; peer?: number | null }) =>
  report.kind === 'connected' && report.peer === peer

const start = (peer: RunningPeer): RunningPeer => {
  peer.transport.start(peer.events)
  return peer
}

/** The middle one of three knows nobody; each of the other two is given the middle one's address alone. */
async function chain(t: ExecutionContext): Promise<[RunningPeer, RunningPeer, RunningPeer, Identity[]]> {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const middle = await openPeer(t, identities, 1, membersOf(identities))
  const members = membersOf(identities, [[], middle.transport.addresses, []])
  const [first, last] = await Promise.all([0, 2].map(self => openPeer(t, identities, self, members)))
  return [start(first!), start(middle), start(last!), identities]
}

test('two that know only a third connect, by the address that each has announced to the third', async t => {
  const [first, middle, last] = await chain(t)
  await Promise.all([first.until(connectedTo(2)), last.until(connectedTo(0))])
  t.true([first, last].some(({ log }) => log.lines.some(({ text }) => /^peer1 told where/.test(text))))
  t.deepEqual(
    [first, middle, last].flatMap(({ reports }) => reports.filter(({ kind }) => kind === 'fault')),
    [],
  )
})

test('a peer that comes back at another address is met again', async t => {
  const [first, middle, last, identities] = await chain(t)
  await Promise.all([first.until(connectedTo(2)), last.until(connectedTo(0))])
  await last.stop()
  await first.until(({ kind }) => kind === 'disconnected')
  const before = first.reports.length
  const members = membersOf(identities, [[], middle.transport.addresses, []])
  const moved = start(await openPeer(t, identities, 2, members))
  t.notDeepEqual(moved.transport.addresses, last.transport.addresses)
  await Promise.all([first.until(connectedTo(2), before), moved.until(connectedTo(0))])
})

test('who misses a member asks: also one that does nothing to be found is dialled where it is now', async t => {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const middle = start(await openPeer(t, identities, 1, membersOf(identities)))
  const nowhere = '/ip4/127.0.0.1/tcp/1'
  const first = start(
    await openPeer(t, identities, 0, membersOf(identities, [[], middle.transport.addresses, [nowhere]])),
  )
  await first.until(connectedTo(1))
  const quiet = await hostileNode(t, identities[2]!)
  const dialled = new Promise<void>(resolve =>
    quiet.addEventListener('connection:open', ({ detail }) => {
      if (detail.remotePeer.toString() === identities[0]!.id && detail.direction === 'inbound') resolve()
    }),
  )
  await quiet.handle(limits.PROTOCOL, () => {})
  await quiet.dial(multiaddr(middle.transport.addresses[0]!))
  await t.notThrowsAsync(dialled)
})

/** A member, admitted by peer 0, that gives this answer to every question for addresses. */
async function answering(t: ExecutionContext, identities: readonly Identity[], answer: Frame) {
  const liar = await hostileNode(t, identities[1]!)
  const frame = (bytes: Frame) => encode.single(new Uint8ArrayList(...bytes))
  await liar.handle(limits.PROTOCOL, stream => {
    stream.send(frame(encodeHello({ cohortId: 'c0ffee', name: 'liar', software: 'hostile/1' })))
  })
  const { promise: askedAgain, resolve } = Promise.withResolvers<void>()
  let questions = 0
  await liar.handle(limits.PEER_EXCHANGE_PROTOCOL, stream => {
    stream.send(frame(answer))
    if (++questions === 2) resolve()
  })
  const addresses = [[], liar.getMultiaddrs().map(String)]
  const honest = start(await openPeer(t, identities, 0, membersOf(identities, addresses)))
  return { ...honest, askedAgain }
}

/** The record that a member seals, as one that meets it keeps it; and where it is. */
async function recordOf(t: ExecutionContext, identity: Identity): Promise<readonly [Uint8Array, Libp2p]> {
  const [member, witness] = await Promise.all([hostileNode(t, identity), hostileNode(t, createIdentity())])
  const identified = new Promise(resolve => witness.addEventListener('peer:identify', resolve))
  await witness.dial(member.getMultiaddrs()[0]!)
  await identified
  return [(await witness.peerStore.get(member.peerId)).peerRecordEnvelope!, member]
}

test('a record that the member has not signed is a fault of the member that passes it on', async t => {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const [record, member] = await recordOf(t, identities[2]!)
  const port = Buffer.alloc(2)
  port.writeUInt16BE(Number(/tcp\/(\d+)/.exec(String(member.getMultiaddrs()[0]))![1]))
  const forged = Uint8Array.from(record)
  forged[Buffer.from(record).indexOf(port)]! ^= 1
  t.notDeepEqual(forged, record)
  const honest = await answering(t, identities, encodeAnswer([{ peer: 2, record: forged }]))
  t.like(await honest.until(isFault('bad-signature')), { peer: 1 })
})

test('another member’s record is not taken for the one that was asked for, nor what is no answer for one', async t => {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const [record, member] = await recordOf(t, createIdentity())
  let met = false
  member.addEventListener('connection:open', ({ detail }) => {
    met ||= detail.remotePeer.toString() === identities[0]!.id
  })
  const misled = await answering(t, identities, encodeAnswer([{ peer: 2, record }]))
  await misled.askedAgain
  const puzzled = await answering(t, [createIdentity(), ...identities.slice(1)], [Buffer.from([255, 255])])
  t.like(await puzzled.until(isFault('malformed')), { peer: 1 })
  t.false(met)
})

/** A book for a cohort of two, of which the second has these addresses in the file and these in the peer store. */
function bookOf(inFile: readonly string[], announced: readonly string[]) {
  const identities = [createIdentity(), createIdentity()]
  const cohort = membersOf(identities, [[], inFile])
  const members = createMembers(cohort, {
    connections: () => 0,
    connectionsMax: 1,
    refused() {},
    allowed: () => true,
  })
  const addresses = announced.map(address => ({ multiaddr: multiaddr(address), isCertified: true }))
  const store = { has: async () => true, get: async () => ({ addresses }) }
  const book = createAddressBook(cohort, members, store as unknown as PeerStore)
  const tail = `/p2p/${identities[1]!.id}`
  const next = async () => (await book.next(1)).map(address => String(address).replace(tail, ''))
  return { book, next, tail }
}
const HOST = '127.0.0.1'
const at = (port: number) => `/ip4/127.0.0.1/tcp/${port}`
const all = (...ports: readonly number[]): Multiaddr[] => ports.map(port => multiaddr(at(port)))

test('every address has its turn, from all sources, and the one that worked comes first', async t => {
  const { book, next, tail } = bookOf([at(1), at(2)], [at(3), at(4)])
  t.true(book.found(1, all(5, 1), HOST))
  t.false(book.found(1, all(1, 5), HOST))
  t.deepEqual(await next(), [1, 2, 5, 3, 4].map(at))
  t.deepEqual(await next(), [1, 2, 5, 3, 4].map(at))
  book.met(1, multiaddr(`${at(4)}${tail}`))
  t.deepEqual(await next(), [4, 1, 2, 5, 3].map(at))
  t.true(book.found(1, all(6, 7), HOST))
  const seen = new Set<string>()
  for (let i = 0; i < 2; i++) {
    const turn = await next()
    t.is(turn[0], at(4))
    t.is(turn.length, limits.ADDRESSES_PER_DIAL)
    for (const address of turn) seen.add(address)
  }
  t.is(seen.size, 7)
})

test('a member may come from wherever it was known to be, unless only mDNS says so', async t => {
  const { book, next } = bookOf(['/ip4/192.0.2.1/tcp/1', '/dns4/example.org/tcp/1'], ['/ip4/192.0.2.2/tcp/1'])
  const isSource = () => [1, 2, 3, 4, 5].map(host => book.isSource(`192.0.2.${host}`))
  t.deepEqual(isSource(), [true, false, false, false, false])
  await next()
  t.deepEqual(isSource(), [true, true, false, false, false])
  t.true(book.found(1, [multiaddr('/ip4/192.0.2.3/tcp/1')], '192.0.2.3'))
  book.met(1, multiaddr('/ip4/192.0.2.4/tcp/1'))
  book.cameFrom(1, multiaddr('/ip4/192.0.2.5/tcp/61234'))
  t.deepEqual(isSource(), [true, true, false, true, true], 'what mDNS claims does not count')
  for (let host = 1; host <= limits.SOURCES_MET_MAX; host++)
    book.cameFrom(1, multiaddr(`/ip4/203.0.113.${host}/tcp/61234`))
  t.deepEqual(isSource(), [true, true, false, false, false], 'where it was long ago is forgotten')
})

test('endless claims of addresses crowd out none of the file', async t => {
  const { book, next } = bookOf([at(1)], [at(2)])
  for (let port = 10; port < 1000; port++) t.true(book.found(1, all(port), '10.0.0.66'))
  t.true(book.found(1, all(...Array.from({ length: 100 }, (_, i) => 2000 + i)), '10.0.0.66'))
  const seen = new Set<string>()
  for (let i = 0; i < 10; i++) for (const address of await next()) seen.add(address)
  t.true(seen.has(at(1)) && seen.has(at(2)))
  t.is(seen.size, 2 + limits.ADDRESSES_FOUND_MAX)
})

/** A responder at that host claims it and seven addresses elsewhere, which are new with each call. */
function liar(book: ReturnType<typeof bookOf>['book'], host: string, own: readonly string[] = []) {
  let count = 0
  return () => {
    const lies = Array.from({ length: limits.ADDRESSES_FOUND_MAX - own.length }, () => {
      count += 1
      return `/ip4/198.51.${count >> 8}.${count & 255}/tcp/1`
    })
    return book.found(
      1,
      [...own, ...lies].map(address => multiaddr(address)),
      host,
    )
  }
}

test('endless claims of one responder evict nothing that another has claimed, and the true one is tried at once', async t => {
  const { book, next } = bookOf([], [])
  const truth = '/ip4/10.0.0.2/tcp/4001'
  const lie = liar(book, '10.0.0.66', ['/ip4/10.0.0.66/tcp/1'])
  for (let i = 0; i < 500; i++) lie()
  t.true(book.found(1, [multiaddr(truth)], '10.0.0.2'))
  for (let i = 0; i < 500; i++) lie()
  t.true((await next()).includes(truth))
  for (let i = 0; i < 500; i++) lie()
  t.true((await next()).length === limits.ADDRESSES_PER_DIAL)
  const later = await Promise.all(Array.from({ length: 8 }, next))
  t.true(later.flat().includes(truth), 'it keeps its turn')
})

test('a responder that claims only others’ hosts is heard last, whenever it came', async t => {
  const { book, next } = bookOf([], [])
  liar(book, '10.0.0.66')()
  const truth = '/ip4/10.0.0.2/tcp/4001'
  book.found(1, [multiaddr('/ip4/198.51.100.1/tcp/1'), multiaddr(truth)], '10.0.0.2')
  t.is((await next())[0], truth)
})

test('a lie from the true host itself evicts the true address only once that has been tried', async t => {
  const { book, next } = bookOf([], [])
  const atHost = (port: number) => [multiaddr(`/ip4/10.0.0.2/tcp/${port}`)]
  book.found(1, atHost(4001), '10.0.0.2')
  for (let port = 5000; port < 5500; port++) book.found(1, atHost(port), '10.0.0.2')
  t.false(book.found(1, atHost(6000), '10.0.0.2'), 'all wait for their turn')
  t.true((await next()).includes('/ip4/10.0.0.2/tcp/4001'))
  t.true(book.found(1, atHost(6000), '10.0.0.2'), 'one that was tried makes room')
})

test('however many responders claim their own hosts, they are limited, and each of them is tried before it is replaced', async t => {
  const { book, next } = bookOf([], [])
  const claimOf = (host: number) =>
    book.found(
      1,
      [multiaddr(`/ip4/10.1.${host >> 8}.${host & 255}/tcp/1`)],
      `10.1.${host >> 8}.${host & 255}`,
    )
  const fill = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => claimOf(first + i)).filter(Boolean).length
  t.true(claimOf(0))
  t.is(fill(1, 1000), limits.RESPONDERS_MAX - 1)
  t.false(liar(book, '10.0.0.66')(), 'nor does one make room that claims others’ hosts')
  const seen = new Set<string>()
  for (let i = 0; i < 8; i++) for (const address of await next()) seen.add(address)
  t.is(seen.size, limits.RESPONDERS_MAX)
  t.is(fill(2000, 1000), limits.RESPONDERS_MAX)
})

test('responders that claim others’ hosts make room for one that claims its own, the one heard the longest ago first', async t => {
  const { book, next } = bookOf([], [])
  for (let host = 0; host < 100; host++) liar(book, `10.1.0.${host}`)()
  for (let host = 1; host <= 3; host++)
    t.true(book.found(1, [multiaddr(`/ip4/10.0.0.${host}/tcp/1`)], `10.0.0.${host}`))
  for (let host = 0; host < 100; host++) liar(book, `10.1.0.${host}`)()
  t.deepEqual(
    (await next()).slice(0, 3),
    [1, 2, 3].map(host => `/ip4/10.0.0.${host}/tcp/1`),
  )
})

test('a link-local IPv6 address is its responder’s own as well, in its zone', async t => {
  const { book, next } = bookOf([], [])
  liar(book, 'fe80::66%eth0')()
  const truth = '/ip6zone/eth0/ip6/fe80::2/tcp/1'
  book.found(1, [multiaddr(truth)], 'fe80::2%eth0')
  t.is((await next())[0], truth)
})

test('a question and an answer come back as they were sent; anything else is none', t => {
  t.deepEqual(decodeQuestion(encodeQuestion([0, 5, 300]), 301), [0, 5, 300])
  t.is(decodeQuestion(encodeQuestion([0, 5, 300]), 300), null)
  t.is(decodeQuestion(encodeQuestion(Array.from({ length: limits.RECORDS_MAX + 1 }, () => 1)), 7), null)
  const records = [0, 6].map(peer => ({ peer, record: new Uint8Array(limits.RECORD_BYTES_MAX).fill(peer) }))
  t.deepEqual(decodeAnswer(encodeAnswer(records)), records)
  t.deepEqual(decodeAnswer(encodeAnswer([])), [])
  const tooLong = { peer: 1, record: new Uint8Array(limits.RECORD_BYTES_MAX + 1) }
  t.is(decodeAnswer(encodeAnswer([tooLong])), null)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
      const question = decodeQuestion([bytes], 7)
      t.true(question === null || question.every(peer => peer < 7))
      const answer = decodeAnswer([bytes])
      t.true(answer === null || answer.every(({ record }) => record.length <= bytes.length))
    }),
  )
})
