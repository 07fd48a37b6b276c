/** When two vectors count as the same. */

/**
 * The worst coordinate's error, past what rounding to a denormal costs, relative to the reference's value plus a
 * `slack` part of the coordinate's largest input, where terms of that size may cancel.
 */
export function worstError(
  actual: ArrayLike<number>,
  expected: readonly number[],
  family: readonly ArrayLike<number>[],
  slack = 1e-8,
): number {
  let worst = 0
  for (const [i, value] of expected.entries()) {
    const largest = family.reduce((high, vector) => Math.max(high, Math.abs(vector[i]!)), 0)
    const scale = Math.abs(value) + slack * largest + 2 ** -149
    const error = Math.max(0, Math.abs(actual[i]! - value) - 2 ** -149) / scale
    worst = Math.max(worst, Number.isFinite(actual[i]!) ? error : Infinity)
  }
  return worst
}

/** The number of cases of a property: a few hundred, or as many as `CONCORD_CASES` says (`npm run test:long`). */
export function cases(share = 1): number {
  const all = Number(process.env.CONCORD_CASES ?? 300)
  return Math.max(20, Math.round(all * share))
}
