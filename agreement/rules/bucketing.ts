/** Bucketing, in front of another rule. */
import { meansOf } from '../kernels/index.ts'
import type { Vector } from '../vector.ts'
import { checkVectors, checkWhole, type RuleOptions } from './check.ts'
import { RuleError } from './error.ts'

/** Parameters of `bucketing`. */
export interface BucketingOptions extends RuleOptions {
  /** Vectors per bucket, `1 … n`; 2 unless given. The last bucket takes what is left. */
  readonly s?: number
  /** A permutation of `0 … n − 1`, drawn by the caller; the given order by default. */
  readonly order?: readonly number[]
}

/**
 * The means of buckets of `s` vectors each, taken in `order`. At most `f` of the `⌈n/s⌉` buckets hold a faulty
 * vector.
 * Source: Karimireddy, He and Jaggi 2022, Algorithm 1 (with a random order, which is the caller's to draw).
 *
 * @param vectors `n ≥ 1` vectors of `d` coordinates
 * @returns `⌈n/s⌉` new vectors of `d` coordinates; cost `O(nd)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, bad-parameter
 * @example bucketing([0, 1, 900].map(x => Float32Array.of(x))) // 0.5, 900
 */
export function bucketing(vectors: readonly Vector[], options: BucketingOptions = {}): Vector[] {
  checkVectors('bucketing', vectors, options)
  const { s = 2, order = Array.from(vectors.keys()) } = options
  checkWhole('bucketing', 's', s, 1, vectors.length)
  if (
    order.length !== vectors.length ||
    new Set(order).size !== order.length ||
    order.some(j => !(j in vectors))
  )
    throw new RuleError('bad-parameter', `bucketing: order must hold each of 0 … ${vectors.length - 1} once`)
  const buckets: number[][] = []
  for (let j = 0; j < order.length; j += s) buckets.push(order.slice(j, j + s))
  return meansOf(vectors, buckets)
}
