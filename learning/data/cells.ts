/** Cells of a table as text: what a number is, what stands for a missing value, and how a cell is shown in a message. */
import { shortened } from './shortened.ts'

/** What the places of records are called: lines of text, from 1 on, or rows, from 0 on. */
export type RecordUnit = 'line' | 'row'

/** What stands in a cell without a value; the first is an empty one. */
const MISSING = new Set(['', 'na', 'n/a', '#n/a', 'nan', 'null', 'none', '?'])
/** The longest double, written out, has some 330 digits and more behind its point. */
const NUMBER_LENGTH_MAX = 400
/** There is one way only to read a row of digits: with several, each would be tried where the cell is no number. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

const DATE = /^\d{4}-\d\d-\d\d/

/** Spaces are no part of a cell, nor are quotes that stand behind them. */
export function cleaned(cell: string): string {
  const text = cell.trim()
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

/** Every text that `isMissing` takes. */
export function missingTexts(): readonly string[] {
  return [...MISSING].flatMap(word =>
    [...word].reduce<string[]>(
      (texts, letter) => {
        const cases = new Set([letter, letter.toUpperCase()])
        return texts.flatMap(text => [...cases].map(each => text + each))
      },
      [''],
    ),
  )
}

export function isMissing(cell: string): boolean {
  return cell === '' || (cell.length <= 4 && MISSING.has(cell.toLowerCase()))
}

/** Null for what is no number, or none that a 32-bit float holds. */
export function numberOf(cell: string): number | null {
  if (cell.length > NUMBER_LENGTH_MAX || !NUMBER.test(cell)) return null
  const value = Number(cell)
  return Number.isFinite(Math.fround(value)) ? value : null
}

/** What would be right in the place of a cell that is no number. @param hint behind "a number" */
export function numberExpected(cell: string, hint: string): string {
  if (cell.length > NUMBER_LENGTH_MAX) return `a number of at most ${NUMBER_LENGTH_MAX} characters`
  if (NUMBER.test(cell)) return 'at most 3.4e38, what a 32-bit float holds'
  if (/^[+-]?\d+,\d+$/.test(cell)) return 'a decimal point'
  if (DATE.test(cell)) return 'a number: write a date as the days since a fixed one, or leave the column out'
  return `a number${hint}`
}

export function shownCell(cell: string): string {
  return cell === '' ? 'empty' : JSON.stringify(shortened(cell))
}

/** "line 3, column 2 (age)"; columns count from 0. */
export function placeOf(
  names: readonly string[] | null,
  unit: RecordUnit,
  line: number,
  column: number,
): string {
  const name = names?.[column] ?? ''
  return `${unit} ${line}, column ${column + 1}${name === '' ? '' : ` (${shortened(name)})`}`
}
