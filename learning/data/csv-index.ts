/** Notices a first column that only counts or numbers the rows, as pandas writes one. */

/** No name, or pandas' "Unnamed: 0": the rows' numbers need not be in order. */
const UNNAMED = /^(unnamed: ?\d+)?$/i
/** Names of columns that may count rows. */
const COUNTING = /^(index|id|row|row_?(id|number)|no\.?|nr\.?)$/i
/** A shorter column may count by chance. */
const ROWS_MIN = 5

/**
 * Looks at the first column's values, one after the other.
 * @param name of the column; null without a header
 */
export function watchIndex(name: string | null) {
  const isUnnamed = name !== null && UNNAMED.test(name)
  const mayCount = name === null || COUNTING.test(name)
  const seen = new Set<number>()
  let isPossible = isUnnamed || mayCount
  let rows = 0
  let last = Number.NaN
  return {
    see(value: number | null): void {
      if (!isPossible) return
      rows += 1
      if (isUnnamed) {
        isPossible = value !== null && Number.isInteger(value) && !seen.has(value)
        seen.add(value!)
      } else isPossible = rows === 1 ? value === 0 || value === 1 : value === last + 1
      last = value ?? Number.NaN
    },
    isIndex: () => isPossible && (isUnnamed || rows >= ROWS_MIN),
  }
}
