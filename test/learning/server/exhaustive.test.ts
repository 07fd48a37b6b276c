/** Theorem 2's algorithm over any costs, and with fewer liars than f: quadratic ones, and others by descent. */
import test from 'ava'
import fc from 'fast-check'
import { randomStream } from '../../../learning/random.ts'
import {
  convexMinimiser,
  type QuadraticCost,
  quadraticMinimiser,
  RankError,
  squaresCost,
} from '../../../learning/server/costs.ts'
import {
  comparisons,
  distanceBetween,
  exhaustiveOver,
  farthestMinimum,
  redundancyOver,
  remembered,
} from '../../../learning/server/exhaustive.ts'
import { exhaustive } from '../../../learning/server/least-squares.ts'
import { problem } from '../../../node/reproduce/experiments/redundancy-plan.ts'

const everyone = (n: number) => Array.from({ length: n }, (_, i) => i)

/** Convex quadratic costs in two variables that nearly agree on their minimum points; the liars' are anywhere. */
function drawn(n: number, liars: readonly number[], seed: number): QuadraticCost[] {
  const random = randomStream(seed, 'costs')
  return everyone(n).map(agent => {
    const lies = liars.includes(agent)
    const rows = everyone(2).map(() => [random.normal(), random.normal()])
    const spread = lies ? 50 : 0.1
    return squaresCost(
      rows,
      rows.map(([a, b]) => a! - 2 * b! + spread * random.normal()),
    )
  })
}

test('least squares as quadratic costs: the same point and set as by their own way', t => {
  const minimise = quadraticMinimiser(
    problem.rows.map((row, i) => squaresCost([row], [problem.responses[i]!])),
  )
  const [ours, theirs] = [exhaustiveOver(6, 1, minimise), exhaustive(problem, 1)]
  t.deepEqual(ours.set, theirs.set)
  t.true(distanceBetween(ours.point, theirs.point) < 1e-9)
})

test('Theorem 2 with f or fewer liars, or none: within 2ε of the minimum of any n − f honest costs', t => {
  let used = 0
  fc.assert(
    fc.property(fc.constantFrom([4, 1], [5, 2], [7, 2]), fc.nat(), fc.nat(), ([n, f], b, seed) => {
      const liars = everyone(b % (f! + 1)).map(i => (i * 2 + seed) % n!)
      if (new Set(liars).size < liars.length) return
      const honest = everyone(n!).filter(agent => !liars.includes(agent))
      const minimise = remembered(quadraticMinimiser(drawn(n!, liars, seed)))
      const epsilon = redundancyOver(n!, f!, minimise, honest)
      const { point, radius } = exhaustiveOver(n!, f!, minimise)
      const away = farthestMinimum(point, n! - f!, minimise, honest)
      t.true(radius <= epsilon * (1 + 1e-9), `r_S = ${radius}, ε = ${epsilon}`)
      t.true(away <= 2 * epsilon, `${away} away, ε = ${epsilon}, ${liars.length} of ${n} lie`)
      if (away > 0.2 * epsilon) used++
    }),
    { numRuns: 60 },
  )
  t.true(used > 5, 'the bound is not vacuous')
})

test('descent finds the minimum of quadratic costs that elimination finds', t => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 6 }), (seed, n) => {
      const costs = drawn(n, [], seed)
      const gradients = costs.map(
        ({ hessian, linear }) =>
          (x: readonly number[]) =>
            linear.map((b, i) => b + hessian[i]!.reduce((sum, h, j) => sum + h * x[j]!, 0)),
      )
      const [exact, found] = [
        quadraticMinimiser(costs)(everyone(n)),
        convexMinimiser(gradients, [0, 0])(everyone(n)),
      ]
      t.true(distanceBetween(exact, found) < 1e-5 * (1 + Math.hypot(...exact)), `${exact} and ${found}`)
    }),
    { numRuns: 50 },
  )
})

test('costs that are not quadratic: logistic and Huber sums, with their minimum known', t => {
  // Σ log(1 + e^(x − c)) + log(1 + e^(c − x)) has its minimum at c; two of them half way, by symmetry.
  const logistic = (c: number) => (x: readonly number[]) => [Math.tanh((x[0]! - c) / 2)]
  const minimise = convexMinimiser([logistic(-1), logistic(3), logistic(7)], [100])
  t.true(Math.abs(minimise([0, 1])[0]! - 1) < 1e-6)
  t.true(Math.abs(minimise([0, 2])[0]! - 3) < 1e-6)
  // Huber's with reach 1: the mean where all are within, and a far one pulls like 1.
  const huber = (c: number) => (x: readonly number[]) => [Math.max(-1, Math.min(1, x[0]! - c))]
  t.true(Math.abs(convexMinimiser([huber(0), huber(0.5), huber(50)], [0])([0, 1, 2])[0]! - 0.75) < 1e-6)
  // Rosenbrock's valley is not convex, and descent ends at its minimum all the same.
  const valley = (x: readonly number[]) => [
    -400 * x[0]! * (x[1]! - x[0]! ** 2) - 2 * (1 - x[0]!),
    200 * (x[1]! - x[0]! ** 2),
  ]
  t.true(distanceBetween(convexMinimiser([valley], [-1.2, 1])([0]), [1, 1]) < 1e-5)
})

test('from far away, where gradients are huge, and where all agents agree, descent comes as near', t => {
  const cubes = everyone(4).map(i => (x: readonly number[]) => [4 * (x[0]! - i) ** 3])
  for (const start of [1e6, -1e3, 0])
    t.true(Math.abs(convexMinimiser(cubes, [start])([0, 1, 2, 3])[0]! - 1.5) < 1e-3, `from ${start}`)
  const alike = everyone(3).map(() => (x: readonly number[]) => [2 * (x[0]! - 5), 8 * (x[1]! + 1)])
  t.true(distanceBetween(convexMinimiser(alike, [1e5, 1e5])([0, 1, 2]), [5, -1]) < 1e-5)
})

test('costs without a minimum point are refused, with their agents named', t => {
  const slope = () => [1]
  const error = t.throws(() => convexMinimiser([slope, slope], [0])([0, 1]), { instanceOf: RankError })
  t.regex(error.message, /agents 0, 1 has no minimum .* from \(0\).*convex/)
  const flat = [
    {
      hessian: [
        [1, 1],
        [1, 1],
      ],
      linear: [1, 1],
    },
  ]
  t.throws(() => quadraticMinimiser(flat)([0]), { instanceOf: RankError, message: /agents 0 .* below 2/ })
  const saddle = [
    {
      hessian: [
        [2, 0],
        [0, -1],
      ],
      linear: [1, 1],
    },
  ]
  t.throws(() => quadraticMinimiser(saddle)([0]), {
    instanceOf: RankError,
    message: /agents 0 has no minimum: it falls/,
  })
})

test('the pairs of sets that are compared', t => {
  t.is(comparisons(6, 1), 30)
  t.is(comparisons(5, 0), 1)
  t.is(comparisons(7, 2), 21 * 10)
})
