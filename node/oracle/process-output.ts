/**
 * The output of an oracle process. It is handed on line by line, within a limit; the last lines are kept for the error
 * message if the process dies.
 */

interface ProcessOutput {
  /** Takes text as it comes, in pieces of any size. */
  add(text: string): void
  /** The last lines that were printed. */
  last(): string
}

const LAST_MAX = 2000
const LINE_MAX = 500
/** How many lines in a window are handed on; the rest are counted. */
export const linesMax = 10
export const windowMs = 10_000

export function createProcessOutput(onLine: (line: string) => void, nowMs: () => number): ProcessOutput {
  let last = ''
  let open = ''
  let windowStartMs = -Infinity
  let lines = 0
  let leftOut = 0
  const say = (line: string) => {
    if (line.trim() === '') return
    if (nowMs() - windowStartMs >= windowMs) {
      if (leftOut > 0) onLine(`(${leftOut} more lines)`)
      windowStartMs = nowMs()
      lines = 0
      leftOut = 0
    }
    if (lines < linesMax) onLine(line.slice(0, LINE_MAX))
    else leftOut++
    lines++
  }
  return {
    add(text) {
      last = (last + text).slice(-LAST_MAX)
      // A carriage return redraws a progress bar: only its last form is a line.
      const parts = (open + text).split('\n')
      open = parts.pop()!.slice(-LINE_MAX)
      for (const part of parts) say(part.slice(part.trimEnd().lastIndexOf('\r') + 1).trimEnd())
    },
    last: () => last.trim(),
  }
}
