/** Who has to go where there is no room, and what counts as one source. */
import { multiaddr } from '@multiformats/multiaddr'
import test from 'ava'
import fc from 'fast-check'
import { randomStream } from '../../../learning/random.ts'
import { sourceOf } from '../../../node/network/sources.ts'
import { createWaitingRoom } from '../../../node/network/waiting-room.ts'

test('a waiting room keeps its limits, and takes only from the source that has most', t => {
  const limits = { perSource: 4, total: 10 }
  const actions = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), fc.nat(9)), {
    minLength: 10,
    maxLength: 100,
  })
  fc.assert(
    fc.property(actions, fc.nat(), (list, seed) => {
      const random = randomStream(seed, 'door')
      const room = createWaitingRoom<number>(limits, () => random.uniform())
      const inside = new Map<number, string>()
      const count = (source: string) => [...inside.values()].filter(other => other === source).length
      for (const [guest, [source, chance]] of list.entries()) {
        const most = Math.max(0, ...[...inside.values()].map(count))
        const [own, all] = [count(source), inside.size]
        const victim = room.enter(guest, source)
        t.is(victim === null, own < limits.perSource && all < limits.total)
        if (victim !== null) {
          const from = inside.get(victim)!
          t.is(count(from), own === limits.perSource ? own : most)
          if (own === limits.perSource) t.is(from, source)
          inside.delete(victim)
        }
        inside.set(guest, source)
        t.is(room.size, inside.size)
        const [first] = inside.keys()
        if (chance === 0 && first !== undefined) {
          room.leave(first)
          inside.delete(first)
        }
      }
    }),
  )
})

test('any of the early ones may have to go, each as likely as the other', t => {
  const random = randomStream(1, 'door')
  const gone = Array.from({ length: 8 }, () => 0)
  for (let run = 0; run < 4000; run++) {
    const room = createWaitingRoom<number>({ perSource: 8, total: 100 }, () => random.uniform())
    for (let guest = 0; guest < 8; guest++) t.is(room.enter(guest, 'a'), null)
    gone[room.enter(8, 'a')!]!++
  }
  t.true(
    gone.every(times => Math.abs(times - 500) < 120),
    gone.join(),
  )
})

for (const [address, source] of [
  ['/ip4/192.0.2.7/tcp/4001', '192.0.2.7'],
  ['/ip4/192.0.2.7/udp/4001/quic-v1', '192.0.2.7'],
  ['/ip6/2001:db8:0:7::1/tcp/4001', '2001:db8:0:7::/64'],
  ['/ip6/2001:db8:0:7:ffff::2/tcp/4001', '2001:db8:0:7::/64'],
  ['/ip6/2001:db8::1/tcp/4001', '2001:db8:0:0::/64'],
  ['/ip6/::1/tcp/4001', '0:0:0:0::/64'],
  ['/ip6/fe80::1/tcp/4001', 'fe80::1'],
  ['/ip6zone/eth0/ip6/fe80::2/tcp/4001', 'fe80::2'],
  ['/dns4/example.org/tcp/4001', 'example.org'],
] as const)
  test(`${address} counts as ${source}`, t => {
    t.is(sourceOf(multiaddr(address)), source)
  })
