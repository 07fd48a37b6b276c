/**
 * What the theorem on LEARN requires: its learning rate `η = δ/12L` and its number of steps `T_LEARN(δ)`, from the
 * constants of the problem (collaborative-learning, §4.3, Lemmas 6 to 10 and Theorem 1). It is a calculator, not a
 * source of defaults: the numbers are above what anyone runs.
 *
 * The noise of a gradient at step `t` is taken as `σ_t = σ·t^(−p)`. A batch that grows as `t` has `p = ½`.
 *
 * The paper's own count is too small in places, and its last inequality false; docs/papers.md has the proof of what is
 * computed here.
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
  /** `A` and `B` of Lemma 8, as Lemmas 6 and 7 give them (eq. 70 and 71 are up to `2ᾱ²` times smaller). */
  readonly A: number
  readonly B: number
  /** `E Δ₂(θ_t)² ≤ D/t²` for all `t` (Lemma 10). */
  readonly D: number
  /** `E` of eq. 109. */
  readonly E: number
  /** `T₁ … T₈` of the proof, repaired. Infinite where no number of steps gives the guarantee. */
  readonly T: readonly [number, number, number, number, number, number, number, number]
  /** `max{T₇, T₈}`, rounded up: enough, by the paper's way of counting. */
  readonly closedForm: number
  /** `T_LEARN(δ)`: the fewest steps for which the sum of the proof's bounds gives the guarantee; infinite if `CK = 0`. */
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
  const A = 224 * alpha ** 2 * c2 * l2 + 6 * alpha * l2 + (12 * alpha * c2) / rate ** 2
  const B = 224 * alpha ** 2 * c2 * honest + (6 * alpha) / honest
  const D = driftConstant(problem, rate)
  const quiet = Math.min(nu, (nu * target) / B)
  const T1 = deviation === 0 ? 1 : Math.max(1, (deviation / quiet) ** (1 / decay))
  const T2 = ((12 * alpha) / nu) ** (2 / 3)
  const T3 = D === 0 ? 0 : ((A * D) / (nu * target)) ** (2 / 3)
  const T4 = Math.max(T1, T2, T3, 1 / nu ** 2)
  const E = (1 + alpha) ** 2 * (1 + 12 * alpha) * target + A * D + B * deviation
  const T5 = E === 0 ? 0 : (T4 * E) / (nu * target)
  const T6 = greatestLoss === 0 ? 0 : (2 * greatestLoss) / (rate * (1 - nu) * slack(nu) * target)
  const T7 = Math.max(T5, T6)
  const T8 = (Math.PI ** 2 * D) / (6 * delta ** 2)
  return {
    rate,
    nu,
    A,
    B,
    D,
    E,
    T: [T1, T2, T3, T4, T5, T6, T7, T8],
    closedForm: Math.max(1, Math.ceil(Math.max(T7, T8))),
    steps: target === 0 ? Infinity : fewestSteps(problem, D),
  }
}

/** What is left of `(1 + δ)²` for the first loss, once `T ≥ T₅`: positive for all `0 < ν < ½`. */
function slack(nu: number): number {
  return (1 + 6 * nu) ** 2 - ((1 + nu) / (1 - nu)) * (1 + 6 * nu + 3 * nu ** 2 + nu ** 3)
}

/**
 * A bound on `E ‖Ḡ_t − ∇L̄(θ̄_t)‖²` at step `t`: Lemma 6 in Lemma 7, with `E Δ₂(θ_t)² ≤ D/t²`, `1/α_t ≤ √t` and
 * `σ_t²/α_t ≤ σ_t`. It falls with `t`, to `C²K²`.
 */
export function gradientErrorBound(problem: LearnProblem, D: number, t: number): number {
  const { delta, smoothness, heterogeneity, averagingConstant, honest, deviation, decay } = problem
  const rate = delta / (12 * smoothness)
  const sigma = deviation * t ** -decay
  const alpha = Math.max(1 / Math.sqrt(t), sigma)
  const [c2, l2, root] = [averagingConstant ** 2, smoothness ** 2, 1 + Math.sqrt(t)]
  const shift = c2 * (1 + alpha + (6 * root) / t ** 2)
  const drift = ((root * D) / t ** 2) * (8 * shift * l2 + 3 * l2 + (6 * c2) / rate ** 2)
  const noise = (sigma ** 2 + sigma) * (8 * shift * honest + 3 / honest)
  return shift * (1 + alpha) * heterogeneity ** 2 + drift + noise
}

/** Steps are summed one by one up to here; later ones in blocks, each step bounded by the first of its block. */
const SUMMED = 4096
const BLOCKS_PER_E_FOLD = 1024

/**
 * The fewest `T` with `2L_max/((1 − ν)ηT) + (1 + ν)/((1 − ν)T)·Σ_{t ≤ T} E ‖Ḡ_t − ∇L̄(θ̄_t)‖² ≤ (1 + δ)²C²K²` (eq. 103,
 * before anything is rounded) and `D/T·Σ_{t ≤ T} 1/t² ≤ δ²`. Both means fall with `T`. At most 0.1 % more beyond
 * `SUMMED`; infinite beyond the whole numbers that are exact.
 */
function fewestSteps(problem: LearnProblem, D: number): number {
  const { delta, smoothness, heterogeneity, averagingConstant, greatestLoss } = problem
  const [rate, nu] = [delta / (12 * smoothness), delta / 6]
  const allowed = ((1 + delta) * averagingConstant * heterogeneity) ** 2 * ((1 - nu) / (1 + nu))
  let errors = (2 * greatestLoss) / (rate * (1 + nu))
  let drifts = 0
  let from = 1
  while (from < Number.MAX_SAFE_INTEGER) {
    const length = from <= SUMMED ? 1 : Math.ceil(from / BLOCKS_PER_E_FOLD)
    const error = gradientErrorBound(problem, D, from)
    const drift = D / from ** 2
    // After k more steps: errors + k·error ≤ (from − 1 + k)·allowed, and the same of the drifts.
    const needed = Math.max(
      reach(errors, error, from - 1, allowed),
      reach(drifts, drift, from - 1, delta ** 2),
    )
    if (needed <= length) return from - 1 + Math.max(1, Math.ceil(needed - 1e-9))
    errors += length * error
    drifts += length * drift
    from += length
  }
  return Infinity
}

/** The least `k` with `sum + k·each ≤ (before + k)·allowed`. */
function reach(sum: number, each: number, before: number, allowed: number): number {
  const missing = sum - before * allowed
  if (missing <= 0 && each <= allowed) return 0
  return each < allowed ? missing / (allowed - each) : Infinity
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
