/** Searches bytes for rows of a table: for their cells as text, and for their numbers as floats of either length. */
import type { Row } from './tables.ts'

/** A shorter text may be anywhere by chance. */
const TEXT_MIN = 8 // as long as a double, and as two floats

/**
 * A float of 32 bits may be anywhere by chance, so two neighbours of a row are looked for.
 * @returns each cell that was found, in words
 */
export function searchForRows(sent: Buffer, rows: readonly Row[]): readonly string[] {
  const wanted = new Map<string, string>()
  const want = (bytes: Buffer, what: string) => wanted.set(bytes.toString('latin1', 0, TEXT_MIN), what)
  for (const row of rows) {
    const numbers: number[] = []
    for (const [column, cell] of Object.entries(row)) {
      if (cell.length >= TEXT_MIN) want(Buffer.from(cell), `${column} ${cell}`)
      if (/^-?[\d.]+(e[+-]?\d+)?$/.test(cell)) numbers.push(Number(cell))
    }
    for (const [i, value] of numbers.entries()) {
      for (const order of ['LE', 'BE'] as const) {
        const double = Buffer.alloc(8)
        double[`writeDouble${order}`](value)
        want(double, `the double ${value}`)
        const next = numbers[i + 1]
        if (next === undefined) continue
        const pair = Buffer.alloc(8)
        pair[`writeFloat${order}`](value, 0)
        pair[`writeFloat${order}`](next, 4)
        want(pair, `the floats ${value}, ${next}`)
      }
    }
  }
  const found: string[] = []
  for (let at = 0; at + TEXT_MIN <= sent.length; at++) {
    const hit = wanted.get(sent.toString('latin1', at, at + TEXT_MIN))
    if (hit !== undefined) found.push(hit)
  }
  return found
}
