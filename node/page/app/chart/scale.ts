/** The scales behind axes, and their ticks. Without markup: figures in files have the same. */
import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale'

export type Scale = ScaleContinuousNumeric<number, number>

export interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Shares nearer to each other than this would have ticks with one text. */
const SHARES_APART = 0.005

/** A scale over the values, of shares never beyond 0 and 1; on a log scale what is not above 0 has no place. */
export function scaleOver(
  values: Iterable<number>,
  range: readonly [number, number],
  log: boolean,
  share = false,
): Scale {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue
    if (value < least) least = value
    if (value > most) most = value
  }
  if (least > most) [least, most] = [log ? 0.1 : 0, 1]
  if (log) {
    if (least === most) [least, most] = [least / 10, most * 10]
    return scaleLog().domain([least, most]).nice().range(range)
  }
  if (share && most - least < SHARES_APART) [least, most] = [0, 1]
  // A chance of 10 % beside 90 % is seen as what it is; differences between 95 % and 96 % are seen too.
  if (share && least < 0.5) least = 0
  if (least === most)
    [least, most] = least === 0 ? [0, 1] : [least - Math.abs(least) / 2, most + Math.abs(most) / 2]
  const scale = scaleLinear().domain([least, most]).nice()
  if (share) scale.domain(scale.domain().map(value => Math.min(1, Math.max(0, value))))
  return scale.range(range)
}

/**
 * Ticks where something was measured alone, at least so many pixels from each other: round numbers if enough of them
 * were measured, or else places that were.
 */
export function measuredTicks(scale: Scale, measured: readonly number[], room: number): readonly number[] {
  const [from, to] = scale.range() as [number, number]
  const known = new Set(measured)
  const round = scale
    .ticks(Math.max(2, Math.floor(Math.abs(to - from) / room)))
    .filter(tick => known.has(tick))
  const ticks: number[] = []
  for (const tick of round.length > 2 ? round : measured)
    if (ticks.length === 0 || scale(tick) - scale(ticks.at(-1)!) >= room) ticks.push(tick)
  return ticks
}

/** Ticks of a log scale: powers of ten, few enough to be read. */
export function ticksOf(scale: Scale, count: number, log: boolean): readonly number[] {
  if (!log) return scale.ticks(count)
  const powers = scale.ticks(count).filter(value => Math.abs(Math.log10(value) % 1) < 1e-9)
  if (powers.length < 2)
    return scale.ticks(count).filter((_, at, all) => at % Math.ceil(all.length / count) === 0)
  const every = Math.ceil(powers.length / count)
  return powers.filter((_, at) => at % every === 0)
}
