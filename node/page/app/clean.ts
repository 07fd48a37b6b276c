/**
 * Text of other peers is made printable before anything sees it: what a reader could not see, or what changes the
 * direction of writing, is written out. Lists of numbers are passed by.
 */
import { isPrintable, printable } from '../../text/printable.ts'

/** The same value with every text in it printable. Changes the value that it is given, however deep it is. */
export function cleaned<T>(value: T): T {
  const outside = { value }
  const open: object[] = [outside]
  for (let inside = open.pop(); inside !== undefined; inside = open.pop()) {
    if (Array.isArray(inside)) {
      // Rows of numbers are by far the most of a document.
      if (typeof inside[0] === 'number' || (inside[0] === null && typeof inside.at(-1) === 'number')) continue
      for (let at = 0; at < inside.length; at++) clean(inside, at, open)
    } else for (const name in inside) clean(inside as Record<string, unknown>, name, open)
  }
  return outside.value
}

function clean<K extends string | number>(inside: Record<K, unknown>, at: K, open: object[]): void {
  const value = inside[at]
  if (typeof value === 'string') inside[at] = isPrintable(value) ? value : printable(value)
  else if (typeof value === 'object' && value !== null) open.push(value)
}
