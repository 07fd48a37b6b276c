/** Long messages travel in pieces, between which all others pass; whatever happens, each arrives once. */
import test from 'ava'
import fc from 'fast-check'
import { defaultLinkLimits, type LinkLimits } from '../../../node/link/limits.ts'
import { piecesOf } from '../../../node/link/pieces.ts'
import { longMessage, message, pair, type Side, upTo } from './pair.ts'

const one = longMessage(1).bytes
/** A long message of the tests has six pieces, and a short one travels whole. */
const limits: LinkLimits = {
  ...defaultLinkLimits,
  wholeBytesMax: message(1).bytes,
  pieceBytes: Math.ceil(one / 6),
}
const PIECES = 6

test('the pieces of a message are all of its bytes, in order', t => {
  const bytes = fc.uint8Array({ maxLength: 20 })
  fc.assert(
    fc.property(
      fc.array(bytes, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 30 }),
      (chunks, size) => {
        const whole = Buffer.concat(chunks)
        const pieces = piecesOf({ ...message(1), chunks, bytes: whole.length }, size)
        let offset = 0
        for (const { place, chunks: views } of pieces) {
          t.deepEqual(place, { offset, totalBytes: whole.length })
          offset += views.reduce((sum, { length }) => sum + length, 0)
          t.true(offset === whole.length || offset === place.offset + size)
        }
        t.deepEqual(Buffer.concat(pieces.flatMap(piece => piece.chunks)), whole)
      },
    ),
  )
})

test('a vote that comes while a vector is under way passes between its pieces', t => {
  const net = pair(limits)
  const [sender, receiver] = net.sides as [Side, Side]
  net.connect()
  net.settle()
  sender.room = 3
  sender.link.enqueue(longMessage(1))
  sender.link.pump()
  sender.link.enqueue(message(2))
  net.settle()
  t.deepEqual(receiver.taken, [])
  sender.room = 1
  sender.link.pump()
  net.settle()
  t.deepEqual(receiver.taken, [2], 'after half of the pieces')
  net.drain(0)
  net.settle()
  t.deepEqual(receiver.taken, [2, 1])
  t.is(sender.link.status().unacknowledged, 0)
})

test('so does the word that this side has finished, and an acknowledgement', t => {
  const net = pair(limits)
  const [sender, receiver] = net.sides as [Side, Side]
  net.connect()
  net.settle()
  sender.room = 3
  sender.link.enqueue(longMessage(1))
  sender.link.pump()
  sender.link.finish()
  receiver.link.enqueue(message(5))
  receiver.link.pump()
  net.settle()
  sender.link.acknowledge()
  sender.room = 2
  sender.link.pump()
  net.settle()
  t.true(receiver.link.status().finished)
  t.is(receiver.link.status().unacknowledged, 0)
  t.deepEqual(receiver.taken, [])
})

test('what a lost connection cuts off begins again, and is paid for', t => {
  const net = pair({ ...limits, resentBytesMin: 10, resentWindows: 0 })
  const [sender, receiver] = net.sides as [Side, Side]
  net.connect()
  net.settle()
  sender.room = PIECES - 1
  sender.link.enqueue(longMessage(1))
  sender.link.pump()
  net.settle()
  net.disconnect()
  t.is(sender.link.status().resentBytes, 0)
  sender.room = 1 + 2
  net.connect()
  net.settle()
  t.deepEqual(receiver.taken, [])
  t.is(sender.link.status().resentBytes, one)
  net.disconnect()
  sender.room = Number.POSITIVE_INFINITY
  net.connect()
  net.settle()
  t.deepEqual(receiver.taken, [], 'the budget is spent')
  net.rest()
  t.deepEqual(receiver.taken, [1])
  t.is(sender.link.status().resentBytes, 2 * one)
})

test('a vector that its recipient no longer needs gets no number, and the next one follows', t => {
  const net = pair(limits)
  const [sender, receiver] = net.sides as [Side, Side]
  net.connect()
  net.settle()
  sender.room = 3
  for (const step of [1, 7]) sender.link.enqueue(longMessage(step))
  sender.link.pump()
  net.settle()
  receiver.step = 5
  receiver.link.setCompleteFrom(5)
  net.settle()
  net.drain(0)
  net.settle()
  t.deepEqual(receiver.taken, [7])
  t.is(sender.link.status().unacknowledged, 0)
})

test('vectors are in flight until they are acknowledged, and no more than the limit and one', t => {
  const net = pair({ ...limits, inFlightBytesMax: 2 * one, ackBytes: Number.POSITIVE_INFINITY })
  const [sender, receiver] = net.sides as [Side, Side]
  receiver.lazy = true
  net.connect()
  net.settle()
  for (const step of upTo(5)) sender.link.enqueue(longMessage(step))
  sender.link.pump()
  net.settle()
  t.deepEqual(receiver.taken, [1, 2])
  for (let i = 0; i < 5; i++) {
    receiver.link.acknowledge()
    net.settle()
  }
  t.deepEqual(receiver.taken, upTo(5))
})

type Deed = 'long' | 'short' | 'deliver' | 'break' | 'connect' | 'room' | 'drain' | 'restart'
const weights: Readonly<Record<Deed, number>> = {
  long: 3,
  short: 3,
  deliver: 20,
  break: 1,
  connect: 1,
  room: 3,
  drain: 2,
  restart: 1,
}
const deeds = fc.array(
  fc.record({
    deed: fc.oneof(
      ...Object.entries(weights).map(([deed, weight]) => ({ weight, arbitrary: fc.constant(deed as Deed) })),
    ),
    side: fc.nat(1),
    room: fc.nat(5),
  }),
  { maxLength: 150 },
)

const tight: LinkLimits = { ...limits, resentBytesMin: 100, resentWindows: 0, inFlightBytesMax: 3 * one }

for (const [how, its] of Object.entries({ 'with the default budget': limits, 'with next to none': tight }))
  test(`each message arrives once, those of a kind in order, whatever happens to either side, ${how}`, t => {
    fc.assert(
      fc.property(deeds, list => {
        const net = pair(its)
        const sent: [Map<number, boolean>, Map<number, boolean>] = [new Map(), new Map()]
        let [incarnation, restarts] = [100, 0]
        const say = (side: number, isLong: boolean): void => {
          const step = sent[side]!.size + 1
          sent[side]!.set(step, isLong)
          net.sides[side]!.link.enqueue(isLong ? longMessage(step) : message(step))
          net.sides[side]!.link.pump()
        }
        const act: Record<Deed, (side: number, room: number) => void> = {
          long: side => say(side, true),
          short: side => say(side, false),
          deliver: net.deliver,
          break: net.disconnect,
          connect: () => net.connect(),
          room(side, room) {
            net.sides[side]!.room = room
          },
          drain: net.drain,
          restart(side) {
            restarts++
            net.disconnect()
            const { link } = net.restart(side, incarnation++)
            for (const [step, isLong] of sent[side]!) link.enqueue(isLong ? longMessage(step) : message(step))
          },
        }
        net.connect()
        for (const { deed, side, room } of list) act[deed](side, room)
        net.connect()
        for (const side of [0, 1]) net.drain(side)
        net.rest()
        for (const side of [0, 1]) {
          const { taken } = net.sides[1 - side]!
          const steps = [...sent[side]!.keys()]
          const isComplete = restarts === 0 || new Set(taken).size === steps.length
          t.true(isComplete, 'something is missing')
          if (restarts > 0) continue
          for (const kind of [true, false]) {
            const its = (step: number) => sent[side]!.get(step) === kind
            t.deepEqual(taken.filter(its), steps.filter(its))
          }
          t.is(net.sides[side]!.link.status().unacknowledged, 0)
        }
      }),
      { numRuns: 1000 },
    )
  })
