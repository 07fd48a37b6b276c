/** A message in pieces is the same message; no sequence of pieces makes this peer hold more than one vector, or throw. */
import test from 'ava'
import fc from 'fast-check'
import type { Slot } from '../../../agreement/message.ts'
import {
  createTransfer,
  type DecodeLimits,
  decodeLinkFrame,
  encodeLinkFrame,
  encodeMessage,
  type LinkHeader,
  type Transfer,
} from '../../../node/codec/index.ts'
import { digestOf } from '../../../node/signatures/digest.ts'

const limits: DecodeLimits = { peers: 7, dimension: 300, stepsMax: 1000, iterationsMax: 40 }
const slot: Slot = { step: 3, phase: 'gradient', iteration: 2, sender: 4 }

function vectorOf(seed: number, dimension = limits.dimension): Float32Array {
  return Float32Array.from({ length: dimension }, (_, i) => Math.fround(Math.sin(seed + i)))
}

function encoded(vector: Float32Array, its: Partial<Slot> = {}): Buffer {
  const sealed = { vector, digest: '', signature: new Uint8Array(64).fill(7) }
  return Buffer.concat(encodeMessage({ kind: 'vector', slot: { ...slot, ...its }, sealed }))
}

/** Receives one frame of a connection, its bytes as they might arrive. */
function receive(transfer: Transfer, header: LinkHeader, content: Uint8Array = new Uint8Array(0), size = 50) {
  const bytes = Buffer.concat(encodeLinkFrame(header, [[content]]))
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(new Uint8Array(bytes.subarray(at, at + size)))
  return decodeLinkFrame(parts, limits, 1, transfer)
}

/** Sends all of a message in pieces that end at these fractions of it. */
function send(transfer: Transfer, message: Uint8Array, cuts: readonly number[] = [], size = 50): void {
  const ends = [...new Set(cuts.map(cut => Math.floor(cut * message.length))), message.length]
  let offset = 0
  for (const end of ends.sort((a, b) => a - b)) {
    if (end === offset) continue
    const header = { kind: 'piece', offset, totalBytes: message.length } as const
    const frame = receive(transfer, header, message.subarray(offset, end), size)
    if ('fault' in frame) throw new Error(frame.detail)
    offset = end
  }
}

const number = (transfer: Transfer) =>
  receive(transfer, { kind: 'data', sequence: 5, step: 3, transferred: true })
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })
const sizes = fc.integer({ min: 1, max: 2000 })

test('a vector that came in pieces is the same, and has the same digest, however it was cut', t => {
  fc.assert(
    fc.property(fc.nat(1000), cuts, sizes, (seed, pieces, size) => {
      const transfer = createTransfer(limits, 1)
      const vector = vectorOf(seed)
      for (let turn = 0; turn < 2; turn++) {
        send(transfer, encoded(vector), pieces, size)
        const signature = new Uint8Array(64).fill(7)
        const message = { kind: 'vector', slot, sealed: { vector, digest: digestOf(vector), signature } }
        t.deepEqual(number(transfer) as unknown, {
          kind: 'data',
          sequence: 5,
          step: 3,
          messages: [{ message }],
        })
      }
    }),
    { numRuns: 50 },
  )
})

test('what is wrong with a vector is told with its number, and costs no vector', t => {
  const spoilt = (message: Uint8Array) => {
    const transfer = createTransfer(limits)
    send(transfer, message, [0.01, 0.5])
    const frame = number(transfer)
    return 'kind' in frame && frame.kind === 'data' && 'fault' in frame.messages[0]!
      ? frame.messages[0].fault
      : frame
  }
  t.is(spoilt(encoded(vectorOf(1, 299))), 'wrong-dimension')
  t.is(spoilt(encoded(vectorOf(1), { step: 1001 })), 'out-of-range')
  t.is(spoilt(encoded(vectorOf(1), { sender: 7 })), 'out-of-range')
  t.is(spoilt(encoded(vectorOf(1).fill(Number.NaN))), 'not-finite')
  t.is(spoilt(encoded(vectorOf(1)).subarray(0, 800)), 'malformed')
  t.is(spoilt(Buffer.concat([encoded(vectorOf(1)), Buffer.alloc(9)])), 'malformed')
  t.is(spoilt(Buffer.alloc(900, 255)), 'malformed')
})

test('a piece that is not the next one is refused, and changes nothing', t => {
  const transfer = createTransfer(limits)
  const whole = encoded(vectorOf(1))
  const totalBytes = whole.length
  const refused = (offset: number, bytes: number, total = totalBytes) => {
    const frame = receive(transfer, { kind: 'piece', offset, totalBytes: total }, new Uint8Array(bytes))
    t.is('fault' in frame && frame.fault, 'malformed', `${bytes} bytes at ${offset} of ${total}`)
  }
  const refusedNumber = () => t.true('fault' in number(transfer))
  refusedNumber()
  refused(1, 10)
  refused(0, 0)
  refused(0, 10, 5)
  refused(0, 10, 4 * limits.dimension + 2 * 65_536 + 1)
  refused(0, 1, 0)
  receive(transfer, { kind: 'piece', offset: 0, totalBytes }, whole.subarray(0, 400))
  refusedNumber()
  refused(0, 400) // a second vector, while the first is not complete
  refused(399, 1)
  refused(401, 1)
  refused(400, totalBytes - 400 + 1)
  refused(400, 1, totalBytes + 1)
  t.deepEqual(transfer.progress(), { receivedBytes: 400, totalBytes })
  receive(transfer, { kind: 'piece', offset: 400, totalBytes }, whole.subarray(400))
  const frame = number(transfer)
  t.true('kind' in frame && frame.kind === 'data' && 'message' in frame.messages[0]!)
  refusedNumber() // it was taken
})

test('a message that gets no number gives way to the next one', t => {
  const transfer = createTransfer(limits)
  send(transfer, encoded(vectorOf(1), { step: 1 }))
  send(transfer, encoded(vectorOf(2), { step: 2 }))
  const frame = number(transfer)
  const first = 'kind' in frame && frame.kind === 'data' ? frame.messages[0]! : null
  t.is(first !== null && 'message' in first && first.message.slot.step, 2)
})

test('damaged frames of a transfer give faults, and never throw', t => {
  const damage = fc.array(fc.tuple(fc.nat(3), fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 5 })
  fc.assert(
    fc.property(damage, cuts, (flips, pieces) => {
      const transfer = createTransfer(limits, 1)
      const message = encoded(vectorOf(1))
      const ends = [...pieces.map(cut => Math.floor(cut * message.length)), message.length].sort(
        (a, b) => a - b,
      )
      const frames = ends.map((end, i) => {
        const offset = ends[i - 1] ?? 0
        const header = { kind: 'piece', offset, totalBytes: message.length } as const
        return Buffer.concat(encodeLinkFrame(header, [[message.subarray(offset, end)]]))
      })
      frames.push(Buffer.concat(encodeLinkFrame({ kind: 'data', sequence: 1, transferred: true })))
      for (const [frame, at, byte] of flips) {
        const bytes = frames[frame % frames.length]!
        bytes[at % bytes.length] = byte
      }
      for (const frame of frames) {
        const decoded = decodeLinkFrame([new Uint8Array(frame)], limits, 1, transfer)
        t.true('fault' in decoded || 'kind' in decoded)
        const { receivedBytes, totalBytes } = transfer.progress()
        t.true(receivedBytes <= totalBytes && totalBytes <= 4 * limits.dimension + 2 * 65_536)
      }
    }),
    { numRuns: 500 },
  )
})
