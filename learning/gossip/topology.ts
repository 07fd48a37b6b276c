/** Who hears whom, as a text says it: `ring`, `regular:16`, `pull:8`, or a file of edges. */
import { GraphError } from './error.ts'

/** A graph that stays, drawn from the seed where it is random; or other peers to hear in every step. */
export type Topology =
  | { readonly kind: 'complete' }
  | { readonly kind: 'ring' }
  /** A random graph in which every peer has `degree` neighbours. */
  | { readonly kind: 'regular'; readonly degree: number }
  /** Each pair of peers is joined with this probability (Erdős and Rényi 1959; Gilbert 1959). */
  | { readonly kind: 'erdos-renyi'; readonly probability: number }
  /** Every peer asks `pulls` others in each step, drawn anew (epidemic: Demers et al. 1987). */
  | { readonly kind: 'pull'; readonly pulls: number }
  | { readonly kind: 'file'; readonly path: string }

/** How a topology can be written. */
export const TOPOLOGY_FORMS = 'complete, ring, regular:k, erdos-renyi:p, pull:s'

/** @throws GraphError GRAPH_TOPOLOGY, with what can be said */
export function parseTopology(text: string): Topology {
  if (text === 'complete' || text === 'ring') return { kind: text }
  const [, kind, number = ''] = /^(regular|erdos-renyi|pull):(.*)$/.exec(text) ?? []
  const value = (kind === 'erdos-renyi' ? /^\d*\.?\d+(e-?\d+)?$/i : /^\d+$/).test(number)
    ? Number(number)
    : Number.NaN
  if (kind === 'regular' && Number.isSafeInteger(value) && value >= 1) return { kind, degree: value }
  if (kind === 'pull' && Number.isSafeInteger(value) && value >= 1) return { kind, pulls: value }
  if (kind === 'erdos-renyi' && value > 0 && value <= 1) return { kind, probability: value }
  if (kind === undefined && /[./\\]/.test(text)) return { kind: 'file', path: text }
  throw new GraphError(
    'GRAPH_TOPOLOGY',
    `"${text}" is no topology; expected ${TOPOLOGY_FORMS} with whole k and s from 1 and p in (0, 1], or a file of edges such as ./graph.txt`,
  )
}
