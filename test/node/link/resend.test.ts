/** Resending costs from a budget, which new acknowledgements and time fill up. */
import test from 'ava'
import { resumeWithoutMemory } from '../../../node/codec/index.ts'
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
/** The bytes that `limits` let a side send again once the peer has confirmed a window. The last frame may exceed it. */
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

/** The bytes that the first side sends while the second connects this many times, each time as a new incarnation. */
function brought(net: ReturnType<typeof pair>, times: number): number {
  let bytes = 0
  for (let i = 0; i < times; i++) {
    net.disconnect()
    net.connect()
    net.sides[0]!.link.receive(resumeWithoutMemory(1000 + i))
    for (const frame of net.wires[0]!) bytes += sizeOf(frame)
  }
  net.disconnect()
  return bytes
}

/** A resume, and an acknowledgement. */
const CONTROL_BYTES = 40

test('a thousand restarts obtain no more than the budget', t => {
  const bytes = brought(settled(), 1000)
  t.true(bytes <= ALLOWED + WINDOW * one + 1000 * CONTROL_BYTES, `${bytes} bytes`)
  t.true(bytes >= 2 * WINDOW * one, 'it suffices for an honest restart and one more')
})

test('time fills the budget too: a peer that waits has everything in the end', t => {
  const net = settled()
  brought(net, 1000)
  const restarted = net.restart(1, 21)
  net.connect()
  net.settle()
  t.deepEqual(restarted.taken, [], 'it has to wait')
  net.sides[0]!.link.enqueue(message(WINDOW + 1))
  net.rest()
  t.deepEqual(restarted.taken, upTo(WINDOW + 1))
})

test('a new incarnation waits no longer than the budget takes to fill', t => {
  const net = settled()
  brought(net, 1000)
  const restarted = net.restart(1, 21)
  net.connect()
  net.settle()
  t.deepEqual(restarted.taken, [])
  net.pass(limits.resentRefillMs)
  net.sides[0]!.link.pump()
  net.settle()
  t.deepEqual(restarted.taken, upTo(WINDOW))
})

test('a first acknowledgement adds to the budget: a peer that loses no more than it takes never waits', t => {
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
    // The control frames of both sides and two messages; the two messages after these are lost and have to come again.
    for (const side of [0, 1]) net.deliver(side)
    while (receiver.taken.length < taken && net.deliver(0)) while (net.deliver(1));
    t.is(receiver.taken.length, taken)
    net.disconnect()
  }
  t.true(sender.link.status().resentBytes > 0)
})

test('a peer that resumes twice on one connection is blamed, and gains nothing', t => {
  const net = settled()
  const [sender] = net.sides as [Side, Side]
  for (const incarnation of [20, 21]) sender.link.receive(resumeWithoutMemory(incarnation))
  t.deepEqual(sender.faults, ['malformed', 'malformed'])
  t.is(net.wires[0]!.length, 0)
})

test('a peer that has used up a large budget waits no longer once the budget gets small', t => {
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
