/** `(f, κ)`-robustness of the rules that have it, over every subset of honest vectors, on vectors chosen against them. */
import test from 'ava'
import fc from 'fast-check'
import { aggregator } from '../../agreement/rules/registry.ts'
import { leastRobustness, robustnessOf } from '../../agreement/rules/robustness.ts'
import { squaredDistance, type Vector } from '../../agreement/vector.ts'

const names = ['cwtm', 'cwmed', 'gm', 'krum', 'nnm+cwtm', 'nnm+cwmed', 'nnm+gm', 'nnm+krum']

const meanOf = (family: readonly Vector[]) =>
  family[0]!.map((_, i) => family.reduce((sum, vector) => sum + vector[i]!, 0) / family.length)

/** All subsets of `size` of `0 … n − 1`. */
function subsets(n: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]]
  return Array.from({ length: Math.max(0, n - from) }, (_, i) => from + i).flatMap(first =>
    subsets(n, size - 1, first + 1).map(rest => [first, ...rest]),
  )
}

/** `‖R − x̄_S‖²` over what κ allows, for the worst `S`. */
function worstShare(name: string, vectors: readonly Vector[], f: number): number {
  const result = aggregator(name).aggregate(vectors, f)
  const kappa = robustnessOf(name)!(vectors.length, f)
  let worst = 0
  for (const places of subsets(vectors.length, vectors.length - f)) {
    const family = places.map(place => vectors[place]!)
    const center = meanOf(family)
    const spread = family.reduce((sum, vector) => sum + squaredDistance(vector, center), 0) / family.length
    const moved = squaredDistance(result, center)
    if (moved > 1e-6) worst = Math.max(worst, moved / (kappa * spread + 1e-6))
  }
  return worst
}

const families = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })).chain(([d, f]) =>
  fc.record({
    f: fc.constant(f),
    vectors: fc
      .array(
        fc.array(fc.constantFrom(-8, -4, -1, -0.5, 0, 0.5, 1, 2, 4, 16), { minLength: d, maxLength: d }),
        { minLength: 2 * f + 1, maxLength: 7 },
      )
      .map(rows => rows.map(row => Float32Array.from(row))),
  }),
)

for (const name of names)
  test(`${name} is (f, κ)-robust with its κ, for every subset of n − f vectors`, t => {
    fc.assert(
      fc.property(families, ({ f, vectors }) => {
        t.true(worstShare(name, vectors, f) <= 1 + 1e-4)
      }),
      { numRuns: 300 },
    )
  })

test('mixing makes κ of every rule smaller once f is small beside n, and none is below the least possible', t => {
  for (const name of ['cwmed', 'gm', 'krum'])
    for (const [n, f] of [
      [25, 1],
      [50, 2],
      [101, 5],
    ] as const) {
      const [alone, mixed] = [robustnessOf(name)!(n, f), robustnessOf(`nnm+${name}`)!(n, f)]
      t.true(mixed < alone, `${name} at (${n}, ${f})`)
      t.true(mixed >= leastRobustness(n, f))
    }
})

test('mda alone and its mixtures have no κ, and mean has none', t => {
  for (const name of ['mean', 'mda', 'nnm+mda', 'bucketing+cwtm', 'nnm', 'clip+nnm+cwtm'])
    t.is(robustnessOf(name), null, name)
})
