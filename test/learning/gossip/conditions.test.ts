/** Graphs whose liars are too many, or cut the honest peers apart, are refused, and no others. */
import test from 'ava'
import fc from 'fast-check'
import { RuleError } from '../../../agreement/rules/error.ts'
import { aggregator } from '../../../agreement/rules/registry.ts'
import {
  checkGraph,
  checkHeard,
  checkPulls,
  checkWithoutClock,
  excessProbability,
  mostFaultyNeighbours,
  mostFaultyWithoutClock,
} from '../../../learning/gossip/conditions.ts'
import { GraphError } from '../../../learning/gossip/error.ts'
import { drawGraph, drawPulls, type Neighbours } from '../../../learning/gossip/graph.ts'
import { type GossipRule, gossipRuleNamed, overNeighbourhood } from '../../../learning/gossip/rules.ts'

const rule = gossipRuleNamed('clipped-gossip', {})

/** The conditions, as they are defined. */
function holds(graph: Neighbours, liars: readonly number[], maxFaulty: number): boolean {
  const honest = [...graph.keys()].filter(peer => !liars.includes(peer))
  const reached = new Set(honest.slice(0, 1))
  for (const peer of reached) for (const other of graph[peer]!) if (!liars.includes(other)) reached.add(other)
  const isFit = (peer: number) =>
    graph[peer]!.filter(other => liars.includes(other)).length <= maxFaulty &&
    2 * maxFaulty < graph[peer]!.length + 1
  return reached.size === honest.length && honest.every(isFit)
}

function refusal(graph: Neighbours, liars: readonly number[], maxFaulty: number, by = rule): string | null {
  try {
    checkGraph(graph, { peers: graph.length, liars, maxFaulty }, by)
    return null
  } catch (error) {
    if (error instanceof GraphError && error.code === 'GRAPH_CONDITION') return error.message
    throw error
  }
}

test('a graph is refused exactly where a condition fails', t => {
  const seen = { refused: 0, allowed: 0 }
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
      (seed, count, maxFaulty) => {
        const graph = drawGraph({ kind: 'erdos-renyi', probability: 0.45 }, 10, seed)
        const liars = [9, 4, 0].slice(0, count)
        const why = refusal(graph, liars, maxFaulty)
        t.is(why === null, holds(graph, liars, maxFaulty), why ?? 'allowed')
        seen[why === null ? 'allowed' : 'refused']++
      },
    ),
    { numRuns: 300, seed: 1 },
  )
  t.true(seen.refused > 50 && seen.allowed > 20, JSON.stringify(seen))
})

test('the refusal names the peer, its degree, its liars, and what would be right', t => {
  const ring = drawGraph({ kind: 'ring' }, 8, 1)
  t.regex(
    refusal(ring, [1, 3], 1)!,
    /^peer 2 has 2 liars among its 2 neighbours \(peers 1, 3\), more than f = 1; expected at most 1/,
  )
  t.regex(
    refusal(ring, [1], 2)!,
    /^peer 0 has 2 neighbours, and f = 2 of them may lie: .* expected f of at most 1, or at least 4 neighbours/,
  )
  t.regex(
    refusal(ring, [1, 5], 1)!,
    /^peer 2 of degree 2 is joined to 3 of the other honest peers through liars only.*fall into 2 parts; expected one/,
  )
  t.regex(
    refusal(drawGraph({ kind: 'regular', degree: 6 }, 20, 1), [14, 15, 16, 17, 18, 19], 1)!,
    /or f of at least [23]$/,
  )
  t.is(refusal(ring, [7], 1), null)
  t.is(refusal(ring, [], 0), null)
})

test('one liar is called one liar', t => {
  const ring = drawGraph({ kind: 'ring' }, 8, 1)
  const pair: Neighbours = [[1], [0, 2], [1]]
  t.regex(refusal(ring, [1], 0)!, /^peer 0 has 1 liar among its 2 neighbours/)
  t.regex(
    refusal(pair, [1], 1, overNeighbourhood(aggregator('mean')))!,
    /without the 1 liar the honest peers/,
  )
  t.regex(refusal([[1], [0]], [], 1)!, /no rule tells 1 liar among 2 vectors from the rest/)
  const placed = { peers: 9, liars: [8], maxFaulty: 0, seed: 4, steps: 40 }
  t.throws(() => checkPulls(4, placed, rule), { message: /pulls 1 liar among 4 peers/ })
})

test('a rule that wants more neighbours than the majority refuses by itself; plain mean wants none', t => {
  const graph = drawGraph({ kind: 'regular', degree: 4 }, 12, 1)
  t.regex(
    refusal(graph, [11], 2, overNeighbourhood(aggregator('bucketing+cwtm')))!,
    /^peer 0 has 4 neighbours, f = 2: cwtm: 2 faults among 3 vectors/,
  )
  t.is(refusal(graph, [11], 2, overNeighbourhood(aggregator('cwtm'))), null)
  t.is(refusal(graph, [11], 3, overNeighbourhood(aggregator('mean'))), null)
  t.deepEqual([0, 1, 2, 3, 4, 16].map(mostFaultyNeighbours), [0, 0, 1, 1, 2, 8])
})

test('random pulls: the first step in which a peer pulls too many liars is named; if there is none, all is well', t => {
  const placed = { peers: 30, liars: [27, 28, 29], maxFaulty: 2, seed: 4, steps: 40 }
  const isOver = (step: number) =>
    drawPulls(6, 30, 4, step).findIndex(
      (others, peer) => peer < 27 && others.filter(other => other >= 27).length > 2,
    )
  const first = Array.from({ length: 40 }, (_, i) => i + 1).find(step => isOver(step) >= 0)!
  t.throws(() => checkPulls(6, placed, rule), {
    code: 'GRAPH_CONDITION',
    message: new RegExp(
      `^in step ${first} peer ${isOver(first)} pulls 3 liars among 6 peers, more than f = 2`,
    ),
  })
  t.notThrows(() => checkPulls(6, { ...placed, steps: first - 1 }, rule))
  t.notThrows(() => checkPulls(6, { ...placed, maxFaulty: 3 }, rule))
  t.throws(() => checkPulls(6, { ...placed, maxFaulty: 4 }, rule), {
    message: /peer 0 has 6 neighbours, and f = 4/,
  })
})

test('how likely a pull has too many liars, against counting', t => {
  let over = 0
  for (let step = 1; step <= 4000; step++)
    if (drawPulls(5, 20, 2, step)[0]!.filter(other => other >= 14).length > 2) over++
  const expected = excessProbability(5, 20, 6, 2)
  t.true(Math.abs(over / 4000 - expected) < 5 * Math.sqrt(expected / 4000), `${over / 4000}, ${expected}`)
  t.is(excessProbability(5, 20, 2, 2), 0)
  t.true(Math.abs(excessProbability(5, 20, 6, -1) - 1) < 1e-12)
})

test('peers without a common clock need 4f + 1 neighbours, so many vectors that their rule works, and one graph', t => {
  const why = (graph: Neighbours, maxFaulty: number, by = rule): string | null => {
    try {
      checkWithoutClock(graph, maxFaulty)
      checkHeard(graph, maxFaulty, by)
      return null
    } catch (error) {
      if (error instanceof GraphError && error.code === 'GRAPH_CONDITION') return error.message
      throw error
    }
  }
  for (const [degree, most] of [
    [0, 0],
    [1, 0],
    [4, 0],
    [5, 1],
    [6, 1],
    [8, 1],
    [9, 2],
  ] as const)
    t.is(mostFaultyWithoutClock(degree), most)
  const regular = (degree: number) => drawGraph({ kind: 'regular', degree }, 12, 1)
  for (const degree of [5, 6, 7, 8]) t.is(why(regular(degree), 1), null)
  t.is(
    why(regular(4), 1),
    'peer 0 has 4 neighbours, and f = 1 of them may lie: peers without a common clock wait for d − f of d neighbours, and need 4f + 1; expected f of at most 0, or at least 5 neighbours',
  )
  const picky: GossipRule = {
    name: 'picky',
    combine({ own, others }) {
      if (others.length < 6) throw new RuleError('too-many-faults', `wants 6, not ${others.length}`)
      return own
    },
  }
  t.is(why(regular(6), 1, picky), 'peer 0 waits for 5 of 6 neighbours, f = 1: wants 6, not 5')
  t.is(why(regular(7), 1, picky), null)
  t.is(why(drawGraph({ kind: 'ring' }, 12, 1), 0), null)
  t.regex(why([[1], [0], [3], [2]], 0)!, /^peer 2 is not joined to the other peers: they fall into 2 parts/)
})
