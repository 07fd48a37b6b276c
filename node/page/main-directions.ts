/**
 * The two main directions of a family of vectors, from nothing but their distances (classical scaling; Gower 1968 for
 * points beside the family). It costs one pass over the vectors, whatever their length.
 */

interface Point {
  readonly x: number
  readonly y: number
}

export interface MainPlane {
  /** The family's vectors, in order, around their mean. */
  readonly points: readonly Point[]
  /** The share of the family's variance that the plane shows; 1 where there is none. */
  readonly shown: number
  /** Where another vector lies in this plane, by its squared distances to the family's. */
  place(squares: ArrayLike<number>): Point
}

/** @param squares `n × n`: squared distances between the family's vectors */
export function mainPlane(squares: ArrayLike<number>, n: number): MainPlane {
  const gram = centred(squares, n)
  const variance = trace(gram, n)
  const first = topEigenpair(gram, n, [])
  const second = topEigenpair(gram, n, [first])
  const axes = [first, second].map(({ value, vector }) => {
    const known = value > FLOOR * variance ? value : 0
    return { length: Math.sqrt(known), along: signed(vector), value: known }
  })
  const own = Float64Array.from({ length: n }, (_, j) => gram[j * n + j]!)
  return {
    points: Array.from({ length: n }, (_, j) => ({ x: along(axes[0]!, j), y: along(axes[1]!, j) })),
    shown: variance > 0 ? Math.min(1, (axes[0]!.value + axes[1]!.value) / variance) : 1,
    place(toFamily) {
      const [x, y] = axes.map(({ along: vector, length }) => {
        if (length === 0) return 0
        let sum = 0
        for (let j = 0; j < n; j++) sum += vector[j]! * (own[j]! - toFamily[j]!)
        return sum / (2 * length)
      })
      return { x: x!, y: y! }
    },
  }
}

/** A direction of no length has no sign either. */
const along = ({ along: vector, length }: { along: Float64Array; length: number }, j: number): number =>
  length === 0 ? 0 : vector[j]! * length

/** The Gram matrix around the mean, `−½ J D J`. */
function centred(squares: ArrayLike<number>, n: number): Float64Array {
  const rowMeans = new Float64Array(n)
  for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) rowMeans[j]! += squares[j * n + k]! / n
  const mean = rowMeans.reduce((a, b) => a + b, 0) / Math.max(1, n)
  const gram = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    for (let k = 0; k < n; k++)
      gram[j * n + k] = -0.5 * (squares[j * n + k]! - rowMeans[j]! - rowMeans[k]! + mean)
  return gram
}

function trace(matrix: Float64Array, n: number): number {
  let sum = 0
  for (let j = 0; j < n; j++) sum += Math.max(0, matrix[j * n + j]!)
  return sum
}

interface Eigenpair {
  readonly value: number
  readonly vector: Float64Array
}

/** Of the variance: below this a direction is nothing but rounding. */
const FLOOR = 1e-7

const PASSES_MAX = 300

/** The largest eigenvalue of a symmetric matrix without negative ones, and its vector, orthogonal to those known. */
function topEigenpair(matrix: Float64Array, n: number, known: readonly Eigenpair[]): Eigenpair {
  // The column of the largest diagonal entry is never orthogonal to what is left.
  const without = deflated(matrix, n, known)
  let widest = 0
  for (let j = 1; j < n; j++) if (without[j * n + j]! > without[widest * n + widest]!) widest = j
  let vector = without.slice(widest * n, (widest + 1) * n)
  let next = new Float64Array(n)
  let value = normalise(vector)
  for (let pass = 0; pass < PASSES_MAX && value > 0; pass++) {
    multiply(without, n, vector, next)
    value = normalise(next)
    let moved = 0
    for (let j = 0; j < n; j++) moved = Math.max(moved, Math.abs(next[j]! - vector[j]!))
    ;[vector, next] = [next, vector]
    if (moved < 1e-12) break
  }
  return { value, vector }
}

function deflated(matrix: Float64Array, n: number, known: readonly Eigenpair[]): Float64Array {
  const left = Float64Array.from(matrix)
  for (const { value, vector } of known)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++) left[j * n + k]! -= value * vector[j]! * vector[k]!
  return left
}

function multiply(matrix: Float64Array, n: number, vector: Float64Array, product: Float64Array): void {
  for (let j = 0; j < n; j++) {
    let sum = 0
    for (let k = 0; k < n; k++) sum += matrix[j * n + k]! * vector[k]!
    product[j] = sum
  }
}

/** Makes the length 1 and returns what it was; a vector of zeros stays. */
function normalise(vector: Float64Array): number {
  let sum = 0
  for (let j = 0; j < vector.length; j++) sum += vector[j]! * vector[j]!
  const length = Math.sqrt(sum)
  if (length > 0) for (let j = 0; j < vector.length; j++) vector[j]! /= length
  return length
}

/** Of the two signs, that with which the entry farthest from 0 is positive: pictures of later steps do not flip. */
function signed(vector: Float64Array): Float64Array {
  let widest = 0
  for (let j = 1; j < vector.length; j++)
    if (Math.abs(vector[j]!) > 1.000001 * Math.abs(vector[widest]!)) widest = j
  return (vector[widest] ?? 0) < 0 ? vector.map(x => 0 - x) : vector
}
