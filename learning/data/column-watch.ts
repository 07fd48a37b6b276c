/** Looks at one column of a table, cell by cell, to say what is in it. Keeps no cell but a few different ones. */
import { isMissing, numberOf } from './cells.ts'
import { CATEGORIES_MAX, TEXT_LENGTH_MAX } from './schema.ts'
import { CLASSES_MAX } from './targets.ts'

/** More different values make no category that a person would write down. */
const DISTINCT_MAX = Math.min(CATEGORIES_MAX, CLASSES_MAX)
/** All different, in so many rows: a column that is called an id is one. */
const IDS_SEEN_MAX = 10_000
/** The whole file's: of the columns together so many characters of different values are kept. */
export const CHARACTERS_MAX = 2 ** 24
/** Fewer rows may count up, or differ, by chance. */
const ROWS_MIN = 5
const ID_NAME = /(^|[^a-z])(id|ids|uuid|guid|key|index|nr|no|num|number|code)$|Id$|ID$/

/** What a column holds. */
export interface Seen {
  readonly name: string
  readonly cells: number
  readonly missing: number
  /** How many cells are numbers, and the first that is none. */
  readonly numbers: number
  readonly firstText: { readonly line: number; readonly cell: string } | null
  /** Numbers with a comma for the point. */
  readonly decimalCommas: number
  readonly least: number
  readonly most: number
  /** Every number is written without a point or an exponent. */
  readonly areWhole: boolean
  /** How often each value stands there; null if there are too many different ones. */
  readonly values: ReadonlyMap<string, number> | null
  /** Each number is one more than the one before. */
  readonly isCounting: boolean
  /** It is called an id, and no value comes twice. */
  readonly isId: boolean
}

/** What all columns of a file may keep together. */
interface Budget {
  characters: number
}

export function createColumnWatch(name: string, budget: Budget) {
  const values = createDistinct(DISTINCT_MAX, budget)
  const ids = ID_NAME.test(name) ? createDistinct(IDS_SEEN_MAX, budget) : null
  let [cells, missing, numbers, decimalCommas] = [0, 0, 0, 0]
  let [least, most] = [Infinity, -Infinity]
  let firstText: Seen['firstText'] = null
  let [areWhole, isCounting, last] = [true, true, Number.NaN]
  return {
    see(cell: string, line: number): void {
      if (isMissing(cell)) {
        missing += 1
        return
      }
      cells += 1
      values.see(cell)
      ids?.see(cell)
      const value = numberOf(cell)
      if (value === null) {
        firstText ??= { line, cell }
        if (/^[+-]?\d+,\d+$/.test(cell)) decimalCommas += 1
        isCounting = false
        return
      }
      numbers += 1
      areWhole &&= /^[+-]?\d+$/.test(cell)
      isCounting &&= numbers === 1 || value === last + 1
      last = value
      least = Math.min(least, value)
      most = Math.max(most, value)
    },
    end: (): Seen => ({
      name,
      cells,
      missing,
      numbers,
      firstText,
      decimalCommas,
      least,
      most,
      areWhole,
      values: values.end(),
      isCounting: isCounting && cells >= ROWS_MIN,
      isId: ids?.areDistinct() === true && cells >= ROWS_MIN,
    }),
  }
}

function createDistinct(countMax: number, budget: Budget) {
  const counts = new Map<string, number>()
  let [isFull, isRepeating] = [false, false]
  return {
    see(cell: string): void {
      const count = counts.get(cell)
      if (count !== undefined) {
        counts.set(cell, count + 1)
        isRepeating = true
      } else if (counts.size === countMax || cell.length > TEXT_LENGTH_MAX || cell.length > budget.characters)
        isFull = true
      else if (!isFull) {
        budget.characters -= cell.length
        counts.set(cell, 1)
      }
    },
    end: () => (isFull ? null : counts),
    /** As far as has been looked. */
    areDistinct: () => !isRepeating,
  }
}
