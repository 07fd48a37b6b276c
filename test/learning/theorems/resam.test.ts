/** RESAM: Theorem 1 and its lemmas, the lower bound (C.1), the counterexample to CGE (C.9), Lemma 6. */
import test from 'ava'
import fc from 'fast-check'
import { aggregator } from '../../../agreement/rules/registry.ts'
import { randomStream } from '../../../learning/random.ts'
import { TheoremError } from '../../../learning/theorems/error.ts'
import { type ResamProblem, resamBounds } from '../../../learning/theorems/resam.ts'

const simple: ResamProblem = {
  workers: 5,
  maxFaulty: 1,
  lambda: 0.5,
  smoothness: 1,
  deviation: 2,
  steps: 10_000,
  gap: 1,
  gradientNorm: 2,
}

const near = (actual: number, expected: number) => Math.abs(actual - expected) <= 1e-9 * Math.abs(expected)

test('Theorem 1 by hand: a_o, γ, β, T and the bound', t => {
  const bounds = resamBounds(simple)
  t.true(near(bounds.a0, 4 * (2 + 4 / 8)))
  // (n − f) = 4, λ² = ¼: a₁λ²(n − f)² + a₂ = 6912·4 + 288 = 27,936.
  t.true(near(bounds.rate, Math.sqrt((10 * 4) / 27_936) / 200))
  t.true(near(bounds.momentum!, Math.sqrt(1 - 24 * bounds.rate)))
  t.is(bounds.leastSteps, 1) // 10/(12·4·¼·4) = 0.83
  t.is(bounds.leastStepsOfProof, 1) // 576·10·4/(27,936·4) = 0.21
  const first = 2 * Math.sqrt(((6912 * 0.25 * 4 + 72) * 10 * 4) / 10_000)
  t.true(near(bounds.gradient, first + ((288 * 4) / 4) * (bounds.rate / 10_000)))
})

test('the last term of Theorem 1: §4 prints (n − f) where the proof has (n − f)², which is smaller', t => {
  const { lambda, deviation: sigma, steps: T } = simple
  const { a0, a1, a2, rate, gradient } = resamBounds(simple)
  const h = 4
  const last = (power: number) =>
    ((a2 * sigma) / h) * Math.sqrt((a0 * h) / (a1 * lambda ** 2 * h ** power + a2)) * T ** -1.5
  // Eq. 44 with the step size of the theorem: a_o/γT + (…)σ²γ are equal, and (a₂σ²/(n − f))·γ/T is left.
  const left = (a2 * sigma ** 2 * rate) / (h * T)
  t.true(near(last(2), left))
  t.true(last(1) > 1.5 * left)
  const equal = a0 / (rate * T)
  t.true(near(gradient, 2 * equal + left))
})

test('the condition on T makes β a number, and the proof needs fewer steps', t => {
  const positive = (max: number) => fc.double({ min: 0.01, max, noNaN: true })
  fc.assert(
    fc.property(positive(2), positive(10), positive(5), positive(100), (lambda, L, sigma, gap) => {
      const problem = { ...simple, lambda: Math.max(0.25, lambda), smoothness: L, deviation: sigma, gap }
      const { leastSteps, leastStepsOfProof } = resamBounds({ ...problem, steps: 1 })
      t.true(leastStepsOfProof <= leastSteps)
      t.not(resamBounds({ ...problem, steps: leastStepsOfProof }).momentum, null)
      if (leastStepsOfProof > 2)
        t.is(resamBounds({ ...problem, steps: leastStepsOfProof - 1 }).momentum, null)
    }),
    // 8960 steps to the digit, with which 24γL is a rounding above 1.
    { examples: [[0.25, 10, 0.01, 0.01]] },
  )
})

/** `Q = ½‖θ‖²` in two dimensions; honest workers add noise of deviation σ, the faulty send the extreme of `little`. */
function descend(problem: ResamProblem, seed: number) {
  const { workers: n, maxFaulty: f, deviation: sigma, steps } = problem
  const { rate, momentum, drift, aggregationError } = resamBounds(problem)
  const beta = momentum!
  const rule = aggregator('mda')
  const random = randomStream(seed, 'RESAM')
  const h = n - f
  const theta = [Math.SQRT2, Math.SQRT2]
  const momenta = Array.from({ length: h }, () => [0, 0])
  let [gradient, drifts, errors, allowedDrift, allowedError] = [0, 0, 0, 0, 0]
  for (let step = 1; step <= steps; step++) {
    gradient += theta[0]! ** 2 + theta[1]! ** 2
    for (const m of momenta)
      for (let i = 0; i < 2; i++)
        m[i] = beta * m[i]! + (1 - beta) * (theta[i]! + (sigma / Math.SQRT2) * random.normal())
    const mean = [0, 1].map(i => momenta.reduce((sum, m) => sum + m[i]!, 0) / h)
    const far = [0, 1].map(i => Math.min(...momenta.map(m => m[i]!)))
    const sent = [...momenta, ...Array.from({ length: f }, () => far)].map(m => Float32Array.from(m))
    const result = rule.aggregate(sent, f)
    drifts += momenta.reduce((sum, m) => sum + (m[0]! - mean[0]!) ** 2 + (m[1]! - mean[1]!) ** 2, 0) / h
    errors += (result[0]! - mean[0]!) ** 2 + (result[1]! - mean[1]!) ** 2
    allowedDrift += drift(step)
    allowedError += aggregationError(step)
    for (let i = 0; i < 2; i++) theta[i]! -= rate * result[i]!
  }
  return { gradient: gradient / steps, drifts, errors, allowedDrift, allowedError }
}

test('Theorem 1, Lemmas 1 and 2 hold in a run with MDA against the extreme honest coordinates', t => {
  const problem = { ...simple, gap: 2, gradientNorm: 2, steps: 2000 }
  const { gradient: allowed } = resamBounds(problem)
  const runs = [1, 2, 3, 4, 5].map(seed => descend(problem, seed))
  const mean = (value: (run: (typeof runs)[number]) => number) =>
    runs.reduce((sum, run) => sum + value(run), 0) / runs.length
  t.true(mean(run => run.gradient) <= allowed)
  const [drifts, errors] = [mean(run => run.drifts), mean(run => run.errors)]
  t.true(drifts <= mean(run => run.allowedDrift))
  t.true(drifts > 0.2 * mean(run => run.allowedDrift), 'Lemma 1 is not far from what happens')
  t.true(errors <= mean(run => run.allowedError))
  t.true(errors > 0, 'the attack has an effect')
})

test('Proposition 2: no rule has λ < f/(n − f); the family of C.1 reaches it with any rule', t => {
  const names = ['mda', 'cwtm', 'cwmed', 'meamed', 'krum', 'gm', 'mean', 'cge']
  for (const [n, f] of [
    [3, 1],
    [5, 2],
    [10, 3],
    [15, 5],
  ] as const)
    for (const name of names) {
      // n − f vectors at 0 and f at 1: seen from the first n − f, and from the last.
      const vectors = Array.from({ length: n }, (_, i) => Float32Array.of(i < n - f ? 0 : 1))
      const result = aggregator(name).aggregate(vectors, f)[0]!
      const zeros = Math.abs(result - 0) // S: all at 0, diameter 0, so the result must be 0
      const mixed = Math.abs(result - f / (n - f)) // S: the last n − f, diameter 1
      t.true(zeros > 0 || mixed >= f / (n - f) - 1e-6, `${name}, n = ${n}, f = ${f}`)
    }
})

test('λ below f/(n − f) is refused, and λ of every rule in Table 1 is at least that', t => {
  const refused = t.throws(() => resamBounds({ ...simple, lambda: 0.2 }), { instanceOf: TheoremError })
  t.regex(refused.message, /λ is 0.2; expected a number from f\/\(n − f\) = 0.25/)
  for (const name of ['mda', 'cwtm', 'cwmed', 'meamed', 'krum', 'gm'])
    for (const [n, f] of [
      [3, 1],
      [10, 3],
      [15, 7],
    ] as const)
      t.true(aggregator(name).resilience!(n, f, 100) >= f / (n - f), name)
})

test('C.9: CGE is not resilient averaging for any λ', t => {
  // n − f equal vectors, the others shorter: the diameter is 0, and the result is not their mean.
  for (const [n, f] of [
    [3, 1],
    [10, 3],
  ] as const) {
    const x = Float32Array.of(3, 4)
    const vectors = Array.from({ length: n }, (_, i) => (i < n - f ? x : Float32Array.of(0, 1)))
    const result = aggregator('cge').aggregate(vectors, f)
    const expected = [(3 * (n - 2 * f)) / (n - f), (4 * (n - 2 * f) + f) / (n - f)]
    for (const [i, value] of expected.entries()) t.true(Math.abs(result[i]! - value) < 1e-6)
    t.true(Math.hypot(result[0]! - 3, result[1]! - 4) > 0.5)
    for (const name of ['mda', 'cwtm', 'cwmed', 'meamed', 'krum', 'gm'])
      t.true(
        Math.hypot(
          ...aggregator(name)
            .aggregate(vectors, f)
            .map((value, i) => value - x[i]!),
        ) < 1e-4,
        name,
      )
  }
})

test('Lemma 6, eq. 62: the score of k sums over C_k; over C_m it can be larger than score(m)', t => {
  // On a line, n = 5, f = 2: each scores its 2 nearest others (itself counts as at distance 0).
  const points = [0, 1, 2, 5, 6]
  const neighbours = (k: number) =>
    points
      .map((x, j) => ({ j, square: (x - points[k]!) ** 2 }))
      .sort((a, b) => a.square - b.square || a.j - b.j)
      .slice(0, 3)
      .map(({ j }) => j)
  const sum = (k: number, over: readonly number[]) =>
    over.reduce((total, j) => total + (points[j]! - points[k]!) ** 2, 0)
  const score = (k: number) => sum(k, neighbours(k))
  const [k, m] = [1, 4] // k is the vector of least score, m one that is not chosen
  for (let i = 0; i < points.length; i++) t.true(score(k) <= score(i))
  t.true(sum(k, neighbours(m)) > score(m), 'as printed')
  t.true(sum(k, neighbours(k)) <= score(m), 'with C_k')
})

test('Lemmas 3 and 4 hold to the digit for a quadratic loss without faulty workers', t => {
  // Q = L/2·θ², no noise: all is deterministic, ξ = 0.
  const [L, rate] = [2, 0.01]
  const beta = Math.sqrt(1 - 24 * rate * L)
  let [theta, m, before] = [1, 0, { delta: 0, gradient: 0 }]
  for (let step = 1; step <= 200; step++) {
    m = beta * m + (1 - beta) * L * theta
    const delta = (m - L * theta) ** 2
    const gradient = (L * theta) ** 2
    if (step > 1) {
      const zeta = (1 + rate * L) * (1 + 4 * rate * L)
      const allowed =
        beta ** 2 * zeta * before.delta + 4 * rate * L * (1 + rate * L) * beta ** 2 * before.gradient
      t.true(delta <= allowed * (1 + 1e-9), `Lemma 3 at step ${step}`)
    }
    const next = theta - rate * m
    const growth = L * (next ** 2 - theta ** 2)
    const allowed = -rate * (1 - 4 * rate * L) * gradient + 2 * rate * (1 + 2 * rate * L) * delta
    t.true(growth <= allowed + 1e-12, `Lemma 4 at step ${step}`)
    before = { delta, gradient }
    theta = next
  }
  t.true(theta < 1)
})
