/**
 * Peers of the simulated world often aggregate the very same vectors. A rule is a pure function, so its result is
 * computed once and shared. Vectors are immutable, so their object identity stands for their contents.
 */
import { type Aggregate, aggregate } from '../../agreement/averaging/aggregate.ts'
import type { Vector } from '../../agreement/vector.ts'

/** How many results are remembered. Peers that run abreast need those of one exchange, stragglers a few more. */
const resultsMax = 64

export function sharedRules(): Aggregate {
  const names = new WeakMap<Vector, number>()
  const results = new Map<string, Vector>()
  let count = 0
  const nameOf = (vector: Vector) => {
    const name = names.get(vector) ?? count++
    names.set(vector, name)
    return name
  }
  return (protocol, family) => {
    const { vectors, own, maxFaulty, keep } = family
    const key = [
      protocol,
      maxFaulty,
      keep,
      protocol === 'cva' ? nameOf(own) : '',
      ...vectors.map(nameOf),
    ].join()
    let result = results.get(key)
    if (result === undefined) {
      result = aggregate(protocol, family)
      results.set(key, result)
      if (results.size > resultsMax) results.delete(results.keys().next().value!)
    }
    return result
  }
}
