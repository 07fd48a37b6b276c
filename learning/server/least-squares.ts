/**
 * Least squares with one agent for each row: `Q_i(x) = (B_i − A_i x)²`, the minimum points of its sums, and how much of
 * the data is redundant (approximate-byzantine-fault-tolerance, Definition 3, Theorem 2, App. J). In 64 bits.
 */

/** A linear regression whose rows are split among agents. */
export interface LeastSquares {
  /** `A`, `n × d`. */
  readonly rows: readonly (readonly number[])[]
  /** `B`, `n`. */
  readonly responses: readonly number[]
}

/** The rows chosen do not determine a point. */
export class RankError extends Error {
  override readonly name = 'RankError'
  readonly code = 'RANK'
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
 * The least `ε` for which the costs have `(2f, ε)`-redundancy: the largest distance from the minimum point of
 * `n − f` costs to that of at least `n − 2f` of them (App. J.2). Enumerates subsets: for small `n`.
 * @throws RankError
 */
export function redundancy(problem: LeastSquares, maxFaulty: number): number {
  const n = problem.rows.length
  return Math.max(
    0,
    ...subsets(everyone(n), n - maxFaulty).map(set => {
      const sizes = Array.from({ length: maxFaulty + 1 }, (_, less) => n - maxFaulty - less)
      return farthest(problem, set, sizes)
    }),
  )
}

interface Exhaustive {
  /** `x_S`, the output. */
  readonly point: readonly number[]
  /** `S`, the set of `n − f` costs that it minimises. */
  readonly set: readonly number[]
  /** `r_S`. */
  readonly radius: number
}

/**
 * The algorithm of Theorem 2: of all sets `T` of `n − f` received costs, the minimum point of the one whose own
 * subsets of `n − 2f` move it the least. Enumerates subsets: for small `n`.
 * @throws RankError
 */
export function exhaustive(problem: LeastSquares, maxFaulty: number): Exhaustive {
  const n = problem.rows.length
  let best: Exhaustive | null = null
  for (const set of subsets(everyone(n), n - maxFaulty)) {
    const radius = farthest(problem, set, [n - 2 * maxFaulty])
    if (best === null || radius < best.radius) best = { point: minimiser(problem, set), set, radius }
  }
  return best!
}

/** All subsets of a size, in lexicographic order. */
export function subsets(items: readonly number[], size: number): number[][] {
  if (size === 0) return [[]]
  if (size > items.length) return []
  const [first, ...rest] = items
  return [...subsets(rest, size - 1).map(subset => [first!, ...subset]), ...subsets(rest, size)]
}

export function distanceBetween(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(sum(everyone(a.length), i => (a[i]! - b[i]!) ** 2))
}

/** The largest distance between the minimum point of a subset of one of these sizes and that of the whole set. */
function farthest(problem: LeastSquares, set: readonly number[], sizes: readonly number[]): number {
  const point = minimiser(problem, set)
  const distances = sizes
    .flatMap(size => subsets(set, size))
    .map(subset => distanceBetween(point, minimiser(problem, subset)))
  return Math.max(0, ...distances)
}

function everyone(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}

function sum(items: readonly number[], value: (item: number) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}

/** Gaussian elimination with partial pivoting on `d` rows of `d + 1`; overwrites them. */
function solve(matrix: number[][], subset: readonly number[]): number[] {
  const d = matrix.length
  const scale = Math.max(...matrix.flatMap(row => row.slice(0, d).map(Math.abs)))
  for (let column = 0; column < d; column++) {
    const pivot = everyone(d)
      .slice(column)
      .reduce((best, row) =>
        Math.abs(matrix[row]![column]!) > Math.abs(matrix[best]![column]!) ? row : best,
      )
    ;[matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!]
    const top = matrix[column]!
    if (!(Math.abs(top[column]!) > 1e-12 * scale))
      throw new RankError(
        `the rows of agents ${subset.join(', ')} determine no point: their rank is below ${d}`,
      )
    for (let row = 0; row < d; row++) {
      if (row === column) continue
      const factor = matrix[row]![column]! / top[column]!
      for (let k = column; k <= d; k++) matrix[row]![k]! -= factor * top[k]!
    }
  }
  return matrix.map((row, i) => row[d]! / row[i]!)
}
