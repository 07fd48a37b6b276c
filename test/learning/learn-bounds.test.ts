/** η and T_LEARN(δ) of collaborative-learning §4.3: constants by hand, and how they move with the problem. */
import test from 'ava'
import fc from 'fast-check'
import { LearnBoundsError, type LearnProblem, learnBounds } from '../../learning/learn-bounds.ts'

/** L = K = C = 1, h = 4, no noise, δ = 1.2: η = 0.1 and ν = 0.2. */
const simple: LearnProblem = {
  delta: 1.2,
  smoothness: 1,
  heterogeneity: 1,
  averagingConstant: 1,
  honest: 4,
  deviation: 0,
  decay: 0.5,
  greatestLoss: 2,
}

function near(
  t: { true(value: boolean, message?: string): unknown },
  actual: number,
  expected: number,
  name: string,
) {
  t.true(
    Math.abs(actual - expected) <= 1e-4 * Math.abs(expected),
    `${name} is ${actual}, expected ${expected}`,
  )
}

test('the rate and ν', t => {
  near(t, learnBounds(simple).rate, 0.1, 'η')
  near(t, learnBounds(simple).nu, 0.2, 'ν')
  near(t, learnBounds({ ...simple, smoothness: 5 }).rate, 0.02, 'η')
})

test('A and B of Lemma 8, from Lemmas 6 and 7', t => {
  const { A, B } = learnBounds(simple)
  near(t, A, 32 + 192 + 6 + 1200, 'A')
  near(t, B, 4 * 224 + 1.5, 'B')
  // σ = 2 doubles ᾱ; C = 3, L = 2 (η = 0.05), h = 2.
  const other = learnBounds({ ...simple, deviation: 2, averagingConstant: 3, smoothness: 2, honest: 2 })
  near(t, other.A, 224 * 4 * 9 * 4 + 6 * 2 * 4 + (12 * 2 * 9) / 0.0025, 'A')
  near(t, other.B, 224 * 4 * 9 * 2 + 6, 'B')
})

test('D is the peak of t²u_t of the recursion (Lemma 10), followed by hand for five steps', t => {
  // u₂ = 0.01, u₃ = 0.0074167, u₄ = 0.0046988, u₅ = 0.0028651: t²u_t is 0.04, 0.06675, 0.07518, 0.07163.
  const { D } = learnBounds(simple)
  t.true(Math.abs(D - 0.07518) < 1e-5, String(D))
})

test('T₁ … T₈, and the steps that they come to', t => {
  const { T, A, E, D, closedForm } = learnBounds(simple)
  near(t, E, 52 + A * D, 'E')
  near(t, T[0], 1, 'T₁')
  near(t, T[1], 60 ** (2 / 3), 'T₂')
  near(t, T[2], ((A * D) / 0.2) ** (2 / 3), 'T₃')
  near(t, T[3], Math.max(25, T[2]), 'T₄')
  near(t, T[4], (T[3] * E) / 0.2, 'T₅')
  // (1 + 6ν)² = 4.84, (1 + ν)/(1 − ν) = 1.5, 1 + 6ν + 3ν² + ν³ = 2.328
  near(t, T[5], 4 / (0.1 * 0.8 * (4.84 - 1.5 * 2.328)), 'T₆')
  near(t, T[6], T[4], 'T₇')
  near(t, T[7], (Math.PI ** 2 * D) / (6 * 1.44), 'T₈')
  t.is(closedForm, Math.ceil(T[6]))
})

test('T₁: the noise has to fall below min{ν, νC²K²/B}', t => {
  const { T, B } = learnBounds({ ...simple, deviation: 1 })
  near(t, T[0], (B / 0.2) ** 2, 'T₁') // σ_t = t^−½
  near(t, learnBounds({ ...simple, deviation: 1, decay: 1 }).T[0], B / 0.2, 'T₁')
})

test('a gradient of exactly 0 takes forever', t => {
  t.is(learnBounds({ ...simple, heterogeneity: 0 }).steps, Infinity)
  t.is(learnBounds({ ...simple, averagingConstant: 0, deviation: 1 }).steps, Infinity)
})

test('t²u_t stays below D for every t, even if the noise is large', t => {
  // The smallest doubles are left out: their products are denormal, and round by more than the tolerance.
  const amount = fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 5, noNaN: true }))
  fc.assert(
    fc.property(
      amount,
      amount,
      fc.double({ min: 0.1, max: 2.9, noNaN: true }),
      (deviation, heterogeneity, delta) => {
        const problem = { ...simple, deviation, heterogeneity, delta }
        const { D, rate } = learnBounds(problem)
        const top = Math.max(1, deviation)
        let u = 0
        for (let step = 1; step <= 5000; step++) {
          t.true(step * step * u <= D * (1 + 1e-9))
          const sigma = deviation / Math.sqrt(step)
          const alpha = Math.max(1 / Math.sqrt(step), sigma)
          const drift = (8 * top * rate ** 2) / (alpha * step ** 2)
          const noise = (1 + alpha) * heterogeneity ** 2 + (16 * top * 4 * sigma ** 2) / alpha
          u = (0.5 + drift) * u + (rate ** 2 / (2 * step ** 2)) * noise
        }
      },
    ),
    { numRuns: 10 },
  )
})

test('a smaller δ takes more steps, and so do more noise, a larger first loss and a larger cohort', t => {
  const steps = (change: Partial<LearnProblem>) => learnBounds({ ...simple, deviation: 1, ...change }).steps
  t.true(steps({ delta: 0.5 }) > steps({ delta: 1 }))
  t.true(steps({ deviation: 2 }) > steps({}))
  t.true(steps({ greatestLoss: 2000 }) > steps({ greatestLoss: 1000 }))
  t.true(steps({ honest: 8 }) > steps({}))
})

test('constants that the theorem does not allow are refused by name', t => {
  const wrong: [Partial<LearnProblem>, RegExp][] = [
    [{ delta: 0 }, /δ is 0; .* below 3/],
    [{ delta: 3 }, /δ is 3/],
    [{ smoothness: 0 }, /L is 0/],
    [{ decay: 0 }, /decay of σ is 0/],
    [{ honest: 0 }, /h = n − f is 0/],
    [{ heterogeneity: -1 }, /K is -1/],
    [{ averagingConstant: Number.NaN }, /C is NaN/],
    [{ greatestLoss: Infinity }, /L_max is Infinity/],
  ]
  for (const [change, message] of wrong)
    t.regex(
      t.throws(() => learnBounds({ ...simple, ...change }), { instanceOf: LearnBoundsError }).message,
      message,
    )
})
