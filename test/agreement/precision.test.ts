/** Rounding to bfloat16 and to blocks of integers, against definitions that look for the nearest number. */
import test from 'ava'
import fc from 'fast-check'
import {
  bytesOf,
  narrowBytes,
  precisions,
  roundedTo,
  roundingErrorOf,
  widen,
} from '../../agreement/precision.ts'

const bits = new Uint32Array(1)
const float = new Float32Array(bits.buffer)

function floatOf(pattern: number): number {
  bits[0] = pattern
  return float[0]!
}

const GREATEST = floatOf(0x7f7f0000)

/** The nearest of the bfloat16 on both sides; of equally near ones the even; never an infinity. */
function naiveBfloat16(pattern: number): number {
  const value = floatOf(pattern)
  const below = floatOf((pattern & 0xffff0000) >>> 0)
  const above = floatOf(((pattern & 0xffff0000) >>> 0) + 0x10000)
  if (!Number.isFinite(above)) return Math.sign(value) * GREATEST
  const [down, up] = [Math.abs(value - below), Math.abs(above - value)]
  if (down !== up) return down < up ? below : above
  return ((pattern >>> 16) & 1) === 0 ? below : above
}

test('bfloat16: around every one of its numbers, halfway and on both sides of halfway', t => {
  const patterns: number[] = []
  for (let upper = 0; upper < 2 ** 16; upper++)
    if ((upper & 0x7f80) !== 0x7f80)
      for (const lower of [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff]) patterns.push(upper * 2 ** 16 + lower)
  const rounded = roundedTo(Float32Array.from(patterns, floatOf), 'bf16')
  const wrong = patterns.find((pattern, i) => !Object.is(rounded[i], naiveBfloat16(pattern)))
  t.is(wrong?.toString(16), undefined)
})

test('bfloat16: what is not finite stays so, however little of it is in the lower half', t => {
  const vector = Float32Array.from([0x7f800000, 0xff800000, 0x7f800001, 0x7fffffff, 0xffffffff], floatOf)
  const rounded = roundedTo(vector, 'bf16')
  t.deepEqual([...rounded], [Infinity, -Infinity, Number.NaN, Number.NaN, Number.NaN])
  const back = new Float32Array(5)
  t.is(widen(narrowBytes(rounded, 'bf16'), 'bf16', back, 0), 'not-finite')
})

/** The nearest integer, of equally near ones the even. */
function nearestEven(value: number): number {
  const floor = Math.floor(value)
  const over = value - floor
  return over < 0.5 || (over === 0.5 && floor % 2 === 0) ? floor : floor + 1
}

/** The least scale with which all integers fit, by trying them. */
function naiveBlock(block: readonly number[]): number[] {
  for (let exponent = -128; ; exponent++) {
    const quotients = block.map(value => nearestEven(value / 2 ** exponent))
    const fits = quotients.every(quotient => Math.abs(quotient) <= 127)
    if (fits || exponent === 121)
      return quotients.map(quotient => Math.max(-127, Math.min(127, quotient)) * 2 ** exponent + 0)
  }
}

/** Numbers of like size, as gradients are, with some of any size and some halfway between integers. */
const numbers = fc.integer({ min: -140, max: 127 }).chain(exponent =>
  fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.integer({ min: -255, max: 255 }).map(halves => halves * 2 ** (exponent - 8)),
      },
      { weight: 3, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }).map(x => x * 2 ** exponent) },
      { weight: 1, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
    ),
    { minLength: 1, maxLength: 600 },
  ),
)
const vectors = numbers.map(values => Float32Array.from(values))

test('int8: every block has the least scale that fits, and the nearest integers', t => {
  fc.assert(
    fc.property(vectors, vector => {
      const rounded = roundedTo(vector, 'int8')
      for (let from = 0; from < vector.length; from += 256) {
        const wanted = naiveBlock([...vector.subarray(from, from + 256)])
        const found = [...rounded.subarray(from, from + 256)]
        t.deepEqual(found, wanted)
      }
    }),
    { numRuns: 300 },
  )
})

test('int8: the greatest numbers stay finite', t => {
  const greatest = floatOf(0x7f7fffff)
  t.deepEqual(
    [...roundedTo(Float32Array.of(greatest, -greatest, 1), 'int8')],
    [127 * 2 ** 121, -127 * 2 ** 121, 0],
  )
})

test('what is rounded stays as it is, and so do its bytes', t => {
  for (const precision of ['bf16', 'int8'] as const)
    fc.assert(
      fc.property(vectors, vector => {
        const once = roundedTo(vector, precision)
        t.deepEqual(roundedTo(once.slice(), precision), once)
        const bytes = narrowBytes(once, precision)
        t.is(bytes.length, bytesOf(vector.length, precision))
        const back = new Float32Array(vector.length)
        t.is(widen(bytes, precision, back, 0), null)
        t.deepEqual(back, once)
        t.deepEqual(narrowBytes(back, precision), bytes)
      }),
      { numRuns: 150 },
    )
})

test('bytes of a liar are refused, or are those that their numbers are encoded as', t => {
  let [taken, refused] = [0, 0]
  const blocks = fc.tuple(
    fc.integer({ min: -128, max: 127 }),
    fc.array(fc.oneof(fc.integer({ min: -3, max: 70 }), fc.integer({ min: -128, max: 127 })), {
      minLength: 1,
      maxLength: 256,
    }),
  )
  fc.assert(
    fc.property(blocks, ([exponent, quotients]) => {
      const bytes = new Uint8Array(Int8Array.of(exponent, ...quotients).buffer)
      const vector = new Float32Array(quotients.length)
      const flaw = widen(bytes, 'int8', vector, 0)
      if (flaw === null) {
        taken++
        t.deepEqual(narrowBytes(vector, 'int8'), bytes)
        t.true(vector.every(Number.isFinite))
      } else refused++
    }),
    { numRuns: 500 },
  )
  t.true(taken > 50 && refused > 50)
  const flaw = (...bytes: number[]) => {
    const vector = new Float32Array(bytes.length - 1)
    return widen(new Uint8Array(Int8Array.from(bytes).buffer), 'int8', vector, 0)
  }
  t.is(flaw(0, 64), null)
  t.is(flaw(0, 63), 'other-form')
  t.is(flaw(-128, 1), null)
  t.is(flaw(-127, 1), 'other-form')
  t.is(flaw(0, -127), null)
  t.is(flaw(0, -128), 'other-form')
  t.is(flaw(121, 64), null)
  t.is(flaw(122, 64), 'not-finite')
})

test('rounding moves no coordinate further than is said', t => {
  for (const precision of precisions)
    fc.assert(
      fc.property(vectors, vector => {
        const rounded = roundedTo(vector, precision)
        const most = roundingErrorOf(rounded, precision)
        return vector.every((value, i) => Math.abs(value - rounded[i]!) <= most)
      }),
      { numRuns: 150 },
    )
  // And is not much below what can happen.
  const [wide, block] = [Float32Array.of(1 + 2 ** -8), Float32Array.of(65, 0.5)]
  t.true(2 ** -8 > 0.98 * roundingErrorOf(roundedTo(wide, 'bf16'), 'bf16'))
  t.true(0.5 > 0.97 * roundingErrorOf(roundedTo(block, 'int8'), 'int8'))
})
