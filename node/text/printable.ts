/**
 * Makes text that is not ours safe to show: names, reasons, error messages, anything that a peer, a file or another
 * process has said. Characters that a terminal could obey or a reader could not see (controls, escapes, marks that
 * change the direction of writing, line separators) are written out, as `\x1b`. Every way out goes through here: the
 * terminal (node/cli/terminal.ts), the log (node/cli/join/log.ts), reports and all other JSON (`jsonText`).
 */

/** Unicode's "other" characters and separators of lines; joiners count as text, as some scripts need them. */
const UNPRINTABLE = /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu
const SOME_UNPRINTABLE = new RegExp(UNPRINTABLE.source, 'u')

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Whether a text can be shown as it is. */
export function isPrintable(text: string): boolean {
  return !SOME_UNPRINTABLE.test(text)
}

/** One line that no terminal obeys: `\x1b` and `\n` as text. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, written)
}

function written(character: string): string {
  const code = character.codePointAt(0)!
  const hex = code.toString(16)
  if (code < 0x100) return NAMED[character] ?? `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}

/** The same, cut to this many characters. */
export function printableStart(text: string, charactersMax: number): string {
  return Array.from(printable(text)).slice(0, charactersMax).join('')
}

/** A text of several lines that no terminal obeys; nobody can take the lines after the first for ours. */
export function quotedLines(text: string): readonly string[] {
  const [first = '', ...rest] = text.split('\n')
  return [printable(first), ...rest.map(line => `  | ${printable(line)}`)]
}

/** JSON with every text in it printable, names of fields too; `indent` as in `JSON.stringify`. */
export function jsonText(value: unknown, indent = 2): string {
  return JSON.stringify(value, (_, inner) => cleaned(inner), indent)
}

/** A value of JSON with every text in it printable. */
export function printableValue(value: unknown): unknown {
  return JSON.parse(jsonText(value, 0))
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return printable(value)
  if (typeof value !== 'object' || value === null || Object.keys(value).every(isPrintable)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [printable(name), inner]))
}

/** Matches what may need cleaning in JSON: a character as it is, or as a JSON escape. */
const SUSPECT = new RegExp(`\\\\[bfnrtu]|${UNPRINTABLE.source}`, 'u')

/** A line of JSON, cleaned; a line that is not JSON is cleaned as text. */
export function printableJsonLine(line: string): string {
  const text = line.replace(/\n$/, '')
  const end = line.slice(text.length)
  if (!SUSPECT.test(text)) return line
  try {
    return `${jsonText(JSON.parse(text), 0)}${end}`
  } catch {
    return `${printable(text)}${end}`
  }
}
