/** The link: what it does for a peer that is away, slow, restarted or finished, and that its limits hold. */
import test from 'ava'
import { defaultLinkLimits } from '../../../node/link/limits.ts'
import { message, pair, type Side, upTo } from './pair.ts'

test('messages in flight are limited, and the rest follows the acknowledgements', t => {
  const one = message(1).bytes
  const net = pair({ ...defaultLinkLimits, inFlightBytesMax: 3 * one, bundleBytes: one })
  const sender = net.sides[0]!
  net.connect()
  net.settle()
  for (let step = 1; step <= 10; step++) sender.link.enqueue(message(step))
  sender.link.pump()
  t.is(net.wires[0]!.length, 3)
  net.settle()
  t.deepEqual(net.sides[1]!.taken, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('small messages travel together', t => {
  const net = pair()
  net.connect()
  net.settle()
  for (let step = 1; step <= 100; step++) net.sides[0]!.link.enqueue(message(step))
  net.sides[0]!.link.pump()
  t.is(net.wires[0]!.length, 1)
})

test('messages for a peer that is away too long are dropped, oldest first, and it is told of the gap', t => {
  const one = message(1).bytes + defaultLinkLimits.keptOverheadBytes
  const net = pair({ ...defaultLinkLimits, keptBytesMax: 4 * one })
  net.connect()
  net.sides[0]!.link.enqueue(message(1))
  net.sides[0]!.link.pump()
  net.settle()
  net.disconnect()
  for (let step = 2; step <= 20; step++) net.sides[0]!.link.enqueue(message(step))
  t.true(net.sides[0]!.link.status().keptBytes <= 4 * one)
  net.connect()
  net.settle()
  t.deepEqual(net.sides[1]!.taken, [1, 17, 18, 19, 20])
  t.true(net.sides[1]!.missed.length > 0)
})

test('a finished peer still receives everything, because others may need its votes', t => {
  const net = pair()
  net.connect()
  net.settle()
  net.sides[1]!.link.finish()
  net.settle()
  net.sides[0]!.link.enqueue(message(1))
  net.sides[0]!.link.pump()
  net.settle()
  t.true(net.sides[0]!.link.status().finished)
  t.deepEqual(net.sides[1]!.taken, [1])
})

for (const full of [0, 1])
  test(`a link resumes and announces its end even if side ${full} has no room to send at first`, t => {
    const net = pair()
    const [sender, receiver] = net.sides as [Side, Side]
    sender.link.enqueue(message(1))
    net.connect(full)
    for (const { link } of net.sides) link.finish()
    net.settle()
    t.deepEqual(receiver.taken, [])
    net.drain(full)
    net.settle()
    t.deepEqual(receiver.taken, [1])
    t.deepEqual(
      net.sides.map(({ link }) => link.status().finished),
      [true, true],
    )
  })

test('acknowledgements of messages that were never sent change nothing', t => {
  const net = pair()
  net.connect()
  net.settle()
  const sender = net.sides[0]!.link
  sender.receive({ kind: 'ack', acknowledged: 99, step: 1, deliversFrom: 1 })
  sender.enqueue(message(1))
  sender.pump()
  net.settle()
  t.deepEqual(net.sides[1]!.taken, [1])
})

test('nor do they if a message waits for room and is then forgotten', t => {
  const net = pair()
  const [sender, liar] = net.sides as [Side, Side]
  net.connect()
  net.settle()
  sender.full = true
  for (let step = 1; step <= 20; step++) sender.link.enqueue(message(step))
  sender.link.pump()
  sender.link.receive({ kind: 'ack', acknowledged: 15, step: 1, deliversFrom: 1 })
  sender.link.forgetBefore(10)
  net.drain(0)
  net.settle()
  t.deepEqual(liar.taken, upTo(20))
})

test('a peer that is ahead is spared old messages, but not a question outside the steps', t => {
  const net = pair()
  const [asker, ahead] = net.sides as [Side, Side]
  ahead.step = 21
  asker.link.enqueue(message(1))
  asker.link.enqueue({ ...message(2), timeless: true })
  asker.link.enqueue(message(3))
  net.connect()
  net.settle()
  t.deepEqual(ahead.taken, [2])
})
