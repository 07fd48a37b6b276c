/** Least squares: minimum points, redundancy and Theorem 2, against numbers from the paper and by hand. */
import test from 'ava'
import fc from 'fast-check'
import { RankError } from '../../../learning/server/costs.ts'
import { distanceBetween, subsets } from '../../../learning/server/exhaustive.ts'
import {
  exhaustive,
  gradientOf,
  type LeastSquares,
  lossOf,
  minimiser,
  redundancy,
} from '../../../learning/server/least-squares.ts'
import { problem } from '../../../node/reproduce/experiments/redundancy-plan.ts'

const digits = (values: readonly number[]) => values.map(value => value.toFixed(4))

test('the honest optimum and ε are those in print (approximate-byzantine-fault-tolerance, App. J)', t => {
  t.deepEqual(digits(minimiser(problem, [1, 2, 3, 4, 5])), ['1.0780', '0.9825'])
  t.is(redundancy(problem, 1).toFixed(4), '0.0890')
})

test('without noise every subset has one minimum point: ε is 0', t => {
  const responses = problem.rows.map(([a, b]) => a! + b!)
  t.true(redundancy({ ...problem, responses }, 1) < 1e-12)
})

test('with f = 0 nothing may be left out: ε is 0', t => {
  t.is(redundancy(problem, 0), 0)
})

test('ε looks at every size from n − 2f to n − f', t => {
  // One dimension, means of responses. f = 1: |mean of 3 − mean of 2| at most: {0, 0, 6} → 2, its {0, 6} → 3, {0, 0} → 0.
  const line = { rows: [[1], [1], [1], [1]], responses: [0, 0, 0, 6] }
  t.is(redundancy(line, 1), 2)
})

test('the minimum point has gradient 0, and any other point has more loss', t => {
  const point = fc.double({ min: -3, max: 3, noNaN: true })
  const rows = fc.array(fc.tuple(point, point, point), { minLength: 4, maxLength: 8 })
  fc.assert(
    fc.property(rows, point, point, (drawn, dx, dy) => {
      const made: LeastSquares = {
        rows: [[1, 0], [0, 1], ...drawn.map(([a, b]) => [a, b])],
        responses: [0, 0, ...drawn.map(([, , c]) => c)],
      }
      const all = [...made.rows.keys()]
      const [x, y] = minimiser(made, all) as [number, number]
      const gradient = all.map(i => gradientOf(made, i, [x, y]))
      for (const axis of [0, 1]) t.true(Math.abs(gradient.reduce((sum, g) => sum + g[axis]!, 0)) < 1e-3)
      t.true(lossOf(made, all, [x, y]) <= lossOf(made, all, [x + dx, y + dy]) + 1e-9)
    }),
    { numRuns: 50 },
  )
})

test('rows that determine no point are refused, with their agents named', t => {
  const flat = {
    rows: [
      [1, 2],
      [2, 4],
      [3, 6],
    ],
    responses: [1, 2, 3],
  }
  const error = t.throws(() => minimiser(flat, [0, 2]), { instanceOf: RankError })
  t.regex(error.message, /agents 0, 2 .* below 2/)
})

test('Theorem 2: within 2ε of the honest optimum, whatever the faulty agent sends', t => {
  const honest = [1, 2, 3, 4, 5]
  const target = minimiser(problem, honest)
  const bound = 2 * redundancy(problem, 1)
  const wild = fc.double({ min: -100, max: 100, noNaN: true })
  fc.assert(
    fc.property(wild, wild, wild, (a, b, response) => {
      const sent = {
        rows: [[a, b], ...problem.rows.slice(1)],
        responses: [response, ...problem.responses.slice(1)],
      }
      t.true(distanceBetween(exhaustive(sent, 1).point, target) <= bound)
    }),
    { numRuns: 100 },
  )
})

test('Theorem 2 leaves out the agent that contradicts the rest', t => {
  const sent = { ...problem, responses: [1000, ...problem.responses.slice(1)] }
  t.deepEqual(exhaustive(sent, 1).set, [1, 2, 3, 4, 5])
})

test('all subsets come, in order', t => {
  t.deepEqual(subsets([3, 5, 7], 2), [
    [3, 5],
    [3, 7],
    [5, 7],
  ])
  t.is(subsets([...Array(10).keys()], 4).length, 210)
  t.deepEqual(subsets([1], 2), [])
})
