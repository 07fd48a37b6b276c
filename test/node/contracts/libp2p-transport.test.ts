/** libp2p on loopback keeps the contract of transports, over TCP and over QUIC. */
import { createIdentity } from '../../../node/cohort/identity.ts'
import { membersOf, openPeer } from '../network/support.ts'
import { transportContract } from './transport.ts'

for (const [name, place] of [
  ['TCP', '/ip4/127.0.0.1/tcp/0'],
  ['QUIC', '/ip4/127.0.0.1/udp/0/quic-v1'],
] as const)
  transportContract(`libp2p over ${name}`, async t => {
    t.timeout(60_000)
    const identities = [createIdentity(), createIdentity()]
    /** The address of each member, the same in all its incarnations. */
    const places: string[][] = [[place], [place]]
    const waiting = new Set<() => void>()
    return {
      async open(self, events) {
        const known = places.map(addresses => addresses.filter(address => !address.includes('/0')))
        const members = membersOf(identities, known)
        const { transport } = await openPeer(t, identities, self, members, {
          listen: places[self]!,
          dimension: 50_000,
        })
        places[self] = transport.addresses.map(address => address.replace(/\/p2p\/.*/, ''))
        transport.start(events)
        return transport
      },
      async openSecond(self, events) {
        const members = membersOf(identities, places)
        const { transport } = await openPeer(t, identities, self, members, {
          listen: [place],
          dimension: 50_000,
        })
        transport.start(events)
        return transport
      },
      until: condition =>
        new Promise(resolve => {
          const look = () => {
            if (!condition()) return
            waiting.delete(look)
            resolve()
          }
          waiting.add(look)
          look()
        }),
      wake() {
        for (const look of [...waiting]) look()
      },
    }
  })
