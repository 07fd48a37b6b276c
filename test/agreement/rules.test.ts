/** The rules: what each does on small families, that every two of them differ, their names, and what they refuse. */
import test from 'ava'
import {
  aggregator,
  bucketing,
  clip,
  cva,
  cwtm,
  krum,
  mda,
  mean,
  multiKrum,
  nnm,
  RuleError,
  rules,
  trimmedMiddle,
} from '../../agreement/rules/index.ts'

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

test('names are those of the command line, and compose', t => {
  const contract = 'mean cwtm cwmed meamed mda krum multi-krum gm gmom cge cge-sum cc trimmed-middle cva'
  for (const name of contract.split(' ')) t.true(Object.hasOwn(rules, name), name)
  const vectors = column(5, 0, 1, 2, 4, 100, 7)
  t.deepEqual(aggregator('nnm+cwtm').aggregate(vectors, 2), cwtm(nnm(vectors, 2), 2))
  t.deepEqual(
    aggregator('clip+mean', { radius: 3 }).aggregate(vectors, 2),
    mean(clip(vectors, { radius: 3 })),
  )
  t.deepEqual(
    aggregator('bucketing+krum', { s: 2 }).aggregate(vectors, 1),
    krum(bucketing(vectors, { s: 2 }), 1),
  )
  t.deepEqual(aggregator('multi-krum', { m: 3 }).aggregate(vectors, 2), multiKrum(vectors, 2, { m: 3 }))
  t.deepEqual(aggregator('cva', { own: 6, keep: 3 }).aggregate(vectors, 2), cva(vectors, vectors[6]!, 3))
})

const asked: [string, Record<string, number>, string, RegExp][] = [
  ['median', {}, 'unknown-rule', /no rule is called "median"; there are mean, cwtm/],
  ['toString', {}, 'unknown-rule', /no rule/],
  ['mix+mean', {}, 'unknown-rule', /no pre-aggregation is called "mix"; there are nnm/],
  ['krum', { m: 2 }, 'bad-parameter', /krum: has no parameter m; it has none/],
  ['nnm+gm', { tau: 2 }, 'bad-parameter', /has no parameter tau; it has tolerance/],
  ['cva', { own: 9 }, 'bad-parameter', /own is 9, .* from 0 to 3/],
  ['multi-krum', { m: 4 }, 'bad-parameter', /m is 4, .* from 1 to 3/],
  ['gm', { tolerance: 0 }, 'bad-parameter', /tolerance is 0, must be a number above 0/],
  ['gmom', { k: 2 }, 'too-many-faults', /2f < k/],
  ['gmom', { k: 4, tau: 0.5 }, 'bad-parameter', /drops all 4 groups, the least norm is 1/],
  ['cc', { passes: 0 }, 'bad-parameter', /passes is 0/],
  ['bucketing+krum', { s: 3 }, 'too-many-faults', /krum: 1 faults among 2 vectors/],
]
for (const [name, parameters, code, message] of asked)
  test(`misuse by name is named: ${name} ${JSON.stringify(parameters)}`, t => {
    const vectors = column(1, 2, 3, 4)
    const error = t.throws(() => aggregator(name, parameters).aggregate(vectors, 1), {
      instanceOf: RuleError,
      message,
    })
    t.is(error?.code as string, code)
  })

for (const name of Object.keys(rules))
  test(`${name} names what is wrong with its vectors`, t => {
    const { aggregate } = aggregator(name)
    const code = (act: () => unknown) => t.throws(act, { instanceOf: RuleError })?.code as string
    t.is(
      code(() => aggregate([], 0)),
      'empty-input',
    )
    t.is(
      code(() => aggregate([new Float32Array(2), new Float32Array(1)], 0)),
      'unequal-lengths',
    )
    for (const bad of [Number.NaN, Infinity, -Infinity])
      t.is(
        code(() => aggregate(column(1, bad, 2), 1)),
        'not-finite',
      )
    if (!['mean', 'cwmed', 'gm', 'cc'].includes(name))
      t.is(
        code(() => aggregate(column(1, 2, 3, 4), 2.5)),
        ['gmom', 'cva'].includes(name) ? 'bad-parameter' : 'too-many-faults',
      )
  })

test('Krum* counts one neighbour more than Krum of 2017, and that can change the choice', t => {
  // With three neighbours 2 scores 6.86 and 3 scores 8.06; with two 3.25 and 1.81.
  const vectors = column(0, 0.5, 2, 3, 3.9, 900)
  const [star, original] = ['krum', 'krum-original'].map(name => aggregator(name).aggregate(vectors, 2)[0])
  t.is(original, 3)
  t.is(star, 2)
})

test('centered clipping starts from the result before, behind a pre-aggregation too', t => {
  const vectors = column(10, 11, 12)
  t.deepEqual([...aggregator('cc', { tau: 1 }).aggregate(vectors, 0)], [1])
  t.deepEqual([...aggregator('cc', { tau: 1 }).aggregate(vectors, 0, { previous: Float32Array.of(5) })], [6])
  const mixed = aggregator('clip+cc', { radius: 100, tau: 1 })
  t.deepEqual([...mixed.aggregate(vectors, 0, { previous: Float32Array.of(5) })], [6])
})

test('a fault limit is exact: 2f < n', t => {
  for (const name of [
    'cwtm',
    'mda',
    'krum',
    'multi-krum',
    'meamed',
    'cge',
    'trimmed-middle',
    'nnm+mean',
    'caf',
    'smea',
    'box-geom',
    'box-mean',
  ]) {
    t.notThrows(() => aggregator(name).aggregate(column(1, 2, 3, 4, 5), 2), name)
    t.throws(() => aggregator(name).aggregate(column(1, 2, 3, 4), 2), { code: 'too-many-faults' }, name)
  }
})

test('bulyan takes f faults of 4f + 3 vectors and no fewer, and a lie that Krum would take moves it little', t => {
  const near = [0, 1, 2, 3, 4, 5]
  t.deepEqual([...aggregator('bulyan').aggregate(column(...near, 900), 1)], [2])
  const error = t.throws(() => aggregator('bulyan').aggregate(column(...near), 1), { instanceOf: RuleError })
  t.is(error?.code as string, 'too-many-faults')
  t.regex(error!.message, /bulyan: 1 faults among 6 vectors, needs 4f \+ 3 ≤ n: at most 0 with 6 vectors/)
  // Near in all coordinates but one: Krum sends it on, and the median of that coordinate does not.
  const honest = Array.from({ length: 6 }, (_, j) =>
    Float32Array.from({ length: 50 }, (_, i) => Math.sin(97 * (j + 1) * (i + 1) * (i + 2))),
  )
  const lie = Float32Array.from({ length: 50 }, (_, i) => (i === 0 ? 4 : 0))
  t.is(aggregator('krum').aggregate([...honest, lie], 1)[0], 4)
  t.true(Math.abs(aggregator('bulyan').aggregate([...honest, lie], 1)[0]!) <= 1)
})
