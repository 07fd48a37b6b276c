/**
 * Where a command writes: lines for people, data for machines, and whether there are colours and a moving bar. All text
 * is cleaned here (node/text/printable.ts): a line is one line, and no escape gets out but our own colours.
 */
import { randomInt } from 'node:crypto'
import { styleText } from 'node:util'
import { jsonText, printable } from '../text/printable.ts'
import { proseLines } from './view/prose.ts'

type Style = Parameters<typeof styleText>[0]
/** Colours a text, or leaves it as it is. What it returns is for this terminal alone, which knows its own colours. */
export type Paint = (style: Style, text: string) => string

export interface Terminal {
  /**
   * Lines for people. Standard output, or standard error where standard output carries data. On a terminal those that
   * are wider than `columns` are wrapped; in pipes each stays one line.
   */
  print(...lines: readonly string[]): void
  /** The same, never wrapped: examples to copy, and a log. */
  printWhole(...lines: readonly string[]): void
  /** Lines about what went wrong: standard error. Wrapped as `print` does. */
  warn(...lines: readonly string[]): void
  /** Text for machines: standard output. */
  data(text: string): void
  /** JSON for machines, valid whatever is in it. */
  json(value: unknown, indent?: number): void
  readonly paint: Paint
  /** What becomes of a line that is written to `live` rather than printed. */
  shown(line: string): string
  /** The stream that a moving progress bar may use, or null: then plain lines. */
  readonly live: NodeJS.WriteStream | null
  /** How wide tables and moving lines may be: as the terminal is, at most 80; 80 where there is none. */
  readonly columns: number
  /** From now on lines for people go to standard error. */
  reserveOutput(): void
}

export const plain: Paint = (_, text) => text

/** The width of the narrowest usual terminal, which tables keep to on wider ones too. */
const COLUMNS_MAX = 80
/** On narrower terminals lines are wrapped by the terminal. */
const COLUMNS_MIN = 40

const ESCAPE = '\u001b'
/** Further numbers in an escape for a colour, which only this process knows: by them it tells its own from others'. */
const MARK = Array.from({ length: 3 }, () => randomInt(1000, 10_000)).join(';')
const MARKED = new RegExp(`${ESCAPE}\\[([\\d;]+);${MARK}m`, 'u')
const COLOUR = new RegExp(`${ESCAPE}\\[([\\d;]+)m`, 'gu')

/** Vouches for the colours of a text whose other escapes, if there were any, have been cleaned away already. */
export function ownColours(text: string): string {
  return text.replace(COLOUR, (_, code) => `${ESCAPE}[${code};${MARK}m`)
}

/** A line as it may be written: our own colours, and nothing else that a terminal obeys. */
export function shownLine(line: string): string {
  return line
    .split(MARKED)
    .map((part, i) => (i % 2 === 1 ? `${ESCAPE}[${part}m` : printable(part)))
    .join('')
}

const painted: Paint = (style, text) => {
  const [before = '', after = ''] = styleText(style, '|', { validateStream: false }).split('|')
  return `${ownColours(before)}${text}${ownColours(after)}`
}

/** @param width to wrap at; null: not at all */
function written(lines: readonly string[], width: number | null): string {
  const fitted = (line: string) => (width === null ? [line] : proseLines(line, width))
  return lines.flatMap(line => fitted(shownLine(line)).map(each => `${each}\n`)).join('')
}

const wrapWidth = (stream: NodeJS.WriteStream) =>
  stream.isTTY === true ? columnsWithin(stream.columns) : null

/** The streams that `processTerminal` writes to: their readers may go. */
export const ownStreams = () => [process.stdout, process.stderr] as const

/** How wide lines that are set in columns may be, on a terminal as wide as that. */
export function columnsWithin(width: number | undefined): number {
  return Math.max(COLUMNS_MIN, Math.min(width || COLUMNS_MAX, COLUMNS_MAX))
}

/** On the process's own streams. Where `NO_COLOR` is set, with `TERM=dumb` and in pipes all is plain text. */
export function processTerminal(): Terminal {
  let people: NodeJS.WriteStream = process.stdout
  const obeys = () => people.isTTY === true && process.env.TERM !== 'dumb' && !process.env.NO_COLOR
  return {
    print: (...lines) => void people.write(written(lines, wrapWidth(people))),
    printWhole: (...lines) => void people.write(written(lines, null)),
    warn: (...lines) => void process.stderr.write(written(lines, wrapWidth(process.stderr))),
    data: text => void process.stdout.write(text.split('\n').map(printable).join('\n')),
    json: (value, indent) => void process.stdout.write(`${jsonText(value, indent)}\n`),
    paint: (style, text) => (obeys() ? painted(style, text) : text),
    shown: shownLine,
    get live() {
      return obeys() ? people : null
    },
    get columns() {
      return columnsWithin(people.columns)
    },
    reserveOutput() {
      people = process.stderr
    },
  }
}
