/**
 * Graphs: the neighbours of each peer, symmetric, without loops, ascending. Drawn ones come from the seed alone, so that
 * all peers know the same.
 */
import { type RandomStream, randomStream } from '../random.ts'
import { GraphError } from './error.ts'
import type { Topology } from './topology.ts'

/** By peer: those that it hears, ascending. */
export type Neighbours = readonly (readonly number[])[]

/** What a graph is made from, but for random pulls, which have none. */
type Drawable = Exclude<Topology, { readonly kind: 'pull' | 'file' }>

/** @throws GraphError GRAPH_PEERS where no such graph has so many peers */
export function drawGraph(topology: Drawable, peers: number, seed: number): Neighbours {
  switch (topology.kind) {
    case 'complete':
      return everyone(peers).map(peer => everyone(peers).filter(other => other !== peer))
    case 'ring':
      return circulant(peers, 2)
    case 'regular':
      return regular(peers, topology.degree, seed)
    case 'erdos-renyi': {
      const random = randomStream(seed, 'erdos-renyi')
      const pairs = everyone(peers).flatMap(a => everyone(a).map(b => [a, b] as const))
      return joined(
        peers,
        pairs.filter(() => random.uniform() < topology.probability),
      )
    }
  }
}

/**
 * The graph of a file: one edge a line, two peers from 0 with space or a comma between; `#` begins a comment.
 * @param name of the file, for messages
 * @throws GraphError GRAPH_LINE, naming the line
 */
export function parseEdges(text: string, peers: number, name: string): Neighbours {
  const edges: Placed[] = []
  for (const [index, line] of text.split(/\r\n?|\n/).entries()) {
    const content = line.replace(/#.*/, '').trim()
    if (content === '') continue
    const place = `${name}, line ${index + 1}`
    const match = /^(\d+)(?:\s*,\s*|\s+)(\d+)$/.exec(content)
    if (match === null)
      throw new GraphError(
        'GRAPH_LINE',
        `${place} is "${content.slice(0, 40)}"; expected two peers, such as "0 1"`,
      )
    edges.push({ place, edge: [Number(match[1]), Number(match[2])] })
  }
  if (edges.length === 0)
    throw new GraphError('GRAPH_LINE', `${name} has no edges; expected two peers a line, such as "0 1"`)
  return graphOfEdges(edges, peers)
}

/** An edge, and where it stands, for messages. */
interface Placed {
  readonly place: string
  readonly edge: readonly [number, number]
}

/** @throws GraphError GRAPH_LINE, naming the place */
export function graphOfEdges(placed: readonly Placed[], peers: number): Neighbours {
  const edges = new Map<string, readonly [number, number]>()
  for (const { place, edge } of placed) {
    const [a, b] = edge
    if (Math.max(a, b) >= peers)
      throw new GraphError('GRAPH_LINE', `${place} names peer ${Math.max(a, b)}; expected 0 to ${peers - 1}`)
    if (a === b)
      throw new GraphError('GRAPH_LINE', `${place} joins peer ${a} to itself; expected two different peers`)
    const key = `${Math.min(a, b)} ${Math.max(a, b)}`
    if (edges.has(key))
      throw new GraphError('GRAPH_LINE', `${place} joins peers ${a} and ${b} again; expected each edge once`)
    edges.set(key, edge)
  }
  return joined(peers, [...edges.values()])
}

/** Whom each peer asks in a step: `pulls` others, uniform, without repetition. */
export function drawPulls(pulls: number, peers: number, seed: number, step: number): Neighbours {
  checkDegree('pull', pulls, peers)
  const random = randomStream(seed, 'pulls', step)
  return everyone(peers).map(peer => {
    // Floyd's sample of the other peers, numbered without this one.
    const chosen = new Set<number>()
    for (let last = peers - 1 - pulls; last < peers - 1; last++) {
      const pick = random.integer(last + 1)
      chosen.add(chosen.has(pick) ? last : pick)
    }
    return [...chosen].map(other => (other >= peer ? other + 1 : other)).sort((a, b) => a - b)
  })
}

/** The parts that these peers fall into when only they pass anything on; each ascending, the largest first. */
export function componentsOf(graph: Neighbours, members: readonly number[]): readonly (readonly number[])[] {
  const left = new Set(members)
  const parts: number[][] = []
  for (const first of members) {
    if (!left.delete(first)) continue
    const part = [first]
    for (const peer of part) for (const other of graph[peer]!) if (left.delete(other)) part.push(other)
    parts.push(part.sort((a, b) => a - b))
  }
  return parts.sort((a, b) => b.length - a.length || a[0]! - b[0]!)
}

/** A draw that falls apart is drawn again, so often. */
const DRAWS_MAX = 100

/** A random regular graph: a circulant one, rewired by switches that keep every degree (McKay and Wormald 1990). */
function regular(peers: number, degree: number, seed: number): Neighbours {
  checkDegree('regular', degree, peers)
  if ((peers * degree) % 2 === 1)
    throw new GraphError(
      'GRAPH_PEERS',
      `regular:${degree} with ${peers} peers: the ends of edges would be an odd number; expected an even degree or an even number of peers`,
    )
  const random = randomStream(seed, 'regular')
  let graph = circulant(peers, degree)
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    graph = rewired(graph, random)
    if (componentsOf(graph, everyone(peers)).length === 1) return graph
  }
  return graph
}

/** Neighbours at the distances `1 … k/2` on both sides, and opposite ones where the degree is odd. */
function circulant(peers: number, degree: number): Neighbours {
  const offsets = everyone(Math.floor(degree / 2)).map(i => i + 1)
  const all = degree % 2 === 1 ? [...offsets, peers / 2] : offsets
  return everyone(peers).map(peer => {
    const others = all.flatMap(offset => [peer + offset, peer - offset + peers].map(other => other % peers))
    return [...new Set(others)].filter(other => other !== peer).sort((a, b) => a - b)
  })
}

/** As many switches as this for each edge. */
const SWITCHES = 10

/** `a–b, c–d` become `a–d, c–b` where that makes no loop and no second edge. */
function rewired(graph: Neighbours, random: RandomStream): Neighbours {
  const sets = graph.map(others => new Set(others))
  const edges = graph.flatMap((others, a) => others.filter(b => a < b).map(b => [a, b] as [number, number]))
  for (let turn = 0; turn < SWITCHES * edges.length; turn++) {
    const first = edges[random.integer(edges.length)]!
    const second = edges[random.integer(edges.length)]!
    const [a, b] = random.integer(2) === 0 ? first : [first[1], first[0]]
    const [c, d] = second
    if (a === c || a === d || b === c || b === d || sets[a]!.has(d) || sets[c]!.has(b)) continue
    for (const [from, to] of [
      [a, b],
      [c, d],
    ] as const) {
      sets[from]!.delete(to)
      sets[to]!.delete(from)
    }
    for (const [from, to] of [
      [a, d],
      [c, b],
    ] as const) {
      sets[from]!.add(to)
      sets[to]!.add(from)
    }
    first.splice(0, 2, a, d)
    second.splice(0, 2, c, b)
  }
  return sets.map(others => [...others].sort((a, b) => a - b))
}

function checkDegree(kind: string, degree: number, peers: number): void {
  if (degree >= peers)
    throw new GraphError(
      'GRAPH_PEERS',
      `${kind}:${degree} with ${peers} peers: nobody has so many others; expected at most ${kind}:${peers - 1}`,
    )
}

function joined(peers: number, edges: readonly (readonly [number, number])[]): Neighbours {
  const graph: number[][] = everyone(peers).map(() => [])
  for (const [a, b] of edges) {
    graph[a]!.push(b)
    graph[b]!.push(a)
  }
  return graph.map(others => others.sort((a, b) => a - b))
}

function everyone(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}
