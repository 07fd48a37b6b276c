/** A vector that arrives in pieces is copied, hashed and looked through as they come: wherever they are cut. */
import test from 'ava'
import fc from 'fast-check'
import type { Slot } from '../../../agreement/message.ts'
import { decodeLinkFrame, encodeLinkFrame, encodeMessage } from '../../../node/codec/index.ts'

import { digestOf } from '../../../node/signatures/digest.ts'

const slot: Slot = { step: 1, phase: 'gradient', iteration: 0, sender: 2 }
const DIMENSIONS = [1, 7, 300, 5000] // the last is long enough for the kernels' memory

/** The frame of one vector, in pieces that end at these fractions of it. */
function inPieces(vector: Float32Array, cuts: readonly number[]): Uint8Array[] {
  const sealed = { vector, digest: '', signature: new Uint8Array(64) }
  const chunks = encodeLinkFrame({ kind: 'data', sequence: 1 }, [
    encodeMessage({ kind: 'vector', slot, sealed }),
  ])
  const whole = Buffer.concat(chunks)
  const ends = [...cuts.map(cut => Math.floor(cut * whole.length)), whole.length].sort((a, b) => a - b)
  return ends.map((end, i) => new Uint8Array(whole.subarray(i === 0 ? 0 : ends[i - 1]!, end)))
}

function received(vector: Float32Array, cuts: readonly number[]) {
  const limits = { peers: 7, dimension: vector.length, stepsMax: 10, iterationsMax: 1 }
  const parts = inPieces(vector, cuts)
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

test('the same coordinates and the same digest, however it is cut', t => {
  fc.assert(
    fc.property(vectors, cuts, (vector, pieces) => {
      const message = received(vector, pieces)
      if (!('message' in message) || message.message.kind !== 'vector') return false
      const { sealed } = message.message
      return sealed.digest === digestOf(vector) && Buffer.compare(bytes(sealed.vector), bytes(vector)) === 0
    }),
    { numRuns: 150 },
  )
  t.pass()
})

test('one coordinate that is not finite is found wherever it lies and however it is cut', t => {
  const spoilt = fc.tuple(vectors, fc.nat(), fc.constantFrom(Number.NaN, Infinity, -Infinity))
  fc.assert(
    fc.property(spoilt, cuts, ([vector, at, value], pieces) => {
      vector[at % vector.length] = value
      const message = received(vector, pieces)
      return 'fault' in message && message.fault === 'not-finite'
    }),
    { numRuns: 150 },
  )
  t.pass()
})

function bytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}
