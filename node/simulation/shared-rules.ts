/**
 * Peers of the simulated world often aggregate the same vectors, and descend from the same parameters. Both are pure
 * functions, so a result is computed once and shared, and so are the distances of pairs that MDA looks at. Vectors with the same digest are the same.
 */
import { aggregate } from '../../agreement/averaging/aggregate.ts'
import type { Aggregate } from '../../agreement/averaging/family.ts'
import { protocolNamed } from '../../agreement/protocols/registry.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { Box } from '../../learning/box.ts'
import { type Descend, descended } from '../../learning/descent.ts'
import { digestOf } from '../signatures/index.ts'
import { sharedDistances } from './shared-distances.ts'

/** How many results are remembered. Peers that run abreast need those of one exchange, stragglers a few more. */
const RESULTS_MAX = 64
/** How many bytes these results may take; four are always remembered. */
const RESULT_BYTES_MAX = 64 * 2 ** 20
const RESULTS_MIN = 4

/** @param distances as those of sharedDistances */
export function sharedRules(distances = sharedDistances()): Aggregate {
  const results = new Map<string, Vector>()
  return (protocol, family) => {
    const { vectors, own, maxFaulty, keep } = family
    const owner = protocolNamed(protocol).usesOwn ? digestOf(own) : ''
    const key = [protocol, maxFaulty, keep, owner, ...vectors.map(vector => digestOf(vector))].join()
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

interface Descent {
  readonly parameters: Vector
  readonly rate: number
  readonly box: Box | null
  readonly moved: Vector
}

/** Vectors are immutable, so here the object stands for its coordinates: results of a rule are shared already. */
export function sharedDescents(): Descend {
  const known = new WeakMap<Vector, Descent[]>()
  return (parameters, gamma, rate, box) => {
    const descents = known.get(gamma) ?? []
    known.set(gamma, descents)
    const same = descents.find(
      each =>
        each.parameters === parameters &&
        each.rate === rate &&
        each.box?.low === box?.low &&
        each.box?.high === box?.high,
    )
    if (same !== undefined) return same.moved
    const moved = descended(parameters, gamma, rate, box)
    descents.push({ parameters, rate, box, moved })
    return moved
  }
}
