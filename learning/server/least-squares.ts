/**
 * Least squares with one agent for each row: `Q_i(x) = (B_i − A_i x)²`, the minimum points of its sums, and how much of
 * the data is redundant (approximate-byzantine-fault-tolerance, Definition 3, Theorem 2, App. J). In 64 bits.
 */
import { solve } from './costs.ts'
import { type Exhaustive, exhaustiveOver, redundancyOver, remembered } from './exhaustive.ts'

/** A linear regression whose rows are split among agents. */
export interface LeastSquares {
  /** `A`, `n × d`. */
  readonly rows: readonly (readonly number[])[]
  /** `B`, `n`. */
  readonly responses: readonly number[]
}

/**
 * `argmin_x Σ_{i ∈ S} Q_i(x) = (A_SᵀA_S)⁻¹A_SᵀB_S` (eq. 137).
 * @throws RankError if `A_S` does not have full column rank
 */
export function minimiser({ rows, responses }: LeastSquares, subset: readonly number[]): number[] {
  const d = rows[0]!.length
  const normal = Array.from({ length: d }, (_, j) => [
    ...Array.from({ length: d }, (_, k) => sum(subset, i => rows[i]![j]! * rows[i]![k]!)),
    sum(subset, i => rows[i]![j]! * responses[i]!),
  ])
  return solve(normal, subset)
}

/** `∇Q_i(x) = −2A_i(B_i − A_i x)`. */
export function gradientOf({ rows, responses }: LeastSquares, i: number, x: ArrayLike<number>): Float32Array {
  const row = rows[i]!
  const residual = responses[i]! - sum([...row.keys()], j => row[j]! * x[j]!)
  return Float32Array.from(row, a => -2 * a * residual)
}

/** `Σ_{i ∈ S} Q_i(x)`. */
export function lossOf(
  { rows, responses }: LeastSquares,
  subset: readonly number[],
  x: ArrayLike<number>,
): number {
  return sum(subset, i => (responses[i]! - sum([...rows[i]!.keys()], j => rows[i]![j]! * x[j]!)) ** 2)
}

/**
 * The least `ε` for which the costs have `(2f, ε)`-redundancy (App. J.2).
 * @throws RankError
 */
export function redundancy(problem: LeastSquares, maxFaulty: number): number {
  return redundancyOver(problem.rows.length, maxFaulty, minimiserOf(problem))
}

/**
 * The algorithm of Theorem 2 on these costs.
 * @throws RankError
 */
export function exhaustive(problem: LeastSquares, maxFaulty: number): Exhaustive {
  return exhaustiveOver(problem.rows.length, maxFaulty, minimiserOf(problem))
}

function minimiserOf(problem: LeastSquares) {
  return remembered(agents => minimiser(problem, agents))
}

function sum(items: readonly number[], value: (item: number) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
