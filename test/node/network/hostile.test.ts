/** What strangers and hostile members may try on the wire: each is a fault or a refusal, and honest peers go on. */
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { createIdentity, type Identity } from '../../../node/cohort/identity.ts'
import {
  CONNECTION_BUDGET_INTERVAL_MS,
  CONNECTION_BUDGET_MAX,
  PROTOCOL,
} from '../../../node/network/constants.ts'
import { encodeHello } from '../../../node/network/hello.ts'
import {
  hostileNode,
  isFault,
  isKind,
  manualClock,
  membersOf,
  openPair,
  openPeer,
  type PeerOptions,
  type RunningPeer,
  text,
} from './support.ts'

const hello = encodeHello({ cohortId: 'c0ffee', name: 'mallory', software: 'hostile/1' })
const framed = (bytes: readonly Uint8Array[]) => encode.single(new Uint8ArrayList(...bytes))

/** Honest peer 1, and a stream that member 0 opened to it. */
async function attacked(
  t: ExecutionContext,
  options: PeerOptions = {},
): Promise<[RunningPeer, Stream, readonly Identity[]]> {
  const identities = [createIdentity(), createIdentity()]
  const honest = await openPeer(t, identities, 1, membersOf(identities), options)
  honest.transport.start(honest.events)
  const node = await hostileNode(t, identities[0]!)
  return [honest, await node.dialProtocol(multiaddr(honest.transport.addresses[0]!), PROTOCOL), identities]
}

const closing = (stream: Stream): Promise<void> =>
  new Promise(resolve => {
    if (stream.status !== 'open') resolve()
    else stream.addEventListener('close', () => resolve())
  })

test('a member that behaves is admitted: the other tests fail for their reasons', async t => {
  const [honest, stream] = await attacked(t)
  stream.send(framed(hello))
  stream.send(framed(text('frame')))
  t.deepEqual(await honest.until(isKind('frame')), { kind: 'frame', peer: 0, bytes: Buffer.from('frame') })
})

for (const [what, bytes, fault] of [
  ['garbage instead of a hello', framed(text('good morning')), 'malformed'],
  ['an empty hello', framed([]), 'malformed'],
  ['a hello that is too long', framed([new Uint8Array(9000)]), 'oversize'],
  ['a length that never ends', new Uint8Array(20).fill(255), 'malformed'],
  [
    'the hello of another cohort',
    framed(encodeHello({ cohortId: 'decaf', name: 'm', software: '' })),
    'wrong-cohort',
  ],
  ['an oversize frame', new Uint8ArrayList(framed(hello), Uint8Array.of(0xff, 0xff, 0xff, 0x7f)), 'oversize'],
] as const)
  test(`${what} is a fault of its sender, who is cut off`, async t => {
    const [honest, stream] = await attacked(t)
    stream.send(bytes)
    const report = await honest.until(isKind('fault'))
    t.like(report, { peer: 0, fault })
    await closing(stream)
    t.true(honest.log.lines.some(line => line.level === 'warn' && line.text.startsWith('peer0: ')))
  })

test('who is being cut off is not heard again, not even what came in the same piece', async t => {
  const [honest, stream] = await attacked(t)
  const stranger = framed(encodeHello({ cohortId: 'decaf', name: 'm', software: '' }))
  stream.send(new Uint8ArrayList(stranger, stranger, framed(hello), framed(text('frame'))))
  await honest.until(isKind('fault'))
  await closing(stream)
  t.deepEqual(
    honest.reports.map(({ kind }) => kind),
    ['fault'],
  )
})

test('a frame cut off by a lost connection is nobody’s fault', async t => {
  const [honest, stream] = await attacked(t)
  stream.send(framed(hello))
  stream.send(Uint8Array.of(100, 1, 2, 3))
  await honest.until(isKind('connected'))
  stream.abort(new Error('crash'))
  await honest.until(isKind('disconnected'))
  t.deepEqual(
    honest.reports.map(({ kind }) => kind),
    ['connected', 'disconnected'],
  )
})

test('who opens a stream and says nothing is cut off in time', async t => {
  const clock = manualClock()
  const [honest, stream] = await attacked(t, { clock })
  while (clock.waiting < 3) await new Promise(resolve => setImmediate(resolve))
  clock.advance(10_000)
  await closing(stream)
  t.deepEqual(honest.reports, [])
})

interface Muxer {
  send(bytes: Uint8Array): boolean
}

/** A member's multiplexer, to send what no library would, and the end of its connection to an honest peer. */
async function belowFrames(t: ExecutionContext): Promise<[Muxer, Promise<unknown>]> {
  const identities = [createIdentity(), createIdentity()]
  const honest = await openPeer(t, identities, 1, membersOf(identities))
  honest.transport.start(honest.events)
  const node = await hostileNode(t, identities[0]!)
  const connection = await node.dial(multiaddr(honest.transport.addresses[0]!))
  const closed = new Promise(resolve => connection.addEventListener('close', resolve))
  return [(connection as unknown as { muxer: Muxer }).muxer, closed]
}

test('a Yamux frame that announces 4 GiB ends the connection at its header', async t => {
  const [muxer, closed] = await belowFrames(t)
  muxer.send(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255))
  await t.notThrowsAsync(closed)
})

test('a multiplexer’s pings without end are not answered: the connection ends', async t => {
  const [muxer, closed] = await belowFrames(t)
  const ping = Uint8Array.of(0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7)
  muxer.send(Buffer.concat(Array.from({ length: 5000 }, () => ping)))
  await t.notThrowsAsync(closed)
})

test('a stream that is ours to open is a fault', async t => {
  const identities = [createIdentity(), createIdentity()]
  const honest = await openPeer(t, identities, 0, membersOf(identities))
  honest.transport.start(honest.events)
  const node = await hostileNode(t, identities[1]!)
  const stream = await node.dialProtocol(multiaddr(honest.transport.addresses[0]!), PROTOCOL)
  t.like(await honest.until(isKind('fault')), { peer: 1, fault: 'malformed' })
  await closing(stream)
})

test('a program without our protocol is named as one of another version', async t => {
  const identities = [createIdentity(), createIdentity()]
  const node = await hostileNode(t, identities[1]!)
  const honest = await openPeer(
    t,
    identities,
    0,
    membersOf(identities, [[], node.getMultiaddrs().map(String)]),
  )
  honest.transport.start(honest.events)
  t.like(await honest.until(isKind('fault')), { peer: 1, fault: 'wrong-version' })
})

test('members with different cohort files refuse each other, and both are told why', async t => {
  const [first, second] = await openPair(t, [{ cohortId: 'aaaa' }, { cohortId: 'bbbb' }])
  for (const [peer, other, own, theirs] of [
    [first, 1, 'aaaa', 'bbbb'],
    [second, 0, 'bbbb', 'aaaa'],
  ] as const) {
    const report = await peer.until(isFault('wrong-cohort'))
    t.like(report, { peer: other })
    const said = `peer${other}: its cohort file is another one (cohort ${theirs}, here ${own}); both must use the same file`
    t.true(peer.log.lines.some(({ text }) => text === said))
    t.false(peer.reports.some(isKind('connected')))
  }
})

test('a stranger is refused before it may open a stream, and both sides log why', async t => {
  const [member, other, stranger] = [createIdentity(), createIdentity(), createIdentity()]
  const honest = await openPeer(t, [other, member], 1, membersOf([other, member]))
  honest.transport.start(honest.events)
  const uninvited = await openPeer(
    t,
    [stranger, member],
    0,
    membersOf([stranger, member], [[], honest.transport.addresses]),
  )
  uninvited.transport.start(uninvited.events)
  t.deepEqual(await honest.until(isFault('stranger')), {
    kind: 'fault',
    peer: null,
    fault: 'stranger',
    detail: `${stranger.id} tried to connect; it is not a member of the cohort`,
  })
  t.true(
    honest.log.lines.some(({ level, text }) => level === 'warn' && text.startsWith(`refused ${stranger.id}`)),
  )
  const hint = `its cohort file must list ${stranger.id}; or this key runs elsewhere as well, or it has proof that this key signed twice`
  await honest.until(() =>
    uninvited.log.lines.some(({ level, text }) => level === 'warn' && text.endsWith(hint)),
  )
  t.deepEqual(uninvited.reports, [])
})

test('a member that was cut off is named when it knocks, and is no stranger', async t => {
  const identities = [createIdentity(), createIdentity()]
  const honest = await openPeer(t, identities, 1, membersOf(identities))
  honest.transport.start(honest.events)
  honest.transport.ban(0, 'it signed two vectors')
  const liar = await openPeer(t, identities, 0, membersOf(identities, [[], honest.transport.addresses]))
  liar.transport.start(liar.events)
  t.is(await honest.log.warned(/tried to connect/), 'peer0, who was cut off, tried to connect')
  t.regex(await liar.log.warned(/before its hello/), /, or it has proof that this key signed twice$/)
  t.deepEqual(honest.reports, [])
})

test('a stranger that knocks all the time fills no log', async t => {
  const [member, other, stranger] = [createIdentity(), createIdentity(), createIdentity()]
  const honest = await openPeer(t, [other, member], 1, membersOf([other, member]))
  honest.transport.start(honest.events)
  const node = await hostileNode(t, stranger)
  for (let i = 0; i < 10; i++) {
    const seen = honest.reports.length
    await node.dialProtocol(multiaddr(honest.transport.addresses[0]!), PROTOCOL).catch(() => undefined)
    await honest.until(isFault('stranger'), seen)
  }
  t.is(honest.log.lines.filter(({ level }) => level === 'warn').length, 1)
})

test('a member that connects again and again may do so some times, and then now and then', async t => {
  const identities = [createIdentity(), createIdentity()]
  const clock = manualClock()
  const honest = await openPeer(t, identities, 1, membersOf(identities), { clock })
  honest.transport.start(honest.events)
  const node = await hostileNode(t, identities[0]!)
  const address = multiaddr(honest.transport.addresses[0]!)
  /** Connects as a member does, and goes away again. */
  const flap = async (): Promise<boolean> => {
    const seen = honest.reports.length
    try {
      const stream = await node.dialProtocol(address, PROTOCOL)
      stream.send(framed(hello))
      await honest.until(isKind('connected'), seen)
      await Promise.all(node.getConnections().map(connection => connection.close()))
      await honest.until(isKind('disconnected'), seen)
      return true
    } catch {
      return false
    }
  }
  let times = 0
  while (times < 2 * CONNECTION_BUDGET_MAX && (await flap())) times++
  t.is(times, CONNECTION_BUDGET_MAX)
  t.false(await flap())
  t.is(honest.log.lines.filter(({ text }) => text.includes('again and again')).length, 1)
  t.false(honest.reports.some(isKind('fault')), 'a bad network may do that, too')
  clock.advance(CONNECTION_BUDGET_INTERVAL_MS)
  t.true(await flap())
})

test('a member has a few connections at most', async t => {
  const identities = [createIdentity(), createIdentity()]
  const honest = await openPeer(t, identities, 1, membersOf(identities))
  honest.transport.start(honest.events)
  const address = multiaddr(honest.transport.addresses[0]!)
  const outcomes: string[] = []
  for (let i = 0; i < 5; i++) {
    const node = await hostileNode(t, identities[0]!)
    outcomes.push(
      await node.dialProtocol(address, PROTOCOL).then(
        () => 'open',
        () => 'refused',
      ),
    )
  }
  t.deepEqual(outcomes, ['open', 'open', 'open', 'refused', 'refused'])
})
