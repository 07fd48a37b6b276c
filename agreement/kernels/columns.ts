/** The coordinate-wise rules' common frame: one coordinate of all vectors at a time, sorted. */
import type { Vector } from '../vector.ts'

/** For each coordinate, `reduce` of the `n` values in ascending order (the array is reused). */
export function sortedColumns(
  vectors: readonly Vector[],
  reduce: (ascending: Float32Array) => number,
): Vector {
  const result = new Float32Array(vectors[0]!.length)
  const column = new Float32Array(vectors.length)
  for (let i = 0; i < result.length; i++) {
    for (let j = 0; j < column.length; j++) column[j] = vectors[j]![i]!
    result[i] = reduce(column.sort())
  }
  return result
}
