/** MoNNA: CVA's rule with a pivot from the list. */
import type { Vector } from '../vector.ts'
import { checkMinority, checkVectors, checkWhole, type RuleOptions } from './check.ts'
import { cva } from './cva.ts'

/** Parameters of `monna`. */
export interface MonnaOptions extends RuleOptions {
  /** Which of the vectors is trusted, the caller's own; 0 unless given. */
  readonly pivot?: number
}

/**
 * Mean of the `n − f` vectors nearest to the pivot, itself included.
 * Source: Farhadkhani et al. 2023, "Robust collaborative learning with linear gradient overhead".
 *
 * @param vectors `n` vectors of `d` coordinates
 * @param faults `f`, with `2f < n`
 * @returns a new vector of `d` coordinates; cost `O(nd)`
 * @throws RuleError empty-input, unequal-lengths, not-finite, too-many-faults, bad-parameter
 * @example monna([0, 1, 900].map(x => Float32Array.of(x)), 1, { pivot: 1 }) // 0.5
 */
export function monna(vectors: readonly Vector[], maxFaulty: number, options: MonnaOptions = {}): Vector {
  checkVectors('monna', vectors, options)
  const n = vectors.length
  checkMinority('monna', n, maxFaulty)
  const { pivot = 0 } = options
  checkWhole('monna', 'pivot', pivot, 0, n - 1)
  return cva(vectors, vectors[pivot]!, n - maxFaulty, { checked: true })
}
