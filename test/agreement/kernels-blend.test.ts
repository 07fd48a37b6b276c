/** The weighted sum of two vectors, in the kernels' memory and outside it: the bits of its definition. */
import test from 'ava'
import fc from 'fast-check'
import { allocateVector, blend } from '../../agreement/kernels/index.ts'
import { addressOf } from '../../agreement/kernels/memory.ts'

const coordinates = fc.oneof(
  fc.constantFrom(0, -0, 1e-45, -1e-45, 3.4e38, -3.4e38),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
)
const weights = fc.constantFrom(0, 0.1, 0.5, 0.9, 1)
/** At most 1, as of a clipped gradient. */
const scales = fc.constantFrom(1, 1, 0.7, 1e-3)

test('it is a·x + b·into, rounded once behind the scaling, and keeps the sign of a zero', t => {
  const rows = fc.array(fc.tuple(coordinates, coordinates), { minLength: 1, maxLength: 70 })
  fc.assert(
    fc.property(rows, weights, weights, scales, (pairs, a, b, scale) => {
      const x = Float32Array.from(pairs, ([value]) => value)
      const into = Float32Array.from(pairs, ([, value]) => value)
      const scaled = into.map(value => scale * value)
      const expected = Float32Array.from(pairs, (_, i) => a * x[i]! + b * scaled[i]!)
      const places = [allocateVector(pairs.length), allocateVector(pairs.length)] as const
      for (const [place, values] of [
        [places[0], x],
        [places[1], into],
      ] as const) {
        t.not(addressOf(place), undefined, 'the kernel is what is tested')
        place.set(values)
      }
      blend(places[1], b, places[0], a, scale)
      blend(into, b, x, a, scale)
      return [...expected.keys()].every(
        i => Object.is(places[1][i], expected[i]) && Object.is(into[i], expected[i]),
      )
    }),
    { numRuns: 1000 },
  )
})

test('what lies behind a vector in the kernels’ memory stays zero', t => {
  const [into, x] = [allocateVector(5).fill(1), allocateVector(5).fill(2)]
  blend(into, 0.5, x, 0.5)
  t.deepEqual(
    [...new Float32Array(into.buffer, into.byteOffset, 12)],
    [...new Array(5).fill(1.5), ...new Array(7).fill(0)],
  )
})
