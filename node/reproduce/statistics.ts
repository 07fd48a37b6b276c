/** Mean and spread over seeds, and how they are written. */

/** A place on a curve; null where nothing was measured. */
export type Point = readonly [x: number, y: number | null]

export interface Spread {
  readonly mean: number
  readonly min: number
  readonly max: number
  /** Standard deviation over the runs, divided by their number less one; 0 for one run. */
  readonly deviation: number
  readonly count: number
}

/** Null where there is nothing to speak of. */
export function spreadOf(values: readonly (number | null | undefined)[]): Spread | null {
  const known = values.filter(value => value !== null && value !== undefined)
  if (known.length === 0) return null
  const mean = known.reduce((a, b) => a + b, 0) / known.length
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / Math.max(1, known.length - 1))
  return { mean, min: Math.min(...known), max: Math.max(...known), deviation, count: known.length }
}

/** `93.1 ± 0.4 %`; the spread only where there is more than one run. */
export function percentText(spread: Spread | null): string {
  if (spread === null) return '–'
  const mean = (100 * spread.mean).toFixed(1)
  return spread.count > 1 ? `${mean} ± ${(100 * spread.deviation).toFixed(1)} %` : `${mean} %`
}

/** `0.0129`, `0.0129 ± 0.0004`, `4.7e-5`. */
export function numberText(spread: Spread | null): string {
  if (spread === null) return '–'
  const mean = shortNumber(spread.mean)
  return spread.count > 1 ? `${mean} ± ${shortNumber(Number(spread.deviation.toPrecision(2)))}` : mean
}

export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1)
  return String(Number(value.toPrecision(4)))
}

/** Mean, least and greatest at each x that any of the series has. */
export function overSeeds(series: readonly (readonly Point[])[]): { x: number; spread: Spread }[] {
  const at = new Map<number, (number | null)[]>()
  for (const points of series)
    for (const [x, y] of points) {
      const values = at.get(x) ?? []
      values.push(y)
      at.set(x, values)
    }
  return [...at]
    .sort(([a], [b]) => a - b)
    .flatMap(([x, values]) => {
      const spread = spreadOf(values)
      return spread === null ? [] : [{ x, spread }]
    })
}
