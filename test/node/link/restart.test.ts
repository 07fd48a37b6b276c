/** A link whose other side restarts: which messages come again, which do not, and which never will. */
import test from 'ava'
import { message, pair, type Side, upTo } from './pair.ts'

/** A settled pair whose second side has taken messages 1 … `last`. */
function settled(last: number) {
  const net = pair()
  net.connect()
  for (const step of upTo(last)) net.sides[0]!.link.enqueue(message(step))
  net.sides[0]!.link.pump()
  net.settle()
  return net
}

test('a restarted peer is sent what is kept of the steps that it still needs', t => {
  const net = settled(6)
  const sender = net.sides[0]!
  sender.link.forgetBefore(3)
  net.disconnect()
  const restarted = net.restart(1, 21)
  restarted.step = 5
  net.connect()
  net.settle()
  t.deepEqual(restarted.taken, [5, 6])
  t.is(sender.met, 2, 'two incarnations')
  net.disconnect()
  net.connect()
  net.settle()
  t.is(sender.met, 2, 'over three connections')
  sender.link.enqueue(message(7))
  sender.link.pump()
  net.settle()
  t.deepEqual(restarted.taken, [5, 6, 7])
})

test('what belongs to no step comes again, and brings nothing of earlier steps with it', t => {
  const net = pair()
  const [sender] = net.sides as [Side, Side]
  net.connect()
  sender.link.enqueue({ ...message(1), timeless: true })
  for (const step of upTo(6)) sender.link.enqueue(message(step))
  sender.link.pump()
  net.settle()
  net.disconnect()
  const restarted = net.restart(1, 21)
  restarted.step = 5
  net.connect()
  net.settle()
  t.deepEqual(restarted.taken, [1, 5, 6])
})

test('votes come again to a peer that has gone on, as far as slower peers may need them, whichever side restarts', t => {
  for (const restarts of [0, 1] as const) {
    const net = pair(undefined, 2)
    net.sides[1]!.step = 6
    for (const step of upTo(7)) net.sides[0]!.link.enqueue({ ...message(step), onlyInStep: step % 2 === 1 })
    net.connect()
    net.settle()
    t.deepEqual(net.sides[1]!.taken, [4, 6, 7])
    net.disconnect()
    const side = net.restart(restarts, 30)
    if (restarts === 0) {
      for (const step of upTo(7)) side.link.enqueue({ ...message(step), onlyInStep: step % 2 === 1 })
      net.sides[1]!.taken.length = 0
    } else side.step = 6
    net.connect()
    net.settle()
    t.deepEqual(net.sides[1]!.taken, [4, 6, 7], `side ${restarts}`)
  }
})

test('a later incarnation of a peer gets no answer, because it has not asked', t => {
  const net = settled(1)
  const sender = net.sides[0]!
  sender.link.enqueue({ ...message(2), repeated: false, timeless: true })
  sender.link.enqueue({ ...message(3), timeless: true })
  sender.link.pump()
  net.settle()
  t.deepEqual(net.sides[1]!.taken, [1, 2, 3])
  net.disconnect()
  const restarted = net.restart(1, 21)
  net.connect()
  net.settle()
  t.deepEqual(restarted.taken, [1, 3])
  t.deepEqual(restarted.missed, [], 'and it misses none')
})

test('a peer goes back to an earlier step only with a new incarnation', t => {
  const net = pair(undefined, 4)
  const [sender, receiver] = net.sides as [Side, Side]
  receiver.step = 20
  net.connect()
  for (const step of upTo(20)) sender.link.enqueue(message(step))
  net.settle()
  t.deepEqual(receiver.taken, [20], 'it is spared messages of earlier steps')
  net.disconnect()
  const restarted = net.restart(1, 21)
  restarted.step = 15
  net.connect()
  net.settle()
  t.deepEqual(restarted.taken, [15, 16, 17, 18, 19], 'all that it can take')
  restarted.step = 16
  restarted.link.acknowledge()
  net.settle()
  t.deepEqual(restarted.taken, [15, 16, 17, 18, 19, 20])
})

test('a side that is silent before a step says so, and a peer that needs an earlier step learns of it', t => {
  for (const [step, missed] of [
    [4, true],
    [5, false],
  ] as const) {
    const net = pair()
    const [behind, joined] = net.sides as [Side, Side]
    behind.step = step
    net.connect()
    net.settle()
    t.deepEqual(behind.missed, [])
    joined.step = 6
    joined.link.setCompleteFrom(5)
    net.settle()
    t.is(behind.missed.length > 0, missed, `at step ${step}`)
    behind.missed.length = 0
    net.disconnect()
    net.connect()
    net.settle()
    t.is(behind.missed.length > 0, missed, 'on a new connection too')
    behind.missed.length = 0
    behind.step = 5
    joined.step = 7
    joined.link.acknowledge()
    net.settle()
    t.deepEqual(behind.missed, [], 'but not at a step that is complete')
  }
})

test('a side that has found its place is told again what it misses there', t => {
  const net = pair()
  const [behind, joined] = net.sides as [Side, Side]
  behind.step = 4
  joined.step = 6
  joined.link.setCompleteFrom(5)
  net.connect()
  net.settle()
  t.deepEqual(behind.missed, [4])
  behind.missed.length = 0
  behind.link.setCompleteFrom(1)
  t.deepEqual(behind.missed, [4])
  behind.step = 5
  behind.link.setCompleteFrom(5)
  t.deepEqual(behind.missed, [4])
})

test('a side that says it is silent before a step is sent nothing more of earlier steps', t => {
  const net = pair(undefined, 4)
  const [sender, joined] = net.sides as [Side, Side]
  net.connect()
  for (const step of upTo(20)) sender.link.enqueue(message(step))
  sender.link.enqueue({ ...message(2), timeless: true })
  net.settle()
  t.deepEqual(joined.taken, [1, 2, 3, 4, 5, 2])
  joined.step = 12
  joined.link.setCompleteFrom(12)
  net.settle()
  t.deepEqual(joined.taken.slice(6), [12, 13, 14, 15, 16])
  t.deepEqual(joined.early, [])
})

test('a restarted peer learns that messages which its former incarnation took are no longer kept', t => {
  const net = settled(20)
  net.sides[0]!.link.forgetBefore(11)
  for (const [incarnation, step, missed] of [
    [21, 10, true],
    [22, 11, false],
  ] as const) {
    net.disconnect()
    const restarted = net.restart(1, incarnation)
    restarted.step = step
    net.connect()
    net.settle()
    t.is(restarted.missed.length > 0, missed, `at step ${step}`)
    t.deepEqual(
      restarted.taken,
      Array.from({ length: 10 }, (_, i) => i + 11),
    )
  }
})
