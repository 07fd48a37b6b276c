/** A stream of bytes becomes the frames that were written, wherever it is cut and whenever reading is held. */
import test from 'ava'
import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { createUnframer, FramingError, wholeFrame } from '../../../node/network/framing.ts'
import type { FrameReader } from '../../../node/ports.ts'

const frames = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 })

/** The bytes in pieces that end at these fractions of them. */
function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map(cut => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1]!, end))
}

const written = (list: readonly Uint8Array[]) =>
  Buffer.concat(list.map(bytes => encode.single(bytes).subarray()))

/** What a reader of whole frames takes, and holds reading after the frames whose turn it is. */
function collecting(holdAfter: (count: number) => boolean = () => false) {
  const taken: Buffer[] = []
  const announced: number[] = []
  let isHeld = false
  const unframer = createUnframer({
    begin(bytes) {
      announced.push(bytes)
      return wholeFrame(frame => {
        taken.push(Buffer.concat(frame))
        isHeld = holdAfter(taken.length)
      })
    },
    held: () => isHeld,
  })
  const release = () => {
    isHeld = false
    unframer.readOn()
  }
  return { unframer, taken, announced, release, isHeld: () => isHeld }
}

test('the frames that were written come back, wherever the stream is cut', t => {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 })
  fc.assert(
    fc.property(frames, cuts, fc.integer({ min: 1, max: 5 }), (list, where, together) => {
      const { unframer, taken, announced } = collecting()
      const pieces = cutAt(written(list), where)
      for (let i = 0; i < pieces.length; i += together) unframer.push(pieces.slice(i, i + together))
      return (
        taken.length === list.length &&
        list.every((bytes, i) => taken[i]!.equals(bytes) && announced[i] === bytes.length)
      )
    }),
    { numRuns: 500 },
  )
  t.pass()
})

test('while reading is held no frame begins, and nothing is lost or comes twice', t => {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 })
  fc.assert(
    fc.property(frames, cuts, fc.integer({ min: 1, max: 3 }), (list, where, every) => {
      const { unframer, taken, announced, release, isHeld } = collecting(count => count % every === 0)
      for (const piece of cutAt(written(list), where)) {
        const before = announced.length
        const wasHeld = isHeld()
        unframer.push([piece])
        if (wasHeld && announced.length > before) return false
      }
      for (let i = 0; i < list.length; i++) release()
      return taken.length === list.length && list.every((bytes, i) => taken[i]!.equals(bytes))
    }),
    { numRuns: 500 },
  )
  t.pass()
})

test('reading that is held and released within a frame goes on, once', t => {
  const taken: number[] = []
  let isHeld = false
  const unframer = createUnframer({
    begin: () =>
      wholeFrame(frame => {
        isHeld = true
        taken.push(frame[0]![0]!)
        isHeld = false
        unframer.readOn()
      }),
    held: () => isHeld,
  })
  unframer.push([written([1, 2, 3].map(value => Uint8Array.of(value)))])
  t.deepEqual(taken, [1, 2, 3])
})

test('the bytes of a long frame are handed on before its end has arrived', t => {
  let seen = 0
  let ended = false
  const reader: FrameReader = {
    add(part) {
      seen += part.length
    },
    end() {
      ended = true
    },
  }
  const unframer = createUnframer({ begin: () => reader, held: () => false })
  const bytes = written([new Uint8Array(1_000_000)])
  unframer.push([bytes.subarray(0, 400_000)])
  t.is(seen, 400_000 - (bytes.length - 1_000_000))
  t.false(ended)
  unframer.push([bytes.subarray(400_000)])
  t.is(seen, 1_000_000)
  t.true(ended)
})

test('a length without an end is no frame; a frame that is refused ends the reading', t => {
  const { unframer, announced } = collecting()
  t.throws(() => unframer.push([new Uint8Array(20).fill(0xff)]), { instanceOf: FramingError })
  t.deepEqual(announced, [])
  const refusing = createUnframer({
    begin: bytes => {
      throw new RangeError(`${bytes} are too many`)
    },
    held: () => false,
  })
  t.throws(() => refusing.push([written([new Uint8Array(300)])]), { message: '300 are too many' })
})
