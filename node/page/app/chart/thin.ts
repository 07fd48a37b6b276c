/** Long series drawn in a few points a pixel: of each column the first, the least, the most and the last are kept. */

export type Point = readonly [x: number, y: number | null]

export function thinned(points: readonly Point[], columns: number): readonly Point[] {
  if (points.length <= 4 * columns) return points
  const first = points[0]![0]
  const span = points.at(-1)![0] - first || 1
  const kept: Point[] = []
  let column = -1
  let bucket: Point[] = []
  const flush = () => {
    const known = bucket.filter(([, y]) => y !== null)
    const gap = bucket.find(([, y]) => y === null)
    if (gap !== undefined) kept.push(gap)
    if (known.length === 0) return
    const by = (a: Point, b: Point) => a[1]! - b[1]!
    const sorted = [...known].sort(by)
    const chosen = new Set([known[0]!, sorted[0]!, sorted.at(-1)!, known.at(-1)!])
    kept.push(...known.filter(point => chosen.has(point)))
  }
  for (const point of points) {
    const at = Math.min(columns - 1, Math.floor(((point[0] - first) / span) * columns))
    if (at !== column) {
      flush()
      bucket = []
      column = at
    }
    bucket.push(point)
  }
  flush()
  return kept
}
