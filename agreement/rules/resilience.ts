/** The resilience coefficients `λ` of RESAM, Table 1: `‖R(x) − mean_S(x)‖ ≤ λ · max_{i,j ∈ S} ‖x_i − x_j‖`. */

/** `λ` of a rule for `f` faults among `n` vectors of `d` coordinates, `2f < n`. */
export type Resilience = (n: number, f: number, d: number) => number

/** `Δ = min(2√(n − f), √d)`: what a rule that works coordinate by coordinate pays (RESAM, Proposition 4). */
export function coordinateFactor(n: number, f: number, d: number): number {
  return Math.min(2 * Math.sqrt(n - f), Math.sqrt(d))
}
