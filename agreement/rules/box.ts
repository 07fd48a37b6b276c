/**
 * Hyperboxes: the middle, coordinate by coordinate, of what two boxes have in common. The trusted box is what trimming
 * leaves of each coordinate. The other one spans the geometric medians, or the means, of all subsets of one size.
 *
 * A point of a subset's hull lies, in each coordinate, at or below the largest value of the subset. So the box of subsets
 * of `s ≤ n − f` reaches down to the s-th smallest value at least, and up to the s-th largest: the two boxes meet. A
 * geometric median is known to a tolerance only, so the box is made to reach as far. Both boxes only grow with more
 * vectors; docs/unequal-data.md has what peers gain from that.
 */
import { meanOfRanks, middleOfRanks } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, checkWhole, type RuleOptions } from './check.ts'
import { RuleError } from './error.ts'
import { everySubset, subsetCount } from './every-subset.ts'
import { gm } from './gm.ts'

/** The most subsets whose geometric medians are computed: all that 13 vectors have of any one size. */
export const BOX_SUBSETS_MAX = 2000
/** A median of `s` vectors takes the work of `s²`; at most so much for all. Of 13 vectors, 84,084 with f = 3. */
const BOX_WORK_MAX = 100_000

/** Parameters of the hyperboxes. */
export interface BoxOptions extends RuleOptions {
  /** The size of the subsets, `1 … n − f`; `n − f` unless given. */
  readonly keep?: number
}

/**
 * Per coordinate: the middle of what the trimmed range and the range of the subsets' geometric medians have in common.
 * Source: Cambus, Melnyk, Milentijević and Schmid 2025, "Approximate agreement algorithms for Byzantine collaborative
 * learning". A subset's median depends on its vectors and their order alone, to the bit.
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(s²d)` for each of the subsets of `s = keep`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults, bad-parameter, work-limit
 * @example boxGeom([0, 1, 5, 900].map(x => Float32Array.of(x)), 1) // 3
 */
export function boxGeom(vectors: readonly Vector[], maxFaulty: number, options: BoxOptions = {}): Vector {
  const size = sizeFor('box-geom', vectors, maxFaulty, options)
  const tooMany = whyTooManySubsets(vectors.length, size)
  if (tooMany !== null) throw new RuleError('work-limit', `box-geom: ${tooMany}`)
  const low = vectors[0]!.map(() => Infinity)
  const high = low.map(() => -Infinity)
  for (const subset of everySubset(vectors.length, size)) {
    const median = gm(
      subset.map(j => vectors[j]!),
      { checked: true },
    )
    for (let i = 0; i < median.length; i++) {
      const value = median[i]!
      if (value < low[i]!) low[i] = value
      if (value > high[i]!) high[i] = value
    }
  }
  return middleOfBoth(vectors, maxFaulty, size, low, high)
}

/**
 * The same of means in place of medians. Their box needs no enumeration: in each coordinate it reaches from the mean of
 * the smallest `s` values to that of the largest. Source: Cambus and Melnyk 2023, "Improved solutions for
 * multidimensional approximate agreement via centroid computation".
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(nd log n)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults, bad-parameter
 * @example boxMean([0, 1, 5, 900].map(x => Float32Array.of(x)), 1) // 3.5
 */
export function boxMean(vectors: readonly Vector[], maxFaulty: number, options: BoxOptions = {}): Vector {
  const size = sizeFor('box-mean', vectors, maxFaulty, options)
  const n = vectors.length
  const [low, high] = [meanOfRanks(vectors, 0, size), meanOfRanks(vectors, n - size, n)]
  return middleOfBoth(vectors, maxFaulty, size, low, high)
}

/** Why the medians of all subsets of `size` among `n` vectors are too much work; null if they are not. */
export function whyTooManySubsets(n: number, size: number): string | null {
  const count = subsetCount(n, size)
  if (count <= BOX_SUBSETS_MAX && count * size ** 2 <= BOX_WORK_MAX) return null
  return `${count} subsets of ${size} among ${n} vectors, and it takes the medians of at most ${BOX_SUBSETS_MAX}, fewer of large ones (${BOX_WORK_MAX} over the square of the size); a smaller f may do, and box-mean has no such limit`
}

function sizeFor(
  rule: string,
  vectors: readonly Vector[],
  maxFaulty: number,
  { keep, ...options }: BoxOptions,
): number {
  checkVectors(rule, vectors, options)
  const n = vectors.length
  checkMinority(rule, n, maxFaulty)
  const size = keep ?? n - maxFaulty
  checkWhole(rule, 'keep', size, 1, n - maxFaulty)
  return size
}

/** @param low of the subsets' box; @param high likewise */
function middleOfBoth(
  vectors: readonly Vector[],
  maxFaulty: number,
  size: number,
  low: Vector,
  high: Vector,
): Vector {
  const rank = (at: number) => middleOfRanks(vectors, at, at)
  const n = vectors.length
  const [from, to] = [rank(maxFaulty), rank(n - 1 - maxFaulty)]
  const [reachDown, reachUp] = [rank(size - 1), rank(n - size)]
  return low.map((lowest, i) => {
    const start = Math.max(from[i]!, Math.min(lowest, reachDown[i]!))
    const end = Math.min(to[i]!, Math.max(high[i]!, reachUp[i]!))
    return (start + end) / 2
  })
}
