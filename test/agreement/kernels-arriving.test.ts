/** What is done to a vector while it arrives, in the kernels' memory and outside it: the same as the plain definitions. */
import test from 'ava'
import fc from 'fast-check'
import { allocatePassing, areFinite, writeBytes } from '../../agreement/kernels/index.ts'
import { addressOf } from '../../agreement/kernels/memory.ts'

const LENGTH = 5000
const slot = allocatePassing(LENGTH)
const spoilers = fc.constantFrom(Number.NaN, Infinity, -Infinity)
const ordinary = fc.constantFrom(0, -0, 1, -1, 3.4e38, -3.4e38, 1e-45)

test('finite is what every coordinate says, wherever the stretch begins and ends', t => {
  t.not(addressOf(slot), undefined, 'the kernel is what is tested')
  const places = fc.tuple(fc.nat(LENGTH), fc.nat(LENGTH), fc.nat(LENGTH - 1))
  fc.assert(
    fc.property(places, spoilers, ordinary, ([a, b, at], spoiler, value) => {
      slot.fill(value)
      slot[at] = spoiler
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const expected = slot.subarray(from, to).every(x => Number.isFinite(x))
      return areFinite(slot, from, to) === expected && areFinite(slot.slice(), from, to) === expected
    }),
    { numRuns: 2000 },
  )
})

test('bytes are written where they belong, however both sides lie, and nowhere else', t => {
  const source = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) % 251)
  const long = allocatePassing(30_000)
  const target = new Uint8Array(long.buffer, long.byteOffset, long.byteLength)
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), fc.integer({ min: 0, max: 99_000 }), (at, from, length) => {
      target.fill(255)
      const part = source.subarray(from, from + length)
      writeBytes(target, at, part)
      const end = at + part.length
      return (
        Buffer.compare(target.slice(at, end), part) === 0 &&
        target.subarray(0, at).every(byte => byte === 255) &&
        target.subarray(end, end + 64).every(byte => byte === 255)
      )
    }),
    { numRuns: 200 },
  )
  t.pass()
})
