/** Measurements of the checkers on families of honest vectors, and how much of them rounding can explain. */
import type { ProtocolName } from '../../agreement/bounds.ts'
import { diameter, type Vector } from '../../agreement/vector.ts'

/** Protocols whose guarantee is about every coordinate by itself (collaborative-learning, §6 and §7). */
const coordinateWise: ReadonlySet<ProtocolName> = new Set(['icwtm', 'rb-tm'])

export function isCoordinateWise(protocol: ProtocolName): boolean {
  return coordinateWise.has(protocol)
}

/** Least and greatest of each coordinate over the family. */
interface Range {
  readonly low: Float64Array
  readonly high: Float64Array
}

export function rangeOf(family: readonly Vector[]): Range {
  const low = Float64Array.from(family[0]!)
  const high = Float64Array.from(family[0]!)
  for (const vector of family)
    for (let i = 0; i < low.length; i++) {
      const value = vector[i]!
      if (value < low[i]!) low[i] = value
      if (value > high[i]!) high[i] = value
    }
  return { low, high }
}

/** What the rounding of one iteration to 32 bits may add to a distance: some units in the last place. */
export function roundingOf(family: readonly Vector[]): number {
  let largest = 0
  for (const vector of family) for (const value of vector) largest = Math.max(largest, Math.abs(value))
  return largest * Math.sqrt(family[0]?.length ?? 1) * 1e-6
}

interface Contraction {
  readonly before: number
  readonly after: number
  /** `after / before`; null if rounding would decide. */
  readonly ratio: number | null
}

/**
 * Δ₂ after and before, or Δ^cw of the coordinate that contracted least.
 * @param rounded what rounding to the cohort's precision may add to it
 */
export function contractionBetween(
  protocol: ProtocolName,
  before: readonly Vector[],
  after: readonly Vector[],
  rounded = 0,
): Contraction {
  const rounding = roundingOf(before) + rounded
  const pair = (from: number, to: number): Contraction => ({
    before: from,
    after: to,
    ratio: from > 1000 * rounding ? to / from : null,
  })
  if (!isCoordinateWise(protocol)) return pair(diameter(before), diameter(after))
  const [old, now] = [rangeOf(before), rangeOf(after)]
  let worst: Contraction | null = null
  for (let i = 0; i < old.low.length; i++) {
    const entry = pair(old.high[i]! - old.low[i]!, now.high[i]! - now.low[i]!)
    const score = (each: Contraction) => each.ratio ?? (each.after > each.before ? 1e9 : -1)
    if (worst === null || score(entry) > score(worst)) worst = entry
  }
  return worst ?? pair(0, 0)
}

export function meanOf(family: readonly Vector[]): Float64Array {
  const sums = new Float64Array(family[0]!.length)
  for (const vector of family) for (let i = 0; i < sums.length; i++) sums[i]! += vector[i]!
  return sums.map(sum => sum / family.length)
}

/** `‖mean(a) − mean(b)‖₂`. */
export function meanShift(a: readonly Vector[], b: readonly Vector[]): number {
  const [left, right] = [meanOf(a), meanOf(b)]
  let sum = 0
  for (let i = 0; i < left.length; i++) sum += (left[i]! - right[i]!) ** 2
  return Math.sqrt(sum)
}

export { diameter }
