/** byzantine-gradient-descent: Lemmas 1, 3, 4, 5 and 8, Theorems 2 and 4. */
import test from 'ava'
import fc from 'fast-check'
import { aggregator } from '../../../agreement/rules/registry.ts'
import { randomStream } from '../../../learning/random.ts'
import { TheoremError } from '../../../learning/theorems/error.ts'
import {
  approximateDescent,
  coinDivergence,
  hessianBounds,
  medianBound,
  medianFactor,
  type RegressionProblem,
  regressionBounds,
} from '../../../learning/theorems/linear-regression.ts'

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const norm = (x: ArrayLike<number>) => Math.hypot(...Array.from(x))

test('Lemma 1: a geometric median stays near where most points are, wherever the others lie', t => {
  const gm = aggregator('gm')
  let largest = 0
  fc.assert(
    fc.property(
      fc.integer({ min: 5, max: 12 }),
      fc.array(fc.tuple(number(0, 2 * Math.PI), number(0, 1)), { minLength: 12, maxLength: 12 }),
      number(0, 3),
      number(0, 2 * Math.PI),
      (n, places, log, angle) => {
        const bad = Math.floor((n - 1) / 2)
        const alpha = bad / n
        const radius = 1
        const points = places.slice(0, n).map(([at, length], i) => {
          const [way, size] = i < bad ? [angle, 10 ** log] : [at, length]
          return Float32Array.of(size * Math.cos(way), size * Math.sin(way))
        })
        const median = gm.aggregate(points, bad)
        const mean =
          points.reduce((sum, p) => sum + Math.hypot(p[0]! - median[0]!, p[1]! - median[1]!), 0) / n
        const allowed = medianBound(alpha, radius, 1e-5, mean)
        t.true(norm(median) <= allowed, `${norm(median)}, allowed ${allowed}`)
        largest = Math.max(largest, norm(median) / allowed)
      },
    ),
    { numRuns: 300 },
  )
  t.true(largest > 0.1, `at most ${largest} of the bound`)
})

test('C_α by hand (eq. 7), and grows without limit towards one half', t => {
  t.is(medianFactor(0.25), 3)
  t.true(medianFactor(0.499) > 400)
  t.throws(() => medianFactor(0.5), { instanceOf: TheoremError, message: /α is 0.5; expected .* below ½/ })
})

test('Lemmas 3 and 4: descent with gradients that are off as far as allowed contracts to the floor', t => {
  fc.assert(
    fc.property(
      number(0.2, 1),
      number(0, 1),
      number(0, 0.9),
      number(0.1, 10),
      number(0, 6.2),
      (L, xi1, share, far, turn) => {
        // F = ½(L·x² + y²), M = 1.
        const greatest = (1 - Math.sqrt(1 - L ** 2 / 4)) / (L / 2)
        const xi2 = share * greatest
        const { rate, rho, floor } = approximateDescent({ convexity: L, smoothness: 1 }, xi1, xi2)
        t.true(rho > 0)
        let [x, y] = [far * Math.cos(turn), far * Math.sin(turn)]
        for (let step = 1; step <= 60; step++) {
          const exact = Math.hypot((1 - rate * L) * x, (1 - rate) * y)
          t.true(exact <= Math.sqrt(1 - L ** 2 / 4) * Math.hypot(x, y) + 1e-12, 'Lemma 3')
          const off = xi1 + xi2 * Math.hypot(x, y)
          const away = Math.max(Math.hypot(x, y), 1e-300)
          ;[x, y] = [x - rate * (L * x - (off * x) / away), y - rate * (y - (off * y) / away)]
          t.true(Math.hypot(x, y) <= (1 - rho) ** step * far + floor + 1e-9, `Lemma 4 at step ${step}`)
        }
      },
    ),
  )
})

test('Lemma 5: more than k(1 − α) + q of k coins show heads as often as the divergence says', t => {
  const [k, q, alpha, delta] = [20, 3, 0.4, 0.1]
  const choose = (i: number): number => (i === 0 ? 1 : (choose(i - 1) * (k - i + 1)) / i)
  let probability = 0
  for (let heads = 0; heads <= k; heads++)
    if (heads >= k * (1 - alpha) + q - 1e-9)
      probability += choose(heads) * (1 - delta) ** heads * delta ** (k - heads)
  const promised = 1 - Math.exp(-k * coinDivergence(alpha - q / k, delta))
  t.true(probability >= promised && promised > 0.5, `${probability}, promised ${promised}`)
  t.is(coinDivergence(0.3, 0.3), 0)
  t.true(Math.abs(coinDivergence(0, 0.5) - Math.LN2) < 1e-12)
})

test('Lemma 8: M′ differs from the one that its proof gives, and neither is always smaller', t => {
  const one = hessianBounds(1, 5, 0.1)
  t.true(one.printed < one.proved)
  const many = hessianBounds(1000, 5, 0.1)
  t.true(many.printed > 4 * many.proved)
  // By hand, d = 1, δ = 4/e, so that log(4/δ) = 1.
  const hand = hessianBounds(4, 1, 4 / Math.E)
  t.true(Math.abs(hand.printed - 5) < 1e-12)
  t.true(Math.abs(hand.proved - (3 + Math.SQRT2) ** 2 / 4) < 1e-12)
})

test('Lemma 8: both bound the covariance of as many samples as Assumption 4 wants', t => {
  const [d, delta, trials] = [2, 0.5, 400]
  for (const n of [1, 5, 50]) {
    const { printed, proved } = hessianBounds(n, d, delta)
    let [overPrinted, overProved] = [0, 0]
    for (let trial = 0; trial < trials; trial++) {
      const random = randomStream(trial, 'covariance', n)
      let [a, b, c] = [0, 0, 0]
      for (let i = 0; i < n; i++) {
        const [u, v] = [random.normal(), random.normal()]
        a += (u * u) / n
        b += (u * v) / n
        c += (v * v) / n
      }
      const top = (a + c) / 2 + Math.hypot((a - c) / 2, b)
      if (top > printed) overPrinted++
      if (top > proved) overProved++
    }
    t.true(overPrinted / trials <= delta / 3 && overProved / trials <= delta / 3, `n = ${n}`)
  }
})

test('Lemma 2 and Theorem 2: on the good event the error contracts to the floor, whichever q machines lie in each round', t => {
  const [d, k, q, n, alpha] = [2, 10, 2, 8000, 0.3] as const
  const truth = [1, -1]
  const factor = medianFactor(alpha)
  const random = randomStream(3, 'regression')
  // A group's gradient is G(θ − θ*) − b: ξ₂ and ξ₁ by the worst of the groups, so that the event holds.
  const groups = Array.from({ length: k }, () => {
    const G = [0, 0, 0]
    const b = [0, 0]
    for (let i = 0; i < n; i++) {
      const [u, v, noise] = [random.normal(), random.normal(), random.normal()]
      for (const [j, value] of [u * u, u * v, v * v].entries()) G[j]! += value / n
      b[0]! += (u * noise) / n
      b[1]! += (v * noise) / n
    }
    return { G, b }
  })
  const spectral = groups.map(({ G: [a, b, c] }) => {
    const root = Math.hypot((a! - c!) / 2, b!)
    return Math.max(Math.abs((a! + c!) / 2 + root - 1), Math.abs((a! + c!) / 2 - root - 1))
  })
  const xi2 = factor * Math.max(...spectral)
  const xi1 = factor * Math.max(...groups.map(({ b }) => norm(b)))
  const { rate, rho, floor } = approximateDescent({ convexity: 1, smoothness: 1 }, xi1, xi2)
  t.true(rho > 0, `ρ is ${rho}`)
  const rule = aggregator('gm')
  let theta = [5, 5]
  const far = Math.hypot(theta[0]! - truth[0]!, theta[1]! - truth[1]!)
  for (let step = 1; step <= 40; step++) {
    const e = theta.map((x, i) => x - truth[i]!)
    const sent = groups.map(({ G: [a, o, c], b }) =>
      Float32Array.of(a! * e[0]! + o! * e[1]! - b[0]!, o! * e[0]! + c! * e[1]! - b[1]!),
    )
    // Other machines every round, as the paper allows: 2(1 + ε)q ≤ k.
    for (let i = 0; i < q; i++) sent[(step * q + i) % k] = Float32Array.of(-1e4 * e[0]!, 1e4)
    const gradient = rule.aggregate(sent, q)
    const off = Math.hypot(gradient[0]! - e[0]!, gradient[1]! - e[1]!)
    t.true(off <= xi2 * norm(e) + xi1, `Lemma 2 at step ${step}`)
    theta = theta.map((x, i) => x - rate * gradient[i]!)
    const error = Math.hypot(theta[0]! - truth[0]!, theta[1]! - truth[1]!)
    t.true(error <= (1 - rho) ** step * far + floor, `${error} at step ${step}`)
  }
  t.is(d, 2)
})

const regression: RegressionProblem = {
  samples: 1e9,
  groups: 10,
  maxFaulty: 1,
  dimension: 5,
  alpha: 0.25,
  delta: 0.01,
  radius: 10,
}

test('Theorem 4: contracts with enough samples, to a floor that falls as √(dk/N)', t => {
  const bounds = regressionBounds(regression)
  t.is(bounds.why, null)
  t.true(bounds.rho > 0 && bounds.rho < 1 - Math.sqrt(3) / 2)
  t.is(bounds.rate, 0.5)
  t.true(Math.abs(bounds.xi1 - 12 * bounds.delta1) < 1e-12)
  t.true(Math.abs(bounds.xi2 - 24 * bounds.delta2) < 1e-12)
  const four = regressionBounds({ ...regression, samples: 4e9 })
  t.true(Math.abs(four.delta1 / bounds.delta1 - 0.5) < 1e-9)
  t.true(four.floor < 0.55 * bounds.floor)
  t.true(Math.abs(bounds.probability - (1 - Math.exp(-10 * coinDivergence(0.15, 0.01)))) < 1e-12)
})

test('with too few samples Theorem 4 says which condition fails; what makes no sense is refused', t => {
  t.regex(regressionBounds({ ...regression, samples: 100 }).why!, /∆₁ is .* at most σ₁²\/α₁ = 1.414/)
  t.regex(regressionBounds({ ...regression, samples: 1e5 }).why!, /ρ is .* more samples/)
  const refused: [Partial<RegressionProblem>, RegExp][] = [
    [{ maxFaulty: 5 }, /k is 10; expected more than 2q = 10/],
    [{ alpha: 0.1 }, /α is 0.1; expected above q\/k = 0.1/],
    [{ delta: 0.2 }, /δ is 0.2; expected above 0 and at most α − q\/k/],
    [{ samples: 20 }, /N is 20; expected at least dk = 50/],
  ]
  for (const [change, message] of refused)
    t.regex(
      t.throws(() => regressionBounds({ ...regression, ...change }), { instanceOf: TheoremError }).message,
      message,
    )
})
