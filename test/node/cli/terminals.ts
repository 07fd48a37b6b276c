/** A terminal that remembers what was written to it. */
import { plain, shownLine, type Terminal } from '../../../node/cli/terminal.ts'
import { jsonText } from '../../../node/text/printable.ts'

interface RecordedTerminal extends Terminal {
  readonly printed: string[]
  readonly warned: string[]
  readonly written: string[]
  readonly isReserved: () => boolean
}

export function recordedTerminal(columns = 80): RecordedTerminal {
  const printed: string[] = []
  const warned: string[] = []
  const data: string[] = []
  let reserved = false
  return {
    printed,
    warned,
    written: data,
    isReserved: () => reserved,
    print: (...lines) => printed.push(lines.map(shownLine).join('\n')),
    printWhole: (...lines) => printed.push(lines.map(shownLine).join('\n')),
    warn: (...lines) => warned.push(lines.map(shownLine).join('\n')),
    data: text => data.push(text),
    json: (value, indent) => data.push(`${jsonText(value, indent)}\n`),
    paint: plain,
    shown: shownLine,
    live: null,
    columns,
    reserveOutput() {
      reserved = true
    },
  }
}
