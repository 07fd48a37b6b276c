/** Krum* and Multi-Krum*: the vectors that lie closest to their neighbours. */
import { meanOf, squaredDistances } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, checkWhole, type RuleOptions } from './check.ts'
import { nearest } from './nearest.ts'
import type { Resilience } from './resilience.ts'

/** Parameters of `multiKrum`. */
export interface MultiKrumOptions extends RuleOptions {
  /** How many vectors to average, `1 … n − f`; `n − f` unless given. */
  readonly m?: number
}

/**
 * The vector of least score, the score of `x_i` being the sum of its squared distances to the `n − f − 1` nearest
 * others; of equal scores the earlier vector. Source: RESAM, Appendix C.5 (the star: one neighbour more than Blanchard
 * et al. 2017, which tolerates `2f < n`).
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(n²d)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults
 * @example krum([0, 1, 3, 900].map(x => Float32Array.of(x)), 1) // 1
 */
export function krum(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  return best('krum', vectors, maxFaulty, 1, options)
}

/**
 * Mean of the `m` vectors of least score (see `krum`).
 *
 * @throws RuleError as `krum`, and bad-parameter for `m`
 * @example multiKrum([0, 1, 3, 900].map(x => Float32Array.of(x)), 1, { m: 2 }) // 0.5
 */
export function multiKrum(
  vectors: readonly Vector[],
  maxFaulty: number,
  options: MultiKrumOptions = {},
): Vector {
  return best('multi-krum', vectors, maxFaulty, options.m ?? vectors.length - maxFaulty, options)
}

function best(
  rule: string,
  vectors: readonly Vector[],
  maxFaulty: number,
  m: number,
  options?: RuleOptions,
  neighbours = vectors.length - maxFaulty - 1,
): Vector {
  checkVectors(rule, vectors, options)
  const n = vectors.length
  checkMinority(rule, n, maxFaulty)
  checkWhole(rule, 'm', m, 1, n - maxFaulty)
  return meanOf(nearest(scores(squaredDistances(vectors), n, neighbours), m).map(j => vectors[j]!))
}

/**
 * Krum as Blanchard et al. (2017) define it, over the `n − f − 2` nearest others, or one if that is none; its own
 * guarantee needs `2f + 2 < n`. comparative-gradient-elimination compares with this one.
 *
 * @throws RuleError as `krum`
 * @example krumOriginal([0, 1, 3, 900].map(x => Float32Array.of(x)), 1) // 0
 */
export function krumOriginal(vectors: readonly Vector[], maxFaulty: number, options?: RuleOptions): Vector {
  return best('krum-original', vectors, maxFaulty, 1, options, fewer(vectors, maxFaulty))
}

/**
 * Mean of the `m` vectors of least score (see `krumOriginal`).
 *
 * @throws RuleError as `krum`, and bad-parameter for `m`
 * @example multiKrumOriginal([0, 1, 3, 900].map(x => Float32Array.of(x)), 1, { m: 2 }) // 0.5
 */
export function multiKrumOriginal(
  vectors: readonly Vector[],
  maxFaulty: number,
  options: MultiKrumOptions = {},
): Vector {
  const m = options.m ?? vectors.length - maxFaulty
  return best('multi-krum-original', vectors, maxFaulty, m, options, fewer(vectors, maxFaulty))
}

function fewer(vectors: readonly Vector[], maxFaulty: number): number {
  return Math.min(vectors.length - 1, Math.max(1, vectors.length - maxFaulty - 2))
}

/** For each vector the sum of its `neighbours` least squared distances to others, added from the least up. */
function scores(distances: Float64Array, n: number, neighbours: number): Float64Array {
  return Float64Array.from({ length: n }, (_, j) => {
    const row = distances.slice(j * n, j * n + n)
    row[j] = Infinity
    row.sort()
    let score = 0
    for (let k = 0; k < neighbours; k++) score += row[k]!
    return score
  })
}

/** `λ = (1 + √((n−f)/(n−2f))) · min(1, (n−m)/(n−f))` (RESAM, Proposition 6); Krum* has `m = 1`. */
export function krumResilience(m?: number): Resilience {
  return (n, f) => (1 + Math.sqrt((n - f) / (n - 2 * f))) * Math.min(1, (n - (m ?? n - f)) / (n - f))
}
