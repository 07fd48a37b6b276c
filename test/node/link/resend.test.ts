/** What is sent again is paid for: by what the other side confirms, and by time. */
import test from 'ava'
import { createBudget } from '../../../node/link/budget.ts'
import { defaultLinkLimits, type LinkLimits } from '../../../node/link/limits.ts'
import { sizeOf } from '../../../node/ports.ts'
import { message, pair, type Side, upTo } from './pair.ts'

const one = message(1).bytes
const limits: LinkLimits = {
  ...defaultLinkLimits,
  resentBytesMin: 20 * one,
  resentWindows: 2,
  resentRefillMs: 60_000,
}
const WINDOW = 50
/** What `limits` let a peer have again of a window that it has confirmed: the last frame may go beyond. */
const ALLOWED = 20 * one + 2 * WINDOW * one

/** Both sides are up, and the second has confirmed everything. */
function settled(given = limits) {
  const net = pair(given)
  net.connect()
  for (const step of upTo(WINDOW)) net.sides[0]!.link.enqueue(message(step))
  net.sides[0]!.link.pump()
  net.settle()
  return net
}

const asked = {
  kind: 'resume',
  incarnation: 20,
  peerIncarnation: 0,
  received: 0,
  step: 1,
  completeFrom: 1,
} as const

/** Bytes that the first side says while it hears this so often. */
function brought(net: ReturnType<typeof pair>, times: number, before: () => void = () => {}): number {
  let bytes = 0
  for (let i = 0; i < times; i++) {
    before()
    net.sides[0]!.link.receive(asked)
    for (const frame of net.wires[0]!) bytes += sizeOf(frame)
    net.wires[0]!.length = 0
  }
  return bytes
}

/** A word of a link: a resume. */
const WORD_BYTES = 20

test('a thousand resumes that know nothing bring no more than the budget', t => {
  const bytes = brought(settled(), 1000)
  t.true(bytes <= ALLOWED + WINDOW * one + 1000 * WORD_BYTES, `${bytes} bytes`)
  t.true(bytes >= 2 * WINDOW * one, 'an honest restart, and one more, are within it')
})

test('nor does a new connection before each of them bring more', t => {
  const net = settled()
  const bytes = brought(net, 1000, () => {
    net.disconnect()
    net.connect()
    net.wires[0]!.length = 0
  })
  t.true(bytes <= ALLOWED + WINDOW * one + 1000 * WORD_BYTES, `${bytes} bytes`)
})

test('time pays for it, too: who waits has everything in the end', t => {
  const net = settled()
  brought(net, 1000)
  const [sender, receiver] = net.sides as [Side, Side]
  receiver.taken.length = 0
  receiver.link.rewind()
  net.settle()
  t.deepEqual(receiver.taken, [], 'it has to wait')
  sender.link.enqueue(message(WINDOW + 1))
  net.rest()
  t.deepEqual(receiver.taken, upTo(WINDOW + 1))
})

test('a new life waits no longer than the budget takes to fill', t => {
  const net = settled()
  brought(net, 1000)
  net.disconnect()
  const restarted = net.restart(1, 21)
  net.connect()
  net.settle()
  t.deepEqual(restarted.taken, [])
  net.pass(limits.resentRefillMs)
  net.sides[0]!.link.pump()
  net.settle()
  t.deepEqual(restarted.taken, upTo(WINDOW))
})

test('what is acknowledged for the first time pays: who loses no more than it takes never waits', t => {
  const net = pair({
    ...limits,
    resentBytesMin: 3 * one,
    resentWindows: 0,
    bundleBytes: one,
    inFlightBytesMax: 2 * one,
  })
  const [sender, receiver] = net.sides as [Side, Side]
  for (const step of upTo(WINDOW)) sender.link.enqueue(message(step))
  for (let taken = 2; taken <= WINDOW; taken += 2) {
    net.connect()
    // The words of both, and two messages; the two behind them are lost, and have to come again.
    for (const side of [0, 1]) net.deliver(side)
    while (receiver.taken.length < taken && net.deliver(0)) while (net.deliver(1));
    t.is(receiver.taken.length, taken)
    net.disconnect()
  }
  t.true(sender.link.status().resentBytes > 0)
})

test('who asks again and again for what it cannot have yet is blamed, and then only', t => {
  const net = settled()
  const [sender] = net.sides as [Side, Side]
  let asks = 0
  for (; sender.faults.length === 0 && asks < 1000; asks++) brought(net, 1)
  t.deepEqual(sender.faults, ['flooding'])
  t.true(asks > 64, 'a peer that has to find its place asks now and then')
  brought(net, 10)
  t.is(sender.faults.length, 11)
})

test('who has used up a large budget waits no longer when it gets small', t => {
  let windowBytes = 10_000
  const budget = createBudget(
    { resentBytesMin: 100, resentWindows: 1, resentRefillMs: 1000 },
    () => 0,
    () => windowBytes,
  )
  t.is(budget.waitMs(), 0)
  budget.spend(10_200)
  const waitMs = budget.waitMs()
  t.true(waitMs > 0)
  windowBytes = 0
  t.true(budget.waitMs() <= waitMs)
  budget.earn(2)
  t.is(budget.waitMs(), 0)
})
