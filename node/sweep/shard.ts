/** Parts of a sweep, for several machines that know nothing of each other. */
import type { Cell, SweepDefinition } from './definition.ts'
import { withoutSeed } from './tuning.ts'

/** One of several parts that a sweep is cut into, from 1 on. */
export interface Shard {
  readonly index: number
  readonly of: number
}

/** Every m-th cell of m parts; where anything is tuned, those that differ in the seed alone stay together. */
export function shardOf(
  { tune }: SweepDefinition,
  cells: readonly Cell[],
  shard: Shard | undefined,
): readonly Cell[] {
  if (shard === undefined) return cells
  const { index, of } = shard
  const places = new Map<string, number>()
  return cells.filter((cell, place) => {
    if (tune === null) return place % of === index - 1
    const key = withoutSeed(cell.axes)
    const group = places.get(key) ?? places.size
    places.set(key, group)
    return group % of === index - 1
  })
}
