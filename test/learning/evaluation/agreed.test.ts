/** The vector that a cohort agrees on, and the figures that it means. */
import test from 'ava'
import {
  type AgreedMetrics,
  agreedMetrics,
  METRICS_DIMENSION,
  metricsVector,
  withAgreed,
} from '../../../learning/evaluation/agreed.ts'
import type { ClassMetrics } from '../../../learning/evaluation/metrics.ts'
import { createOwnEvaluations } from '../../../learning/evaluation/own-evaluations.ts'
import { createSeries, type SeriesPoint } from '../../../learning/evaluation/series.ts'

const twoClasses: ClassMetrics = {
  kind: 'classes',
  accuracy: 0.75,
  balancedAccuracy: 0.625,
  f1: 0.5,
  auroc: 0.875,
  recall: [],
  baseline: { accuracy: 0.5, balancedAccuracy: 0.5 },
}
const none: AgreedMetrics = {
  accuracy: null,
  balancedAccuracy: null,
  f1: null,
  auroc: null,
  rmse: null,
  r2: null,
}

test('every member’s vector has the same coordinates, with stated numbers for what it does not have', t => {
  const of = (accuracy: number | null, metrics: Parameters<typeof metricsVector>[0]['metrics']) => [
    ...metricsVector({ accuracy, metrics }),
  ]
  t.deepEqual(of(0.75, twoClasses), [0.75, 0.625, 0.5, 0.875, 0, 0])
  t.deepEqual(
    of(0.75, { ...twoClasses, auroc: null }),
    [0.75, 0.625, 0.5, 0.5, 0, 0],
    'one class only: chance',
  )
  t.deepEqual(of(null, { kind: 'numbers', rmse: 3, r2: -2 }), [0, 0, 0, 0.5, 3, -2])
  t.deepEqual(of(null, { kind: 'numbers', rmse: 3, r2: null }), [0, 0, 0, 0.5, 3, 0], 'equal targets')
  t.deepEqual(of(0.25, null), [0.25, 0, 0, 0.5, 0, 0], 'a program of the user’s that says no more')
  t.is(of(null, null).length, METRICS_DIMENSION)
})

test('a number that is not finite is never sent', t => {
  const { fround } = Math
  t.deepEqual(
    [...metricsVector({ accuracy: Number.NaN, metrics: { kind: 'numbers', rmse: Infinity, r2: -1e300 } })],
    [0, 0, 0, 0.5, fround(1e15), fround(-1e15)],
  )
})

test('the figures that a member does not have itself are none of the cohort’s to it', t => {
  const vector = Float32Array.of(0.5, 0.25, 0.75, 1, 2, 3)
  t.deepEqual(agreedMetrics(vector, { accuracy: 0.75, metrics: null }), { ...none, accuracy: 0.5 })
  t.deepEqual(agreedMetrics(vector, { accuracy: null, metrics: { kind: 'numbers', rmse: 1, r2: null } }), {
    ...none,
    rmse: 2,
  })
  const agreed = agreedMetrics(vector, { accuracy: 0.75, metrics: twoClasses })
  t.deepEqual(agreed, { accuracy: 0.5, balancedAccuracy: 0.25, f1: 0.75, auroc: 1, rmse: null, r2: null })
  t.deepEqual(withAgreed(twoClasses, agreed), {
    ...twoClasses,
    accuracy: 0.5,
    balancedAccuracy: 0.25,
    f1: 0.75,
    auroc: 1,
  })
})

test('a series has the cohort’s figures where they were agreed on, however late', t => {
  const { add, agree, points } = createSeries()
  const evaluations = createOwnEvaluations({ evaluated: add, agreed: agree })
  const own = { loss: 1, accuracy: 0.75, metrics: null }
  const vector = metricsVector(own)
  t.deepEqual(evaluations.measured(3, own), vector)
  evaluations.measured(5, own)
  evaluations.measured(7, own)
  t.is(evaluations.newest(), null)
  evaluations.agreed(7, vector)
  evaluations.agreed(3, Float32Array.of(0.5, 0, 0, 0, 0, 0))
  evaluations.agreed(9, vector) // without an evaluation of its own
  const point = (step: number, accuracy?: number): SeriesPoint => ({
    step,
    ...own,
    ...(accuracy !== undefined && { agreed: { ...none, accuracy } }),
  })
  t.deepEqual(points, [point(2, 0.5), point(4), point(6, 0.75)])
  t.is(evaluations.newest()?.step, 6, 'an agreement that ends late is not the newest')
})
