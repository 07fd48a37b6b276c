/**
 * The area under the receiver operating characteristic: the probability that an example of class 1 has a higher score
 * than one of class 0, where a tie counts half. By the rank formula (Mann and Whitney, 1947): with `R` the sum of class
 * 1's ranks among all scores, ties having their mean rank, `(R − n₁(n₁ + 1)/2) / (n₀ n₁)`.
 */

/**
 * @param labels 0 or 1 for each example
 * @returns in [0, 1]; null if one of the classes does not occur, or a score is not a number
 */
export function auroc(labels: ArrayLike<number>, scores: ArrayLike<number>): number | null {
  const order = Array.from({ length: labels.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!)
  let positives = 0
  let ranks = 0
  for (let from = 0; from < order.length; ) {
    const score = scores[order[from]!]!
    if (Number.isNaN(score)) return null
    let to = from
    let tied = 0
    while (to < order.length && scores[order[to]!] === score) tied += labels[order[to++]!]!
    // Ranks begin at 1: the places from … to − 1 have the ranks from + 1 … to.
    ranks += (tied * (from + 1 + to)) / 2
    positives += tied
    from = to
  }
  const pairs = positives * (order.length - positives)
  return pairs === 0 ? null : (ranks - (positives * (positives + 1)) / 2) / pairs
}
