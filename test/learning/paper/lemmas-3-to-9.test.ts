/**
 * collaborative-learning §4.3: Lemmas 3 to 9, on vectors of one and two dimensions. Expectations are exact: the noise of
 * each peer is ±s, and all signs are tried.
 */
import test from 'ava'
import fc from 'fast-check'
import { learnBounds } from '../../../learning/learn-bounds.ts'

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const pair = fc.tuple(number(-5, 5), number(-5, 5))
type Pair = readonly [number, number]

const plus = (u: Pair, v: Pair): Pair => [u[0] + v[0], u[1] + v[1]]
const square = (u: Pair) => u[0] ** 2 + u[1] ** 2
const wide = (family: readonly Pair[]) =>
  Math.max(...family.flatMap(u => family.map(v => Math.hypot(u[0] - v[0], u[1] - v[1]))))
const spread = (family: readonly number[]) => Math.max(...family) - Math.min(...family)
const meanOf = (family: readonly number[]) => family.reduce((a, b) => a + b, 0) / family.length
const SLACK = 1 + 1e-9

test('Lemma 3: ‖u + v‖² ≤ (1 + 1/α)‖u‖² + (1 + α)‖v‖², with equality at u = αv', t => {
  fc.assert(
    fc.property(pair, pair, number(0.01, 20), (u, v, alpha) => {
      t.true(square(plus(u, v)) <= ((1 + 1 / alpha) * square(u) + (1 + alpha) * square(v)) * SLACK + 1e-12)
      const along: Pair = [alpha * v[0], alpha * v[1]]
      const right = (1 + 1 / alpha) * square(along) + (1 + alpha) * square(v)
      t.true(Math.abs(square(plus(along, v)) - right) <= 1e-9 * right + 1e-12)
    }),
  )
})

test('Lemmas 4 and 5: squares of sums, and a diameter is at most twice the largest norm', t => {
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 8 }), family => {
      const sum = family.reduce<Pair>(plus, [0, 0])
      t.true(square(sum) <= family.length * family.reduce((total, u) => total + square(u), 0) * SLACK + 1e-12)
      t.true(wide(family) <= 2 * Math.max(...family.map(u => Math.sqrt(square(u)))) * SLACK + 1e-12)
    }),
  )
  t.is(square(plus([1, 2], [1, 2])), 2 * 2 * square([1, 2]))
  t.is(
    wide([
      [3, 4],
      [-3, -4],
    ]),
    10,
  )
})

/** All sign patterns of `h` peers. */
const signs = (h: number): number[][] =>
  Array.from({ length: 2 ** h }, (_, bits) => Array.from({ length: h }, (_, j) => ((bits >> j) & 1 ? 1 : -1)))

/** Peer `j` of three has the loss `½a_j(θ − x_j)²` up to its slope: gradients `a(θ − x_j)` with one `a ≤ L`. */
const scene = fc.record({
  curvature: number(0, 1),
  points: fc.array(number(-2, 2), { minLength: 3, maxLength: 3 }),
  parameters: fc.array(number(-2, 2), { minLength: 3, maxLength: 3 }),
  sigma: number(0, 2),
  step: fc.integer({ min: 1, max: 50 }),
  lies: fc.array(number(-1, 1), { minLength: 6, maxLength: 6 }),
})

test('Lemmas 6 and 7: the diameter of the gradients, and how far a step is from the true gradient', t => {
  const [L, h, C, rate] = [1, 3, 0.8, 0.1]
  fc.assert(
    fc.property(scene, ({ curvature, points, parameters, sigma, step, lies }) => {
      const alpha = Math.max(1 / Math.sqrt(step), sigma)
      const ceiling = Math.max(1, sigma)
      const K = curvature * spread(points)
      const drift = spread(parameters) ** 2
      const truth = curvature * (meanOf(parameters) - meanOf(points))
      let [gradients, error] = [0, 0]
      for (const pattern of signs(h)) {
        const g = parameters.map((x, j) => curvature * (x - points[j]!) + sigma * pattern[j]!)
        // AVG: the mean moves by C diameters at most, what is left of the diameter is 1/t and ½ of it.
        const centre = meanOf(g) + lies[0]! * C * spread(g)
        const effective = lies.slice(1, 4).map(lie => (lie * spread(g)) / step / 2)
        const gamma = effective.map(x => centre + x - meanOf(effective))
        const half = parameters.map((x, j) => x - rate * gamma[j]!)
        const after = meanOf(half) + lies[4]! * C * spread(half)
        gradients += spread(g) ** 2 / 8
        error += ((meanOf(parameters) - after) / rate - truth) ** 2 / 8
      }
      const lemma6 = (1 + alpha) * K ** 2 + ((16 * ceiling) / alpha) * (L ** 2 * drift + h * sigma ** 2)
      t.true(gradients <= lemma6 * SLACK + 1e-12)
      const inside =
        sigma ** 2 / h + (L ** 2 + (2 * C ** 2) / rate ** 2) * drift + ((2 * C ** 2) / step ** 2) * gradients
      const lemma7 = (1 + alpha) * C ** 2 * gradients + ((6 * ceiling) / alpha) * inside
      t.true(error <= lemma7 * SLACK + 1e-12)
    }),
    { numRuns: 500 },
  )
})

test('Lemma 8: A and B as computed follow from Lemmas 6 and 7; as printed they do not', t => {
  // C = 1, h = 4, K = 0, σ = 1 at t = 1, u = 0: all is noise, and ᾱ = α = 1.
  const problem = {
    delta: 1.2,
    smoothness: 1,
    heterogeneity: 0,
    averagingConstant: 1,
    honest: 4,
    deviation: 1,
    decay: 0.5,
    greatestLoss: 1,
  }
  const { B } = learnBounds(problem)
  const lemma6 = 16 * 4
  const lemma7 = 2 * lemma6 + 6 * (1 / 4 + 2 * lemma6)
  const printed = 16 * 4 + 3 / 4 + 96 * 4
  t.true(lemma7 <= B)
  t.true(lemma7 > printed, `the lemmas give ${lemma7}, eq. 71 has ${printed}`)
})

/** The lies differ by the least that numbers can: it once made the test divide by nearly nothing. */
const DENORMAL = {
  curvature: 1,
  points: [0, 1, 2],
  parameters: [0, 1, 2],
  sigma: 0,
  step: 1,
  lies: [5e-324, 0, 0, 0, 0, 0],
}

test('Lemma 9: Δ(θ_{t+1})² ≤ ½Δ(θ_t)² + η²/2t²·Δ(g_t)²', t => {
  fc.assert(
    fc.property(scene, number(0.01, 1), ({ points: g, parameters, step, lies }, rate) => {
      // The agreements do as badly as they may: diameters shrink by exactly 1/t and ½.
      const drawn = lies.slice(0, 3)
      const width = spread(drawn)
      const gamma = drawn.map(lie => (width === 0 ? 0 : (((lie - drawn[0]!) / width) * spread(g)) / step))
      const half = parameters.map((x, j) => x - rate * gamma[j]!)
      const after = spread(half) / 2
      const right = spread(parameters) ** 2 / 2 + ((rate / step) ** 2 / 2) * spread(g) ** 2
      t.true(after ** 2 <= right * SLACK + 1e-12)
    }),
    { examples: [[DENORMAL, 0.5]] },
  )
})
