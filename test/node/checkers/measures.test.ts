/** The checkers' measurements give the bits of their definitions, however many vectors are equal. */
import test from 'ava'
import fc from 'fast-check'
import { diameter, type Vector } from '../../../agreement/vector.ts'
import { randomStream } from '../../../learning/random.ts'
import {
  contractionBetween,
  meanShift,
  meanShiftMax,
  measured,
  spreadOf,
} from '../../../node/checkers/measures.ts'

interface Shape {
  readonly count: number
  readonly dimension: number
  readonly different: number
  readonly scale: number
  readonly seed: number
}

const shapes = fc.record({
  count: fc.integer({ min: 1, max: 12 }),
  dimension: fc.constantFrom(1, 3, 1000, 5000),
  different: fc.integer({ min: 1, max: 12 }),
  scale: fc.constantFrom(1e-30, 1e-3, 1, 1e30),
  seed: fc.integer({ min: 0, max: 1000 }),
})

/** Some of the vectors are equal: the same object, or another one. */
function familyOf({ count, dimension, different, scale, seed }: Shape): Vector[] {
  const random = randomStream(seed, 'family')
  const drawn = Array.from({ length: different }, () =>
    Float32Array.from({ length: dimension }, () => scale * random.normal()),
  )
  return Array.from({ length: count }, (_, j) =>
    j % 2 === 0 ? drawn[j % different]! : drawn[j % different]!.slice(),
  )
}

function meanOf(family: readonly Vector[]): number[] {
  return [...family[0]!].map((_, i) => family.reduce((sum, vector) => sum + vector[i]!, 0) / family.length)
}

test('diameter, mean, range and rounding are those of all vectors, one by one', t => {
  fc.assert(
    fc.property(shapes, shape => {
      const family = familyOf(shape)
      const own = measured(family)
      t.is(own.diameter(), diameter(family))
      t.deepEqual([...own.mean()], meanOf(family))
      const columns = [...family[0]!].map((_, i) => family.map(vector => vector[i]!))
      t.deepEqual(
        [...own.range().low],
        columns.map(column => Math.min(...column)),
      )
      t.deepEqual(
        [...own.range().high],
        columns.map(column => Math.max(...column)),
      )
      const largest = Math.max(...columns.map(column => Math.max(...column.map(Math.abs))))
      t.is(own.rounding(), largest * Math.sqrt(shape.dimension) * 1e-6)
      t.is(own.distinct().length, Math.min(shape.count, shape.different))
    }),
    { numRuns: 100 },
  )
})

test('the bound of the shift holds, and is near it where all vectors differ and all outputs are one', t => {
  fc.assert(
    fc.property(shapes, ({ count, dimension, scale, seed }) => {
      const random = randomStream(seed, 'shift')
      const drawn = () => Float32Array.from({ length: dimension }, () => scale * (1 + random.normal()))
      const [before, output] = [Array.from({ length: count + 1 }, drawn), drawn()]
      const [from, to] = [measured(before), measured([output, output.slice()])]
      const [shift, most] = [meanShift(from, to), meanShiftMax(from, to)]
      t.true(most >= shift, `${most} >= ${shift}`)
      t.true(most <= shift + 0.01 * (shift + from.diameter()), `${most}, where the shift is ${shift}`)
      t.is(meanShiftMax(measured([...before, before[0]!]), to), Infinity)
      t.is(meanShiftMax(from, measured([output, before[0]!])), Infinity)
    }),
    { numRuns: 100 },
  )
})

test('pairs that are nearly the widest do not hide the widest', t => {
  const wide = Float32Array.from({ length: 4000 }, (_, i) => (i === 3999 ? 1 + 2 ** -20 : 1))
  const family = [
    new Float32Array(4000),
    wide,
    new Float32Array(4000).fill(1),
    new Float32Array(4000).fill(0.5),
  ]
  t.is(measured(family).diameter(), diameter(family))
  t.true(diameter(family) > diameter(family.toSpliced(1, 1)))
})

test('the contraction of a coordinate-wise protocol is that of the coordinate that contracted least', t => {
  const before = measured([Float32Array.of(0, 0, 0), Float32Array.of(8, 8, 0)])
  const after = measured([Float32Array.of(1, 0, 1), Float32Array.of(3, 6, 1)])
  t.deepEqual(contractionBetween('icwtm', before, after), { before: 8, after: 6, ratio: 0.75 })
  t.is(contractionBetween('mda', before, after).after, Math.sqrt(4 + 36))
  t.is(meanShift(before, after), Math.sqrt((4 - 2) ** 2 + (4 - 3) ** 2 + 1))
})

test('ζ² is the mean squared distance from the mean, also where vectors are equal', t => {
  fc.assert(
    fc.property(shapes, shape => {
      const family = familyOf(shape)
      const mean = meanOf(family)
      const squared = family
        .map(vector => vector.reduce((sum, value, i) => sum + (value - mean[i]!) ** 2, 0))
        .reduce((a, b) => a + b / family.length, 0)
      t.true(Math.abs(spreadOf(measured(family)) - squared) <= 1e-4 * squared)
    }),
  )
  t.is(spreadOf(measured([])), 0)
})
