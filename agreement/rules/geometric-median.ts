/**
 * The geometric median of points, computed from their inner products alone.
 *
 * Every iterate is an affine combination `z = Σ w_j x_j`, `Σ w_j = 1`, so with `G_jk = ⟨x_j − c, x_k − c⟩` the
 * distances follow from `w` alone, and an iteration costs nothing next to one pass over the vectors. The centre
 * `c` must lie among the honest points: from squared distances, or from a far centre, the difference of two
 * huge terms would be left where some input is far away.
 *
 * The search starts from the input of least objective. If that input is the median itself, which can be decided
 * exactly, it is the answer. Otherwise the search leaves it as Vardi and Zhang 2000 show, and takes Newton steps. A
 * Newton step that does not lower the objective is halved until it does; if no part of it does, Weiszfeld's step is
 * taken. So every step lowers the objective.
 */
import { solve } from './linear.ts'

/** By far enough: Newton's steps square the error. At the limit the best point so far is the result. */
const STEPS_MAX = 500
/** The smallest part of a Newton step that is tried: the whole step goes far too far where the vectors nearly lie on one line. */
const PART_MIN = 2 ** -20
/** The error that rounding may add to a sum of changes of distances, as a part of the sum of their sizes. */
const ROUNDING = 2 ** -48
/** Distances below this part of the way to the centre have lost digits that matter. */
const SHARPNESS = 1e-4

/**
 * Weights of the geometric median `argmin_z Σ ‖z − x_i‖`; and whether the centre was too far away to tell the median
 * from the inputs nearest to it. A search around the point found then gives a better answer.
 *
 * @param gram `n × n`, row by row
 * @param tolerance stop once a step is at most this much of the harmonic mean of the distances to the inputs
 * (a mean that points far away cannot move)
 */
export function geometricMedian(gram: Float64Array, n: number, tolerance: number): Median {
  const space: Space = { gram, n }
  let best = bestInput(space)
  const start = leaveInput(space, best)
  if (start === undefined) return told(space, best)
  best = start
  for (let step = 0; step < STEPS_MAX; step++) {
    const next = improved(space, best)
    if (next === undefined) break
    const moved = length(
      space,
      next.weights.map((weight, j) => weight - best.weights[j]!),
    )
    best = next
    const inverse = next.distances.reduce((sum, distance) => sum + 1 / distance, 0)
    if (moved * inverse <= tolerance * n) break
  }
  return told(space, best)
}

interface Median {
  readonly weights: Float64Array
  readonly blurred: boolean
}

function told(space: Space, { weights, distances }: Point): Median {
  const reach = length(space, weights)
  return { weights, blurred: distances.some(distance => distance < SHARPNESS * reach) }
}

interface Space {
  readonly gram: Float64Array
  readonly n: number
}

interface Point {
  readonly weights: Float64Array
  /** To every input. */
  readonly distances: Float64Array
}

function product({ gram, n }: Space, weights: Float64Array): Float64Array {
  const result = new Float64Array(n)
  for (let j = 0; j < n; j++) {
    let sum = 0
    for (let k = 0; k < n; k++) sum += gram[j * n + k]! * weights[k]!
    result[j] = sum
  }
  return result
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!
  return sum
}

/** `‖Σ a_j (x_j − c)‖`. */
function length(space: Space, coefficients: Float64Array): number {
  return Math.sqrt(Math.max(0, dot(product(space, coefficients), coefficients)))
}

function pointAt(space: Space, weights: Float64Array): Point {
  const { gram, n } = space
  const image = product(space, weights)
  const own = dot(image, weights)
  const distances = image.map((value, j) => Math.sqrt(Math.max(0, gram[j * n + j]! - 2 * value + own)))
  return { weights, distances }
}

/**
 * The change of the objective from one point to another, negative if the second is better. Input by input, `r' − r =
 * (‖p‖² + 2⟨p, z − x_i⟩)/(r' + r)` for `p = z' − z`: the sums of the distances themselves say nothing about the near
 * inputs once another is far enough away.
 */
function gain(space: Space, from: Point, to: Point): number {
  return sumOf(terms(space, from, to))
}

function terms(space: Space, from: Point, to: Point): Float64Array {
  const step = to.weights.map((weight, j) => weight - from.weights[j]!)
  const image = product(space, step)
  const common = dot(image, step) + 2 * dot(image, from.weights)
  return image.map((value, i) => {
    const both = from.distances[i]! + to.distances[i]!
    return both > 0 ? (common - 2 * value) / both : 0
  })
}

/** Whether the objective falls by more than the error that rounding may have added to the terms. */
function clearlyFalls(terms: Float64Array): boolean {
  return sumOf(terms) < -ROUNDING * sumOf(terms.map(Math.abs))
}

/**
 * Whether a point clearly has a lower objective than the centre. Its distances to the inputs must be measured: those
 * that follow from the inner products are wrong for inputs that are near it.
 */
export function improvesOnCentre(gram: Float64Array, point: Point): boolean {
  const n = point.weights.length
  const space = { gram, n }
  return clearlyFalls(terms(space, pointAt(space, new Float64Array(n)), point))
}

/**
 * The input of least objective. Of several, the one nearest to the centre: inputs that are close together can be told
 * apart only if they are near the centre.
 */
function bestInput(space: Space): Point {
  const { gram, n } = space
  const order = Array.from({ length: n }, (_, j) => j).sort((j, k) => gram[j * n + j]! - gram[k * n + k]!)
  let best: Point | undefined
  for (const j of order) {
    const point = pointAt(space, new Float64Array(n).fill(1, j, j + 1))
    if (best === undefined || clearlyFalls(terms(space, best, point))) best = point
  }
  return best!
}

/** A better point than this input; nothing if the input is the median. */
function leaveInput(space: Space, input: Point): Point | undefined {
  const pulls = input.distances.map(distance => (distance > 0 ? 1 / distance : 0))
  const pull = pulls.reduce((sum, value) => sum + value, 0)
  const here = pulls.reduce((count, value) => count + (value === 0 ? 1 : 0), 0)
  if (pull === 0) return undefined
  const force = length(
    space,
    pulls.map((value, j) => value - pull * input.weights[j]!),
  )
  if (force <= here) return undefined
  const stay = here / force
  const next = pointAt(
    space,
    pulls.map((value, j) => (1 - stay) * (value / pull) + stay * input.weights[j]!),
  )
  return gain(space, input, next) < 0 ? next : undefined
}

/** The next point, of lower objective; nothing if no step lowers it any more. */
function improved(space: Space, point: Point): Point | undefined {
  if (point.distances.some(distance => distance === 0)) return leaveInput(space, point)
  for (const weights of candidates(space, point)) {
    const next = pointAt(space, weights)
    if (gain(space, point, next) < 0) return next
  }
  return undefined
}

/** Newton's step, then smaller parts of it, then Weiszfeld's step. */
function* candidates(space: Space, point: Point): Generator<Float64Array> {
  const target = newton(space, point)
  for (let part = 1; target !== undefined && part >= PART_MIN; part /= 2)
    yield target.map((weight, j) => part * weight + (1 - part) * point.weights[j]!)
  yield weiszfeld(point)
}

function weiszfeld({ distances }: Point): Float64Array {
  const total = distances.reduce((sum, distance) => sum + 1 / distance, 0)
  return distances.map(distance => 1 / distance / total)
}

/**
 * With `u_i = (z − x_i)/r_i`, `g = Σ u_i`, `S = Σ 1/r_i`, Newton's step `p` solves
 * `(S·I − Σ u_i u_iᵀ/r_i) p = −g`. For `c_i = ⟨u_i, p⟩` that is the `n × n` system
 * `S c_k − Σ_i ⟨u_k, u_i⟩ c_i / r_i = −⟨u_k, g⟩`, and `p = Σ β_i u_i`, `β_i = (c_i/r_i − 1)/S`.
 */
function newton(space: Space, { weights, distances }: Point): Float64Array | undefined {
  const { gram, n } = space
  const image = product(space, weights)
  const own = dot(image, weights)
  const total = distances.reduce((sum, distance) => sum + 1 / distance, 0)
  const system = new Float64Array(n * n)
  const right = new Float64Array(n)
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      const cosine = (own - image[k]! - image[i]! + gram[k * n + i]!) / (distances[k]! * distances[i]!)
      system[k * n + i] = -cosine / distances[i]!
      right[k]! -= cosine
    }
    system[k * n + k]! += total
  }
  const solution = solve(system, right)
  if (solution === undefined) return undefined
  const shift = solution.map((c, i) => (c / distances[i]! - 1) / total / distances[i]!)
  const sum = shift.reduce((a, b) => a + b, 0)
  return weights.map((weight, j) => weight * (1 + sum) - shift[j]!)
}
