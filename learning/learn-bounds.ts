/**
 * What the theorem on LEARN requires: its learning rate `η = δ/12L` and its number of steps `T_LEARN(δ)`, from the
 * constants of the problem (collaborative-learning, §4.3, Lemmas 6 to 10 and Theorem 1). It is a calculator, not a
 * source of defaults: the numbers are far above what anyone runs.
 *
 * The noise of a gradient at step `t` is taken as `σ_t = σ·t^(−p)`. A batch that grows as `t` has `p = ½`.
 */

/** The constants of a learning problem, in which the theorem is stated. */
export interface LearnProblem {
  /** `0 < δ < 3`: honest parameters within `δ`, gradient within `(1 + δ)CK`. */
  readonly delta: number
  /** `L`, of the losses' gradients. */
  readonly smoothness: number
  /** `K`: the largest difference between two honest peers' gradients at one point. */
  readonly heterogeneity: number
  /** `C`, of the averaging agreement. */
  readonly averagingConstant: number
  /** `h = n − f`. */
  readonly honest: number
  /** `σ`, of a gradient at the first step. */
  readonly deviation: number
  /** `p > 0` of `σ_t = σ·t^(−p)`. */
  readonly decay: number
  /** `L_max`, a bound on every honest loss at `θ₁`. */
  readonly greatestLoss: number
}

/** The constants of the theorem on LEARN for one `δ` (collaborative-learning, Lemmas 6 to 10). */
export interface LearnBounds {
  /** `η = δ/12L`. */
  readonly rate: number
  /** `ν = δ/6`. */
  readonly nu: number
  /** `A` and `B` of eq. 70 and 71, as printed. */
  readonly A: number
  readonly B: number
  /** `E Δ₂(θ_t)² ≤ D/t²` for all `t` (Lemma 10). */
  readonly D: number
  /** `E` of eq. 109. */
  readonly E: number
  /** `T₁ … T₈`. Infinite where no number of steps gives the guarantee. */
  readonly T: readonly [number, number, number, number, number, number, number, number]
  /** `T_LEARN(δ) = max{T₇, T₈}`, rounded up; infinite where `CK = 0` is asked for exactly. */
  readonly steps: number
}

/** A constant is outside the range that the theorem allows. `message` names it. */
export class LearnBoundsError extends Error {
  override readonly name = 'LearnBoundsError'
  readonly code = 'LEARN_BOUNDS'
}

/** @throws LearnBoundsError */
export function learnBounds(problem: LearnProblem): LearnBounds {
  check(problem)
  const { delta, smoothness, averagingConstant, honest, deviation, decay, greatestLoss } = problem
  const rate = delta / (12 * smoothness)
  const nu = delta / 6
  const alpha = Math.max(1, deviation)
  const [c2, l2] = [averagingConstant ** 2, smoothness ** 2]
  const target = c2 * problem.heterogeneity ** 2
  const A = 16 * alpha * c2 * l2 + 3 * l2 + (6 * c2) / rate ** 2 + 96 * c2 * l2
  const B = 16 * alpha * c2 * honest + 3 / honest + 96 * c2 * honest
  const D = driftConstant(problem, rate)
  const quiet = Math.min(nu, (nu * target) / B)
  const T1 = deviation === 0 ? 1 : Math.max(1, (deviation / quiet) ** (1 / decay))
  const T2 = (144 * target ** 2) / nu ** 2
  const T3 = D === 0 ? 0 : ((A * D) / (nu * target)) ** (2 / 3)
  const T4 = Math.max(T1, T2, T3)
  const E = (1 + alpha) ** 2 * (1 + 12 * target) * target + A * D + B * deviation
  const T5 = E === 0 ? 0 : (T4 * E) / (nu * target)
  const T6 = greatestLoss === 0 ? 0 : greatestLoss / (nu * rate * target)
  const T7 = Math.max(T5, T6)
  const T8 = Math.sqrt(D) / delta
  const steps = Math.max(1, Math.ceil(Math.max(T7, T8)))
  return { rate, nu, A, B, D, E, T: [T1, T2, T3, T4, T5, T6, T7, T8], steps }
}

/** How many steps of the recursion are computed one by one before the tail is bounded. */
const FOLLOWED = 1000

/**
 * `D` of Lemma 10: `u_{t+1} ≤ ρ_t u_t + δ_t` from `u_1 = 0`, with the factor `ᾱ` of Lemma 6, which eq. 78 and 79
 * leave out (it is 1 where `σ ≤ 1`). The recursion is followed for a while; from there on `ρ_t ≤ ¾` and
 * `δ_t ≤ c/t²`, so `t²u_t ≤ D` carries over to `t + 1` for every `D ≥ s·c/(1 − ¾s)`, `s = (1 + 1/t)²`.
 */
function driftConstant(problem: LearnProblem, rate: number): number {
  const { smoothness, heterogeneity, honest, deviation, decay } = problem
  const alphaMax = Math.max(1, deviation)
  const early = (32 * alphaMax * (smoothness * rate) ** 2) ** (2 / 3)
  const last = Math.max(FOLLOWED, Math.ceil(early))
  let u = 0
  let constant = 0
  for (let t = 1; t <= last; t++) {
    constant = Math.max(constant, t * t * u)
    const sigma = deviation * t ** -decay
    const alpha = Math.max(1 / Math.sqrt(t), sigma)
    const rho = 0.5 + (8 * alphaMax * (smoothness * rate) ** 2) / (alpha * t * t)
    const noise = (16 * alphaMax * honest * sigma ** 2) / alpha
    u = rho * u + (rate ** 2 / (2 * t * t)) * ((1 + alpha) * heterogeneity ** 2 + noise)
  }
  const c = rate ** 2 * (((1 + alphaMax) / 2) * heterogeneity ** 2 + 8 * alphaMax * honest * deviation)
  const stretch = (1 + 1 / last) ** 2
  return Math.max(constant, (stretch * c) / (1 - 0.75 * stretch))
}

function check(problem: LearnProblem): void {
  const { delta, smoothness, heterogeneity, averagingConstant, honest, deviation, decay, greatestLoss } =
    problem
  const refuse = (name: string, value: number, expected: string) => {
    throw new LearnBoundsError(`${name} is ${value}; expected ${expected}`)
  }
  if (!(delta > 0 && delta < 3)) refuse('δ', delta, 'a number above 0 and below 3')
  if (!(smoothness > 0 && smoothness < Infinity)) refuse('L', smoothness, 'a number above 0')
  if (!(decay > 0 && decay < Infinity))
    refuse('the decay of σ', decay, 'a number above 0: the noise has to vanish')
  if (!(Number.isInteger(honest) && honest >= 1)) refuse('h = n − f', honest, 'a whole number from 1')
  const counted = { K: heterogeneity, C: averagingConstant, σ: deviation, L_max: greatestLoss }
  for (const [name, value] of Object.entries(counted))
    if (!(value >= 0 && value < Infinity)) refuse(name, value, 'a number from 0')
}
