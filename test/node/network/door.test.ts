/** The door: who says nothing, or never ends its handshake, keeps no member out. */
import { once } from 'node:events'
import { connect, Server, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Upgrader } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { createIdentity, type Identity } from '../../../node/cohort/identity.ts'
import {
  CROWDED_FOR_MS,
  FIRST_BYTE_TIMEOUT_MS,
  HANDSHAKE_PRICE_REFUSED,
  HANDSHAKES_AT_ONCE_MAX,
  HANDSHAKES_MAX,
  HANDSHAKES_PER_SOURCE_MAX,
  PATIENCE_MS,
  PROTOCOL,
  SILENT_SOCKETS_MAX,
  SILENT_SOCKETS_PER_SOURCE_MAX,
  TURNED_AWAY_AFTER_MS,
} from '../../../node/network/constants.ts'
import { createDoor, socketsMax, type TransportFactory } from '../../../node/network/door.ts'
import { createRedial } from '../../../node/network/redial.ts'
import { hostileNode, isKind, manualClock, membersOf, openPeer, type RunningPeer } from './support.ts'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
const MEMBERS = 2
const silentPerSource = SILENT_SOCKETS_PER_SOURCE_MAX + MEMBERS
const handshakesPerSource = HANDSHAKES_PER_SOURCE_MAX + MEMBERS

/** Sockets from this machine's own address, where the members are, too. */
interface Crowd {
  readonly sockets: readonly Socket[]
  readonly closed: ReadonlySet<number>
  /** Waits until so many were closed by the other side. */
  closings(count: number): Promise<void>
}

async function crowdAt(
  t: ExecutionContext,
  peer: RunningPeer,
  size: number,
  firstByte?: string,
): Promise<Crowd> {
  const port = Number(/tcp\/(\d+)/.exec(peer.transport.addresses[0]!)![1])
  const closed = new Set<number>()
  const sockets: Socket[] = []
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (let i = 0; i < size; i++) {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {}).on('close', () => closed.add(i))
    await new Promise(resolve => socket.once('connect', resolve).once('close', resolve))
    if (firstByte !== undefined) socket.write(firstByte)
    socket.resume()
  }
  return {
    sockets,
    closed,
    async closings(count) {
      while (closed.size < count) await turn()
    },
  }
}

async function honestPeer(t: ExecutionContext, identities: readonly Identity[]) {
  const clock = manualClock()
  const peer = await openPeer(t, identities, 1, membersOf(identities), { clock })
  peer.transport.start(peer.events)
  return { peer, clock }
}

/** One dial, as a member makes it; a refusal ends the test. */
async function memberConnects(t: ExecutionContext, identity: Identity, peer: RunningPeer): Promise<void> {
  const node = await hostileNode(t, identity)
  const stream = await node.dialProtocol(multiaddr(peer.transport.addresses[0]!), PROTOCOL)
  t.is(stream.status, 'open')
}

test('a member comes in at once beside a hundred sockets from its own address that say nothing', async t => {
  const identities = [createIdentity(), createIdentity()]
  const { peer } = await honestPeer(t, identities)
  const crowd = await crowdAt(t, peer, 100)
  await memberConnects(t, identities[0]!, peer)
  // One for each that came when there was no room any more, the member among them.
  await crowd.closings(100 - silentPerSource + 1)
  t.is(crowd.closed.size, 100 - silentPerSource + 1)
  const told = peer.log.lines.filter(({ text }) => text.startsWith('more sockets without a member'))
  t.deepEqual(
    told.map(({ level }) => level),
    ['warn'],
  )
})

test('a member comes in at once beside a hundred handshakes from its own address that never end', async t => {
  const identities = [createIdentity(), createIdentity()]
  const { peer } = await honestPeer(t, identities)
  const crowd = await crowdAt(t, peer, 100, '\x13')
  await crowd.closings(100 - handshakesPerSource)
  await memberConnects(t, identities[0]!, peer)
})

test('who has not sent a byte in time is cut off; who has, is given time for its handshake', async t => {
  const identities = [createIdentity(), createIdentity()]
  const { peer, clock } = await honestPeer(t, identities)
  const before = clock.waiting
  const crowd = await crowdAt(t, peer, 3)
  while (clock.waiting < before + 3) await turn()
  crowd.sockets[1]!.write('\x13')
  while (clock.waiting > before + 2) await turn()
  clock.advance(FIRST_BYTE_TIMEOUT_MS - 1)
  for (let i = 0; i < 20; i++) await turn()
  t.is(crowd.closed.size, 0)
  clock.advance(1)
  await crowd.closings(2)
  t.deepEqual([...crowd.closed].sort(), [0, 2])
})

test('a peer that stops drops those that say nothing, and does not wait for them', async t => {
  const identities = [createIdentity(), createIdentity()]
  const { peer, clock } = await honestPeer(t, identities)
  const before = clock.waiting
  const crowd = await crowdAt(t, peer, 3)
  while (clock.waiting < before + 3) await turn()
  await peer.stop()
  await crowd.closings(3)
  t.pass()
})

test('a listener keeps a bounded number of sockets open, from any peer', async t => {
  const node = await hostileNode(t, createIdentity())
  type Inside = {
    readonly components: { readonly transportManager: { getListeners(): { server: Server }[] } }
  }
  const [listener] = (node as unknown as Inside).components.transportManager.getListeners()
  t.is(listener!.server.maxConnections, socketsMax(MEMBERS))
})

test('a peer without room at its own door dials the lower index at once', async t => {
  const identities = [createIdentity(), createIdentity()]
  const clock = manualClock()
  const lower = await openPeer(t, identities, 0, membersOf(identities))
  lower.transport.start(lower.events)
  const members = membersOf(identities, [lower.transport.addresses])
  const crowded = await openPeer(t, identities, 1, members, { clock })
  crowded.transport.start(crowded.events)
  clock.advance(0)
  const crowd = await crowdAt(t, crowded, silentPerSource + 1)
  await crowd.closings(1)
  clock.advance(0)
  t.like(await crowded.until(isKind('connected')), { peer: 0 })
})

test('without patience for as long as there is no room, and then as before', async t => {
  const clock = manualClock()
  const dials: number[] = []
  const dial = async (peer: number): Promise<boolean> => {
    dials.push(peer)
    redial.settle(peer)
    return true
  }
  const redial = createRedial({ self: 3, faults: 1, clock, random: () => 0.5, dial })
  redial.want(0)
  clock.advance(PATIENCE_MS - 1)
  t.deepEqual(dials, [])
  redial.crowded()
  clock.advance(0)
  t.deepEqual(dials, [0])
  await turn()
  clock.advance(CROWDED_FOR_MS - 1)
  redial.crowded()
  redial.want(1)
  clock.advance(0)
  t.deepEqual(dials, [0, 1])
  await turn()
  clock.advance(CROWDED_FOR_MS)
  redial.want(2)
  clock.advance(0)
  t.deepEqual(dials, [0, 1])
  clock.advance(PATIENCE_MS)
  t.deepEqual(dials, [0, 1, 2])
})

/** What a listener has accepted; what it then sends is read by its listener. */
interface Guest {
  readonly socket: Socket
  readonly isOpen: () => boolean
  say(bytes: string): void
}

/** A door whose sockets and upgrades are made by hand. */
function door(isKnown: (source: string) => boolean = () => false) {
  const clock = manualClock()
  const crowded: string[] = []
  const guard = createDoor({
    members: MEMBERS,
    clock,
    isKnown,
    crowded: source => void crowded.push(source),
    random: () => 0,
  })
  const upgrades: Socket[] = []
  const server = new Server()
  const listen = ({ upgrader }: { readonly upgrader: Upgrader }) => {
    server.on('connection', (socket: Socket) => {
      const remoteAddr = multiaddr(`/ip4/${socket.remoteAddress}/tcp/1000`)
      const connection = { remoteAddr, socket, abort: () => void socket.destroy() }
      upgrader.upgradeInbound(connection as never, {} as never).catch(() => socket.destroy())
    })
    return { server, close() {} }
  }
  const plain = () => ({ createListener: listen })
  const upgradeInbound = ({ socket }: { readonly socket: Socket }) => {
    upgrades.push(socket)
    return new Promise((_, reject) => socket.once('close', () => reject(new Error('closed'))))
  }
  const others = ['upgradeOutbound', 'createInboundAbortSignal', 'getStreamMuxers', 'getConnectionEncrypters']
  const upgrader = { upgradeInbound, ...Object.fromEntries(others.map(name => [name, () => {}])) }
  guard(plain as unknown as TransportFactory)({} as never).createListener({ upgrader } as never)
  const knock = (remoteAddress: string): Guest => {
    const duplex = new Duplex({ read() {}, write() {} })
    const socket = Object.assign(duplex, {
      remoteAddress,
      resetAndDestroy: () => duplex.destroy(),
    }) as never as Socket
    server.emit('connection', socket)
    return { socket, isOpen: () => !duplex.destroyed, say: bytes => void duplex.push(bytes) }
  }
  return { clock, crowded, upgrades, knock }
}

test('the upgrade begins with the first byte, which it finds unread', async t => {
  const { knock, upgrades } = door()
  const { socket, say } = knock('192.0.2.1')
  await turn()
  t.deepEqual(upgrades, [])
  say('hello')
  await turn()
  t.deepEqual(upgrades, [socket])
  const [read] = await once(socket, 'data')
  t.is(String(read), 'hello')
})

test('strangers elsewhere take no room from where members are known to be, silent or not', async t => {
  const { knock } = door(source => source === '192.0.2.1')
  const here = Array.from({ length: handshakesPerSource }, () => knock('192.0.2.1'))
  for (const guest of here.slice(1)) guest.say('hello')
  await turn()
  const others = Array.from({ length: 4 * SILENT_SOCKETS_MAX }, (_, i) => knock(`198.51.100.${i % 250}`))
  const silent = others.filter(({ isOpen }) => isOpen())
  t.is(silent.length, SILENT_SOCKETS_MAX + MEMBERS)
  for (const guest of silent) guest.say('hello')
  await turn()
  t.is(others.filter(({ isOpen }) => isOpen()).length, HANDSHAKES_MAX + MEMBERS)
  t.true(here.every(({ isOpen }) => isOpen()))
})

test('handshakes from one source have a rate, and silence does not count', async t => {
  const { knock, crowded, clock, upgrades } = door()
  const atOnce = HANDSHAKES_AT_ONCE_MAX + MEMBERS
  for (let i = 0; i < 300; i++) knock('192.0.2.1')
  for (let i = 0; i < atOnce; i++) {
    const guest = knock('192.0.2.1')
    guest.say('hello')
    await turn()
    t.true(guest.isOpen(), 'an early one goes, never the newest')
  }
  t.is(upgrades.length, atOnce)
  crowded.length = 0
  const early = knock('192.0.2.1')
  early.say('hello')
  await turn()
  t.is(upgrades.length, atOnce, 'it is not heard')
  knock('192.0.2.2').say('hello')
  await turn()
  t.is(upgrades.length, atOnce + 1)
  t.true(early.isOpen(), 'it would be back at once')
  t.true(crowded.includes('192.0.2.1'))
  clock.advance(TURNED_AWAY_AFTER_MS)
  t.false(early.isOpen())
  knock('192.0.2.1').say('hello')
  await turn()
  t.is(upgrades.length, atOnce + 2)
})

test('a key that is not let in counts for ten handshakes, and nonsense for one', async t => {
  const identities = [createIdentity(), createIdentity()]
  const { peer } = await honestPeer(t, identities)
  const crowd = await crowdAt(t, peer, 5, 'nonsense')
  await crowd.closings(5)
  const told = () => peer.log.lines.filter(({ text }) => text.startsWith('more sockets without a member'))
  const affordable = Math.ceil((HANDSHAKES_AT_ONCE_MAX + identities.length - 5) / HANDSHAKE_PRICE_REFUSED)
  const dial = async () => {
    const stranger = await hostileNode(t, createIdentity())
    await t.throwsAsync(stranger.dialProtocol(multiaddr(peer.transport.addresses[0]!), PROTOCOL))
  }
  for (let i = 0; i < affordable; i++) await dial()
  t.deepEqual(told(), [])
  // The next one is turned away before anything is computed for it.
  await dial()
  t.is(told().length, 1)
})
