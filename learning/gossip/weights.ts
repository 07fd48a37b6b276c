/** How much a neighbour's vector counts. */
import type { Neighbours } from './graph.ts'

/**
 * Metropolis weights: `W_ij = 1/(1 + max(deg i, deg j))`. They are symmetric and each row sums to 1 with what a peer
 * gives its own vector, so that plain gossip keeps the mean of all (Xiao, Boyd and Kim 2007; He et al. 2022).
 */
export function metropolisWeights(graph: Neighbours, peer: number): readonly number[] {
  const degree = graph[peer]!.length
  return graph[peer]!.map(other => 1 / (1 + Math.max(degree, graph[other]!.length)))
}

/** Of random pulls, where nobody knows how often a peer is asked: all vectors count the same. */
export function equalWeights(graph: Neighbours, peer: number): readonly number[] {
  const asked = graph[peer]!
  return asked.map(() => 1 / (1 + asked.length))
}
