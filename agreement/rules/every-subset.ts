/** All subsets of one size, for rules that enumerate them. */

/** How many subsets of `size` there are among `n`. */
export function subsetCount(n: number, size: number): number {
  let count = 1
  for (let j = 1; j <= Math.min(size, n - size); j++) count = (count * (n - j + 1)) / j
  return Math.round(count)
}

/** The subsets of `size` among `0 … n − 1`, each ascending, in lexicographic order. */
export function* everySubset(n: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) yield []
  else
    for (let j = from; j <= n - size; j++)
      for (const rest of everySubset(n, size - 1, j + 1)) yield [j, ...rest]
}
