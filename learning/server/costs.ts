/**
 * Costs of a user's own, one for each agent, and the minimum points of their sums: quadratic ones by solving a linear
 * system, others by descent with their gradients alone. In 64 bits.
 */
import type { Minimise } from './exhaustive.ts'

/** `Q(x) = ½xᵀHx + ⟨b, x⟩`. */
export interface QuadraticCost {
  /** `H`, symmetric, `d × d`. */
  readonly hessian: readonly (readonly number[])[]
  /** `b`. */
  readonly linear: readonly number[]
}

/** `∇Q`, of a convex cost. */
export type CostGradient = (point: readonly number[]) => ArrayLike<number>

/** The costs chosen do not determine a point. */
export class RankError extends Error {
  override readonly name = 'RankError'
  readonly code = 'RANK'
}

/** The least squares of some rows: `Σ_j (b_j − ⟨a_j, x⟩)²`. */
export function squaresCost(
  rows: readonly (readonly number[])[],
  responses: readonly number[],
): QuadraticCost {
  const d = rows[0]!.length
  const sums = (value: (row: number) => number) => rows.reduce((total, _, row) => total + 2 * value(row), 0)
  return {
    hessian: everyone(d).map(j => everyone(d).map(k => sums(row => rows[row]![j]! * rows[row]![k]!))),
    linear: everyone(d).map(j => -sums(row => rows[row]![j]! * responses[row]!)),
  }
}

/** @throws RankError from what it returns, if the costs chosen do not determine a point */
export function quadraticMinimiser(costs: readonly QuadraticCost[]): Minimise {
  const d = costs[0]!.linear.length
  return agents => {
    const sum = (value: (cost: QuadraticCost) => number) =>
      agents.reduce((total, agent) => total + value(costs[agent]!), 0)
    const system = everyone(d).map(j => [
      ...everyone(d).map(k => sum(({ hessian }) => hessian[j]![k]!)),
      -sum(({ linear }) => linear[j]!),
    ])
    const hessian = system.map(row => row.slice(0, d))
    const point = solve(system, agents)
    if (!isPositiveDefinite(hessian))
      throw new RankError(
        `the sum of the costs of agents ${agents.join(', ')} has no minimum: it falls for ever along some line; expected convex sums`,
      )
    return point
  }
}

/** By elimination without exchanges, whose pivots are then all positive; overwrites the matrix. */
function isPositiveDefinite(matrix: number[][]): boolean {
  for (const [column, top] of matrix.entries()) {
    if (!(top[column]! > 0)) return false
    for (const row of matrix.slice(column + 1)) {
      const factor = row[column]! / top[column]!
      for (let k = column; k < row.length; k++) row[k]! -= factor * top[k]!
    }
  }
  return true
}

/** Gaussian elimination with partial pivoting on `d` rows of `d + 1`; overwrites them. @throws RankError */
export function solve(matrix: number[][], agents: readonly number[]): number[] {
  const d = matrix.length
  const scale = Math.max(...matrix.flatMap(row => row.slice(0, d).map(Math.abs)))
  for (let column = 0; column < d; column++) {
    const pivot = everyone(d)
      .slice(column)
      .reduce((best, row) =>
        Math.abs(matrix[row]![column]!) > Math.abs(matrix[best]![column]!) ? row : best,
      )
    ;[matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!]
    const top = matrix[column]!
    if (!(Math.abs(top[column]!) > 1e-12 * scale))
      throw new RankError(
        `the costs of agents ${agents.join(', ')} determine no point: their rank is below ${d}`,
      )
    for (let row = 0; row < d; row++) {
      if (row === column) continue
      const factor = matrix[row]![column]! / top[column]!
      for (let k = column; k <= d; k++) matrix[row]![k]! -= factor * top[k]!
    }
  }
  return matrix.map((row, i) => row[d]! / row[i]!)
}

const STEPS_MAX = 2000
/** Of the gradient at the end, over the lengths of those that it is the sum of. */
const TOLERANCE = 1e-9
/** Of the last step, over the way from the start and the distance from the origin: where agents agree, all gradients vanish. */
const STEP_TOLERANCE = 1e-12
/** The same, where rounding lets no step go further down. */
const ROUNDED_STEP = 1e-6
const DOUBLINGS_MAX = 60

/**
 * By quasi-Newton descent (BFGS) with line searches on the slope, which for convex costs rises along every line.
 * @param start where it begins
 * @throws RankError from what it returns, where descent finds no minimum point
 */
export function convexMinimiser(gradients: readonly CostGradient[], start: readonly number[]): Minimise {
  return agents => {
    let size = 0
    const gradient = (x: readonly number[]) => {
      const total = new Array<number>(start.length).fill(0)
      size = 0
      for (const agent of agents) {
        const part = Array.from(gradients[agent]!(x))
        size += Math.hypot(...part)
        for (const [i, value] of part.entries()) total[i]! += value
      }
      return total
    }
    let x = [...start]
    let g = gradient(x)
    let inverse = identity(x.length)
    const greatest = Math.hypot(...g)
    let last = Infinity
    for (let step = 0; step < STEPS_MAX; step++) {
      const length = Math.hypot(...g)
      const reach = Math.hypot(...x) + distance(x, start)
      if (length <= TOLERANCE * size || last <= STEP_TOLERANCE * reach) return x
      let way = inverse.map(row => -dot(row, g))
      if (!(dot(way, g) < 0)) {
        inverse = identity(x.length)
        way = g.map(value => -value)
      }
      const taken = lineSearch(x, way, gradient, dot(way, g))
      if (taken === null) {
        if (length <= TOLERANCE * greatest && last <= ROUNDED_STEP * reach) return x
        break
      }
      const moved = gradient(taken)
      inverse = updated(
        inverse,
        taken.map((value, i) => value - x[i]!),
        moved.map((value, i) => value - g[i]!),
      )
      last = distance(taken, x)
      x = taken
      g = moved
    }
    throw new RankError(
      `the sum of the costs of agents ${agents.join(', ')} has no minimum that descent from (${start.join(', ')}) finds: expected convex costs, smooth, with one minimum point for each n − 2f of them`,
    )
  }
}

/** Where the slope along the line is at most half of what it was; null: it falls for ever, or is no number. */
function lineSearch(
  x: readonly number[],
  way: readonly number[],
  gradient: (x: readonly number[]) => number[],
  slope: number,
): number[] | null {
  let [low, high, t] = [0, Infinity, 1]
  for (let tries = 0; tries < 2 * DOUBLINGS_MAX; tries++) {
    const at = x.map((value, i) => value + t * way[i]!)
    const now = dot(gradient(at), way)
    if (Math.abs(now) <= -0.5 * slope) return at
    if (now < 0) low = t
    else high = t // no number, too: the step was too long
    t = high === Infinity ? 2 * t : (low + high) / 2
    if (t > 2 ** DOUBLINGS_MAX) return null
  }
  return null
}

/** The update of BFGS, where the curvature along the step is positive. */
function updated(
  inverse: readonly (readonly number[])[],
  s: readonly number[],
  y: readonly number[],
): number[][] {
  const curvature = dot(s, y)
  if (!(curvature > 1e-14 * Math.hypot(...s) * Math.hypot(...y))) return inverse.map(row => [...row])
  const v = inverse.map(row => dot(row, y))
  const weight = 1 + dot(v, y) / curvature
  return inverse.map((row, i) =>
    row.map((value, j) => value + (weight * s[i]! * s[j]! - v[i]! * s[j]! - s[i]! * v[j]!) / curvature),
  )
}

function identity(d: number): number[][] {
  return everyone(d).map(i => everyone(d).map(j => (i === j ? 1 : 0)))
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!))
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
}

function everyone(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}
