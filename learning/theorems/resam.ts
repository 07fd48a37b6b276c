/**
 * RESAM, Theorem 1: distributed momentum with an `(f, λ)`-resilient averaging rule on a trusted server. The step size,
 * the momentum, and how small the gradient gets.
 */
import { checkMinorityFaulty, checkNotNegative, checkPositive, refuseUnless } from './error.ts'

/** The constants in which the theorem is stated. */
export interface ResamProblem {
  /** `n`. */
  readonly workers: number
  /** `f < n/2`. */
  readonly maxFaulty: number
  /** `λ` of the rule (Table 1); from `f/(n − f)` (Proposition 2). */
  readonly lambda: number
  /** `L`, of the loss's gradient. */
  readonly smoothness: number
  /** `σ`, of a worker's gradient. */
  readonly deviation: number
  /** `T`. */
  readonly steps: number
  /** `Q(θ₁) − Q*`, or a bound on it. */
  readonly gap: number
  /** `‖∇Q(θ₁)‖`, or a bound on it; `√(2L·gap)` is one. */
  readonly gradientNorm: number
}

/** What the theorem asks for, and what it gives. */
export interface ResamBounds {
  readonly a0: number
  readonly a1: number
  readonly a2: number
  /** `γ`. */
  readonly rate: number
  /** `β = √(1 − 24γL)`; null where `T` is too small for it. */
  readonly momentum: number | null
  /** The fewest steps by the theorem's condition, `a_o·L/(12σ²λ²(n − f))`, rounded up; infinite if `λ = 0`. */
  readonly leastSteps: number
  /** The fewest with `24γL ≤ 1`, which is all that the proof uses; never more than `leastSteps`. */
  readonly leastStepsOfProof: number
  /**
   * `E ‖∇Q(θ̂)‖²` is at most this, `θ̂` uniform in `θ_1 … θ_T`. The last term has `(n − f)²` under its root, as the
   * proof has it (§4 prints `n − f`, which is larger).
   */
  readonly gradient: number
  /** `L_t` of Lemma 2: `E ‖R_t − m̄_t‖²` is at most this at every step `t ≥ 1`. */
  readonly aggregationError: (step: number) => number
  /** Of Lemma 1: `E ‖m_t^(i) − m̄_t‖²` is at most this at step `t ≥ 1`. */
  readonly drift: (step: number) => number
}

/** @throws TheoremError */
export function resamBounds(problem: ResamProblem): ResamBounds {
  const { workers: n, maxFaulty: f, lambda, smoothness: L, deviation: sigma, steps: T, gap } = problem
  checkMinorityFaulty(n, f)
  checkPositive({ L, σ: sigma })
  checkNotNegative({ 'Q(θ₁) − Q*': gap, '‖∇Q(θ₁)‖': problem.gradientNorm })
  const h = n - f
  const least = f / h
  const range = `a number from f/(n − f) = ${least}, the least that any rule has (Proposition 2)`
  refuseUnless({ λ: lambda }, value => value >= least && value < Infinity, range)
  refuseUnless({ T }, value => Number.isInteger(value) && value >= 1, 'a whole number from 1')
  const a0 = 4 * (2 * gap + problem.gradientNorm ** 2 / (8 * L))
  const [a1, a2] = [6912 * L, 288 * L]
  const weight = a1 * lambda ** 2 * h ** 2 + a2
  const rate = Math.sqrt((a0 * h) / weight) / (sigma * Math.sqrt(T))
  // 24γL = √(needed/T). Compared as whole steps are, so that rounding cannot part the two where `needed` is a whole number.
  const needed = (576 * L ** 2 * a0 * h) / (weight * sigma ** 2)
  const momentum = needed <= T ? Math.sqrt(Math.max(0, 1 - 24 * rate * L)) : null
  const beta = momentum ?? 0
  const early = (step: number) => (1 - beta) ** 2 * beta ** (2 * (step - 1))
  const late = (1 - beta) / (1 + beta)
  return {
    a0,
    a1,
    a2,
    rate,
    momentum,
    leastSteps: lambda === 0 ? Infinity : Math.ceil((a0 * L) / (12 * sigma ** 2 * lambda ** 2 * h)),
    leastStepsOfProof: Math.max(1, Math.ceil(needed)),
    gradient: 2 * Math.sqrt(((weight / h) * a0 * sigma ** 2) / T) + (a2 * sigma ** 2 * rate) / (h * T),
    drift: step => 2 * sigma ** 2 * early(step) + 2 * late * (1 + 1 / h) * sigma ** 2,
    aggregationError: step =>
      8 * sigma ** 2 * lambda ** 2 * h * early(step) + 8 * late * (h + 1) * lambda ** 2 * sigma ** 2,
  }
}
