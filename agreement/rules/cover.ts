/**
 * Vertex covers of at most `budget` points, by a search of bounded depth: whatever can be decided at once is decided (a
 * point without edges; one with a single edge, whose other end covers more; one with more edges than the budget has
 * points left; rings), a bound from below cuts what cannot succeed, and only then does the search branch: the point
 * with most edges is in the cover, or all its neighbours are.
 */
import { RuleError } from './error.ts'

/** A set of points, 32 to a word. */
export type Points = Uint32Array

/** For each point the set of its neighbours. */
export type Graph = readonly Points[]

/** Steps left to the searches; shared by all searches that answer one question. */
export interface Work {
  left: number
}

/** Steps after which a search gives up: some seconds. With up to 20 points to drop no search comes near it. */
export const COVER_STEPS_MAX = 1_000_000

export function hasPoint(points: Points, j: number): boolean {
  return (points[j >> 5]! & (1 << (j & 31))) !== 0
}

export function addPoint(points: Points, j: number): void {
  points[j >> 5]! |= 1 << (j & 31)
}

function removePoint(points: Points, j: number): void {
  points[j >> 5]! &= ~(1 << (j & 31))
}

/** How many points both sets have in common. */
export function commonCount(a: Points, b: Points): number {
  let count = 0
  for (let w = 0; w < a.length; w++) count += ones(a[w]! & b[w]!)
  return count
}

function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Calls back for each point of the set in ascending order. */
export function forEachPoint(points: Points, act: (j: number) => void): void {
  for (let w = 0; w < points.length; w++)
    for (let word = points[w]!; word !== 0; word &= word - 1) act(w * 32 + 31 - Math.clz32(word & -word))
}

/**
 * The points of `alive` that a cover of at most `budget` of them leaves over, no two of which are neighbours;
 * nothing where there is no such cover.
 *
 * @throws RuleError work-limit
 */
export function uncovered(graph: Graph, alive: Points, budget: number, work: Work): Points | undefined {
  if (work.left-- <= 0)
    throw new RuleError(
      'work-limit',
      `mda: no answer within ${COVER_STEPS_MAX} steps of the search; use fewer faults or vectors, or cwtm`,
    )
  const rest = Points(alive)
  const spared = new Uint32Array(alive.length)
  const left = reduce(graph, rest, spared, budget)
  if (left.budget < 0 || left.edges > left.budget * left.most) return undefined
  if (left.edges === 0) return spared
  if (left.most <= 2) return spareRings(graph, rest, spared, left.budget)
  if (lowerBound(graph, rest) > left.budget) return undefined
  return branch(graph, rest, spared, left.busiest, left.budget, work)
}

const Points = (points: Points): Points => Uint32Array.from(points)

function union(a: Points, b: Points): Points {
  return a.map((word, w) => word | b[w]!)
}

function branch(
  graph: Graph,
  rest: Points,
  spared: Points,
  point: number,
  budget: number,
  work: Work,
): Points | undefined {
  // The neighbours in the cover, the point spared: the deeper cut first.
  const neighbours = graph[point]!.map((word, w) => word & rest[w]!)
  const count = commonCount(neighbours, rest)
  const without = rest.map((word, w) => word & ~neighbours[w]!)
  removePoint(without, point)
  if (count <= budget) {
    const found = uncovered(graph, without, budget - count, work)
    if (found !== undefined) {
      addPoint(found, point)
      return union(found, spared)
    }
  }
  const other = Points(rest)
  removePoint(other, point)
  const found = uncovered(graph, other, budget - 1, work)
  return found && union(found, spared)
}

interface Reduced {
  readonly budget: number
  /** Twice the edges that are left, halved: their number. */
  readonly edges: number
  readonly busiest: number
  /** Edges of the busiest point. */
  readonly most: number
}

/** Removes, until nothing changes, the points that leave no choice. */
function reduce(graph: Graph, rest: Points, spared: Points, budget: number): Reduced {
  for (;;) {
    let [ends, busiest, most, changed] = [0, -1, 0, false]
    forEachPoint(rest, j => {
      if (!hasPoint(rest, j)) return
      const degree = commonCount(graph[j]!, rest)
      if (degree === 0) {
        removePoint(rest, j)
        addPoint(spared, j)
        return
      }
      if (degree > budget) {
        removePoint(rest, j)
        budget--
        changed = true
      } else if (degree === 1 || (degree === 2 && neighboursMeet(graph, rest, j))) {
        budget -= cover(graph, rest, j)
        addPoint(spared, j)
        changed = true
      } else if (degree > most) [busiest, most] = [j, degree]
      ends += degree
    })
    if (!changed || budget < 0) return { budget, edges: ends / 2, busiest, most }
  }
}

/** Spares a point by covering its neighbours; how many they are. */
function cover(graph: Graph, rest: Points, point: number): number {
  const count = commonCount(graph[point]!, rest)
  for (let w = 0; w < rest.length; w++) rest[w]! &= ~graph[point]![w]!
  removePoint(rest, point)
  return count
}

/** Whether the two neighbours of a point are neighbours themselves. */
function neighboursMeet(graph: Graph, rest: Points, point: number): boolean {
  const pair: number[] = []
  forEachPoint(graph[point]!, j => {
    if (hasPoint(rest, j)) pair.push(j)
  })
  return hasPoint(graph[pair[0]!]!, pair[1]!)
}

/** Where all points have two edges there are only rings: of one with `m` points, every second is spared, `⌊m/2⌋`. */
function spareRings(graph: Graph, rest: Points, spared: Points, budget: number): Points | undefined {
  let covered = 0
  forEachPoint(Points(rest), start => {
    if (!hasPoint(rest, start)) return
    // Spared, its two neighbours covered, and so on along what is left of the ring.
    addPoint(spared, start)
    covered += cover(graph, rest, start)
    const tail = reduce(graph, rest, spared, rest.length * 32)
    covered += rest.length * 32 - tail.budget
  })
  return covered <= budget ? spared : undefined
}

/** Of every clique all but one point must be covered; cliques are collected greedily, none sharing a point. */
function lowerBound(graph: Graph, rest: Points): number {
  const open = Points(rest)
  let bound = 0
  forEachPoint(rest, start => {
    if (!hasPoint(open, start)) return
    removePoint(open, start)
    const candidates = graph[start]!.map((word, w) => word & open[w]!)
    forEachPoint(candidates, j => {
      if (!hasPoint(candidates, j)) return
      removePoint(open, j)
      bound++
      for (let w = 0; w < candidates.length; w++) candidates[w]! &= graph[j]![w]!
    })
  })
  return bound
}
