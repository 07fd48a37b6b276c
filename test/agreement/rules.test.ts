import test from 'ava'
import fc from 'fast-check'
import { cva, cwtm, mda, mean, RuleError, trimmedMiddle } from '../../agreement/rules/index.ts'
import { naiveSubset } from './naive/mda.ts'

const column = (...values: number[]): Float32Array[] => values.map(value => Float32Array.of(value))

test('the rules differ where they should', t => {
  const vectors = column(5, 0, 1, 2, 4, 100, 7)
  t.is(mean(vectors)[0], 17)
  t.is(cwtm(vectors, 1)[0], Math.fround(19 / 5))
  t.is(trimmedMiddle(vectors, 2)[0], 3.5)
  t.is(mda(vectors, 2)[0], Math.fround(12 / 5))
  t.is(mda(vectors, 2, { keep: 2 })[0], 4.5)
  t.is(cva(vectors, Float32Array.of(7), 3)[0], Math.fround(16 / 3))
})

test('MDA takes the subset that enumeration finds, ties included', t => {
  const family = fc.integer({ min: 1, max: 9 }).chain(n =>
    fc.tuple(
      fc.array(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 2, maxLength: 2 }), {
        minLength: n,
        maxLength: n,
      }),
      fc.integer({ min: 1, max: n }),
    ),
  )
  fc.assert(
    fc.property(family, ([rows, keep]) => {
      const vectors = rows.map(row => Float32Array.from(row))
      const expected = mean(naiveSubset(vectors, keep).map(j => vectors[j]!))
      t.deepEqual(mda(vectors, 0, { keep }), expected)
    }),
    { numRuns: 500 },
  )
})

const misuse: [string, () => unknown, string, RegExp][] = [
  ['no vectors', () => mean([]), 'empty-input', /needs at least 1/],
  [
    'lengths',
    () => mean([new Float32Array(2), new Float32Array(3)]),
    'unequal-lengths',
    /vector 1 has 3 .* vector 0 has 2/,
  ],
  [
    'NaN',
    () => cwtm([...column(1, 2), Float32Array.of(Number.NaN)], 1),
    'not-finite',
    /vector 2 has NaN at coordinate 0/,
  ],
  ['too many faults', () => mda(column(1, 2, 3, 4), 2), 'too-many-faults', /2f < n: at most 1 with 4/],
  ['half a fault', () => trimmedMiddle(column(1, 2, 3), 0.5), 'too-many-faults', /whole number/],
  ['keep', () => mda(column(1, 2, 3), 1, { keep: 4 }), 'bad-parameter', /keep is 4, .* from 1 to 3/],
  ['own', () => cva(column(1, 2), new Float32Array(2), 1), 'unequal-lengths', /own has 2/],
]
for (const [name, act, code, message] of misuse)
  test(`misuse is named: ${name}`, t => {
    const error = t.throws(act, { instanceOf: RuleError, message })
    t.is(error?.code as string, code)
  })
