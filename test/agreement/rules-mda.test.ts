/** MDA's search against enumeration on any distances, and on graphs made to be hard for it. */
import test from 'ava'
import fc from 'fast-check'
import {
  addPoint,
  COVER_STEPS_MAX,
  forEachPoint,
  type Graph,
  hasPoint,
  uncovered,
} from '../../agreement/rules/cover.ts'
import { RuleError } from '../../agreement/rules/index.ts'
import { leastDiameterSubset } from '../../agreement/rules/subset.ts'
import { randomStream } from '../../learning/random.ts'
import { cases } from './naive/close.ts'
import { subsets } from './naive/subsets.ts'

function firstByEnumeration(distances: Float64Array, n: number, keep: number): number[] {
  let best: number[] = []
  let least = Infinity
  for (const subset of subsets(n, keep)) {
    const width = Math.max(0, ...subset.flatMap(j => subset.map(k => distances[j * n + k]!)))
    if (width < least) [best, least] = [subset, width]
  }
  return best
}

function symmetric(n: number, value: (j: number, k: number) => number): Float64Array {
  const matrix = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    for (let k = j + 1; k < n; k++) matrix[j * n + k] = matrix[k * n + j] = value(j, k)
  return matrix
}

test('the search finds what enumeration finds, for any distances, ties included', t => {
  const instance = fc.record({
    n: fc.integer({ min: 1, max: 10 }),
    part: fc.nat(99),
    levels: fc.constantFrom(1, 2, 3, 5, 1000),
    seed: fc.nat(2 ** 30),
  })
  t.notThrows(() =>
    fc.assert(
      fc.property(instance, ({ n, part, levels, seed }) => {
        const random = randomStream(seed, 'distances')
        const distances = symmetric(n, () => random.integer(levels))
        const keep = 1 + (part % n)
        return (
          leastDiameterSubset(distances, n, keep).join() === firstByEnumeration(distances, n, keep).join()
        )
      }),
      { numRuns: cases(2) },
    ),
  )
})

/** A graph of `n` points with about `degree` edges each: full of cycles where the degree is small. */
function tangled(n: number, degree: number, seed: number): Graph {
  const random = randomStream(seed, 'graph')
  const graph = Array.from({ length: n }, () => new Uint32Array(Math.ceil(n / 32)))
  const degrees = new Array<number>(n).fill(0)
  for (let attempt = 0; attempt < 40 * n * degree; attempt++) {
    const [a, b] = [random.integer(n), random.integer(n)]
    if (a === b || degrees[a]! >= degree || degrees[b]! >= degree || hasPoint(graph[a]!, b)) continue
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      addPoint(graph[from]!, to)
      degrees[from]!++
    }
  }
  return graph
}

function everyPoint(n: number): Uint32Array {
  const points = new Uint32Array(Math.ceil(n / 32))
  for (let j = 0; j < n; j++) addPoint(points, j)
  return points
}

test('what a cover leaves over has no edge, and is as large as promised', t => {
  for (let seed = 0; seed < cases(0.5); seed++) {
    const n = 5 + (seed % 60)
    const graph = tangled(n, 2 + (seed % 6), seed)
    const budget = Math.ceil(0.7 * n)
    const spared = uncovered(graph, everyPoint(n), budget, { left: COVER_STEPS_MAX })
    if (spared === undefined) continue
    const points: number[] = []
    forEachPoint(spared, j => points.push(j))
    t.true(points.length >= n - budget)
    t.false(points.some(j => points.some(k => hasPoint(graph[j]!, k))))
  }
})

test('hard graphs of 60 points take few steps at every budget', t => {
  for (const degree of [2, 3, 4, 5, 6, 8, 10, 14, 20])
    for (let seed = 0; seed < 3; seed++) {
      const graph = tangled(60, degree, seed)
      for (let budget = 15; budget < 55; budget++) {
        const work = { left: 20_000 }
        t.notThrows(
          () => uncovered(graph, everyPoint(60), budget, work),
          `degree ${degree}, budget ${budget}`,
        )
      }
    }
})

test('many equal distances, two far clusters, a clique among cycles: within few steps, and right', t => {
  const n = 60
  const families: Record<string, [Float64Array, number[]]> = {
    'all equal': [symmetric(n, () => 1), Array.from({ length: 31 }, (_, j) => j)],
    'two far clusters': [
      symmetric(n, (j, k) => (j % 2 === k % 2 ? 1 : 9)),
      [], // 31 of 60 cannot all be in one cluster: any 31 have diameter 9
    ],
    'a clique among cycles': [
      symmetric(n, (j, k) => (j % 2 === 0 && k % 2 === 0 ? 1 : (j * k) % 3 === 0 ? 1 : 2)),
      [],
    ],
  }
  for (const [name, [distances, expected]] of Object.entries(families)) {
    const chosen = leastDiameterSubset(distances, n, 31)
    t.is(new Set(chosen).size, 31, name)
    if (expected.length > 0) t.deepEqual(chosen, expected, name)
  }
  const cluster = leastDiameterSubset(families['two far clusters']![0], n, 30)
  t.deepEqual(
    cluster,
    Array.from({ length: 30 }, (_, j) => 2 * j),
  )
})

test('past its limit of steps the search says so', t => {
  const graph = tangled(60, 5, 1)
  const act = () => {
    for (let budget = 20; budget < 50; budget++) uncovered(graph, everyPoint(60), budget, { left: 3 })
  }
  const error = t.throws(act, { instanceOf: RuleError, message: /no answer within .* steps/ })
  t.is(error?.code, 'work-limit')
})
