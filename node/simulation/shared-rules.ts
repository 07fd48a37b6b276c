/**
 * Peers of the simulated world often aggregate the same vectors. A rule is a pure function, so its result is computed
 * once and shared, and so is what MDA knows of a pair of vectors. Vectors with the same digest are the same.
 */
import { type Aggregate, aggregate } from '../../agreement/averaging/aggregate.ts'
import type { Vector } from '../../agreement/vector.ts'
import { digestOf } from '../signatures/index.ts'
import { sharedDistances } from './shared-distances.ts'

/** How many results are remembered. Peers that run abreast need those of one exchange, stragglers a few more. */
const RESULTS_MAX = 64
/** How many bytes these results may take; four are always remembered. */
const RESULT_BYTES_MAX = 64 * 2 ** 20
const RESULTS_MIN = 4

export function sharedRules(): Aggregate {
  const results = new Map<string, Vector>()
  const distances = sharedDistances()
  return (protocol, family) => {
    const { vectors, own, maxFaulty, keep } = family
    const owner = protocol === 'cva' ? digestOf(own) : ''
    const key = [protocol, maxFaulty, keep, owner, ...vectors.map(digestOf)].join()
    let result = results.get(key)
    if (result === undefined) {
      result = aggregate(protocol, family, distances)
      results.set(key, result)
      const most = Math.max(RESULTS_MIN, Math.min(RESULTS_MAX, RESULT_BYTES_MAX / result.byteLength))
      if (results.size > most) results.delete(results.keys().next().value!)
    }
    return result
  }
}
