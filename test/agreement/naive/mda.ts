/** MDA from its definition: every subset is looked at. */
import { diameter, type Vector } from '../../../agreement/vector.ts'

/** All subsets of `0 … n − 1` of one size, in lexicographic order. */
export function* subsets(n: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) yield []
  else
    for (let j = from; j <= n - size; j++) for (const rest of subsets(n, size - 1, j + 1)) yield [j, ...rest]
}

/** The first of the subsets of least diameter. */
export function naiveSubset(vectors: readonly Vector[], keep: number): number[] {
  let best: number[] = []
  let least = Infinity
  for (const subset of subsets(vectors.length, keep)) {
    const width = diameter(subset.map(j => vectors[j]!))
    if (width < least) {
      least = width
      best = subset
    }
  }
  return best
}
