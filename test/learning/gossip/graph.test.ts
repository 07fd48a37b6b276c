/** Graphs are what their names say, drawn from the seed alone; files of edges are read, or refused by line. */
import test from 'ava'
import fc from 'fast-check'
import { GraphError } from '../../../learning/gossip/error.ts'
import {
  componentsOf,
  drawGraph,
  drawPulls,
  type Neighbours,
  parseEdges,
} from '../../../learning/gossip/graph.ts'
import { parseTopology } from '../../../learning/gossip/topology.ts'
import { equalWeights, metropolisWeights } from '../../../learning/gossip/weights.ts'

const drawable = fc.oneof(
  fc.constant({ kind: 'complete' as const }),
  fc.constant({ kind: 'ring' as const }),
  fc.integer({ min: 1, max: 6 }).map(degree => ({ kind: 'regular' as const, degree })),
  fc
    .double({ min: 0.05, max: 1, noNaN: true })
    .map(probability => ({ kind: 'erdos-renyi' as const, probability })),
)

function isSimple(graph: Neighbours): boolean {
  return graph.every(
    (others, peer) =>
      !others.includes(peer) &&
      others.every(
        (other, place) => graph[other]!.includes(peer) && (place === 0 || others[place - 1]! < other),
      ),
  )
}

test('a graph is symmetric, without loops, and the same again from its seed', t => {
  fc.assert(
    fc.property(drawable, fc.integer({ min: 8, max: 24 }), fc.nat(), (topology, peers, seed) => {
      const fits = topology.kind !== 'regular' || (peers * topology.degree) % 2 === 0
      if (!fits) return
      const graph = drawGraph(topology, peers, seed)
      t.is(graph.length, peers)
      t.true(isSimple(graph), JSON.stringify(graph))
      t.deepEqual(drawGraph(topology, peers, seed), graph)
      const degrees = graph.map(others => others.length)
      if (topology.kind === 'regular') t.true(degrees.every(degree => degree === topology.degree))
      if (topology.kind === 'ring') t.true(degrees.every(degree => degree === 2))
      if (topology.kind === 'complete') t.true(degrees.every(degree => degree === peers - 1))
      if (topology.kind === 'regular' && topology.degree > 2)
        t.is(componentsOf(graph, [...graph.keys()]).length, 1)
    }),
    { numRuns: 60 },
  )
})

test('random graphs differ from seed to seed, and have as many edges as is to be expected', t => {
  const regular = (seed: number) => drawGraph({ kind: 'regular', degree: 4 }, 40, seed)
  t.notDeepEqual(regular(1), regular(2))
  t.notDeepEqual(
    regular(1),
    drawGraph({ kind: 'regular', degree: 4 }, 40, 1).map((_, peer) => [(peer + 1) % 40]),
  )
  const dense = drawGraph({ kind: 'erdos-renyi', probability: 0.3 }, 100, 3)
  const edges = dense.reduce((sum, others) => sum + others.length, 0) / 2
  t.true(Math.abs(edges - 0.3 * 4950) < 5 * Math.sqrt(4950 * 0.21), String(edges))
})

test('pulls: so many others, uniform, other ones in every step', t => {
  const counts = new Float64Array(12)
  for (let step = 1; step <= 600; step++) {
    const drawn = drawPulls(3, 12, 5, step)
    for (const [peer, others] of drawn.entries()) {
      t.is(new Set(others).size, 3)
      t.false(others.includes(peer))
    }
    for (const other of drawn[0]!) counts[other]! += 1
  }
  t.is(counts[0], 0)
  const expected = (600 * 3) / 11
  for (const count of counts.slice(1))
    t.true(Math.abs(count - expected) < 5 * Math.sqrt(expected), counts.join())
  t.deepEqual(drawPulls(3, 12, 5, 7), drawPulls(3, 12, 5, 7))
  t.deepEqual(drawPulls(11, 12, 5, 1)[4], [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11])
})

test('Metropolis weights are symmetric and leave something for the peer itself', t => {
  fc.assert(
    fc.property(fc.nat(), seed => {
      const graph = drawGraph({ kind: 'erdos-renyi', probability: 0.3 }, 14, seed)
      const weights = graph.map((_, peer) => metropolisWeights(graph, peer))
      for (const [peer, others] of graph.entries()) {
        t.true(weights[peer]!.reduce((sum, weight) => sum + weight, 0) < 1)
        for (const [place, other] of others.entries())
          t.is(weights[peer]![place], weights[other]![graph[other]!.indexOf(peer)])
      }
    }),
    { numRuns: 30 },
  )
  t.deepEqual(equalWeights([[1, 2, 3]], 0), [0.25, 0.25, 0.25])
})

test('a file of edges', t => {
  const graph = parseEdges('# a square with a diagonal\n0 1\n1,2\r\n2  3 # back\n3 , 0\n\n0 2\n', 4, 'g.txt')
  t.deepEqual(graph, [
    [1, 2, 3],
    [0, 2],
    [0, 1, 3],
    [0, 2],
  ])
  const wrong = {
    '0 1\n1': /^g\.txt, line 2 is "1"; expected two peers/,
    '0 1\n\n1 -2': /line 3 is "1 -2"/,
    '0 1 2': /line 1 is "0 1 2"/,
    '0 4': /line 1 names peer 4; expected 0 to 3/,
    '2 2': /line 1 joins peer 2 to itself/,
    '0 1\n1 0': /line 2 joins peers 1 and 0 again/,
  }
  for (const [text, message] of Object.entries(wrong))
    t.throws(() => parseEdges(text, 4, 'g.txt'), { instanceOf: GraphError, code: 'GRAPH_LINE', message })
})

test('topologies as texts, and what is none', t => {
  t.deepEqual(parseTopology('regular:16'), { kind: 'regular', degree: 16 })
  t.deepEqual(parseTopology('erdos-renyi:.2'), { kind: 'erdos-renyi', probability: 0.2 })
  t.deepEqual(parseTopology('pull:8'), { kind: 'pull', pulls: 8 })
  t.deepEqual(parseTopology('./regular:16'), { kind: 'file', path: './regular:16' })
  for (const text of [
    '',
    'star',
    'regular',
    'regular:',
    'regular:2.5',
    'regular:0',
    'pull:-1',
    'erdos-renyi:0',
    'erdos-renyi:1.1',
    'ring:2',
  ])
    t.throws(() => parseTopology(text), {
      code: 'GRAPH_TOPOLOGY',
      message: /expected complete, ring, regular:k/,
    })
})

test('graphs that cannot be', t => {
  const regular = (degree: number, peers: number) => () => drawGraph({ kind: 'regular', degree }, peers, 1)
  t.throws(regular(3, 7), { code: 'GRAPH_PEERS', message: /an even degree or an even number of peers/ })
  t.throws(regular(7, 7), { code: 'GRAPH_PEERS', message: /expected at most regular:6/ })
  t.throws(() => drawPulls(7, 7, 1, 1), { code: 'GRAPH_PEERS', message: /expected at most pull:6/ })
})
