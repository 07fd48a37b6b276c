/**
 * What may be said of a few seeds: mean, spread, the 95 % confidence interval of the mean (Student's t), and whether
 * two settings differ, compared seed by seed.
 */
/// <reference path="./jstat.d.ts" />
import jstat from 'jstat'
import { type Spread, spreadOf } from '../../reproduce/statistics.ts'

/** What a difference must fall below to be called significant. */
export const LEVEL = 0.05

export interface Summary extends Spread {
  /** Half the width of the 95 % confidence interval of the mean; null for one run, of which nothing is known. */
  readonly half: number | null
}

/** Null where there is no value. */
export function summaryOf(values: readonly number[]): Summary | null {
  const spread = spreadOf(values)
  if (spread === null) return null
  const { min, max, count } = spread
  // The mean of equal numbers is that number, whatever their sum is rounded to.
  const mean = Math.min(max, Math.max(min, spread.mean))
  const deviation = min === max ? 0 : spread.deviation
  return { mean, min, max, deviation, count, half: halfWidth(deviation, count) }
}

/** How much wider than the usual interval one may be that is seen whole. */
const REACH = 3

/**
 * How far an axis reaches from a mean for its interval: three times the median half, so that one wide interval does not
 * press the others together. 0 without intervals.
 */
export function reachOf(halves: readonly number[]): number {
  const sorted = halves.filter(half => half > 0).sort((a, b) => a - b)
  return sorted.length === 0 ? 0 : REACH * sorted[Math.floor(sorted.length / 2)]!
}

function halfWidth(deviation: number, count: number): number | null {
  return count < 2 ? null : (quantile(count - 1) * deviation) / Math.sqrt(count)
}

const quantiles = new Map<number, number>()

/** The 97.5 % quantile of Student's t. */
function quantile(freedom: number): number {
  const known = quantiles.get(freedom) ?? jstat.studentt.inv(1 - LEVEL / 2, freedom)
  quantiles.set(freedom, known)
  return known
}

export interface Paired {
  /** Mean of first less second, over the seeds that both have. */
  readonly mean: number
  readonly half: number | null
  /** Seeds that both have. */
  readonly count: number
  /** Of the two-sided paired t-test; null with fewer than two seeds. */
  readonly p: number | null
}

/** Values by seed, compared seed by seed. Null where they have no seed in common. */
export function pairedOf(
  first: ReadonlyMap<number, number>,
  second: ReadonlyMap<number, number>,
): Paired | null {
  const differences = [...first].flatMap(([seed, value]) => {
    const other = second.get(seed)
    return other === undefined ? [] : [value - other]
  })
  const summary = summaryOf(differences)
  if (summary === null) return null
  const { mean, deviation, count, half } = summary
  return { mean, half, count, p: count < 2 ? null : twoSided(mean, deviation, count) }
}

function twoSided(mean: number, deviation: number, count: number): number {
  if (deviation === 0) return mean === 0 ? 1 : 0
  const t = (mean * Math.sqrt(count)) / deviation
  return Math.min(1, 2 * jstat.studentt.cdf(-Math.abs(t), count - 1))
}

/**
 * The largest of several p values after Holm's correction (1979): below the level, every one of the differences is
 * significant. Null where one of them could not be tested.
 */
export function largestHolm(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null)
  if (known.length < values.length || known.length === 0) return null
  const sorted = known.sort((a, b) => a - b)
  return Math.min(1, Math.max(...sorted.map((p, at) => (sorted.length - at) * p)))
}
