/** Where the names of points stand in a drawing. */
import type { Box } from './scale.ts'

export interface Label {
  readonly dx: number
  readonly dy: number
}

/** A name beside a point would cover what is so near, in pixels. */
const POINT = 7

/** Names stand where they cover neither each other nor a point before them; without room, only the tables have them. */
export function labelsOf(
  points: readonly { from: number; x: number; y: number; width: number }[],
  others: readonly { x: number; y: number }[],
  box: Box,
): ReadonlyMap<number, Label> {
  const taken = [...points, ...others].map(({ x, y }) => ({
    left: x - POINT,
    right: x + POINT,
    top: y - POINT,
    bottom: y + POINT,
  }))
  const labels = new Map<number, Label>()
  for (const { from, x, y, width } of points)
    for (const [dx, dy] of [
      [9, -6],
      [-9, -6],
      [9, 15],
      [-9, 15],
    ] as const) {
      const left = dx < 0 ? x + dx - width : x + dx
      const area = { left, right: left + width, top: y + dy - 10, bottom: y + dy + 2 }
      const isFree = taken.every(
        one =>
          one.right < area.left || one.left > area.right || one.bottom < area.top || one.top > area.bottom,
      )
      if (!isFree || area.left < box.left || area.right > box.right + 8) continue
      labels.set(from, { dx, dy })
      taken.push(area)
      break
    }
  return labels
}
