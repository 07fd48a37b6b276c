/** A vector that arrives in pieces is copied, hashed and looked through as they come: wherever they are cut. */
import test from 'ava'
import fc from 'fast-check'
import type { Slot } from '../../../agreement/message.ts'
import { type Precision, roundedTo } from '../../../agreement/precision.ts'
import { decodeLinkFrame, encodeLinkFrame, encodeMessage } from '../../../node/codec/index.ts'
import { markPassing } from '../../../node/codec/passing-memory.ts'
import { digestOf } from '../../../node/signatures/digest.ts'

const slot: Slot = { step: 1, phase: 'gradient', iteration: 0, sender: 2 }
const DIMENSIONS = [1, 7, 300, 5000] // the last is long enough for the kernels' memory

/** The frame of one vector, in pieces that end at these fractions of it. */
function inPieces(vector: Float32Array, cuts: readonly number[], precision: Precision): Uint8Array[] {
  const sealed = { vector, precision, digest: '', signature: new Uint8Array(64) }
  const chunks = encodeLinkFrame({ kind: 'data', sequence: 1 }, [
    encodeMessage({ kind: 'vector', slot, sealed }),
  ])
  const whole = Buffer.concat(chunks)
  const ends = [...cuts.map(cut => Math.floor(cut * whole.length)), whole.length].sort((a, b) => a - b)
  return ends.map((end, i) => new Uint8Array(whole.subarray(i === 0 ? 0 : ends[i - 1]!, end)))
}

function received(vector: Float32Array, cuts: readonly number[], precision: Precision) {
  const limits = { peers: 7, dimension: vector.length, precision, stepsMax: 10, iterationsMax: 1 }
  const parts = inPieces(vector, cuts, precision)
  const frame = decodeLinkFrame(parts, limits, 1)
  if (!('kind' in frame) || frame.kind !== 'data') throw new Error(`no data frame: ${JSON.stringify(frame)}`)
  return frame.messages[0]!
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })
const vectors = fc
  .tuple(fc.constantFrom(...DIMENSIONS), fc.integer({ min: 0, max: 1000 }))
  .map(([d, seed]) =>
    Float32Array.from({ length: d }, (_, i) => Math.fround(Math.sin(seed + i) * 10 ** (i % 9))),
  )

const precision = fc.constantFrom<Precision>('f32', 'bf16', 'int8')

test('the same coordinates and the same digest, however it is cut', t => {
  fc.assert(
    fc.property(vectors, cuts, precision, (given, pieces, precision) => {
      const vector = roundedTo(given, precision)
      const message = received(vector, pieces, precision)
      if (!('message' in message) || message.message.kind !== 'vector') return false
      const { sealed } = message.message
      // A copy has no digest from before.
      if (sealed.digest !== digestOf(vector.slice(), precision)) return false
      return (
        (sealed.precision ?? 'f32') === precision && Buffer.compare(bytes(sealed.vector), bytes(vector)) === 0
      )
    }),
    { numRuns: 150 },
  )
  t.pass()
})

test('one coordinate that is not finite is found wherever it lies and however it is cut', t => {
  const spoilt = fc.tuple(vectors, fc.nat(), fc.constantFrom(Number.NaN, Infinity, -Infinity))
  fc.assert(
    fc.property(spoilt, cuts, precision, ([vector, at, value], pieces, precision) => {
      vector[at % vector.length] = value
      const message = received(vector, pieces, precision)
      return 'fault' in message && message.fault === 'not-finite'
    }),
    { numRuns: 150 },
  )
  t.pass()
})

test('a block in a form that no sender makes is a fault, however it is cut', t => {
  fc.assert(
    fc.property(cuts, fc.constantFrom(0, 256, 599), (pieces, at) => {
      const vector = roundedTo(new Float32Array(600).fill(1), 'int8')
      const parts = inPieces(vector, [], 'int8')
      const whole = Buffer.concat(parts)
      // From the end: 600 numbers and 3 exponents. 64 times a quarter is as much as 32 times a half.
      const block = Math.floor(at / 256)
      const from = whole.length - 603 + 257 * block
      whole.writeInt8(whole.readInt8(from) + 1, from)
      for (let i = 1; i <= Math.min(256, 600 - 256 * block); i++) whole[from + i]! >>= 1
      const limits = { peers: 7, dimension: 600, precision: 'int8', stepsMax: 10, iterationsMax: 1 } as const
      const ends = [...pieces.map(cut => Math.floor(cut * whole.length)), whole.length].sort((a, b) => a - b)
      const cut = ends.map((end, i) => new Uint8Array(whole.subarray(i === 0 ? 0 : ends[i - 1]!, end)))
      const frame = decodeLinkFrame(cut, limits, 1)
      if (!('kind' in frame) || frame.kind !== 'data') return false
      const [message] = frame.messages
      return message !== undefined && 'fault' in message && message.fault === 'malformed'
    }),
    { numRuns: 50 },
  )
  t.pass()
})

test('gradients in another precision than the cohort agreed on are a fault, and what follows is read', t => {
  const vector = roundedTo(Float32Array.of(1, 2, 3), 'bf16')
  const signature = new Uint8Array(64)
  const message = (phase: 'gradient' | 'parameters', precision: Precision) =>
    encodeMessage({
      kind: 'vector',
      slot: { ...slot, phase },
      sealed: { vector, precision, digest: '', signature },
    })
  const limits = { peers: 7, dimension: 3, precision: 'bf16', stepsMax: 10, iterationsMax: 1 } as const
  const frame = decodeLinkFrame(
    encodeLinkFrame({ kind: 'data', sequence: 1 }, [
      message('gradient', 'f32'),
      message('parameters', 'bf16'),
      message('gradient', 'int8'),
      message('gradient', 'bf16'),
      message('parameters', 'f32'),
    ]),
    limits,
  )
  if (!('kind' in frame) || frame.kind !== 'data') return t.fail()
  t.deepEqual(
    frame.messages.map(each => ('fault' in each ? each.fault : 'taken')),
    ['malformed', 'malformed', 'malformed', 'taken', 'taken'],
  )
})

function bytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}

test('pieces in passing memory are freed once they are read; others, and those with a header in them, are not', t => {
  const vector = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i))
  const pieces = inPieces(vector, [0.2, 0.4, 0.6, 0.8], 'f32')
  const lengths = pieces.map(({ length }) => length)
  const [first, passing, shared, half] = pieces as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  markPassing(first)
  markPassing(passing)
  const halves = new Uint8Array(half.length + 1)
  halves.set(half)
  pieces[3] = markPassing(halves).subarray(0, half.length)
  const limits = { peers: 7, dimension: 5000, stepsMax: 10, iterationsMax: 1 }
  const frame = decodeLinkFrame(pieces, limits, 1)
  if (!('kind' in frame) || frame.kind !== 'data') return t.fail(JSON.stringify(frame))
  const message = frame.messages[0]!
  if (!('message' in message) || message.message.kind !== 'vector') return t.fail(JSON.stringify(message))
  t.deepEqual(message.message.sealed.vector, vector)
  t.is(passing.length, 0)
  t.deepEqual([first.length, shared.length, halves.length], [lengths[0]!, lengths[2]!, lengths[3]! + 1])
})
