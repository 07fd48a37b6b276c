/** The libp2p transport for real, on loopback, beyond the contract of transports: members among themselves. */
import { randomBytes } from 'node:crypto'
import test from 'ava'
import { WHOLE_BYTES_MAX } from '../../../node/codec/index.ts'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { bytesOf, isKind, membersOf, openPair, openPeer, text } from './support.ts'

test('the longest frames of a large model arrive intact, both ways at once', async t => {
  const dimension = 1_000_000
  const [first, second] = await openPair(t, [{ dimension }, { dimension }])
  await Promise.all([first.until(isKind('connected')), second.until(isKind('connected'))])
  const vectors = [randomBytes(WHOLE_BYTES_MAX), randomBytes(WHOLE_BYTES_MAX)]
  for (const vector of vectors) {
    t.true(first.transport.send(1, [Buffer.from('header'), vector]))
    t.true(second.transport.send(0, [Buffer.from('header'), vector]))
  }
  for (const peer of [first, second]) {
    await peer.until(() => bytesOf(peer.reports).length === 2)
    for (const [index, frame] of bytesOf(peer.reports).entries())
      t.true(frame.subarray(6).equals(vectors[index]!))
  }
})

test('a frame above the cohort’s limit is our own mistake', async t => {
  const [first] = await openPair(t, [{ dimension: 10 }, { dimension: 10 }])
  await first.until(isKind('connected'))
  t.throws(() => first.transport.send(1, [new Uint8Array(300_000)]), {
    instanceOf: RangeError,
    message: 'a frame of 300000 bytes cannot be sent; at most 262184',
  })
})

test('the higher index dials where only it knows an address', async t => {
  const identities = [createIdentity(), createIdentity()]
  const first = await openPeer(t, identities, 0, membersOf(identities))
  const second = await openPeer(t, identities, 1, membersOf(identities, [first.transport.addresses]))
  first.transport.start(first.events)
  second.transport.start(second.events)
  await Promise.all([first.until(isKind('connected')), second.until(isKind('connected'))])
  t.is(first.log.lines.filter(({ level }) => level === 'warn').length, 0)
})

test('along a graph only neighbours are dialled, and others who dial are turned away', async t => {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const topology = [
    [0, 1],
    [1, 2],
  ] as const
  const last = await openPeer(t, identities, 2, membersOf(identities), { topology })
  const lasts = last.transport.addresses
  const middle = await openPeer(t, identities, 1, membersOf(identities, [[], [], lasts]), { topology })
  const addresses = [[], middle.transport.addresses, lasts]
  const first = await openPeer(t, identities, 0, membersOf(identities, addresses), { topology })
  for (const { transport, events } of [last, middle, first]) transport.start(events)
  await middle.until(report => report.kind === 'connected' && report.peer === 0)
  await middle.until(report => report.kind === 'connected' && report.peer === 2)
  await Promise.all([first.until(isKind('connected')), last.until(isKind('connected'))])
  for (const peer of [first, last])
    t.deepEqual(
      peer.reports.flatMap(report => (report.kind === 'connected' ? [report.peer] : [])),
      [1],
    )
  await first.stop()
  // A member that does not keep to the graph.
  const stray = await openPeer(t, identities, 0, membersOf(identities, addresses))
  stray.transport.start(stray.events)
  t.is(await last.log.warned(/tried to connect/), 'peer0, who is no neighbour of this peer, tried to connect')
  t.false(last.reports.some(report => report.kind === 'connected' && report.peer === 0))
  t.false(last.reports.some(isKind('fault')), 'it may have another file: nobody is blamed')
})

test('a wrong address does not keep the right one from being found', async t => {
  const identities = [createIdentity(), createIdentity(), createIdentity()]
  const other = await openPeer(t, identities, 2, membersOf(identities))
  const second = await openPeer(t, identities, 1, membersOf(identities))
  const nobody = '/ip4/127.0.0.1/tcp/1'
  const somebodyElse = other.transport.addresses[0]!.replace(/\/p2p\/.*/, '')
  const addresses = [nobody, somebodyElse, ...second.transport.addresses]
  const first = await openPeer(t, identities, 0, membersOf(identities, [[], addresses]))
  second.transport.start(second.events)
  first.transport.start(first.events)
  t.deepEqual(await first.until(isKind('connected')), { kind: 'connected', peer: 1 })
})

test('a reader that pauses holds its sender back, and loses nothing', async t => {
  const dimension = 50_000
  const [first, second] = await openPair(t, [{ dimension }, { dimension }])
  await Promise.all([first.until(isKind('connected')), second.until(isKind('connected'))])
  second.transport.pause(0)
  const frameBytes = 200_000
  const frame = (index: number) => [Buffer.alloc(frameBytes, index)]
  let taken = 0
  // The window of the receiver, the queue of the sender, and what the sockets between them hold.
  for (let idle = 0; idle < 20; idle++) {
    while (taken < 250 && first.transport.send(1, frame(taken))) taken++
    await new Promise(resolve => setImmediate(resolve))
  }
  t.true(taken < 150, `${taken} frames taken`)
  t.true(bytesOf(second.reports).length <= 1)
  second.transport.resume(0)
  await first.until(isKind('drained'))
  await second.until(() => bytesOf(second.reports).length === taken)
  t.true(bytesOf(second.reports).every((bytes, index) => bytes.equals(frame(index)[0]!)))
  t.true(first.transport.send(1, text('room again')))
})

test('a banned peer is cut off and stays out', async t => {
  const [first, second] = await openPair(t)
  await Promise.all([first.until(isKind('connected')), second.until(isKind('connected'))])
  first.transport.ban(1, 'it signed two vectors for one slot')
  t.deepEqual(first.reports.at(-1), {
    kind: 'disconnected',
    peer: 1,
    detail: 'it signed two vectors for one slot',
  })
  await second.until(isKind('disconnected'))
  t.false(first.transport.send(1, text('no')))
  t.true(first.log.lines.some(({ level, text }) => level === 'warn' && text.startsWith('cut off peer1')))
})

test('stop lets what was sent arrive', async t => {
  const [first, second] = await openPair(t)
  await Promise.all([first.until(isKind('connected')), second.until(isKind('connected'))])
  for (let i = 0; i < 100; i++) first.transport.send(1, [new Uint8Array(4000)])
  first.transport.send(1, text('last words'))
  await first.stop()
  await second.until(report => report.kind === 'frame' && report.bytes.toString() === 'last words')
  await second.until(isKind('disconnected'))
  t.is(bytesOf(second.reports).length, 101)
  t.is(first.reports.at(-1)?.kind, 'connected')
})

test('a key of another member, and an address that cannot be used, are refused at once', async t => {
  const identities = [createIdentity(), createIdentity()]
  const members = membersOf(identities)
  await t.throwsAsync(openPeer(t, identities, 0, members, { seed: identities[1]!.seed }), {
    code: 'wrong-identity',
    message: new RegExp(`that of ${identities[1]!.id}, but peer0 of the cohort is ${identities[0]!.id}`),
  })
  const first = await openPeer(t, identities, 0, members)
  const listen = first.transport.addresses.map(address => address.replace(/\/p2p\/.*/, ''))
  await t.throwsAsync(openPeer(t, identities, 1, members, { listen }), {
    code: 'listen-failed',
    message: /cannot listen on \/ip4\/127\.0\.0\.1\/tcp\/\d+: .*EADDRINUSE/,
  })
})
