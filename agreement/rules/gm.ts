/** Geometric median, and the geometric median of group means. */
import { combine, gram, meansOf, middleOfRanks, squaredDistancesTo } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkPositive, checkVectors, checkWhole, type RuleOptions } from './check.ts'
import { RuleError } from './error.ts'
import { geometricMedian, improvesOnCentre } from './geometric-median.ts'
import type { Resilience } from './resilience.ts'

/** Parameters of `gm`. */
export interface GmOptions extends RuleOptions {
  /** How near to the median, as a part of the harmonic mean of the distances to the vectors; 1e-6 unless given. */
  readonly tolerance?: number
}

/** Where vectors come from, if some of the machines sent none. */
export interface Machines {
  /** Of each vector in the list, from 0, ascending. */
  readonly indices: readonly number[]
  /** How many machines there are. */
  readonly of: number
}

/** Parameters of `gmom`. */
export interface GmomOptions extends GmOptions {
  /** The groups are of neighbours among these machines, sent or not; absent: among the vectors. */
  readonly machines?: Machines
  /** The number of groups, `1 … n`; unless given, `2f + 1` but at most `n`. */
  readonly k?: number
  /** Group means of a larger norm are dropped; none unless given. */
  readonly tau?: number
}

/**
 * `argmin_z Σ_i ‖z − x_i‖₂`. It is not unique if the vectors lie on one line and their number is even; the result is
 * then one of the minimisers. Source: RESAM, Appendix C.6; safe where an iterate meets an input.
 *
 * @param vectors `n ≥ 1` vectors of `d` coordinates
 * @returns a new vector of `d` coordinates; cost `O(n²d)`; the iterations cost little beside it
 * @throws RuleError empty-input, unequal-lengths, not-finite, bad-parameter
 * @example gm([0, 1, 900].map(x => Float32Array.of(x))) // 1
 */
export function gm(vectors: readonly Vector[], options: GmOptions = {}): Vector {
  checkVectors('gm', vectors, options)
  const { tolerance = 1e-6 } = options
  checkPositive('gm', 'tolerance', tolerance)
  return medianOf(vectors, tolerance)
}

/**
 * The geometric median of the means of `k` groups of neighbours in the list, after dropping group means of norm above
 * `τ`. Tolerates `f` faults if `2(1 + ε)f ≤ k` for some `ε > 0`. Source: byzantine-gradient-descent, Algorithm 2 and
 * Remark 2. Where `k` does not divide `n`, the first groups take one vector more. With `machines` a silent one changes its
 * own group only.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < k`
 * @returns a new vector of `d` coordinates; cost `O(nd + k²d)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults, bad-parameter (also where `tau`
 * would drop all groups)
 * @example gmom([0, 2, 4, 6, 900, 900].map(x => Float32Array.of(x)), 1, { k: 3 }) // 5
 */
export function gmom(vectors: readonly Vector[], maxFaulty: number, options: GmomOptions = {}): Vector {
  checkVectors('gmom', vectors, options)
  const n = vectors.length
  const { machines = { indices: range(0, n), of: n } } = options
  const silent = machines.of - n
  const {
    k = Math.min(2 * (maxFaulty + silent) + 1, machines.of),
    tau = Infinity,
    tolerance = 1e-6,
  } = options
  checkWhole('gmom', 'faults', maxFaulty, 0, n)
  checkWhole('gmom', 'k', k, 1, machines.of)
  if (2 * maxFaulty >= k)
    throw new RuleError(
      'too-many-faults',
      `gmom: ${maxFaulty} faults need 2f < k, more than ${2 * maxFaulty} groups; k is ${k}`,
    )
  checkPositive('gmom', 'tau', tau)
  checkPositive('gmom', 'tolerance', tolerance)
  const means = groupMeans(vectors, k, machines)
  if (tau === Infinity) return medianOf(means, tolerance)
  const norms = squaredDistancesTo(means).map(Math.sqrt)
  const kept = means.filter((_, g) => norms[g]! <= tau)
  if (kept.length === 0)
    throw new RuleError(
      'bad-parameter',
      `gmom: tau ${tau} drops all ${k} groups, the least norm is ${Math.min(...norms)}`,
    )
  return medianOf(kept, tolerance)
}

/** The means of `k` groups of neighbours; of a group of one, that vector itself, and of a silent group nothing. */
function groupMeans(vectors: readonly Vector[], k: number, { indices, of: n }: Machines): Vector[] {
  const all = range(0, vectors.length)
  const groups = range(0, k)
    .map(g => all.filter(j => indices[j]! >= start(n, k, g) && indices[j]! < start(n, k, g + 1)))
    .filter(group => group.length > 0)
  const larger = groups.filter(group => group.length > 1)
  const means = larger.length === 0 ? [] : meansOf(vectors, larger)
  return groups.map(group => (group.length === 1 ? vectors[group[0]!]! : means[larger.indexOf(group)]!))
}

/** Where group `g` of `k` starts, the first groups one larger where `k` does not divide `n`. */
function start(n: number, k: number, g: number): number {
  return g * Math.floor(n / k) + Math.min(g, n % k)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, j) => from + j)
}

/** How often the median is sought again around the point found last. */
const RECENTRINGS_MAX = 3

/**
 * The best of the points found. A point found from a distant centre is not always better than the centre: an even
 * number of vectors on one line has many minimisers, and the search may jump from the minimiser at one end to just
 * past the minimiser at the other end, if vectors there are so close together that from afar they look like one.
 */
function medianOf(vectors: readonly Vector[], tolerance: number): Vector {
  const n = vectors.length
  // The coordinate-wise median lies among the honest vectors, wherever the others are.
  let best = middleOfRanks(vectors, (n - 1) >> 1, n >> 1)
  let aroundBest = gram(vectors, best)
  let here = aroundBest
  for (let round = 0; ; round++) {
    const { weights, blurred } = geometricMedian(here, n, tolerance)
    const found = combine(vectors, weights)
    if (!blurred && round === 0) return found
    here = gram(vectors, found)
    const distances = here.filter((_, index) => index % (n + 1) === 0).map(Math.sqrt)
    if (improvesOnCentre(aroundBest, { weights, distances })) [best, aroundBest] = [found, here]
    if (!blurred || round === RECENTRINGS_MAX) return best
  }
}

/** `λ = 1 + (n − f)/√((n − 2f)n)` (RESAM, Proposition 7). */
export const gmResilience: Resilience = (n, f) => 1 + (n - f) / Math.sqrt((n - 2 * f) * n)
