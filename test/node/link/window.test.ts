/** The window: messages that a peer cannot take yet are withheld, whatever it, its socket and its connections do. */
import test from 'ava'
import fc from 'fast-check'
import { defaultLinkLimits } from '../../../node/link/limits.ts'
import { message, pair, type Side, upTo } from './pair.ts'

const AHEAD = 4

test('a message too far ahead of the peer waits, and the others overtake it', t => {
  const net = pair(defaultLinkLimits, AHEAD)
  const [sender, receiver] = net.sides as [Side, Side]
  net.connect()
  for (const step of upTo(9)) sender.link.enqueue(message(step))
  sender.link.enqueue(message(2))
  sender.link.enqueue({ ...message(9), timeless: true })
  sender.link.pump()
  net.settle()
  t.deepEqual(receiver.taken, [1, 2, 3, 4, 5, 2, 9])
  t.is(sender.link.status().withheld, 4)
  t.is(sender.link.status().unacknowledged, 4)
  receiver.step = 3
  receiver.link.acknowledge()
  net.settle()
  t.deepEqual(receiver.taken.slice(7), [6, 7])
  receiver.step = 9
  sender.step = 9
  sender.link.acknowledge()
  net.settle()
  t.deepEqual(receiver.ahead, [])
  receiver.link.enqueue(message(9))
  receiver.link.pump()
  net.settle()
  t.deepEqual(receiver.taken.slice(9), [8, 9], 'data frames carry the step too')
  t.is(sender.link.status().withheld, 0)
})

test('a side announces its step unasked, and announces nothing twice', t => {
  const net = pair(defaultLinkLimits, AHEAD)
  const receiver = net.sides[1]!
  net.connect()
  net.settle()
  receiver.link.acknowledge()
  t.is(net.wires[1]!.length, 0)
  receiver.step = 2
  receiver.link.acknowledge()
  receiver.link.acknowledge()
  t.is(net.wires[1]!.length, 1)
})

test('a side learns when the other is too far ahead, and when it no longer is', t => {
  const net = pair(defaultLinkLimits, AHEAD)
  const [first, second] = net.sides as [Side, Side]
  net.connect()
  net.settle()
  for (const step of [5, 6]) {
    first.step = step
    first.link.acknowledge()
    net.settle()
  }
  t.deepEqual(second.ahead, [true], 'at step 6, not 5')
  second.step = 2
  second.link.stepped()
  t.deepEqual(second.ahead, [true, false])
})

test('a new incarnation that is too far ahead gives a new sign', t => {
  const net = pair(defaultLinkLimits, AHEAD)
  net.sides[0]!.step = 6
  net.connect()
  net.settle()
  net.disconnect()
  net.connect()
  net.settle()
  const second = net.sides[1]!
  t.deepEqual(second.ahead, [true], 'a new connection alone gives no sign')
  net.disconnect()
  net.restart(0, 11).step = 6
  net.connect()
  net.settle()
  t.deepEqual(second.ahead, [true, false, true])
})

test('withheld messages stay within the limit, and the peer is told once it cannot be served', t => {
  const one = message(1).bytes + defaultLinkLimits.keptOverheadBytes
  const net = pair({ ...defaultLinkLimits, keptBytesMax: 10 * one }, AHEAD)
  const [sender, receiver] = net.sides as [Side, Side]
  net.connect()
  net.settle()
  for (const step of upTo(30)) {
    sender.link.enqueue(message(step))
    sender.link.pump()
    net.settle()
    t.true(sender.link.status().keptBytes <= 10 * one)
  }
  t.deepEqual(receiver.taken, upTo(5))
  t.deepEqual(receiver.missed, [1])
  receiver.step = 21
  receiver.link.acknowledge()
  net.settle()
  t.deepEqual(receiver.taken.slice(5), [21, 22, 23, 24, 25])
})

test('a message that was dropped in flight is missed only if it did not arrive', t => {
  const one = message(1)
  const limits = {
    ...defaultLinkLimits,
    bundleBytes: one.bytes,
    keptBytesMax: one.bytes + defaultLinkLimits.keptOverheadBytes,
  }
  for (const arrives of [true, false]) {
    const net = pair(limits)
    const [sender, receiver] = net.sides as [Side, Side]
    receiver.step = 2
    net.connect()
    net.settle()
    sender.link.enqueue(message(2))
    sender.link.pump()
    sender.link.enqueue(message(3))
    if (arrives) net.settle()
    net.disconnect()
    net.connect()
    net.settle()
    t.deepEqual(receiver.taken, arrives ? [2, 3] : [3])
    t.is(receiver.missed.length > 0, !arrives)
  }
})

test('for a peer that reads but acknowledges nothing, no more is sent or kept than the limits allow', t => {
  const one = message(1)
  const limits = {
    ...defaultLinkLimits,
    bundleBytes: one.bytes,
    inFlightBytesMax: 5 * one.bytes,
    keptBytesMax: 10 * (one.bytes + defaultLinkLimits.keptOverheadBytes),
  }
  const net = pair(limits)
  const [sender, receiver] = net.sides as [Side, Side]
  receiver.lazy = true
  net.connect()
  for (const step of upTo(100)) {
    sender.link.enqueue(message(step))
    sender.link.pump()
    net.settle()
  }
  t.deepEqual(receiver.taken, upTo(5))
  t.true(sender.link.status().keptBytes <= limits.keptBytesMax)
})

type Deed = {
  readonly deed: 'send' | 'deliver' | 'step' | 'break' | 'connect' | 'fill' | 'drain' | 'restart'
  readonly side: number
}

const deeds: fc.Arbitrary<readonly Deed[]> = fc.array(
  fc.record({
    deed: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('send' as const, 'deliver' as const) },
      { weight: 2, arbitrary: fc.constant('step' as const) },
      { weight: 1, arbitrary: fc.constantFrom('break', 'connect', 'fill', 'drain', 'restart') },
    ),
    side: fc.nat(1),
  }),
  { maxLength: 150 },
)

/** Whether a late vote, one of the two messages of each step, is added after the vectors of later steps. */
const late = (at: number) => Math.max(1, at - 3)

test('no message ever comes too early, and at the end each side has everything since it began', t => {
  fc.assert(
    fc.property(deeds, list => {
      const net = pair(defaultLinkLimits, AHEAD)
      const sent = [0, 0]
      const needs = [1, 1]
      /** How many incarnations of this side the other had met before the present one began. */
      const metBefore = [0, 0]
      let incarnation = 100
      const put = (side: number, at: number) => {
        net.sides[side]!.link.enqueue(message(at))
        net.sides[side]!.link.enqueue(message(late(at)))
      }
      const connect = () => {
        // A side that is new to the other neither sends nor receives messages from before the steps at which they meet.
        if (net.sides.some(({ met }, self) => met === metBefore[1 - self]))
          for (const [self, { step }] of net.sides.entries()) needs[self] = Math.max(needs[self]!, step)
        net.connect()
      }
      connect()
      for (const { deed, side } of list) {
        const own = net.sides[side]!
        if (deed === 'send') put(side, ++sent[side]!)
        else if (deed === 'deliver') net.deliver(side)
        else if (deed === 'step') own.step++
        else if (deed === 'break') net.disconnect()
        else if (deed === 'connect') connect()
        else if (deed === 'fill') own.full = true
        else if (deed === 'drain') net.drain(side)
        else {
          net.disconnect()
          const again = net.restart(side, incarnation++)
          again.step = Math.max(1, own.step - 1)
          needs[side] = again.step
          metBefore[side] = net.sides[1 - side]!.met
          metBefore[1 - side] = 0
          for (const step of upTo(sent[side]!)) put(side, step)
        }
        own.link.pump()
      }
      connect()
      for (const [self, side] of net.sides.entries()) {
        side.step = Math.max(...sent, side.step)
        net.drain(self)
      }
      net.rest()
      for (const [self, { taken, early, missed, faults, link }] of net.sides.entries()) {
        t.deepEqual([early, missed, faults], [[], [], []])
        const needed = upTo(sent[1 - self]!).filter(step => step >= needs[self]!)
        t.deepEqual(
          needed.filter(step => !taken.includes(step)),
          [],
        )
        t.is(link.status().unacknowledged, 0)
      }
    }),
    { numRuns: 3000 },
  )
})
