/**
 * What in a file does not fit the schema. A file may be wrong in every row, so only the first misfits of each kind and
 * column are kept, and the others are counted.
 */
import { DataError } from './dataset.ts'
import { shortened } from './shortened.ts'

/** What kind of thing is wrong. */
export type MisfitKind =
  | 'file'
  | 'row'
  | 'missing-column'
  | 'doubled-column'
  | 'missing-cell'
  | 'number'
  | 'category'
  | 'class'
  | 'image'

/** One thing that does not fit. */
interface Misfit {
  readonly kind: MisfitKind
  /** The column's name; null for a row or the file as a whole, and for images. */
  readonly column: string | null
  /** Place, value and what would be right, without the name of the file. */
  readonly text: string
}

interface Group {
  readonly column: string | null
  readonly texts: string[]
  count: number
}

/** Of one kind in one column. */
const KEPT_IN_GROUP_MAX = 5
const GROUPS_MAX = 40

/** Everything found in one file. */
export interface Misfits {
  add(misfit: Misfit): void
  readonly count: number
  /** Sentences that begin with the file's name, in the order in which their kinds were found; counts of what is left out. */
  lines(): readonly string[]
}

/** What a member's data holds, and what in it does not fit. */
export interface CheckedData {
  readonly misfits: Misfits
  /** What a person should know and nobody need change. */
  readonly notes: readonly string[]
  /** "700 rows; classes of "outcome": no 650, yes 50". */
  readonly holds: string
}

/** Names the first of them. */
export function refusalOf(misfits: Misfits): DataError {
  const [first] = misfits.lines()
  const more = misfits.count === 1 ? '' : `; ${misfits.count - 1} more do not fit`
  return new DataError(
    'DATA_SCHEMA',
    `${first}${more} ("concord data check" lists what does not fit the schema)`,
  )
}

const CLASSES_NAMED_MAX = 10

/** "no 650, yes 50": how many rows or images there are of each class. */
export function countsText(classes: readonly string[], perClass: readonly number[]): string {
  const named = classes
    .slice(0, CLASSES_NAMED_MAX)
    .map((name, place) => `${shortened(name)} ${perClass[place]}`)
  const more = classes.length - named.length
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

export function createMisfits(file: string): Misfits {
  const groups = new Map<string, Group>()
  let count = 0
  let inOtherGroups = 0
  return {
    add({ kind, column, text }) {
      count += 1
      const key = `${kind} ${column ?? ''}`
      const group = groups.get(key)
      if (group !== undefined) {
        group.count += 1
        if (group.texts.length < KEPT_IN_GROUP_MAX) group.texts.push(text)
      } else if (groups.size < GROUPS_MAX) groups.set(key, { column, texts: [text], count: 1 })
      else inOtherGroups += 1
    },
    get count() {
      return count
    },
    lines() {
      const lines = [...groups.values()].flatMap(({ column, texts, count }) => {
        const place = column === null ? '' : ` in column "${shortened(column)}"`
        const more = count - texts.length
        return [
          ...texts.map(text => `${file}: ${text}`),
          ...(more > 0 ? [`${file}: and ${more} more of this kind${place}`] : []),
        ]
      })
      return inOtherGroups === 0 ? lines : [...lines, `${file}: and ${inOtherGroups} more in other columns`]
    },
  }
}
