/** A terminal that remembers what was written to it. */
import { plain, type Terminal } from '../../../node/cli/terminal.ts'

export interface RecordedTerminal extends Terminal {
  readonly printed: string[]
  readonly warned: string[]
  readonly written: string[]
  readonly isReserved: () => boolean
}

export function recordedTerminal(): RecordedTerminal {
  const printed: string[] = []
  const warned: string[] = []
  const data: string[] = []
  let reserved = false
  return {
    printed,
    warned,
    written: data,
    isReserved: () => reserved,
    print: line => printed.push(line),
    warn: line => warned.push(line),
    data: text => data.push(text),
    paint: plain,
    live: null,
    reserveOutput() {
      reserved = true
    },
  }
}
