/** Names and cells of a file in messages: their beginning is enough to find them. */

/** How much of a text is shown. */
const SHOWN_MAX = 40

/** The same text, or its beginning and an ellipsis. */
export function shortened(text: string): string {
  if (text.length <= SHOWN_MAX) return text
  // Not half of a character that takes two units.
  return `${text.slice(0, SHOWN_MAX).replace(/[\ud800-\udbff]$/, '')}…`
}
