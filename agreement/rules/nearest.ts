/** The one way to pick the least of some scores: by score, of equal ones the earlier; given in index order. */

/** Indices of the `keep` least scores, ascending by index, so that sums over them run in index order. */
export function nearest(scores: Float64Array, keep: number): number[] {
  const order = Array.from(scores, (_, j) => j).sort((j, k) => scores[j]! - scores[k]! || j - k)
  return order.slice(0, keep).sort((j, k) => j - k)
}
