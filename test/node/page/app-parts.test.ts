/** Parts of the page's application that need no browser: thinning, the window on a schedule, numbers as text. */
import test from 'ava'
import { bytesText, numberText, timeText } from '../../../node/page/app/chart/format.ts'
import { type Point, thinned } from '../../../node/page/app/chart/thin.ts'
import { cleaned } from '../../../node/page/app/clean.ts'
import { causeOf, effectsOf, modelOf } from '../../../node/page/app/schedule/model.ts'
import {
  laneY,
  layoutOf,
  moved,
  msOf,
  pick,
  visible,
  xOf,
  zoomed,
} from '../../../node/page/app/schedule/window.ts'
import { sampleRun } from '../../../scripts/page/samples.ts'

test('a thinned series keeps its ends, its peaks and its gaps, in order', t => {
  const points = Array.from(
    { length: 5000 },
    (_, x): Point => [x, x === 1234 ? 50 : x === 3210 ? null : Math.sin(x)],
  )
  const kept = thinned(points, 100)
  t.true(kept.length <= 5 * 100)
  t.deepEqual(kept[0], points[0])
  t.deepEqual(kept.at(-1), points.at(-1))
  t.true(kept.some(([x, y]) => x === 1234 && y === 50))
  t.true(kept.some(([x, y]) => x === 3210 && y === null))
  const few = points.slice(0, 400)
  t.is(thinned(few, 100), few)
})

test('a window zooms around a moment that keeps its place, and never leaves the run', t => {
  const all = { fromMs: 0, toMs: 1000 }
  const layout = layoutOf(1000, 7)
  const near = zoomed(all, all, 4, 300)
  t.is(near.toMs - near.fromMs, 250)
  t.true(Math.abs(xOf(layout, near, 300) - xOf(layout, all, 300)) < 1e-9)
  t.true(Math.abs(msOf(layout, near, xOf(layout, near, 321)) - 321) < 1e-9)
  t.deepEqual(zoomed(near, all, 0.01, 300), all)
  t.deepEqual(moved(near, all, -1e6), { fromMs: 0, toMs: 250 })
  t.deepEqual(moved(near, all, 1e6), { fromMs: 750, toMs: 1000 })
})

test('a point picks the message whose line is nearest, unless its kind or its peers are hidden', t => {
  const run = sampleRun({ steps: 1, messages: 4 })
  const model = modelOf(run)
  const layout = layoutOf(1000, 7)
  const span = { fromMs: model.firstMs, toMs: model.lastMs }
  const all = { hidden: new Set<number>(), peer: null }
  const at = 2
  const x = (xOf(layout, span, model.start[at]!) + xOf(layout, span, model.end[at]!)) / 2
  const y = (laneY(layout, model.from[at]!) + laneY(layout, model.to[at]!)) / 2
  t.is(pick(model, layout, span, all, x, y), at)
  t.is(pick(model, layout, span, { ...all, hidden: new Set([model.kind[at]!]) }, x, y), null)
  t.is(pick(model, layout, span, { ...all, peer: 6 }, x, y), null)
  t.is(pick(model, layout, span, all, x, layout.height), null)
  t.deepEqual(visible(model, span, { ...all, peer: 0 }), [0])
  t.is(causeOf(run, 3), 2)
  t.deepEqual(effectsOf(run, 2), [3])
})

test('a cause that is no longer kept is none, and numbers go on counting from the first message of the run', t => {
  const run = sampleRun({ steps: 1, messages: 4 })
  run.messages.rows = run.messages.rows.slice(3)
  run.messages.dropped = 3
  t.is(causeOf(run, 0), null)
  t.is(run.messages.rows[0]![8], 2)
})

test('numbers, bytes and times are short', t => {
  t.deepEqual([0, 0.31623, -12.5, 1.2e-9, 12345678, null].map(numberText), [
    '0',
    '0.3162',
    '−12.5',
    '1.20e−9',
    '1.23e7',
    '–',
  ])
  t.deepEqual([0, 999, 1000, 38_200_000, null].map(bytesText), ['0 B', '999 B', '1 kB', '38.2 MB', '–'])
  t.deepEqual([0, 0.5, 14.2, 2050, 125_000].map(timeText), [
    '0 s',
    '500 µs',
    '14.2 ms',
    '2.05 s',
    '2 min 5 s',
  ])
})

test('text of others is written out wherever it stands, and numbers are left alone', t => {
  const value = { name: 'a\u202eb', rows: [[1, 2]], list: ['x\u0007', null], at: 3 }
  t.deepEqual(cleaned(value), { name: 'a\\u202eb', rows: [[1, 2]], list: ['x\\x07', null], at: 3 })
})
