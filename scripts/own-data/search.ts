/** Searches bytes for a member's data: cells as text, numbers as floats of either length, pixels, names of files. */
import type { Image } from './images.ts'
import type { Row } from './tables.ts'

/** As long as a double, or two floats; a shorter piece may be anywhere by chance. */
const PIECE_BYTES = 8

const pieceOf = (bytes: Buffer, at = 0) => bytes.toString('latin1', at, at + PIECE_BYTES)

/** A float of 32 bits may be anywhere by chance, so two neighbours of a row are looked for. */
export function wantedOfRows(rows: readonly Row[]): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>()
  for (const row of rows) {
    const numbers: number[] = []
    for (const [column, cell] of Object.entries(row)) {
      if (cell.length >= PIECE_BYTES) wanted.set(pieceOf(Buffer.from(cell)), `${column} ${cell}`)
      if (/^-?[\d.]+(e[+-]?\d+)?$/.test(cell)) numbers.push(Number(cell))
    }
    for (const [i, value] of numbers.entries())
      for (const order of ['LE', 'BE'] as const) {
        const double = Buffer.alloc(PIECE_BYTES)
        double[`writeDouble${order}`](value)
        wanted.set(pieceOf(double), `the double ${value}`)
        const next = numbers[i + 1]
        if (next === undefined) continue
        const pair = Buffer.alloc(PIECE_BYTES)
        pair[`writeFloat${order}`](value, 0)
        pair[`writeFloat${order}`](next, PIECE_BYTES / 2)
        wanted.set(pieceOf(pair), `the floats ${value}, ${next}`)
      }
  }
  return wanted
}

/** Of each image the name of its file, and its rows of pixels where their noise makes them distinctive. */
export function wantedOfImages(images: readonly Image[]): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>()
  for (const { file, pixels } of images) {
    // "scan-" and the first digits are many files' names: the end of a name is its own.
    const name = Buffer.from(file)
    wanted.set(pieceOf(name, name.length - '.png'.length - PIECE_BYTES), `the name ${file}`)
    for (let at = 0; at + PIECE_BYTES <= pixels.length; at += PIECE_BYTES) {
      const piece = pixels.subarray(at, at + PIECE_BYTES)
      if (new Set(piece).size === PIECE_BYTES) wanted.set(pieceOf(Buffer.from(piece)), `pixels of ${file}`)
    }
  }
  return wanted
}

/** @returns what was found, in words */
export function searchFor(wanted: ReadonlyMap<string, string>, sent: Buffer): readonly string[] {
  const found: string[] = []
  for (let at = 0; at + PIECE_BYTES <= sent.length; at++) {
    const hit = wanted.get(pieceOf(sent, at))
    if (hit !== undefined) found.push(hit)
  }
  return found
}
