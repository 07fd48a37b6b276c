/** mDNS asks and answers on every interface, follows those that come and go, and outlives what fails on one of them. */
import test, { type ExecutionContext } from 'ava'
import { createIdentity } from '../../../../node/cohort/identity.ts'
import { createBoundary } from '../../../../node/network/boundary.ts'
import {
  ADDRESSES_FOUND_MAX,
  MDNS_ANSWER_INTERVAL_MS,
  MDNS_BURST_MAX,
  MDNS_INTERVAL_MS,
  MDNS_LOOK_INTERVAL_MS,
  MDNS_PER_SECOND_MAX,
  MDNS_SERVICE,
  MDNS_SOCKETS_MAX,
  MDNS_SOURCE_BURST_MAX,
  MDNS_SOURCE_PER_SECOND_MAX,
} from '../../../../node/network/constants.ts'
import { decodePacket } from '../../../../node/network/mdns/decode.ts'
import { createDiscovery, type DiscoveryOptions } from '../../../../node/network/mdns/discovery.ts'
import type { LocalInterface } from '../../../../node/network/mdns/interfaces.ts'
import { asksFor, claimOf, encodeAnswer, encodeQuestion } from '../../../../node/network/mdns/message.ts'
import { manualClock } from '../support.ts'
import { at, type Cable, cable, plugged } from './networks.ts'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
const ids = [createIdentity().id, createIdentity().id] as const

interface Peer {
  readonly clock: ReturnType<typeof manualClock>
  interfaces: readonly LocalInterface[]
  /** `eth0 /ip4/…`: where it found whom, without the id. */
  readonly found: string[]
  readonly troubles: string[]
  readonly failures: Error[]
}

function peerOn(
  t: ExecutionContext,
  cables: Readonly<Record<string, Cable>>,
  interfaces: readonly LocalInterface[],
  changes: Partial<DiscoveryOptions> = {},
  id: string = ids[0],
): Peer {
  const peer: Peer = { clock: manualClock(), interfaces, found: [], troubles: [], failures: [] }
  const discovery = createDiscovery({
    clock: peer.clock,
    interfaces: () => peer.interfaces,
    open: plugged(cables),
    addresses: ({ family, addresses }) => addresses.map(host => `/${family}/${host}/tcp/4001/p2p/${id}`),
    found: (_, addresses, { name }) => void peer.found.push(`${name} ${addresses.map(String).join(' ')}`),
    trouble: text => void peer.troubles.push(text),
    around: createBoundary(error => void peer.failures.push(error)).around,
    ...changes,
  })
  discovery.start()
  t.teardown(() => discovery.stop())
  return peer
}

const questions = ({ packets }: Cable) =>
  packets.filter(bytes => asksFor(decodePacket(bytes)!, MDNS_SERVICE)).length
const answers = ({ packets }: Cable) =>
  packets.flatMap(bytes => claimOf(decodePacket(bytes)!, MDNS_SERVICE)?.addresses.map(String) ?? [])

test('two hosts whose first interface is a VPN find each other on the cable, at its addresses alone', async t => {
  const switched = cable()
  const mine = peerOn(t, { vpn0: cable(), eth0: switched }, [
    at('vpn0', '10.99.0.1/24'),
    at('eth0', '10.0.0.1/24'),
  ])
  await turn()
  const other = peerOn(
    t,
    { vpn0: cable(), eth0: switched },
    [at('vpn0', '10.99.0.1/24'), at('eth0', '10.0.0.2/24')],
    {},
    ids[1],
  )
  await turn()
  mine.clock.advance(MDNS_INTERVAL_MS)
  await turn()
  t.deepEqual(mine.found, ['eth0 /ip4/10.0.0.2/tcp/4001'])
  t.deepEqual(other.found[0], 'eth0 /ip4/10.0.0.1/tcp/4001')
})

test('every interface is asked on, in both families, at once and every ten seconds', async t => {
  const [eth0, wlan0] = [cable(), cable()]
  const peer = peerOn(t, { eth0, wlan0 }, [
    at('eth0', '10.0.0.1/24'),
    at('eth0', 'fd00::1/64'),
    at('wlan0', '10.1.0.1/24'),
  ])
  await turn()
  t.deepEqual([questions(eth0), questions(wlan0)], [2, 1])
  peer.clock.advance(MDNS_INTERVAL_MS - 1)
  t.deepEqual([questions(eth0), questions(wlan0)], [2, 1])
  peer.clock.advance(MDNS_LOOK_INTERVAL_MS)
  t.deepEqual([questions(eth0), questions(wlan0)], [4, 2])
})

test('an interface that comes is asked on, one that goes is let go, and one whose address changes is asked on anew', async t => {
  const [eth0, wlan0] = [cable(), cable()]
  const peer = peerOn(t, { eth0, wlan0 }, [])
  const look = async (...interfaces: readonly LocalInterface[]) => {
    peer.interfaces = interfaces
    peer.clock.advance(MDNS_LOOK_INTERVAL_MS)
    await turn()
    return [eth0.sockets, questions(eth0), wlan0.sockets, questions(wlan0)]
  }
  t.deepEqual(await look(at('wlan0', '10.1.0.1/24')), [0, 0, 1, 1])
  t.deepEqual(await look(at('wlan0', '10.1.0.1/24'), at('eth0', '10.0.0.1/24')), [1, 1, 1, 1])
  t.deepEqual(await look(at('eth0', '10.0.0.1/24')), [1, 1, 0, 1])
  t.deepEqual(await look(at('eth0', '10.0.0.7/24')), [1, 2, 0, 1])
  eth0.inject(encodeQuestion(MDNS_SERVICE))
  t.deepEqual(answers(eth0).at(-1), '/ip4/10.0.0.7/tcp/4001')
})

test('a tunnel without multicast, or a socket that cannot be opened, disturbs no other; each kind of error is told once', async t => {
  const eth0 = cable()
  const open: DiscoveryOptions['open'] = (local, events) => {
    if (local.name === 'odd') throw new Error('odd')
    return plugged({ eth0 })(local, events)
  }
  const peer = peerOn(
    t,
    {},
    [
      at('lo', '::1/128'),
      at('odd', '10.8.0.1/24'),
      at('tun0', '10.9.0.1/24'),
      at('tun1', '10.9.1.1/24'),
      at('eth0', '10.0.0.1/24'),
    ],
    { open },
  )
  for (let i = 0; i < 5; i++) {
    await turn()
    peer.clock.advance(MDNS_INTERVAL_MS)
  }
  await turn()
  t.deepEqual(peer.troubles, [
    'mDNS does not work on odd (10.8.0.1): odd',
    'mDNS does not work on tun0 (10.9.0.1): addMembership ENODEV',
  ])
  t.deepEqual(peer.failures, [])
  t.true(questions(eth0) > 4)
})

test('a host with very many interfaces: a limited number of sockets, and those with link-local addresses alone go', async t => {
  const [veth, eth0] = [cable(), cable()]
  const many = Array.from({ length: 2 * MDNS_SOCKETS_MAX }, (_, i) => at('veth', `fe80::${i + 1}/64`))
  peerOn(t, { veth, eth0 }, [...many, at('eth0', '10.0.0.1/24')])
  await turn()
  t.deepEqual([veth.sockets, eth0.sockets], [MDNS_SOCKETS_MAX - 1, 1])
})

test('where the system does not tell its interfaces, that is told once and tried again', async t => {
  const eth0 = cable()
  let isAllowed = false
  const peer = peerOn(t, { eth0 }, [], {
    interfaces() {
      if (!isAllowed) throw Object.assign(new Error('no netlink'), { code: 'EAFNOSUPPORT' })
      return [at('eth0', '10.0.0.1/24')]
    },
  })
  peer.clock.advance(MDNS_LOOK_INTERVAL_MS)
  t.deepEqual(peer.troubles, ["this machine's interfaces cannot be listed: no netlink"])
  isAllowed = true
  peer.clock.advance(MDNS_LOOK_INTERVAL_MS)
  await turn()
  t.is(questions(eth0), 1)
})

test('however many questions come, an answer goes out once a second, and the last one is not left out', async t => {
  const eth0 = cable()
  const peer = peerOn(t, { eth0 }, [at('eth0', '10.0.0.1/24')])
  await turn()
  t.is(answers(eth0).length, 1, 'to its own question')
  for (let i = 0; i < 100; i++) eth0.inject(encodeQuestion(MDNS_SERVICE))
  t.is(answers(eth0).length, 1)
  peer.clock.advance(MDNS_ANSWER_INTERVAL_MS)
  t.is(answers(eth0).length, 2)
  peer.clock.advance(MDNS_ANSWER_INTERVAL_MS)
  t.is(answers(eth0).length, 2)
})

test('a peer that listens nowhere on an interface asks there, and does not answer', async t => {
  const eth0 = cable()
  peerOn(t, { eth0 }, [at('eth0', '10.0.0.1/24')], { addresses: () => [] })
  await turn()
  t.is(eth0.packets.length, 1)
})

test('a link-local IPv6 address gets the zone of the interface that it was heard on; others stay as they are', async t => {
  const eth0 = cable()
  const peer = peerOn(t, { eth0 }, [at('eth0', 'fe80::1/64')])
  await turn()
  const addresses = ['/ip6/fe80::2/tcp/1', '/ip6/fd00::2/tcp/1', '/ip4/10.0.0.2/tcp/1'].map(
    each => `${each}/p2p/${ids[1]}`,
  )
  eth0.inject(encodeAnswer(MDNS_SERVICE, 'other', addresses), 'fe80::2%eth0')
  t.deepEqual(peer.found, ['eth0 /ip6zone/eth0/ip6/fe80::2/tcp/1 /ip6/fd00::2/tcp/1 /ip4/10.0.0.2/tcp/1'])
})

test('nonsense, other services, other peers’ ids and endless lists of addresses: heard without harm', async t => {
  const eth0 = cable()
  const peer = peerOn(t, { eth0 }, [at('eth0', '10.0.0.1/24')])
  await turn()
  const good = `/ip4/10.0.0.2/tcp/1/p2p/${ids[1]}`
  const answer = (...addresses: readonly string[]) => encodeAnswer(MDNS_SERVICE, 'other', addresses)
  for (const bytes of [
    new Uint8Array(),
    new Uint8Array(500).fill(255),
    answer(good).subarray(0, -3),
    encodeAnswer('_other._udp.local', 'other', [good]),
    answer(),
    answer('no address'),
    answer('/ip4/10.0.0.2/tcp/1'),
    answer('/ip4/10.0.0.2/tcp/1/p2p/nobody'),
    answer(`/ip4/300.0.0.2/tcp/1/p2p/${ids[1]}`),
    answer(`/ip4/10.0.0.2/tcp/1/p2p/${ids[1]}${'x'.repeat(300)}`),
  ])
    eth0.inject(bytes)
  t.deepEqual(peer.found, [])
  eth0.inject(answer(good, `/ip4/10.0.0.3/tcp/1/p2p/${ids[0]}`))
  t.deepEqual(peer.found, ['eth0 /ip4/10.0.0.2/tcp/1'], 'one answer is about one peer')
  eth0.inject(answer(...Array.from({ length: 100 }, (_, i) => `/ip4/10.0.0.2/tcp/${i + 1}/p2p/${ids[1]}`)))
  t.is(peer.found[1]!.split(' ').length - 1, ADDRESSES_FOUND_MAX)
  t.deepEqual(peer.failures, [])
})

test('the source of an answer is told with it', async t => {
  const eth0 = cable()
  const sources: string[] = []
  peerOn(t, { eth0 }, [at('eth0', '10.0.0.1/24')], { found: (...given) => void sources.push(given[3]) })
  await turn()
  eth0.inject(encodeAnswer(MDNS_SERVICE, 'other', [`/ip4/10.0.0.2/tcp/1/p2p/${ids[1]}`]), '10.0.0.66')
  t.deepEqual(sources, ['10.0.0.66'])
})

test('one source floods: its packets are read at a steady rate, and those of others are read as before', async t => {
  const eth0 = cable()
  const peer = peerOn(t, { eth0 }, [at('eth0', '10.0.0.1/24')])
  await turn()
  const claim = (host: number) =>
    encodeAnswer(MDNS_SERVICE, 'other', [`/ip4/10.0.0.${host}/tcp/1/p2p/${ids[1]}`])
  const flood = (count: number) => {
    const before = peer.found.length
    for (let i = 0; i < count; i++) eth0.inject(claim(66), '10.0.0.66')
    return peer.found.length - before
  }
  t.is(flood(10 * MDNS_BURST_MAX), MDNS_SOURCE_BURST_MAX)
  peer.clock.advance(1000)
  t.is(flood(10 * MDNS_BURST_MAX), MDNS_SOURCE_PER_SECOND_MAX)
  eth0.inject(claim(2), '10.0.0.2')
  t.is(peer.found.at(-1), 'eth0 /ip4/10.0.0.2/tcp/1')
})

test('from however many sources, packets are read at a steady rate', async t => {
  const eth0 = cable()
  const peer = peerOn(t, { eth0 }, [at('eth0', '10.0.0.1/24')])
  await turn()
  const own = eth0.packets.length
  const claim = encodeAnswer(MDNS_SERVICE, 'other', [`/ip4/10.0.0.2/tcp/1/p2p/${ids[1]}`])
  const flood = () => {
    const before = peer.found.length
    for (let i = 0; i < 2 * MDNS_BURST_MAX; i++) eth0.inject(claim, `10.0.${i >> 8}.${i & 255}`)
    return peer.found.length - before
  }
  t.is(flood(), MDNS_BURST_MAX - own)
  peer.clock.advance(1000)
  t.is(flood(), MDNS_PER_SECOND_MAX)
})

test('a hundred peers that start at once on one network are all heard, and go on being heard', async t => {
  const eth0 = cable()
  const peer = peerOn(t, { eth0 }, [at('eth0', '10.0.0.1/24')])
  await turn()
  const claimOfHost = (host: number) =>
    encodeAnswer(MDNS_SERVICE, 'other', [`/ip4/10.0.0.${host}/tcp/1/p2p/${ids[1]}`])
  for (let second = 0; second < 60; second++) {
    for (let host = 2; host < 102; host++) {
      if (second % 10 === 0) eth0.inject(encodeQuestion(MDNS_SERVICE), `10.0.0.${host}`)
      eth0.inject(claimOfHost(host), `10.0.0.${host}`)
    }
    peer.clock.advance(1000)
  }
  t.is(peer.found.length, 60 * 100)
})
