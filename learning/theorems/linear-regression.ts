/**
 * byzantine-gradient-descent, Theorem 4 and its lemmas: gradient descent with the geometric median of the means of `k`
 * groups contracts to a floor, whatever `q` machines send, anew in every round.
 */
import { checkNotNegative, checkPositive, refuseUnless } from './error.ts'

/** `C_α = 2(1 − α)/(1 − 2α)` (eq. 7). @throws TheoremError */
export function medianFactor(alpha: number): number {
  refuseUnless({ α: alpha }, value => value > 0 && value < 0.5, 'a number above 0 and below ½')
  return (2 * (1 - alpha)) / (1 - 2 * alpha)
}

/**
 * Lemma 1: a `(1 + γ)`-approximate geometric median of points of which a share of at least `1 − α` has norms of at most
 * `r` has a norm of at most this. `least` is the least mean distance to the points that any point has.
 */
export function medianBound(alpha: number, radius: number, gamma: number, least: number): number {
  return medianFactor(alpha) * radius + (gamma * least) / (1 - 2 * alpha)
}

/** `D(δ′‖δ)`, the divergence of two coins. */
export function coinDivergence(first: number, second: number): number {
  const part = (p: number, q: number) => (p === 0 ? 0 : p * Math.log(p / q))
  return part(first, second) + part(1 - first, 1 - second)
}

/** The loss, as Assumption 1 has it. */
interface Loss {
  /** `L`: `F` is `L`-strongly convex (byzantine-gradient-descent calls it so). */
  readonly convexity: number
  /** `M ≥ L`, of its gradient. */
  readonly smoothness: number
}

/** Gradient descent with gradients that are off by at most `ξ₁ + ξ₂‖θ − θ*‖` (Lemma 4). */
export interface ApproximateDescent {
  /** `η = L/2M²`. */
  readonly rate: number
  /** `ρ = 1 − √(1 − L²/4M²) − ξ₂L/2M²`; nothing is promised unless it is above 0. */
  readonly rho: number
  /** `ηξ₁/ρ`: `‖θ_t − θ*‖ ≤ (1 − ρ)^t·‖θ₀ − θ*‖ + floor`; infinite where `ρ ≤ 0`. */
  readonly floor: number
}

/** @throws TheoremError */
export function approximateDescent(
  { convexity: L, smoothness: M }: Loss,
  xi1: number,
  xi2: number,
): ApproximateDescent {
  checkPositive({ L, M })
  refuseUnless({ L }, value => value <= M, `at most M = ${M}`)
  checkNotNegative({ 'ξ₁': xi1, 'ξ₂': xi2 })
  const rate = L / (2 * M ** 2)
  const rho = 1 - Math.sqrt(1 - L ** 2 / (4 * M ** 2)) - xi2 * rate
  return { rate, rho, floor: rho > 0 ? (rate * xi1) / rho : Infinity }
}

/** The linear regression of §4. */
export interface RegressionProblem {
  /** `N`, over all machines. */
  readonly samples: number
  /** `k`. */
  readonly groups: number
  /** `q`. */
  readonly maxFaulty: number
  /** `d`. */
  readonly dimension: number
  /** `α` in `(q/k, ½)`. */
  readonly alpha: number
  /** `δ` in `(0, α − q/k]`. */
  readonly delta: number
  /** `r`: `Θ` lies within `r√d` of `θ*`. */
  readonly radius: number
}

/** Theorem 4 for the regression of §4, with the constants of Lemma 8. */
export interface RegressionBounds extends ApproximateDescent {
  readonly factor: number
  /** `∆₁` and `∆₂` of eq. 22 and 26 at `N/k`. */
  readonly delta1: number
  readonly delta2: number
  readonly xi1: number
  readonly xi2: number
  /** With at least this probability the promise holds in every round. */
  readonly probability: number
  /** Why the theorem does not apply; null: it does. */
  readonly why: string | null
}

/**
 * `M′` of Assumption 4 for the mean of `n` samples: by Lemma 8 as printed (a bound on the trace, which the paper does
 * not prove but which holds), and as the lemma's proof has it (on the spectral norm). Each is smaller for some `n`.
 */
export function hessianBounds(n: number, d: number, delta: number): { printed: number; proved: number } {
  const x = Math.log(4 / delta)
  return {
    printed: d + 2 * Math.sqrt(d * x) + 2 * x,
    proved: (Math.sqrt(n) + Math.sqrt(d) + Math.sqrt(2 * x)) ** 2 / n,
  }
}

/** `σ₁ = α₁ = √2`, `σ₂ = √8`, `α₂ = 8` (Lemma 8). */
const SIGMA_1 = Math.SQRT2
const ALPHA_1 = Math.SQRT2
const SIGMA_2 = Math.sqrt(8)
const ALPHA_2 = 8

/** @throws TheoremError */
export function regressionBounds(problem: RegressionProblem): RegressionBounds {
  const { samples: N, groups: k, maxFaulty: q, dimension: d, alpha, delta, radius } = problem
  const whole = (value: number) => Number.isInteger(value) && value >= 1
  refuseUnless({ N, k, d }, whole, 'a whole number from 1')
  refuseUnless({ q }, value => Number.isInteger(value) && value >= 0, 'a whole number from 0')
  refuseUnless({ k }, value => value > 2 * q, `more than 2q = ${2 * q}`)
  refuseUnless({ α: alpha }, value => value > q / k && value < 0.5, `above q/k = ${q / k} and below ½`)
  const room = alpha - q / k
  refuseUnless({ δ: delta }, value => value > 0 && value <= room, `above 0 and at most α − q/k = ${room}`)
  checkPositive({ r: radius })
  const n = N / k
  refuseUnless({ N }, () => n >= d, `at least dk = ${d * k}: d samples in each group`)
  const factor = medianFactor(alpha)
  const delta1 = Math.SQRT2 * SIGMA_1 * Math.sqrt((d * Math.log(6) + Math.log(3 / delta)) / n)
  const { printed, proved } = hessianBounds(n, d, delta)
  const steepest = Math.max(1, Math.min(printed, proved))
  const reach = Math.log((6 * SIGMA_2 ** 2 * radius * Math.sqrt(n)) / (ALPHA_2 * SIGMA_1 * delta))
  const inside = d * Math.log((18 * steepest) / SIGMA_2) + 0.5 * d * Math.log(n / d) + reach
  const delta2 = SIGMA_2 * Math.sqrt(2 / n) * Math.sqrt(Math.max(0, inside))
  const [xi1, xi2] = [4 * factor * delta1, 8 * factor * delta2]
  const descent = approximateDescent({ convexity: 1, smoothness: 1 }, xi1, xi2)
  const probability = 1 - Math.exp(-k * coinDivergence(room, delta))
  const why = whyNot(delta1, delta2, descent.rho)
  return { ...descent, factor, delta1, delta2, xi1, xi2, probability, why }
}

function whyNot(delta1: number, delta2: number, rho: number): string | null {
  const most = [SIGMA_1 ** 2 / ALPHA_1, SIGMA_2 ** 2 / ALPHA_2] as const
  if (delta1 > most[0])
    return `∆₁ is ${delta1.toPrecision(4)}, and must be at most σ₁²/α₁ = ${most[0].toPrecision(4)}`
  if (delta2 > most[1])
    return `∆₂ is ${delta2.toPrecision(4)}, and must be at most σ₂²/α₂ = ${most[1].toPrecision(4)}`
  if (rho <= 0) return `ρ is ${rho.toPrecision(4)}, and must be above 0: more samples a group are needed`
  return null
}
