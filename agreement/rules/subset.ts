/**
 * The subset of least diameter, exactly and without enumeration (protocols §4): `keep` points of diameter at
 * most `r` exist iff the graph of pairs farther apart than `r` has a vertex cover of at most `n − keep`
 * points. The least such `r` is one of the distances; a bounded-depth search decides each candidate.
 */

/**
 * Indices, ascending, of the `keep` of `n` points with least diameter; of several such sets the
 * lexicographically first.
 *
 * @param distances `n × n`, symmetric; any increasing function of the distance does
 */
export function leastDiameterSubset(distances: Float64Array, n: number, keep: number): number[] {
  const candidates = Float64Array.from(new Set(distances)).sort()
  let low = 0
  let high = candidates.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (hasCover(conflicts(distances, n, candidates[middle]!), n - keep)) high = middle
    else low = middle + 1
  }
  return firstIndependentSet(conflicts(distances, n, candidates[low]!), keep)
}

/** For each point, those farther away than `r`. */
type Graph = readonly ReadonlySet<number>[]

function conflicts(distances: Float64Array, n: number, r: number): Graph {
  return Array.from({ length: n }, (_, j) => {
    const far = new Set<number>()
    for (let k = 0; k < n; k++) if (distances[j * n + k]! > r) far.add(k)
    return far
  })
}

/** Whether at most `budget` points touch every edge. Branches on the point with most edges: it, or all its neighbours. */
function hasCover(graph: Graph, budget: number): boolean {
  let busiest = 0
  let edges = 0
  for (const [j, neighbours] of graph.entries()) {
    edges += neighbours.size
    if (neighbours.size > graph[busiest]!.size) busiest = j
  }
  if (budget < 0 || edges === 0) return budget >= 0
  const most = graph[busiest]!.size
  if (edges / 2 > budget * most) return false
  if (hasCover(without(graph, [busiest]), budget - 1)) return true
  return most <= budget && hasCover(without(graph, [...graph[busiest]!]), budget - most)
}

function without(graph: Graph, points: readonly number[]): Graph {
  const gone = new Set(points)
  return graph.map((neighbours, j) =>
    gone.has(j) ? new Set<number>() : new Set([...neighbours].filter(k => !gone.has(k))),
  )
}

/** The lexicographically first `keep` points without an edge among them; one must exist. */
function firstIndependentSet(graph: Graph, keep: number): number[] {
  const chosen: number[] = []
  let dropped = new Set<number>()
  for (let j = 0; chosen.length < keep; j++) {
    if (dropped.has(j)) continue
    // Taking j drops its neighbours; points passed over earlier are in `dropped` too.
    const attempt = new Set([...dropped, ...graph[j]!])
    if (hasCover(without(graph, [...attempt]), graph.length - keep - attempt.size)) {
      dropped = attempt
      chosen.push(j)
    } else dropped.add(j)
  }
  return chosen
}
