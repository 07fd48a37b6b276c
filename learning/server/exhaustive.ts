/**
 * The algorithm of Theorem 2, and `(2f, ε)`-redundancy, for any costs whose sums have one minimum point
 * (approximate-byzantine-fault-tolerance, Definition 3, §3, App. J.2). Both enumerate subsets: they are for few agents.
 */

/** The minimum point of the sum of the costs of these agents, ascending. */
export type Minimise = (agents: readonly number[]) => readonly number[]

/** What the algorithm takes, and why. */
export interface Exhaustive {
  /** `x_S`, the output. */
  readonly point: readonly number[]
  /** `S`, the set of `n − f` costs that it minimises. */
  readonly set: readonly number[]
  /** `r_S`. */
  readonly radius: number
}

/**
 * Of all sets `T` of `n − f` received costs, the minimum point of the one whose own subsets of `n − 2f` move it the
 * least. It is within `2ε` of the minimum point of every `n − f` honest costs, however few of the others lie.
 */
export function exhaustiveOver(agents: number, maxFaulty: number, minimise: Minimise): Exhaustive {
  let best: Exhaustive | null = null
  for (const set of subsets(everyone(agents), agents - maxFaulty)) {
    const radius = farthest(minimise, set, [agents - 2 * maxFaulty])
    if (best === null || radius < best.radius) best = { point: minimise(set), set, radius }
  }
  return best!
}

/**
 * The least `ε` for which these agents' costs have `(2f, ε)`-redundancy: the largest distance from the minimum point of
 * `n − f` of them to that of at least `n − 2f` of those.
 * @param agents `n`, of which `among` may be only the honest
 */
export function redundancyOver(
  agents: number,
  maxFaulty: number,
  minimise: Minimise,
  among: readonly number[] = everyone(agents),
): number {
  const sizes = Array.from({ length: maxFaulty + 1 }, (_, less) => agents - maxFaulty - less)
  const sets = subsets(among, agents - maxFaulty)
  return Math.max(0, ...sets.map(set => farthest(minimise, set, sizes)))
}

/** The largest distance of a point from the minimum point of any `n − f` of these agents' costs. */
export function farthestMinimum(
  point: readonly number[],
  size: number,
  minimise: Minimise,
  among: readonly number[],
): number {
  return Math.max(0, ...subsets(among, size).map(set => distanceBetween(point, minimise(set))))
}

/** How many pairs of a set and one of its subsets the algorithm compares. */
export function comparisons(agents: number, maxFaulty: number): number {
  return choose(agents, maxFaulty) * choose(agents - maxFaulty, maxFaulty)
}

/** The same, and each set minimised once only. */
export function remembered(minimise: Minimise): Minimise {
  const known = new Map<string, readonly number[]>()
  return agents => {
    const key = agents.join()
    const point = known.get(key) ?? minimise(agents)
    known.set(key, point)
    return point
  }
}

/** All subsets of a size, in lexicographic order. */
export function subsets(items: readonly number[], size: number): number[][] {
  if (size === 0) return [[]]
  if (size > items.length) return []
  const [first, ...rest] = items
  return [...subsets(rest, size - 1).map(subset => [first!, ...subset]), ...subsets(rest, size)]
}

export function distanceBetween(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return Math.sqrt(sum)
}

/** The largest distance between the minimum point of a subset of one of these sizes and that of the whole set. */
function farthest(minimise: Minimise, set: readonly number[], sizes: readonly number[]): number {
  const point = minimise(set)
  const distances = sizes
    .flatMap(size => subsets(set, size))
    .map(subset => distanceBetween(point, minimise(subset)))
  return Math.max(0, ...distances)
}

function everyone(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}

function choose(n: number, k: number): number {
  return k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k
}
