/** All subsets of `0 … n − 1` of one size, in lexicographic order. */
export function* subsets(n: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) yield []
  else
    for (let j = from; j <= n - size; j++) for (const rest of subsets(n, size - 1, j + 1)) yield [j, ...rest]
}
