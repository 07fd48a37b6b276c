/** From a metric's values to shades: one scale for all panels of a figure, bright where it is better. */
import type { HeatNumber, HeatPanel } from './heat-map.ts'
import { numberOf } from './heat-map.ts'
import type { Better } from './metric.ts'
import { isShare } from './metric.ts'

export interface HeatScale {
  readonly low: number
  readonly high: number
  readonly log: boolean
  /** Whether high values are the bright ones. */
  readonly brightIsHigh: boolean
}

/** From where on a logarithm shows more. */
const LOG_RATIO = 1000

/** Null where no cell has a number. A spread is bright where it is small. */
export function heatScaleOf(
  panels: readonly HeatPanel[],
  metric: string,
  number: HeatNumber,
  better: Better,
): HeatScale | null {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { cells } of panels)
    for (const cell of cells.flat()) {
      const value = numberOf(cell, number)
      if (value === null) continue
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  if (low > high) return null
  const brightIsHigh = number === 'mean' && better === 'higher'
  if (low > 0 && high / low > LOG_RATIO) return { low, high, log: true, brightIsHigh }
  if (number === 'spread') low = 0
  else if (isShare(metric)) {
    low = Math.floor(low * 10 + 1e-9) / 10
    high = Math.ceil(high * 10 - 1e-9) / 10
  }
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2]
  return { low, high, log: false, brightIsHigh }
}

/** Where on the ramp a value is: 0 is dark, 1 is bright. */
export function shareOf({ low, high, log, brightIsHigh }: HeatScale, value: number): number {
  const share = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)
  return brightIsHigh ? share : 1 - share
}
