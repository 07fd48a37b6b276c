/** Where a member is, is remembered for as long as it is away. In a file of its own: it changes this process's time. */
import { multiaddr } from '@multiformats/multiaddr'
import test from 'ava'
import { createIdentity } from '../../../node/cohort/identity.ts'
import { hostileNode } from './support.ts'

test('an address that was announced is known after a day as well', async t => {
  const [node, other] = await Promise.all([
    hostileNode(t, createIdentity()),
    hostileNode(t, createIdentity()),
  ])
  const address = '/ip4/192.0.2.1/tcp/4001'
  await node.peerStore.merge(other.peerId, { multiaddrs: [multiaddr(address)] })
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  Date.now = () => now() + 86_400_000
  t.true(await node.peerStore.has(other.peerId))
  const { addresses } = await node.peerStore.get(other.peerId)
  t.deepEqual(
    addresses.map(entry => String(entry.multiaddr)),
    [address],
  )
})
