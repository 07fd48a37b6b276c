/**
 * The subset of least diameter, exactly and without enumeration: `keep` points of diameter at
 * most `r` exist iff the graph of pairs farther apart than `r` has a vertex cover of at most `n − keep`
 * points. The least such `r` is one of the distances; a search of bounded depth decides each candidate.
 */
import {
  addPoint,
  COVER_STEPS_MAX,
  commonCount,
  type Graph,
  hasPoint,
  type Points,
  uncovered,
  type Work,
} from './cover.ts'

/**
 * Indices, ascending, of the `keep` of `n` points with least diameter; of several such sets the
 * lexicographically first.
 *
 * @param distances `n × n`, symmetric, 0 on the diagonal; any increasing function of the distance does
 * @throws RuleError work-limit, where `n − keep` is large and the distances are made to be hard
 */
export function leastDiameterSubset(distances: Float64Array, n: number, keep: number): number[] {
  const work = { left: COVER_STEPS_MAX }
  const candidates = ascending(distances, n)
  const all = allPoints(n)
  let [low, high] = [0, candidates.length - 1]
  // The points without edges at the greatest distance are all: a witness to begin with.
  let witness = all
  while (low < high) {
    const middle = (low + high) >> 1
    const graph = conflicts(distances, n, candidates[middle]!)
    const found = tooManyEdges(graph, n, keep) ? undefined : uncovered(graph, all, n - keep, work)
    if (found === undefined) low = middle + 1
    else [high, witness] = [middle, found]
  }
  return firstSubset(conflicts(distances, n, candidates[low]!), n, keep, witness, work)
}

/** The values of the matrix, each once. */
function ascending(distances: Float64Array, n: number): Float64Array {
  const values = new Float64Array((n * (n - 1)) / 2 + 1) // the first stands for the diagonal
  let count = 1
  for (let j = 0; j < n; j++) for (let k = j + 1; k < n; k++) values[count++] = distances[j * n + k]!
  values.sort()
  count = 1
  for (let i = 1; i < values.length; i++) if (values[i] !== values[count - 1]) values[count++] = values[i]!
  return values.subarray(0, count)
}

function allPoints(n: number): Points {
  const points = new Uint32Array(Math.ceil(n / 32))
  for (let j = 0; j < n; j++) addPoint(points, j)
  return points
}

/** Joins the points that are farther apart than `r`. */
function conflicts(distances: Float64Array, n: number, r: number): Graph {
  return Array.from({ length: n }, (_, j) => {
    const far = new Uint32Array(Math.ceil(n / 32))
    for (let k = 0; k < n; k++) if (distances[j * n + k]! > r) addPoint(far, k)
    return far
  })
}

/** Whether already the `n − keep` points with most edges have too few: no cover can do then. */
function tooManyEdges(graph: Graph, n: number, keep: number): boolean {
  const degrees = graph.map(far => commonCount(far, far)).sort((a, b) => b - a)
  const edges = degrees.reduce((sum, degree) => sum + degree, 0) / 2
  return degrees.slice(0, n - keep).reduce((sum, degree) => sum + degree, 0) < edges
}

/**
 * The lexicographically first `keep` points without an edge among them; the witness is one set of as many or more.
 * A point is taken if the last witness has it or a search finds another that has it, and all taken so far.
 */
function firstSubset(graph: Graph, n: number, keep: number, witness: Points, work: Work): number[] {
  const chosen: number[] = []
  let open = allPoints(n)
  let budget = n - keep
  for (let j = 0; chosen.length < keep; j++) {
    if (!hasPoint(open, j)) continue
    const left = open.map((word, w) => word & ~graph[j]![w]!)
    left[j >> 5]! &= ~(1 << (j & 31))
    const dropped = commonCount(graph[j]!, open)
    const found = hasPoint(witness, j)
      ? witness
      : dropped <= budget
        ? uncovered(graph, left, budget - dropped, work)
        : undefined
    if (found === undefined) {
      open[j >> 5]! &= ~(1 << (j & 31))
      budget--
      continue
    }
    chosen.push(j)
    witness = found
    open = left
    budget -= dropped
  }
  return chosen
}
