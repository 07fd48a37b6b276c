/** Draws one of several values. */
import type { RandomStream } from '../../learning/random.ts'

export function pick<T>(random: RandomStream, items: readonly T[]): T {
  return items[random.integer(items.length)]!
}
