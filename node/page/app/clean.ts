/**
 * Text of other peers is made printable before anything sees it: what a reader could not see, or what changes the
 * direction of writing, is written out. Lists of numbers are passed by.
 */
import { isPrintable, printable } from '../../text/printable.ts'

/** The same value with every text in it printable. Changes the value that it is given. */
export function cleaned<T>(value: T): T {
  if (typeof value === 'string') return (isPrintable(value) ? value : printable(value)) as T
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    // Rows of numbers are by far the most of a document.
    if (typeof value[0] === 'number' || (value[0] === null && typeof value.at(-1) === 'number')) return value
    for (let at = 0; at < value.length; at++)
      if (typeof value[at] !== 'number') value[at] = cleaned(value[at])
    return value
  }
  const record = value as Record<string, unknown>
  for (const name in record) if (typeof record[name] !== 'number') record[name] = cleaned(record[name])
  return value
}
