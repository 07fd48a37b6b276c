/** Where a command writes: lines for people, data for machines, and whether there are colours and a moving bar. */
import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]
/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string

export interface Terminal {
  /** A line for people. Standard output, or standard error where standard output carries data. */
  print(line: string): void
  /** A line about what went wrong: standard error. */
  warn(line: string): void
  /** Data for machines: standard output. */
  data(text: string): void
  readonly paint: Paint
  /** The stream that a moving progress bar may use, or null: then plain lines. */
  readonly live: NodeJS.WriteStream | null
  /** From now on lines for people go to standard error. */
  reserveOutput(): void
}

export const plain: Paint = (_, text) => text

/** The process's own streams. Colours only on a terminal, and never where NO_COLOR is set. */
export function processTerminal(): Terminal {
  let people: NodeJS.WriteStream = process.stdout
  const coloured = () => people.isTTY === true && !process.env.NO_COLOR
  return {
    print: line => void people.write(`${line}\n`),
    warn: line => void process.stderr.write(`${line}\n`),
    data: text => void process.stdout.write(text),
    paint: (style, text) => (coloured() ? styleText(style, text, { validateStream: false }) : text),
    get live() {
      return people.isTTY === true && process.env.TERM !== 'dumb' ? people : null
    },
    reserveOutput() {
      people = process.stderr
    },
  }
}
