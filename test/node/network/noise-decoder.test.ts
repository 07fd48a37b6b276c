/** The bytes of a secured connection become Noise's frames, wherever they are cut; and memory that is read is free. */
import test from 'ava'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { createNoiseDecoder } from '../../../node/network/noise-decoder.ts'

const framed = (frames: readonly Uint8Array[]) =>
  Buffer.concat(frames.flatMap(frame => [Uint8Array.of(frame.length >> 8, frame.length & 255), frame]))

/** The bytes in chunks of their own, as a socket brings them, that end at these fractions of them. */
function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map(cut => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => new Uint8Array(bytes.subarray(i === 0 ? 0 : ends[i - 1]!, end)))
}

/** Short and long frames, with different bytes in each place. */
const frames = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1900, max: 65_535 })), { maxLength: 6 })
  .map(lengths => lengths.map((length, i) => Uint8Array.from({ length }, (_, at) => (at * 31 + i * 7) & 255)))
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 9 })

test('the same frames, however they are cut, and whatever has come before', t => {
  fc.assert(
    fc.property(frames, cuts, fc.nat({ max: 9 }), (given, where, before) => {
      const chunks = cutAt(framed(given), where)
      const decoder = createNoiseDecoder(chunks.slice(0, before).filter(({ length }) => length > 0))
      const taken: Buffer[] = []
      const rest = chunks.slice(before)
      // The last bytes come twice over as an empty list, for what had come before is read with the next bytes.
      for (const bytes of [...rest, new Uint8ArrayList()])
        for (const frame of decoder.decode(bytes)) taken.push(Buffer.from(frame))
      return taken.length === given.length && taken.every((frame, i) => frame.equals(given[i]!))
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('a frame that comes byte by byte is the same frame', t => {
  const frame = Uint8Array.from({ length: 65_535 }, (_, at) => at & 255)
  const decoder = createNoiseDecoder([])
  const taken: Buffer[] = []
  for (const byte of framed([frame, frame]))
    for (const each of decoder.decode(Uint8Array.of(byte))) taken.push(Buffer.from(each))
  t.is(taken.length, 2)
  for (const each of taken) t.true(each.equals(frame))
})

test('an empty frame is passed over, and a length may be cut in two', t => {
  const decoder = createNoiseDecoder([])
  t.deepEqual([...decoder.decode(Uint8Array.of(0, 0, 0))], [])
  t.deepEqual([...decoder.decode(Uint8Array.of(1))], [])
  t.deepEqual([...decoder.decode(Uint8Array.of(9))], [Uint8Array.of(9)])
})

test('a chunk is freed once its frames were deciphered, and short frames stay', t => {
  const decoder = createNoiseDecoder([])
  const [long, short] = [new Uint8Array(5000).fill(5), Uint8Array.of(1, 2, 3)]
  const chunk = new Uint8Array(framed([long, short]))
  const kept: Uint8Array[] = []
  for (const frame of decoder.decode(chunk)) {
    if (frame.length === long.length) t.deepEqual(new Uint8Array(frame), long)
    else kept.push(frame)
  }
  t.is(chunk.length, 0)
  t.deepEqual(kept, [short])
})

test('a chunk that is a part of its memory is not freed, nor one with unread bytes', t => {
  const bytes = framed([new Uint8Array(5000).fill(5)])
  const shared = new Uint8Array(bytes.length + 1).subarray(1)
  shared.set(bytes)
  t.is([...createNoiseDecoder([]).decode(shared)].length, 1)
  t.is(shared.length, bytes.length)
  const more = new Uint8Array([...bytes, 7])
  t.is([...createNoiseDecoder([]).decode(more)].length, 1)
  t.is(more.length, bytes.length + 1)
})
