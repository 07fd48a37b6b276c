/** Finds the word that a user probably meant, for "did you mean …?". */

/** Longer than any of our names; the time of a comparison grows with the length. */
const WORD_MAX = 100

/** The candidate at the least distance, if that is small for the word's length; else null. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word.length > WORD_MAX) return null
  let best: string | null = null
  let least = Math.max(1, Math.floor(word.length * 0.4)) + 1
  for (const candidate of candidates) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (edits < least) {
      least = edits
      best = candidate
    }
  }
  return best
}

/** `; did you mean x?`, or an empty text. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates)
  return near === null ? '' : `; did you mean ${near}?`
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function editDistance(a: string, b: string): number {
  let twoAbove: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, twoAbove[j - 2]! + 1)
    }
    twoAbove = above
    above = row
  }
  return above[b.length]!
}
