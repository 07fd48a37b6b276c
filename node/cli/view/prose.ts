/** Sentences that fit a width: what does not fit moves to further lines, below the text and not below its label. */
import { stripVTControlCharacters } from 'node:util'
import { columnsOf } from './wrap.ts'

/** A word and the spaces behind it; `L = 2` is one, and a number keeps its unit. */
const WORD = /^ +|\S+(?: = \S+)?(?: (?:%|[kMGT]?B|m?s)(?=[\s,;:.)]|$)[,;:.)]*)? */gu
/** `  given     `, `ok    `: what stands before a text that is set in a column. */
const LABEL = /^ *\S.*? {2,}(?=\S)/u

/** A line as lines, none wider than `width` unless a word is: paths and addresses stay in one piece, to be copied. */
export function proseLines(line: string, width: number): readonly string[] {
  if (columnsOf(line) <= width) return [line]
  const hang = ' '.repeat(hangOf(stripVTControlCharacters(line), width))
  const lines: string[] = []
  let current = ''
  for (const word of line.match(WORD) ?? []) {
    if (current.trim() !== '' && columnsOf(current + word.trimEnd()) > width) {
      lines.push(current.trimEnd())
      current = hang
    }
    current += word
  }
  return [...lines, current]
}

function hangOf(line: string, width: number): number {
  const label = columnsOf(LABEL.exec(line)?.[0] ?? '')
  return label > 0 && label <= width / 2 ? label : /^ */.exec(line)![0].length + 2
}
