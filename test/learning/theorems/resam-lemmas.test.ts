/** RESAM, Lemmas 7 to 10: what the λ of GM and of CwMed are made from. */
import test from 'ava'
import fc from 'fast-check'
import { aggregator } from '../../../agreement/rules/registry.ts'
import { randomStream } from '../../../learning/random.ts'

const between = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((x, i) => x - b[i]!))

function normals(count: number, d: number, seed: number, label: string): number[][] {
  const random = randomStream(seed, 'lemmas', label)
  return Array.from({ length: count }, () => Array.from({ length: d }, () => random.normal()))
}

const median = (points: readonly (readonly number[])[]) =>
  Array.from(
    aggregator('gm').aggregate(
      points.map(x => Float32Array.from(x)),
      0,
    ),
  )

test('Lemma 7: two points of a convex hull are at most its diameter apart, and some come near it', t => {
  let largest = 0
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 5 }), fc.nat(), (n, d, seed) => {
      const points = normals(n, d, seed, 'hull')
      const random = randomStream(seed, 'weights')
      const inside = () => {
        const raw = points.map(() => random.uniform() ** 8)
        const total = raw.reduce((a, b) => a + b)
        return points[0]!.map((_, i) => raw.reduce((sum, w, j) => sum + (w / total) * points[j]![i]!, 0))
      }
      const width = Math.max(...points.flatMap(a => points.map(b => between(a, b))))
      const apart = between(inside(), inside())
      t.true(apart <= width * (1 + 1e-12))
      largest = Math.max(largest, apart / width)
    }),
  )
  t.true(largest > 0.95, `${largest} of the diameter`)
})

test('Lemma 8: a geometric median lies in the convex hull, on the near side of every plane beyond it', t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 }), fc.nat(), (n, d, seed) => {
      const points = normals(n, d, seed, 'points')
      const found = median(points)
      // Where it is nearest to leave: away from the middle; and any other ways.
      const middle = points[0]!.map((_, i) => points.reduce((sum, x) => sum + x[i]! / n, 0))
      for (const way of [found.map((x, i) => x - middle[i]!), ...normals(40, d, seed, 'ways')]) {
        const along = (x: readonly number[]) => x.reduce((sum, value, i) => sum + value * way[i]!, 0)
        const edge = Math.max(...points.map(along))
        t.true(along(found) <= edge + 1e-4 * (1 + Math.hypot(...way)), `${along(found)} beyond ${edge}`)
      }
    }),
    { numRuns: 60 },
  )
})

test('Lemma 9: how far f vectors move a geometric median; a simplex and far lies come near the bound', t => {
  const bound = (n: number, f: number) => 1 / Math.sqrt(1 - f ** 2 / (n - f) ** 2)
  const ratio = (honest: readonly (readonly number[])[], lies: readonly (readonly number[])[]) => {
    const alone = median(honest)
    const radius = Math.max(...honest.map(x => between(x, alone)))
    return between(median([...honest, ...lies]), alone) / radius
  }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.nat(), (f, d, seed) => {
      const honest = normals(f + 1 + (seed % 4), d, seed, 'honest')
      const lies = normals(f, d, seed, 'lies').map(x => x.map(value => 10 ** (seed % 4) * value))
      const n = honest.length + f
      t.true(ratio(honest, lies) <= bound(n, f) + 1e-3)
    }),
    { numRuns: 60 },
  )
  const f = 12
  const corners = Array.from({ length: f + 1 }, (_, i) =>
    Array.from({ length: f + 2 }, (_, j) => (i === j ? 1 : 0)),
  )
  const above = Array.from({ length: f + 2 }, (_, j) => (j === f + 1 ? 1e4 : 1 / (f + 1)))
  const found =
    ratio(
      corners,
      Array.from({ length: f }, () => above),
    ) / bound(2 * f + 1, f)
  t.true(found > 0.9 && found <= 1 + 1e-3, `${found} of the bound`)
})

test('Lemma 10: of n − f numbers at least n/2 − f are on either side of the median of all n, ties and all', t => {
  let tight = 0
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 9 }),
      fc.nat(),
      (values, draw) => {
        const n = values.length
        const f = draw % Math.ceil(n / 2)
        const middle = aggregator('cwmed').aggregate(
          values.map(value => Float32Array.of(value)),
          f,
        )[0]!
        const sides = [(value: number) => value <= middle, (value: number) => value >= middle]
        for (const side of sides) {
          // The worst subset leaves out f of this side.
          const all = values.filter(side).length
          const kept = all - Math.min(f, all)
          t.true(kept >= n / 2 - f, `${values} with f = ${f}`)
          if (f > 0 && kept < n / 2 - f + 1) tight++
        }
      },
    ),
    { numRuns: 500 },
  )
  t.true(tight > 20)
})

/** Drift and deviation of four honest workers on `Q = ½‖θ‖²`, far from its minimum, σ = 2; averages over the steps. */
function followed(beta: number, seed: number) {
  const [workers, steps, rate, sigma] = [4, 2000, 0.01, 2]
  const random = randomStream(seed, 'momentum')
  const theta = [50, 50]
  const momenta = Array.from({ length: workers }, () => [0, 0])
  let [drift, early] = [0, 0]
  for (let step = 1; step <= steps; step++) {
    for (const m of momenta)
      for (let i = 0; i < 2; i++)
        m[i] = beta * m[i]! + (1 - beta) * (theta[i]! + (sigma / Math.SQRT2) * random.normal())
    const mean = [0, 1].map(i => momenta.reduce((sum, m) => sum + m[i]!, 0) / workers)
    drift += momenta.reduce((sum, m) => sum + between(m, mean) ** 2, 0) / workers / steps
    if (step <= 50) early += between(mean, theta) ** 2 / 50
    for (let i = 0; i < 2; i++) theta[i]! -= rate * mean[i]!
  }
  return { drift, early }
}

test('Lemmas 1 and 3: momentum divides the drift by (1 + β)/(1 − β), and has the mean lag behind the gradient', t => {
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
  const at = (beta: number) => [1, 2, 3].map(seed => followed(beta, seed))
  const without = at(0)
  for (const beta of [0.5, 0.9, 0.99]) {
    const runs = at(beta)
    const [before, after] = [without, runs].map(list => mean(list.map(({ drift }) => drift)))
    const share = after! / before!
    const expected = (1 - beta) / (1 + beta)
    t.true(share > 0.7 * expected && share < 1.3 * expected, `β = ${beta}: ${share}, expected ${expected}`)
  }
  const lag = (runs: ReturnType<typeof at>) => mean(runs.map(({ early }) => early))
  t.true(lag(at(0.9)) > 20 * lag(without) && lag(at(0.99)) > 2 * lag(at(0.9)))
})
