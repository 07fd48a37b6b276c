/**
 * comparative-gradient-elimination, Theorem 1 and Corollary 1: stochastic gradient descent on a strongly convex loss with
 * the sum of the `n − f` gradients of least norm converges to a neighbourhood of the optimum.
 *
 * `M²` as printed is too small, and the theorem false with it (docs/papers.md): eq. 62 takes `H_t`, which is chosen by the
 * norms of the very gradients, out of the expectation. What is computed here has the term that this costs.
 */
import { checkMinorityFaulty, checkNotNegative, checkPositive, refuseUnless } from './error.ts'

/** The constants in which the theorem is stated. */
export interface CgeProblem {
  /** `n`. */
  readonly agents: number
  /** `f`. */
  readonly maxFaulty: number
  /** `µ`, of the loss's gradient. */
  readonly smoothness: number
  /** `λ ≤ µ`, of the loss. */
  readonly convexity: number
  /** `σ`, of an agent's gradient. */
  readonly deviation: number
  /** `η`; null: half of the greatest, where `ρ` is least. */
  readonly rate: number | null
}

/** What the theorem promises; all but the first two null where it does not apply. */
export interface CgeBounds {
  /** `α = λ/(2λ + µ) − f/n` (eq. 16). */
  readonly alpha: number
  /** `η̄`, below which the step size has to be (eq. 19); 0 or less where `α ≤ 0`. */
  readonly greatestRate: number
  /** Why it does not apply; null: it does. */
  readonly why: string | null
  readonly rate: number | null
  /** `ρ` of eq. 21: the factor on `‖w − w*‖²` in a step. */
  readonly rho: number | null
  /** `M²`, with `√(f(n − f))·σ` more than eq. 20. */
  readonly M2: number | null
  /** `M²` of eq. 20. */
  readonly printedM2: number | null
  /** `M²/(1 − ρ)`: `E ‖w_t − w*‖²` in the limit. */
  readonly limit: number | null
  /** Corollary 1: the probability that `‖w_t − w*‖² ≤ ε` in the limit, at least. */
  readonly within: (epsilon: number) => number | null
}

/** @throws TheoremError */
export function cgeBounds(problem: CgeProblem): CgeBounds {
  const { agents: n, maxFaulty: f, smoothness: mu, convexity: lambda, deviation: sigma } = problem
  checkMinorityFaulty(n, f)
  checkPositive({ µ: mu, λ: lambda, ...(problem.rate !== null && { η: problem.rate }) })
  refuseUnless(
    { λ: lambda },
    value => value <= mu,
    `at most µ = ${mu}, since λ ≤ µ for all losses (App. A.1)`,
  )
  checkNotNegative({ σ: sigma })
  const h = n - f
  const alpha = lambda / (2 * lambda + mu) - f / n
  const weight = n ** 2 + h ** 2 * mu ** 2
  const greatestRate = ((2 * (2 * lambda + mu) * n) / weight) * alpha
  const rate = problem.rate ?? greatestRate / 2
  const why =
    alpha <= 0
      ? `α = λ/(2λ + µ) − f/n is ${alpha.toPrecision(4)}, and must be above 0`
      : rate >= greatestRate
        ? `η is ${rate}, and must be below η̄ = ${greatestRate.toPrecision(4)}`
        : null
  if (why !== null)
    return {
      alpha,
      greatestRate,
      why,
      rate: null,
      rho: null,
      M2: null,
      printedM2: null,
      limit: null,
      within: () => null,
    }
  const rho = 1 - weight * rate * (greatestRate - rate)
  const largest = f * (1 + Math.sqrt(h - 1)) // Lemma 2, for each of the f that are kept in place of honest ones
  const dropped = Math.sqrt(f * h) // Σ of the noise of the honest ones dropped
  const own = rate ** 2 * h ** 2
  const M2 = ((largest + dropped) ** 2 / n ** 2 + own) * sigma ** 2
  const limit = M2 / (1 - rho)
  return {
    alpha,
    greatestRate,
    why,
    rate,
    rho,
    M2,
    printedM2: (largest ** 2 / n ** 2 + own) * sigma ** 2,
    limit,
    within: epsilon => Math.max(0, 1 - limit / epsilon),
  }
}
