/** Texts in columns that fit a width: words move to further lines, and only a word that fits no column is broken. */
import { stripVTControlCharacters } from 'node:util'

/** What terminals show two columns wide: East Asian scripts and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u

/** Columns of a terminal that a line takes, colours left out. */
export function columnsOf(line: string): number {
  let columns = 0
  for (const sign of stripVTControlCharacters(line)) columns += WIDE.test(sign) ? 2 : 1
  return columns
}

/** The start of a line without colours, at most this many columns wide. */
export function cut(line: string, width: number): string {
  if (columnsOf(line) <= width) return line
  let kept = ''
  for (const sign of line) {
    if (columnsOf(kept + sign) >= width) break
    kept += sign
  }
  return `${kept}…`
}

const wordsOf = (text: string) => text.split(' ')
/** Where a word may be broken: behind a hyphen or a slash. */
const partsOf = (word: string) => word.split(/(?<=[-/])(?=\p{L})/u)

/** The lines of a text, none of them wider than `width`. A word with a colour in it is left whole. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of wordsOf(text).flatMap(each => broken(each, width))) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function broken(word: string, width: number): readonly string[] {
  if (columnsOf(word) <= width || stripVTControlCharacters(word) !== word) return [word]
  const pieces: string[] = []
  let piece = ''
  const push = (more: string) => {
    if (piece !== '' && columnsOf(piece + more) > width) {
      pieces.push(piece)
      piece = ''
    }
    piece += more
  }
  for (const part of partsOf(word)) for (const each of columnsOf(part) > width ? part : [part]) push(each)
  return [...pieces, piece]
}

/** No column is made narrower than this. */
const NARROWEST = 4

/** A column's title and the lines below it. */
interface Column {
  readonly head: readonly string[]
  readonly cells: readonly string[]
}

/** A word, or a number with its unit: `198 MB`, `89.6 %`. */
const unitsOf = (text: string) => text.split(/(?<!\d) /u)

/** How wide columns are together at least, where no word is broken and no number is parted from its unit. */
export function leastWidth(columns: readonly Column[]): number {
  const widths = columns.map(({ head, cells }) =>
    Math.max(1, ...[...head.flatMap(wordsOf), ...cells.flatMap(unitsOf)].map(columnsOf)),
  )
  return widths.reduce((a, b) => a + b, 0)
}

/**
 * How wide each column may be, so that all together are at most `width`: the widest give way first. Titles are wrapped
 * before cells are, and only then words are broken, behind hyphens first.
 */
export function columnWidths(columns: readonly Column[], width: number): readonly number[] {
  const widest = (texts: readonly string[]) => Math.max(1, ...texts.map(columnsOf))
  const widths = columns.map(({ head, cells }) => widest([...head, ...cells]))
  const words = (texts: readonly string[]) => texts.flatMap(wordsOf)
  const least = [
    columns.map(({ head, cells }) => widest([...words(head), ...cells])),
    columns.map(({ head, cells }) => widest([...words(head), ...cells.flatMap(unitsOf)])),
    columns.map(({ head, cells }) => widest(words([...head, ...cells]))),
    columns.map(({ head, cells }) => widest(words([...head, ...cells]).flatMap(partsOf))),
    columns.map(() => NARROWEST),
  ]
  const total = () => widths.reduce((a, b) => a + b, 0)
  for (const bounds of least)
    while (total() > width) {
      const room = widths.map((own, i) => (own > bounds[i]! ? own : 0))
      const most = Math.max(...room)
      if (most === 0) break
      widths[room.indexOf(most)]!--
    }
  return widths
}
