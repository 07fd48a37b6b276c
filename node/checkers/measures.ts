/** Measurements of the checkers on families of honest vectors, and how much of them rounding can explain. */
import { bounds, contractionOf, type ProtocolName } from '../../agreement/bounds.ts'
import { meanOfRanks, squaredDistances, squaredDistancesTo } from '../../agreement/kernels/index.ts'
import { isCoordinateWise } from '../../agreement/protocols/registry.ts'
import { squaredDistance, type Vector } from '../../agreement/vector.ts'
import { type BoundedCohort, boundsQuery } from '../cohort/bounds-query.ts'
import type { Cohort } from '../cohort/cohort.ts'

/** Least and greatest of each coordinate over the family. */
interface Range {
  readonly low: Float64Array
  readonly high: Float64Array
}

/** A family and its measurements, each computed when it is first asked for. Nobody changes the family meanwhile. */
export interface Measured {
  readonly vectors: readonly Vector[]
  /** Vectors that are equal to the bit are in it once. */
  distinct(): readonly Vector[]
  /** `Δ₂`; 0 for fewer than two vectors. */
  diameter(): number
  mean(): Float32Array | Float64Array
  range(): Range
  /** All `‖x_j − x_k‖²` of the distinct ones, within `KERNEL_ERROR`. */
  squares(): Float64Array
  /** What the rounding of one iteration to 32 bits may add to a distance: some units in the last place. */
  rounding(): number
}

/**
 * Honest vectors are mostly equal, and then nearly nothing is left to compute.
 * @param distances all `‖x_j − x_k‖²`, where the caller knows some of them; it must give the same bits
 */
export function measured(vectors: readonly Vector[], distances = squaredDistances): Measured {
  const distinct = once(() => distinctOf(vectors))
  const squares = once(() => distances(distinct()))
  return {
    vectors,
    distinct,
    squares,
    diameter: once(() => diameterOf(distinct(), squares)),
    // The sum of equal 32-bit numbers is exact in 64 bits, and so is its share.
    mean: once(() => (distinct().length === 1 ? vectors[0]! : meanOf(vectors))),
    range: once(() => rangeOf(distinct())),
    rounding: once(() => roundingOf(distinct())),
  }
}

function once<T>(compute: () => T): () => T {
  let value: T | undefined
  return () => {
    value ??= compute()
    return value
  }
}

function distinctOf(family: readonly Vector[]): readonly Vector[] {
  const distinct: Vector[] = []
  const bytes: Uint8Array[] = []
  for (const vector of new Set(family)) {
    const own = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
    if (bytes.some(other => Buffer.compare(own, other) === 0)) continue
    distinct.push(vector)
    bytes.push(own)
  }
  return distinct
}

/** Of smaller families all pairs are computed at once in 64 bits. */
const TERMS_MIN = 10_000
/** Kernels give squared distances at least as exact as this. */
const KERNEL_ERROR = 2 ** -16

/** The same bits as all pairs one by one: kernels find the pairs that can be the widest. */
function diameterOf(vectors: readonly Vector[], squaresOf: () => Float64Array): number {
  const n = vectors.length
  if (n < 2) return 0
  const isSmall = n * n * vectors[0]!.length < TERMS_MIN
  const squares = isSmall ? null : squaresOf()
  const least = squares === null ? 0 : (1 - 2 * KERNEL_ERROR) * squares.reduce((a, b) => Math.max(a, b))
  let widest = 0
  for (let j = 0; j < n; j++)
    for (let k = j + 1; k < n; k++)
      if (squares === null || squares[j * n + k]! >= least)
        widest = Math.max(widest, squaredDistance(vectors[j]!, vectors[k]!))
  return Math.sqrt(widest)
}

function rangeOf(family: readonly Vector[]): Range {
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

function roundingOf(family: readonly Vector[]): number {
  let largest = 0
  for (const vector of family)
    for (let i = 0; i < vector.length; i++) {
      const size = Math.abs(vector[i]!)
      if (size > largest) largest = size
    }
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
  before: Measured,
  after: Measured,
  rounded = 0,
): Contraction {
  const floor = 1000 * (before.rounding() + rounded)
  const pair = (from: number, to: number): Contraction => ({
    before: from,
    after: to,
    ratio: from > floor ? to / from : null,
  })
  if (!isCoordinateWise(protocol)) return pair(before.diameter(), after.diameter())
  const [old, now] = [before.range(), after.range()]
  let [worst, score] = [-1, -Infinity]
  for (let i = 0; i < old.low.length; i++) {
    const [from, to] = [old.high[i]! - old.low[i]!, now.high[i]! - now.low[i]!]
    const own = from > floor ? to / from : to > from ? 1e9 : -1
    if (own > score) [worst, score] = [i, own]
  }
  return worst < 0 ? pair(0, 0) : pair(old.high[worst]! - old.low[worst]!, now.high[worst]! - now.low[worst]!)
}

/** `ζ²`, the mean squared distance of the vectors from their mean: a half of that between two of them, drawn with repetition. */
export function spreadOf({ vectors, distinct, squares, mean }: Measured): number {
  const count = vectors.length
  if (count === 0 || distinct().length < 2) return 0
  if (distinct().length === count)
    return squares().reduce((total, value) => total + value, 0) / (2 * count * count)
  const centre = mean()
  let total = 0
  for (const vector of vectors)
    for (let i = 0; i < vector.length; i++) total += (vector[i]! - centre[i]!) ** 2
  return total / count
}

/** What is guaranteed of a family's Δ₂ after so many iterations; null: nothing is. */
export function contractionIn(
  cohort: BoundedCohort & Pick<Cohort, 'members'>,
  before: Measured,
  after: Measured,
  iterations: number,
): { readonly before: number; readonly after: number; readonly bound: number | null } {
  const widest = { before: before.diameter(), after: after.diameter() }
  const query = { ...boundsQuery(cohort), dimension: before.vectors[0]?.length ?? 1 }
  if (before.vectors.length === 0 || !bounds(query).feasible) return { ...widest, bound: null }
  const factor = contractionOf(query) ** iterations
  return {
    ...widest,
    bound: factor * (isCoordinateWise(cohort.protocol) ? boxDiagonal(before) : widest.before),
  }
}

/** Where each coordinate contracts by itself, no two vectors come to lie farther apart than the box's corners. */
function boxDiagonal(family: Measured): number {
  const vectors = family.distinct()
  const n = vectors.length
  if (n < 2) return 0
  const [low, high] = [meanOfRanks(vectors, 0, 1), meanOfRanks(vectors, n - 1, n)]
  return Math.sqrt(squaredDistancesTo([low], high)[0]!)
}

/** Coordinates whose sums the nearest cache holds. */
const STRIP = 2048

function meanOf(family: readonly Vector[]): Float64Array {
  const d = family[0]!.length
  const sums = new Float64Array(d)
  for (let from = 0; from < d; from += STRIP) {
    const to = Math.min(d, from + STRIP)
    for (const vector of family) for (let i = from; i < to; i++) sums[i]! += vector[i]!
    for (let i = from; i < to; i++) sums[i]! /= family.length
  }
  return sums
}

/** `‖mean(a) − mean(b)‖₂`. */
export function meanShift(a: Measured, b: Measured): number {
  const [left, right] = [a.mean(), b.mean()]
  if (left === right) return 0
  let sum = 0
  for (let i = 0; i < left.length; i++) {
    const difference = left[i]! - right[i]!
    sum += difference * difference
  }
  return Math.sqrt(sum)
}

/**
 * No less than `meanShift`, and not much more, without the means: where all of the `h` vectors of `a` differ and all of `b`
 * are one `y`, `‖mean(a) − y‖² = Σ_j ‖x_j − y‖² / h − Σ_{j<k} ‖x_j − x_k‖² / h²`. Infinity elsewhere.
 */
export function meanShiftMax(a: Measured, b: Measured): number {
  const [from, to] = [a.distinct(), b.distinct()]
  const h = from.length
  if (h < 2 || h !== a.vectors.length || to.length !== 1) return Infinity
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0)
  const outer = sum(squaredDistancesTo(from, to[0]!)) / h
  const inner = sum(a.squares()) / (2 * h * h) // each pair stands twice in the matrix
  return Math.sqrt(Math.max(0, outer - inner + 2 * KERNEL_ERROR * (outer + inner)))
}
