/**
 * collaborative-learning §4.3, Theorem 1: where the paper's number of steps is too small, and that ours is enough. The
 * bounds of Lemmas 6 to 10 are added up as the proof has them, before anything is rounded.
 */
import test from 'ava'
import fc from 'fast-check'
import { gradientErrorBound, type LearnProblem, learnBounds } from '../../../learning/learn-bounds.ts'

/** `--protocol mda --peers 13 --faults 2 --delta 0.3 --heterogeneity 0.02 --deviation 0`: C = 58/11. */
const example: LearnProblem = {
  delta: 0.3,
  smoothness: 1,
  heterogeneity: 0.02,
  averagingConstant: 58 / 11,
  honest: 11,
  deviation: 0,
  decay: 0.5,
  greatestLoss: Math.LN10,
}

/** The two expectations at `θ_*`, `*` uniform in `1 … T`, by the recursion and by Lemma 7 with Lemma 6 in it. */
function atOutput(
  problem: LearnProblem,
  steps: number,
): { readonly gradient: number; readonly apart: number } {
  const { delta, smoothness: L, heterogeneity: K, averagingConstant: C, honest: h } = problem
  const [eta, nu] = [delta / (12 * L), delta / 6]
  let [u, apart, errors] = [0, 0, 0]
  for (let step = 1; step <= steps; step++) {
    const sigma2 = (problem.deviation * step ** -problem.decay) ** 2
    const alpha = Math.max(1 / Math.sqrt(step), Math.sqrt(sigma2))
    const more = 1 + 1 / alpha
    const gradients = (1 + alpha) * K ** 2 + 8 * more * (L ** 2 * u + h * sigma2) // eq. 43, 44
    errors +=
      (1 + alpha) * C ** 2 * gradients +
      3 *
        more *
        (sigma2 / h + (L ** 2 + (2 * C ** 2) / eta ** 2) * u + ((2 * C ** 2) / step ** 2) * gradients) // eq. 56
    apart += u
    u = u / 2 + (eta ** 2 / (2 * step ** 2)) * gradients // eq. 72
  }
  const first = (2 * problem.greatestLoss) / ((1 - nu) * eta * steps) // eq. 101
  return { gradient: first + (((1 + nu) / (1 - nu)) * errors) / steps, apart: apart / steps }
}

test('eq. 112 is false: 1 + 32ν ≤ (1 + 6ν)² for no 0 < ν ≤ ½', t => {
  for (let nu = 0.001; nu <= 0.5; nu += 0.001) t.true(1 + 32 * nu > (1 + 6 * nu) ** 2, `ν = ${nu}`)
})

test('eq. 107 to 112 without rounding hold up to δ ≈ 2.8, and not at δ = 2.9', t => {
  // (1 + ν)³ + 2ν of eq. 107, ν more for the first T₄ steps, 4ν for the first loss (eq. 102 puts 4/η).
  const holds = (delta: number) => {
    const nu = delta / 6
    const left = ((1 + nu) / (1 - nu)) * (1 + 6 * nu + 3 * nu ** 2 + nu ** 3) + 4 * nu
    return left <= (1 + delta) ** 2
  }
  for (let delta = 0.01; delta <= 2.8; delta += 0.01) t.true(holds(delta), `δ = ${delta}`)
  t.false(holds(2.9))
})

test('T₄ lacks 1/ν²: after max{T₁, T₂, T₃} steps α_t is above ν, and eq. 107 and 108 fail', t => {
  const at = (delta: number) => {
    const problem = { ...example, delta }
    const nu = delta / 6
    const target = (problem.averagingConstant * problem.heterogeneity) ** 2
    const { D, T } = learnBounds(problem)
    // T₂ and T₃ of the paper, with A of eq. 70.
    const c2 = problem.averagingConstant ** 2
    const A = 112 * c2 + 3 + (6 * c2) / (delta / 12) ** 2
    const printed = Math.max((144 * target ** 2) / nu ** 2, ((A * D) / (nu * target)) ** (2 / 3))
    const first = Math.ceil(printed)
    const alpha = 1 / Math.sqrt(first)
    const right = (1 + alpha) ** 2 * (1 + (12 * target) / Math.sqrt(first)) + (A * D) / target / first ** 1.5
    const ours = gradientErrorBound(problem, D, Math.ceil(T[3])) / target
    return { nu, printed, alpha, right, ours }
  }
  const mild = at(0.3)
  t.true(Math.abs(mild.printed - 90.9) < 0.1, `T₄ is ${mild.printed}`)
  t.true(mild.alpha > mild.nu)
  t.true(mild.right > (1 + mild.nu) ** 3 + 2 * mild.nu, 'eq. 106 exceeds eq. 107')
  const strict = at(0.03)
  t.true((1 + strict.alpha) ** 2 > 1 + 7 * strict.nu, '(1 + α_t)² alone exceeds eq. 108')
  for (const { nu, ours } of [mild, strict]) t.true(ours <= (1 + nu) ** 3 + 2 * nu, 'with 1/ν² it holds')
})

test('T₈ bounds θ_T: if E Δ₂(θ_t)² is D/t², then √D/δ steps leave θ_* far apart, π²D/6δ² do not', t => {
  const delta = 0.5
  const apart = (D: number, steps: number) =>
    Array.from({ length: steps }, (_, i) => D / (i + 1) ** 2).reduce((a, b) => a + b, 0) / steps
  for (const D of [4, 25, 400]) {
    t.true(apart(D, Math.ceil(Math.sqrt(D) / delta)) > delta ** 2, `D = ${D}`)
    t.true(apart(D, Math.ceil((Math.PI ** 2 * D) / (6 * delta ** 2))) <= delta ** 2, `D = ${D}`)
  }
})

const problems = fc.record({
  delta: fc.double({ min: 0.3, max: 2.99, noNaN: true }),
  smoothness: fc.double({ min: 0.1, max: 10, noNaN: true }),
  heterogeneity: fc.double({ min: 0.1, max: 3, noNaN: true }),
  averagingConstant: fc.double({ min: 0.5, max: 6, noNaN: true }),
  honest: fc.integer({ min: 1, max: 20 }),
  deviation: fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 0.2, noNaN: true })),
  decay: fc.double({ min: 0.5, max: 2, noNaN: true }),
  greatestLoss: fc.double({ min: 0, max: 5, noNaN: true }),
})

test('after T_LEARN(δ) steps both bounds of eq. 90 hold for the output', t => {
  fc.assert(
    fc.property(problems, problem => {
      const { steps, closedForm } = learnBounds(problem)
      t.true(steps <= closedForm, `${steps} of ${closedForm}`)
      if (steps > 200_000) return
      const { delta, averagingConstant, heterogeneity } = problem
      const { gradient, apart } = atOutput(problem, steps)
      t.true(gradient <= ((1 + delta) * averagingConstant * heterogeneity) ** 2 * (1 + 1e-9))
      t.true(apart <= delta ** 2 * (1 + 1e-9))
    }),
    { numRuns: 60 },
  )
})

test('T_LEARN is the least for which the sum holds', t => {
  for (const problem of [example, { ...example, delta: 1, heterogeneity: 1, deviation: 0.1 }]) {
    const { steps, D } = learnBounds(problem)
    const { delta, averagingConstant: C, heterogeneity: K, greatestLoss } = problem
    const [eta, nu] = [delta / 12, delta / 6]
    const holds = (T: number) => {
      let errors = 0
      for (let step = 1; step <= T; step++) errors += gradientErrorBound(problem, D, step)
      const bound = (2 * greatestLoss) / ((1 - nu) * eta * T) + (((1 + nu) / (1 - nu)) * errors) / T
      return bound <= ((1 + delta) * C * K) ** 2
    }
    t.true(holds(steps))
    t.false(holds(Math.floor(0.998 * steps) - 1))
  }
})

test('where honest gradients differ a lot, it is Δ₂(θ_*) ≤ δ that takes the steps', t => {
  const problem = { ...example, delta: 1, heterogeneity: 100, averagingConstant: 1 }
  const { steps, D } = learnBounds(problem)
  const apart = (T: number) =>
    Array.from({ length: T }, (_, i) => D / (i + 1) ** 2).reduce((a, b) => a + b, 0) / T
  t.true(apart(steps) <= 1 && apart(steps - 1) > 1, `${steps} steps`)
})

test('the bound on a step’s error is that of Lemmas 6 and 7, or above', t => {
  fc.assert(
    fc.property(problems, fc.double({ min: 0, max: 10, noNaN: true }), (problem, D) => {
      const { delta, smoothness: L, heterogeneity: K, averagingConstant: C, honest: h } = problem
      const eta = delta / (12 * L)
      for (const step of [1, 2, 3, 7, 50, 1000]) {
        const sigma2 = (problem.deviation * step ** -problem.decay) ** 2
        const alpha = Math.max(1 / Math.sqrt(step), Math.sqrt(sigma2))
        const [more, u] = [1 + 1 / alpha, D / step ** 2]
        const gradients = (1 + alpha) * K ** 2 + 8 * more * (L ** 2 * u + h * sigma2)
        const inside =
          sigma2 / h + (L ** 2 + (2 * C ** 2) / eta ** 2) * u + ((2 * C ** 2) / step ** 2) * gradients
        const exact = (1 + alpha) * C ** 2 * gradients + 3 * more * inside
        t.true(exact <= gradientErrorBound(problem, D, step) * (1 + 1e-9), `step ${step}`)
      }
    }),
  )
})

test('the errors of the steps fall, to C²K²', t => {
  fc.assert(
    fc.property(problems, fc.double({ min: 0, max: 10, noNaN: true }), (problem, D) => {
      const at = [1, 2, 3, 5, 10, 100, 1e4, 1e8].map(step => gradientErrorBound(problem, D, step))
      for (const [i, value] of at.entries()) if (i > 0) t.true(value <= at[i - 1]!)
      const last = (problem.averagingConstant * problem.heterogeneity) ** 2
      t.true(at.at(-1)! >= last)
    }),
  )
})
