/** Series: points of all parts of a run, in a bounded number. */
import test from 'ava'
import { createSeries, SERIES_POINTS_MAX } from '../../../learning/evaluation/series.ts'

const pointAt = (step: number) => ({ step, loss: step / 2, accuracy: null, metrics: null })

test('a short series has every point', t => {
  const series = createSeries()
  for (let step = 0; step < SERIES_POINTS_MAX; step++) series.add(pointAt(step))
  t.is(series.points.length, SERIES_POINTS_MAX)
  t.deepEqual(series.points.at(-1), pointAt(SERIES_POINTS_MAX - 1))
})

test('a long one keeps the first, and then points at equal intervals up to about the last', t => {
  for (const length of [1001, 1500, 2001, 9999, 100_000]) {
    const series = createSeries()
    for (let i = 0; i < length; i++) series.add(pointAt(5 * i))
    const { points } = series
    t.true(
      points.length <= SERIES_POINTS_MAX && points.length >= SERIES_POINTS_MAX / 2 - 1,
      `${points.length}`,
    )
    const interval = points[1]!.step
    t.deepEqual(
      points.map(({ step }) => step),
      points.map((_, place) => place * interval),
    )
    t.true(points.at(-1)!.step + interval > 5 * (length - 1) - interval)
  }
})
