/** Notices a first column that only counts or numbers the rows, as pandas writes one. */
import { createNumberList } from './number-list.ts'

/** No name, or pandas' "Unnamed: 0": the rows' numbers need not be in order. */
const UNNAMED = /^(unnamed: ?\d+)?$/i
/** Names of columns that may count rows. */
const COUNTING = /^(index|id|row|row_?(id|number)|no\.?|nr\.?)$/i
/** A shorter column may count by chance. */
const ROWS_MIN = 5

/** Looks at the first column's values, one after the other. */
interface IndexWatch {
  see(value: number | null): void
  isIndex(): boolean
}

/**
 * @param name of the column; null without a header
 * @param file for messages
 */
export function watchIndex(name: string | null, file: string): IndexWatch {
  if (name !== null && UNNAMED.test(name)) return watchDistinct(file)
  if (name === null || COUNTING.test(name)) return watchCounting()
  return { see: () => {}, isIndex: () => false }
}

/** Whether the numbers are 0, 1, 2, … or 1, 2, 3, …. */
function watchCounting(): IndexWatch {
  let isPossible = true
  let rows = 0
  let last = Number.NaN
  return {
    see(value) {
      if (!isPossible) return
      isPossible = rows === 0 ? value === 0 || value === 1 : value === last + 1
      rows += 1
      last = value ?? Number.NaN
    },
    isIndex: () => isPossible && rows >= ROWS_MIN,
  }
}

/** Whether the numbers are whole and all different. None is kept as long as each is one more than the one before. */
function watchDistinct(file: string): IndexWatch {
  let isPossible = true
  let rows = 0
  let first = 0
  let kept: ReturnType<typeof createNumberList<Float64Array>> | null = null
  return {
    see(value) {
      isPossible &&= Number.isInteger(value)
      if (!isPossible || value === null) return
      if (rows === 0) first = value
      // Above the safe integers one more may be the same number.
      if (kept === null && (value !== first + rows || !Number.isSafeInteger(value))) {
        kept = createNumberList(file, Float64Array)
        for (let row = 0; row < rows; row++) kept.push(first + row)
      }
      kept?.push(value)
      rows += 1
    },
    isIndex: () => isPossible && (kept === null || areDistinct(kept.end())),
  }
}

/** Sorts the values. A set would hold 16 million at most. */
function areDistinct(values: Float64Array): boolean {
  values.sort()
  return values.every((value, i) => i === 0 || value !== values[i - 1])
}
