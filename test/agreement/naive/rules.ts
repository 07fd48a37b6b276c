/**
 * Every rule from its definition alone, in 64-bit arithmetic on plain arrays, without a thought for speed:
 * what the real ones are compared with.
 */
import { subsets } from './subsets.ts'

export type Rows = readonly (readonly number[])[]

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)
const squares = (row: readonly number[]): number => sum(row.map(value => value * value))
export const norm = (row: readonly number[]): number => Math.sqrt(squares(row))
export const distance = (a: readonly number[], b: readonly number[]): number => norm(minus(a, b))

/** `‖a − x‖ − ‖b − x‖`, exact also where `a` and `b` are much closer to each other than to `x`. */
export function farther(x: readonly number[], a: readonly number[], b: readonly number[]): number {
  const both = distance(a, x) + distance(b, x)
  return both > 0 ? sum(a.map((value, i) => (value - b[i]!) * (value - x[i]! + (b[i]! - x[i]!)))) / both : 0
}
const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value - b[i]!)
const columns = (rows: Rows): number[][] => rows[0]!.map((_, i) => rows.map(row => row[i]!))
const pick = (rows: Rows, indices: readonly number[]): Rows => indices.map(j => rows[j]!)

/** Indices of the `keep` least scores; of equal ones the earlier. */
export function least(scores: readonly number[], keep: number): number[] {
  const order = scores.map((_, j) => j).sort((j, k) => scores[j]! - scores[k]! || j - k)
  return order.slice(0, keep).sort((j, k) => j - k)
}

export const mean = (rows: Rows): number[] => columns(rows).map(values => sum(values) / values.length)

const median = (values: readonly number[]): number => {
  const sorted = ascending(values)
  const half = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2
}

export const cwmed = (rows: Rows): number[] => columns(rows).map(median)

export const cwtm = (rows: Rows, f: number): number[] =>
  columns(rows).map(values => sum(ascending(values).slice(f, values.length - f)) / (values.length - 2 * f))

export const trimmedMiddle = (rows: Rows, f: number): number[] =>
  columns(rows).map(values => {
    const kept = ascending(values).slice(f, values.length - f)
    return (kept[0]! + kept.at(-1)!) / 2
  })

export const meamed = (rows: Rows, f: number): number[] =>
  columns(rows).map(values => {
    const middle = median(values)
    const nearest = ascending(values).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle) || a - b)
    return sum(nearest.slice(0, values.length - f)) / (values.length - f)
  })

export const diameter = (rows: Rows): number =>
  Math.max(0, ...rows.flatMap((a, j) => rows.slice(j + 1).map(b => distance(a, b))))

/** The first of the subsets of least diameter. */
export function mdaSubset(rows: Rows, keep: number): number[] {
  let best: number[] = []
  let width = Infinity
  for (const subset of subsets(rows.length, keep)) {
    const own = diameter(pick(rows, subset))
    if (own < width) {
      width = own
      best = subset
    }
  }
  return best
}

export const mda = (rows: Rows, f: number): number[] => mean(pick(rows, mdaSubset(rows, rows.length - f)))

export const cva = (rows: Rows, own: readonly number[], keep: number): number[] =>
  mean(
    pick(
      rows,
      least(
        rows.map(row => distance(row, own)),
        keep,
      ),
    ),
  )

export const krumScores = (rows: Rows, f: number, neighbours = rows.length - f - 1): number[] =>
  rows.map((row, j) => {
    const others = rows.filter((_, k) => k !== j).map(other => squares(minus(row, other)))
    return sum(ascending(others).slice(0, neighbours))
  })

export const multiKrum = (rows: Rows, f: number, m: number): number[] =>
  mean(pick(rows, least(krumScores(rows, f), m)))

/** Blanchard et al. (2017): one neighbour fewer. */
export const multiKrumOriginal = (rows: Rows, f: number, m: number): number[] =>
  mean(pick(rows, least(krumScores(rows, f, Math.max(1, rows.length - f - 2)), m)))

/** The places that Krum of 2017 takes out one after the other, `n − 2f` of them. */
export function bulyanChoice(rows: Rows, f: number): number[] {
  const left = [...rows.keys()]
  const chosen: number[] = []
  for (let round = 0; round < rows.length - 2 * f; round++) {
    const scores = krumScores(pick(rows, left), f, Math.max(1, left.length - f - 2))
    chosen.push(...left.splice(scores.indexOf(Math.min(...scores)), 1))
  }
  return chosen
}

export const bulyan = (rows: Rows, f: number): number[] =>
  columns(pick(rows, bulyanChoice(rows, f))).map(column => {
    const sorted = ascending(column)
    const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
    const nearestFirst = sorted.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle) || a - b)
    return sum(nearestFirst.slice(0, rows.length - 4 * f)) / (rows.length - 4 * f)
  })

/** The most faults, up to `f`, that a rule takes among `n` vectors. */
export const faultsTaken = (rule: string, n: number, f: number): number =>
  rule === 'bulyan' ? Math.min(f, Math.max(0, Math.floor((n - 3) / 4))) : f

export const norms = (rows: Rows): number[] => rows.map(norm)

export const cgeSum = (rows: Rows, f: number): number[] =>
  columns(pick(rows, least(norms(rows), rows.length - f))).map(sum)

export const cge = (rows: Rows, f: number): number[] => mean(pick(rows, least(norms(rows), rows.length - f)))

/** Weiszfeld's iteration with a little smoothing, from the coordinate-wise median, until it moves no more. */
export function gm(rows: Rows): number[] {
  let point = cwmed(rows)
  for (let step = 0; step < 3000; step++) {
    const from = point
    const weights = rows.map(row => 1 / Math.max(distance(row, from), 1e-12))
    const total = sum(weights)
    point = columns(rows).map(values => sum(values.map((value, j) => (value * weights[j]!) / total)))
    if (distance(point, from) <= 1e-13 * norm(point)) break
  }
  return point
}

/** Per coordinate the middle of what two ranges share: the trimmed one, and that of a centre of each subset of `keep`. */
export function box(rows: Rows, f: number, keep: number, centre: (rows: Rows) => number[]): number[] {
  const centres = [...subsets(rows.length, keep)].map(subset => centre(pick(rows, subset)))
  return columns(rows).map((values, i) => {
    const trusted = ascending(values).slice(f, values.length - f)
    const own = centres.map(point => point[i]!)
    return (Math.max(trusted[0]!, Math.min(...own)) + Math.min(trusted.at(-1)!, Math.max(...own))) / 2
  })
}

export function groups(rows: Rows, k: number): number[][] {
  const [size, more] = [Math.floor(rows.length / k), rows.length % k]
  const start = (g: number) => g * size + Math.min(g, more)
  return Array.from({ length: k }, (_, g) => mean(rows.slice(start(g), start(g + 1))))
}

export function cc(rows: Rows, tau: number, passes: number, start?: readonly number[]): number[] {
  let point = start ?? rows[0]!.map(() => 0)
  for (let pass = 0; pass < passes; pass++) {
    const from = point
    const clipped = rows.map(row => {
      const factor = Math.min(1, tau / distance(row, from))
      return minus(row, from).map(value => value * factor)
    })
    point = mean(clipped).map((value, i) => value + from[i]!)
  }
  return [...point]
}

export const nnm = (rows: Rows, f: number): number[][] =>
  rows.map((row, j) =>
    mean(
      pick(
        rows,
        least(
          rows.map((other, k) => (k === j ? -1 : distance(row, other))),
          rows.length - f,
        ),
      ),
    ),
  )

export const bucketing = (rows: Rows, s: number): number[][] =>
  Array.from({ length: Math.ceil(rows.length / s) }, (_, b) => mean(rows.slice(b * s, b * s + s)))

export const clip = (rows: Rows, radius: number): number[][] =>
  rows.map(row => {
    const factor = Math.min(1, radius / norm(row))
    return row.map(value => value * factor)
  })

export function arc(rows: Rows, f: number): number[][] {
  const n = rows.length
  const clipped = Math.floor((2 * f * (n - f)) / n)
  return clip(rows, Math.max(Number.MIN_VALUE, ascending(norms(rows))[n - 1 - clipped]!))
}
