/**
 * approximate-byzantine-fault-tolerance, Theorems 4 to 6: how near to the honest optimum `x_H` gradient descent ends if
 * the costs have `(2f, ε)`-redundancy, with the sum of CGE or with CWTM. Theorem 3 turns a bound on
 * `φ_t = ⟨x_t − x_H, filter⟩` into that distance.
 *
 * Theorem 5 is false as printed (docs/papers.md). Here it has the `α` of Theorem 4, with which its proof stands.
 */
import { checkMinorityFaulty, checkNotNegative, checkPositive, refuseUnless } from './error.ts'

/** The constants in which the theorems are stated. */
export interface RedundancyProblem {
  /** `n`. */
  readonly agents: number
  /** `f`. */
  readonly maxFaulty: number
  /** `µ`, of each cost's gradient. */
  readonly smoothness: number
  /** `γ ≤ µ`, of the mean of the honest costs. */
  readonly convexity: number
  /** `ε`: by how far leaving out `f` costs more moves the optimum (Definition 3). */
  readonly epsilon: number
  /** `d`. */
  readonly dimension: number
  /** `λ` of Assumption 5; 2 holds for all costs. */
  readonly dissimilarity: number
}

/** A theorem that holds for the problem, or why it does not. */
export type RedundancyBound =
  | {
      /** `D`: in the limit `‖x_t − x_H‖ ≤ D·ε`. */
      readonly factor: number
      /** `D·ε`. */
      readonly distance: number
      readonly why: null
    }
  | { readonly factor: null; readonly distance: null; readonly why: string }

/** What each theorem promises. */
export interface RedundancyBounds {
  /** `1 − f/n·(1 + 2µ/γ)` (eq. 26); CGE is covered where it is above 0. */
  readonly alpha: number
  /** Theorem 4: `4µf/αγ`. */
  readonly theorem4: RedundancyBound
  /** Theorem 5 with the `α` of Theorem 4: `(1 + 2f)(n − 2f)µ/(αnγ)`, below that of Theorem 4 for every `f ≥ 1`. */
  readonly theorem5: RedundancyBound
  /** `γ/(µ√d)`; CWTM is covered where `λ` is below. */
  readonly mostDissimilar: number
  /** Theorem 6: `2√d·nµλ/(γ − √d·µλ)`. */
  readonly theorem6: RedundancyBound
}

/** @throws TheoremError */
export function redundancyBounds(problem: RedundancyProblem): RedundancyBounds {
  const { agents: n, maxFaulty: f, smoothness: mu, convexity: gamma, dissimilarity: lambda } = problem
  const { epsilon, dimension: d } = problem
  checkMinorityFaulty(n, f)
  checkPositive({ µ: mu, γ: gamma })
  refuseUnless({ γ: gamma }, value => value <= mu, `at most µ = ${mu}, since γ ≤ µ for all costs (App. C)`)
  checkNotNegative({ ε: epsilon, λ: lambda })
  refuseUnless({ d }, value => Number.isInteger(value) && value >= 1, 'a whole number from 1')
  const alpha = 1 - (f / n) * (1 + (2 * mu) / gamma)
  const mostDissimilar = gamma / (mu * Math.sqrt(d))
  // Lemma 4, on which all three rest, is stated for f ≤ n/3 (eq. 78 by Lemma 3).
  const crowded = 3 * f > n ? `f is ${f}, more than n/3: Lemma 4 does not hold there` : null
  const few = alpha > 0 ? null : `α = 1 − f/n·(1 + 2µ/γ) is ${alpha.toPrecision(4)}, and must be above 0`
  const apart =
    lambda < mostDissimilar
      ? null
      : `λ is ${lambda}, and must be below γ/(µ√d) = ${mostDissimilar.toPrecision(4)}`
  const bound = (why: string | null, factor: number): RedundancyBound =>
    why === null ? { factor, distance: factor * epsilon, why } : { factor: null, distance: null, why }
  return {
    alpha,
    theorem4: bound(crowded ?? few, (4 * mu * f) / (alpha * gamma)),
    theorem5: bound(crowded ?? few, f === 0 ? 0 : ((1 + 2 * f) * (n - 2 * f) * mu) / (alpha * n * gamma)),
    mostDissimilar,
    theorem6: bound(
      crowded ?? apart,
      (2 * Math.sqrt(d) * n * mu * lambda) / (gamma - Math.sqrt(d) * mu * lambda),
    ),
  }
}
