/** Members over IPv6: by addresses of the cohort file, and by link-local ones, which need the name of an interface. */
import { type Server, Socket } from 'node:net'
import type { Listener, MultiaddrConnection, Upgrader } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import test from 'ava'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { addressOf, endpointOf } from '../../../node/network/endpoint.ts'
import { guardedTcp } from '../../../node/network/tcp-guard.ts'
import { bytesOf, hostileNode, isKind, openPair } from './support.ts'

test('two members meet at an IPv6 address of the cohort file, and frames arrive', async t => {
  const [first, second] = await openPair(t, [{}, { listen: ['/ip6/::1/tcp/0'] }])
  t.regex(second.transport.addresses.join(), /^\/ip6\/::1\/tcp\/\d+\/p2p\/\w+$/)
  await Promise.all([first.until(isKind('connected')), second.until(isKind('connected'))])
  t.true(first.transport.send(1, [Buffer.from('over IPv6')]))
  t.is(String(bytesOf([await second.until(isKind('frame'))])[0]), 'over IPv6')
})

test('the zone of a link-local address is part of its host', t => {
  const address = '/ip6zone/eth0/ip6/fe80::1/tcp/4001'
  t.deepEqual(endpointOf(address), { family: 'ip6', host: 'fe80::1%eth0', port: 4001, over: 'tcp' })
  t.is(addressOf(endpointOf(address)!), address)
})

test('an address is dialled with its zone', async t => {
  const node = await hostileNode(t, createIdentity())
  // Nothing listens there, and the error says where that was.
  const target = multiaddr(`/ip6zone/none0/ip6/::1/tcp/1/p2p/${createIdentity().id}`)
  const { message } = await t.throwsAsync(node.dial(target))
  t.regex(message, /::1%none0/)
})

/** A socket that claims to come from there. */
function socketFrom(remoteAddress: string): Socket {
  const claimed = { remoteAddress, remotePort: 4001 }
  const properties = Object.entries(claimed).map(([name, value]) => [name, { value, configurable: true }])
  return Object.defineProperties(new Socket(), Object.fromEntries(properties))
}

test('a connection from a link-local address is let in, and not only one from elsewhere', async t => {
  const seen: string[] = []
  const watch = ({ remoteAddr }: MultiaddrConnection) => void seen.push(String(remoteAddr))
  const silent = Object.assign(() => {}, { enabled: false, trace() {}, error() {}, newScope: () => silent })
  const components = { logger: { forComponent: () => silent } }
  const transport = guardedTcp(
    {},
    watch,
  )(components as unknown as Parameters<ReturnType<typeof guardedTcp>>[0])
  const upgrader = {
    createInboundAbortSignal: () => Object.assign(new AbortController().signal, { clear() {} }),
    upgradeInbound: async () => {},
  } as unknown as Upgrader
  const listener = transport.createListener({ upgrader }) as Listener & { readonly server: Server }
  await listener.listen(multiaddr('/ip6/::1/tcp/0'))
  t.teardown(() => listener.close())
  for (const remoteAddress of ['fe80::9%eth0', 'fd00::9'])
    listener.server.emit('connection', socketFrom(remoteAddress))
  t.deepEqual(seen, ['/ip6/fe80::9/tcp/4001', '/ip6/fd00::9/tcp/4001'])
})
