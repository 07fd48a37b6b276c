/** Whatever the other side of a link sends, this side never throws, never sends forever, and harms no other peer. */
import test from 'ava'
import fc from 'fast-check'
import type { LinkFrame } from '../../../node/codec/index.ts'
import { defaultLinkLimits } from '../../../node/link/limits.ts'
import { message, pair } from './pair.ts'

const number = fc.oneof(fc.nat(40), fc.maxSafeNat())
const step = fc.nat(40)

const said: fc.Arbitrary<LinkFrame> = fc.oneof(
  fc.record({ kind: fc.constant('ack' as const), acknowledged: number, step: number, deliversFrom: number }),
  fc.record({
    kind: fc.constant('data' as const),
    sequence: number,
    acknowledged: number,
    step: number,
    messages: fc.constant([]),
  }),
  fc.record({
    kind: fc.constant('resume' as const),
    incarnation: fc.constantFrom(20, 21),
    peerIncarnation: fc.constantFrom(0, 10, 11),
    received: number,
    step: fc.oneof(step, number),
    completeFrom: step,
    deliversFrom: step,
  }),
  fc.constant({ kind: 'finished' as const }),
)

const deed = fc.oneof(
  { weight: 4, arbitrary: said.map(frame => ({ deed: 'hear' as const, frame })) },
  { weight: 4, arbitrary: fc.constant({ deed: 'send' as const }) },
  ...(['connect', 'break', 'fill', 'drain'] as const).map(what => ({
    weight: 1,
    arbitrary: fc.constant({ deed: what }),
  })),
  { weight: 2, arbitrary: step.map(before => ({ deed: 'forget' as const, before })) },
)

test('no lie of the other side makes a link throw', t => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 60 }), deeds => {
      const net = pair(defaultLinkLimits, 4)
      const { link } = net.sides[0]!
      let sent = 0
      net.connect()
      for (const each of deeds) {
        if (each.deed === 'hear') link.receive(each.frame)
        else if (each.deed === 'send') {
          link.enqueue({
            ...message(++sent),
            repeated: sent % 3 !== 0,
            timeless: sent % 5 === 0,
            onlyInStep: sent % 2 === 0,
          })
          link.pump()
        } else if (each.deed === 'forget') link.forgetBefore(each.before)
        else if (each.deed === 'fill') net.sides[0]!.full = true
        else if (each.deed === 'drain') net.drain(0)
        else if (each.deed === 'break') net.disconnect()
        else net.connect()
      }
      const { keptBytes, unacknowledged, withheld } = link.status()
      t.true(unacknowledged >= 0 && unacknowledged <= sent)
      t.true(withheld >= 0 && withheld <= unacknowledged)
      t.true(keptBytes >= 0 && keptBytes <= sent * (60 + defaultLinkLimits.keptOverheadBytes))
    }),
    { numRuns: 5000 },
  )
})

test('a side that takes back an acknowledgement is sent what is still kept', t => {
  const net = pair()
  const sender = net.sides[0]!
  net.connect()
  net.settle()
  for (let at = 1; at <= 20; at++) sender.link.enqueue(message(at))
  sender.link.pump()
  net.settle()
  net.disconnect()
  net.connect()
  sender.full = true
  sender.link.receive({
    kind: 'resume',
    incarnation: 20,
    peerIncarnation: 10,
    received: 4,
    step: 1,
    completeFrom: 1,
    deliversFrom: 1,
  })
  sender.link.forgetBefore(10)
  t.notThrows(() => net.drain(0))
})
