/** A link that begins again: what comes again, what does not, and what never will. */
import test from 'ava'
import { message, pair, type Side } from './pair.ts'

/** A message that is not repeated in the same incarnation, whatever its step. */
const once = (step: number) => ({ ...message(step), repeated: 'restarted', timeless: true }) as const

test('what was a question or an answer comes again after a rewind only where it was not taken', t => {
  const net = pair()
  const [sender, receiver] = net.sides as [Side, Side]
  net.connect()
  for (const each of [once(1), message(2), message(3), once(4)]) sender.link.enqueue(each)
  sender.link.pump()
  net.settle()
  sender.link.enqueue(once(5))
  receiver.step = 3
  receiver.taken.length = 0
  receiver.link.rewind()
  net.settle()
  t.deepEqual(receiver.taken, [3, 5])
  net.disconnect()
  const restarted = net.restart(1, 21)
  restarted.step = 3
  net.connect()
  net.settle()
  t.deepEqual(restarted.taken, [3, 5], 'a new life is told what is still kept')
  t.deepEqual(restarted.gaps, [])
})

test('after a rewind everything kept of the own step and later comes again, and nothing from before', t => {
  const net = pair()
  const [sender, receiver] = [net.sides[0]!, net.sides[1]!]
  net.connect()
  for (let step = 1; step <= 6; step++) sender.link.enqueue(message(step))
  sender.link.pump()
  net.settle()
  sender.link.enqueue(message(7))
  sender.link.pump()
  receiver.step = 5
  receiver.taken.length = 0
  receiver.link.rewind()
  net.settle()
  t.deepEqual(receiver.taken, [5, 6, 7], 'message 7 was under way: it came once, in its place')
  sender.link.enqueue(message(8))
  sender.link.pump()
  net.settle()
  t.deepEqual(receiver.taken, [5, 6, 7, 8])
  t.is(sender.link.status().unacknowledged, 0)
})

test('before it asks for everything again, a link says what it has taken', t => {
  const net = pair()
  const [sender, receiver] = net.sides as [Side, Side]
  receiver.lazy = true
  net.connect()
  sender.link.enqueue(once(1))
  sender.link.enqueue(message(2))
  sender.link.pump()
  net.settle()
  receiver.taken.length = 0
  receiver.link.rewind()
  net.settle()
  t.deepEqual(receiver.taken, [2])
})

test('a rewind between a connection and the other side’s word on it is not forgotten', t => {
  const net = pair()
  const [a, b] = net.sides as [Side, Side]
  net.connect()
  net.settle()
  a.link.enqueue(message(1))
  a.link.pump()
  net.settle()
  net.disconnect()
  net.connect() // both have said what they have
  b.taken.length = 0
  b.link.rewind()
  net.settle()
  t.deepEqual(b.taken, [1])
  net.disconnect()
  net.connect()
  b.taken.length = 0
  b.link.rewind()
  net.disconnect()
  net.connect()
  net.settle()
  t.deepEqual(b.taken, [1], 'nor where that connection breaks')
})

test('two sides that rewind at once are both sent everything again', t => {
  const net = pair()
  net.connect()
  net.settle()
  const [a, b] = net.sides as [Side, Side]
  const send = (side: Side, step: number) => {
    side.link.enqueue(message(step))
    side.link.pump()
  }
  send(b, 1)
  send(b, 2)
  net.settle()
  a.link.rewind()
  b.link.rewind()
  send(b, 3)
  a.taken.length = 0
  net.settle()
  t.deepEqual(a.taken, [1, 2, 3])
})

test('who begins at a later step says so, and a peer that needs an earlier one learns that nothing will come', t => {
  for (const [step, gaps] of [
    [4, [null]],
    [5, []],
  ] as const) {
    const net = pair()
    const [behind, joined] = net.sides as [Side, Side]
    behind.step = step
    net.connect()
    net.settle()
    joined.link.setCompleteFrom(5)
    joined.link.rewind()
    net.settle()
    t.deepEqual(behind.gaps, gaps, `at step ${step}`)
    net.disconnect()
    joined.link.rewind()
    net.connect()
    net.settle()
    t.deepEqual(behind.gaps, [...gaps, ...gaps], 'on a new connection, too')
  }
})

test('a peer that restarted is told where what its former life took is no longer kept', t => {
  const net = pair()
  const [a] = net.sides as [Side, Side]
  net.connect()
  for (let step = 1; step <= 20; step++) a.link.enqueue(message(step))
  a.link.pump()
  net.settle()
  a.link.forgetBefore(11)
  for (const [incarnation, step, gaps] of [
    [21, 10, [null]],
    [22, 11, []],
  ] as const) {
    net.disconnect()
    const restarted = net.restart(1, incarnation)
    restarted.step = step
    net.connect()
    net.settle()
    t.deepEqual(restarted.gaps, gaps, `at step ${step}`)
    t.deepEqual(
      restarted.taken,
      Array.from({ length: 10 }, (_, i) => i + 11),
    )
  }
})
