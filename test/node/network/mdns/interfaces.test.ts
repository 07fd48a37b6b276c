/** This machine's interfaces, the addresses that are told on each, and real sockets on loopback. */
import { networkInterfaces } from 'node:os'
import test from 'ava'
import { decodePacket } from '../../../../node/network/mdns/decode.ts'
import { localInterfaces } from '../../../../node/network/mdns/interfaces.ts'
import { asksFor, encodeQuestion } from '../../../../node/network/mdns/message.ts'
import { addressesAt } from '../../../../node/network/mdns/own-addresses.ts'
import { openMdnsSocket } from '../../../../node/network/mdns/socket.ts'
import { at, listed } from './networks.ts'

test('each interface is one for each family, with all of its addresses, link-local ones last', t => {
  const all = localInterfaces({
    lo: [listed('127.0.0.1/8', { internal: true })],
    eth0: [listed('10.0.0.1/24'), listed('fe80::1/64'), listed('10.0.1.1/24'), listed('fd00::1/64')],
    none: [],
  })
  t.deepEqual(
    all.map(({ name, family, isInternal, addresses }) => [name, family, isInternal, ...addresses]),
    [
      ['lo', 'ip4', true, '127.0.0.1'],
      ['eth0', 'ip4', false, '10.0.0.1', '10.0.1.1'],
      ['eth0', 'ip6', false, 'fd00::1', 'fe80::1'],
    ],
  )
})

test('a source belongs to the interface whose network it is in, or whose zone it names', t => {
  const four = localInterfaces({ eth0: [listed('192.168.1.5/24'), listed('169.254.7.1/16')] })[0]!
  const six = localInterfaces({ eth0: [listed('fd00::1/64'), listed('fe80::1/64')] })[0]!
  const all = ['192.168.1.77', '192.168.2.77', '169.254.200.1', '10.0.0.1', '8.8.8.8']
  t.deepEqual(all.filter(four.isSource), ['192.168.1.77', '169.254.200.1'])
  const more = ['fd00::77', 'fd01::77', 'fe80::2%eth0', 'fe80::2%wlan0', '2001:db8::1']
  t.deepEqual(more.filter(six.isSource), ['fd00::77', 'fe80::2%eth0'])
  t.false(four.isSource('no address'))
})

test('an interface with another address, or made anew, needs a new socket', t => {
  const keys = [
    at('eth0', '10.0.0.1/24'),
    at('eth0', '10.0.0.2/24'),
    at('eth1', '10.0.0.1/24'),
    localInterfaces({ eth0: [listed('10.0.0.1/24', { mac: '02:00:00:00:00:02' })] })[0]!,
  ].map(({ key }) => key)
  t.is(new Set(keys).size, keys.length)
  t.is(at('eth0', '10.0.0.1/24').key, keys[0]!)
})

test('on each interface its own addresses are told: all of them by who listens everywhere', t => {
  const eth0 = localInterfaces({ eth0: [listed('10.0.0.1/24'), listed('169.254.1.1/16')] })[0]!
  const six = localInterfaces({ eth0: [listed('fd00::1/64'), listed('fe80::1/64')] })[0]!
  // As libp2p lists them: no link-local address, and the addresses of all interfaces.
  const libp2p = ['/ip4/127.0.0.1/tcp/41/p2p/x', '/ip4/10.0.0.1/tcp/41/p2p/x', '/ip4/10.9.0.1/tcp/41/p2p/x']
  const everywhere = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/udp/42/quic-v1']
  const all = [...libp2p, '/ip6/::1/udp/42/quic-v1', '/dns4/a.example/tcp/41']
  t.deepEqual(addressesAt(eth0, everywhere, all), ['/ip4/10.0.0.1/tcp/41', '/ip4/169.254.1.1/tcp/41'])
  t.deepEqual(addressesAt(six, everywhere, all), [
    '/ip6/fd00::1/udp/42/quic-v1',
    '/ip6/fe80::1/udp/42/quic-v1',
  ])
  t.deepEqual(addressesAt(six, ['/ip4/0.0.0.0/tcp/0'], libp2p), [])
  const one = ['/ip4/10.0.0.1/tcp/41']
  t.deepEqual(addressesAt(eth0, one, one), one)
  t.deepEqual(addressesAt(at('wlan0', '10.9.0.1/24'), one, one), [])
  const loopback = ['/ip4/127.0.0.1/tcp/41']
  t.deepEqual(addressesAt(eth0, loopback, loopback), [])
  t.deepEqual(addressesAt(at('lo', '127.0.0.1/8'), loopback, loopback), loopback)
})

/** Not mDNS's: other programs speak there. */
const PORT = 5398

test('real sockets: two on one interface hear each other, and themselves, and nothing once closed', async t => {
  const loopback = localInterfaces(networkInterfaces()).find(
    ({ isInternal, family }) => isInternal && family === 'ip4',
  )!
  const heard = Promise.withResolvers<string>()
  const errors: Error[] = []
  const trouble = (error: Error) => void errors.push(error)
  const listening = Promise.withResolvers<void>()
  const other = openMdnsSocket(
    loopback,
    {
      ready: listening.resolve,
      heard(bytes, source) {
        const packet = decodePacket(bytes)
        if (packet !== null && asksFor(packet, '_test._udp.local')) heard.resolve(source)
      },
      trouble,
    },
    PORT,
  )
  await listening.promise
  const itself = Promise.withResolvers<void>()
  const socket = openMdnsSocket(
    loopback,
    { ready: () => socket.send(encodeQuestion('_test._udp.local')), heard: () => itself.resolve(), trouble },
    PORT,
  )
  t.is(await heard.promise, '127.0.0.1')
  await itself.promise
  for (const each of [socket, other, other]) each.close()
  socket.send(encodeQuestion('_test._udp.local'))
  t.deepEqual(errors, [])
})

test('real sockets: an interface that this machine does not have is told of, and ends nothing', async t => {
  const error = await new Promise<NodeJS.ErrnoException>(trouble => {
    const socket = openMdnsSocket(
      at('gone0', '203.0.113.9/24'),
      { ready: () => t.fail(), heard() {}, trouble },
      PORT,
    )
    t.teardown(() => socket.close())
  })
  t.is(error.code, 'ENODEV')
})
