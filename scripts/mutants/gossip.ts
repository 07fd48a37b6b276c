/** The mutants of gossip over a graph. No swarm runs it: its tests hunt them. */
import type { Mutant } from './mutant.ts'

const rules = 'learning/gossip/rules.ts'
const conditions = 'learning/gossip/conditions.ts'
const gossip = 'learning/gossip/gossip.ts'
const learner = 'learning/gossip/learner.ts'
const hearing = 'learning/gossip/hearing.ts'
const test = (name: string) => ({ within: 1, test: `test/learning/gossip/${name}.test.ts` })

export const gossipMutants: readonly Mutant[] = [
  {
    name: 'far-vectors-unclipped',
    file: rules,
    line: 'lengths[j]! <= tau ? weight : (weight * tau) / lengths[j]!',
    becomes: 'lengths[j]! <= tau ? weight : weight',
    ...test('gossip'),
  },
  {
    name: 'radius-of-the-farthest',
    file: rules,
    line: 'lengths[b]! - lengths[a]! || a - b',
    becomes: 'lengths[a]! - lengths[b]! || a - b',
    ...test('gossip'),
  },
  {
    name: 'rounded-weights-count',
    file: rules,
    line: 'if (counted > WEIGHT_MIN)',
    becomes: 'if (counted > 0)',
    ...test('rules'),
  },
  {
    name: 'another-trusted-as-own',
    file: rules,
    line: 'rule.aggregate([own, ...others], maxFaulty',
    becomes: 'rule.aggregate([...others, own], maxFaulty',
    ...test('gossip'),
  },
  {
    name: 'balance-accepts-all',
    file: rules,
    line: 'Math.sqrt(squares[j]!) <= radius',
    becomes: 'Math.sqrt(squares[j]!) <= radius || step > 0',
    ...test('rules'),
  },
  {
    name: 'liars-uncounted',
    file: conditions,
    line: 'if (among.length > maxFaulty)\n',
    becomes: 'if (among.length > degree)\n',
    ...test('conditions'),
  },
  {
    name: 'honest-cut-apart',
    file: conditions,
    line: 'if (parts.length > 1)',
    becomes: 'if (parts.length > peers)',
    ...test('conditions'),
  },
  {
    name: 'degree-too-small',
    file: conditions,
    line: 'return Math.ceil((degree + 1) / 2) - 1',
    becomes: 'return degree',
    ...test('conditions'),
  },
  {
    name: 'pulls-unwatched',
    file: conditions,
    line: 'if (among.length <= maxFaulty) continue',
    becomes: 'if (among.length <= pulls) continue',
    ...test('conditions'),
  },
  {
    name: 'liars-connect-the-honest',
    file: conditions,
    line: 'componentsOf(graph, honest)',
    becomes: 'componentsOf(graph, everyone(peers))',
    ...test('conditions'),
  },
  {
    name: 'malformed-taken',
    file: gossip,
    line: 'vector === null || vector.length !== own.length || !isFiniteVector(vector)',
    becomes: 'vector === null || vector.length !== own.length',
    ...test('gossip'),
  },
  {
    name: 'missing-still-feared',
    file: gossip,
    line: 'Math.max(0, options.maxFaulty - missing)',
    becomes: 'Math.max(0, options.maxFaulty)',
    ...test('gossip'),
  },
  {
    name: 'without-clock-too-few',
    file: conditions,
    line: 'Math.floor((degree - 1) / 4)',
    becomes: 'Math.floor((degree - 1) / 2)',
    ...test('conditions'),
  },
  {
    name: 'all-neighbours-awaited',
    file: learner,
    line: 'if (settled < needed) return',
    becomes: 'if (settled < neighbours.length) return',
    ...test('learner'),
  },
  {
    name: 'strangers-heard',
    file: learner,
    line: 'if (!neighbours.includes(from)) {',
    becomes: 'if (from < 0) {',
    ...test('learner'),
  },
  {
    name: 'lost-vectors-awaited',
    file: learner,
    line: 'hearing.vectors.has(peer) || missed.has(peer)).length',
    becomes: 'hearing.vectors.has(peer)).length',
    ...test('learner'),
  },
  {
    name: 'too-few-mixed',
    file: learner,
    line: 'hearing.vectors.size >= needed ? neighbours.filter',
    becomes: 'hearing.vectors.size > 0 ? neighbours.filter',
    ...test('learner'),
  },
  {
    name: 'fewer-liars-feared',
    file: learner,
    line: '          maxFaulty,\n          step,',
    becomes:
      '          maxFaulty: Math.max(0, maxFaulty - (neighbours.length - used.length)),\n          step,',
    ...test('learner'),
  },
  {
    name: 'own-unsealed',
    file: learner,
    line: 'const own = state.own!.vector',
    becomes: 'const own = state.parameters',
    ...test('learner'),
  },
  {
    name: 'second-vector-heard',
    file: hearing,
    line: 'if (first !== undefined) {',
    becomes: 'if (first !== undefined && first.digest === digest) {',
    ...test('learner'),
  },
  {
    name: 'missing-for-ever',
    file: learner,
    line: '  state.missed.clear()\n',
    becomes: '',
    ...test('learner'),
  },
]
