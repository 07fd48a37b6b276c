/** Class weights, by which a rare class of a peer's own examples counts as much as a frequent one. */

/**
 * `N / (K·n_c)` for an example of class `c`, where a peer holds `N` examples of `K` different classes, `n_c` of them of
 * class `c`. The classes that it holds then have the same share of its loss, and the mean weight of its examples is 1, so
 * that the loss keeps its scale. A peer with a single class has weights of 1.
 * @returns by class; 0 for a class of which it holds nothing
 */
export function balancedWeights(labels: Uint8Array, classes: number): Float32Array {
  const counts = new Float64Array(classes)
  for (const label of labels) counts[label]!++
  const held = counts.reduce((sum, count) => sum + Number(count > 0), 0)
  return Float32Array.from(counts, count => (count === 0 ? 0 : labels.length / (held * count)))
}
