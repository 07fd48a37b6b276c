/** Parts of the page's application that need no browser: thinning, the window on a schedule, numbers as text. */
import test from 'ava'
import { bytesText, numberText, timeText, timeTexts } from '../../../node/page/app/chart/format.ts'
import { scaleOver } from '../../../node/page/app/chart/scale.ts'
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
import { roleOf } from '../../../node/page/app/views/standing.ts'
import { trimmedText } from '../../../node/page/app/views/trimmed-text.ts'
import { unknownRuleText } from '../../../node/page/app/views/unknown-rule.ts'
import { weightColumns } from '../../../node/page/app/views/weight-columns.ts'
import { applyEvent, newRun } from '../../../node/page/apply.ts'
import { markOf } from '../../../node/page/events.ts'
import type { Plane } from '../../../node/page/run.ts'
import { sampleAbout, sampleRun } from '../../../scripts/page/samples.ts'

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
  t.deepEqual([0, 999, 1000, 38_200_000, null].map(bytesText), [
    '0\u00a0B',
    '999\u00a0B',
    '1\u00a0kB',
    '38.2\u00a0MB',
    '–',
  ])
  t.deepEqual([0, 0.5, 14.2, 2050, 125_000, 179_900, 7_199_900].map(timeText), [
    '0\u00a0s',
    '500\u00a0µs',
    '14.2\u00a0ms',
    '2.05\u00a0s',
    '2 min 5\u00a0s',
    '3 min 0\u00a0s',
    '2 h 0 min',
  ])
})

test('shares that differ by less than the text of a tick says have an axis from 0 to 1', t => {
  const domain = (values: readonly number[]) => scaleOver(values, [0, 100], false, true).domain()
  t.deepEqual(domain([0.62712, 0.62714]), [0, 1])
  t.deepEqual(domain([0.95, 0.96]), [0.95, 0.96])
})

test('times on one axis have one unit, and as many digits as tell them apart', t => {
  const plain = (times: readonly number[]) => timeTexts(times).map(text => text.replace('\u00a0', ' '))
  t.deepEqual(plain([0, 200, 1000, 1400]), ['0.0 s', '0.2 s', '1.0 s', '1.4 s'])
  t.deepEqual(plain([0, 50, 100]), ['0 ms', '50 ms', '100 ms'])
  t.deepEqual(plain([5000, 10_000, 125_000]), ['5 s', '10 s', '125 s'])
  t.deepEqual(plain([42_001, 42_002]), ['42.001 s', '42.002 s'])
  t.deepEqual(plain([0, 0.2, 0.4]), ['0 µs', '200 µs', '400 µs'])
  t.deepEqual(plain([0, 600_000, 1_200_000]), ['0 s', '10 min 0 s', '20 min 0 s'])
  t.deepEqual(plain([]), [])
})

test('text of others is written out wherever it stands, and numbers are left alone', t => {
  const value = { name: 'a\u202eb', rows: [[1, 2]], list: ['x\u0007', null], at: 3 }
  t.deepEqual(cleaned(value), { name: 'a\\u202eb', rows: [[1, 2]], list: ['x\\x07', null], at: 3 })
})

test('in the matrix a vector that some did not receive counts as nothing with them', t => {
  const run = newRun(sampleAbout({ peers: 3, steps: 2 }))
  run.weights.push(
    { step: 1, observer: 0, weights: [0.5, 0.5, null] },
    { step: 1, observer: 1, weights: [0.25, 0.25, 0.5] },
    { step: 2, observer: 0, weights: [0.5, 0.5, null] },
  )
  const shares = weightColumns(run, null, 10).map(column => column.shares)
  t.deepEqual(shares, [
    [0.375, 0.375, 0.25],
    [0.5, 0.5, null],
  ])
})

test('where the weights of a rule are not known, the page says so once something was averaged by it', t => {
  const about = sampleAbout({ peers: 3, steps: 2 })
  const run = newRun({ ...about, settings: [['gradient rule', 'nnm+cwtm']] })
  t.is(unknownRuleText(run), null)
  const over = { peer: 0, kind: 'iterated', step: 1, iteration: 0 } as const
  applyEvent(run, markOf({ ...over, ms: 1, phase: 'parameters' }))
  t.is(unknownRuleText(run), null)
  applyEvent(run, markOf({ ...over, ms: 2, phase: 'gradient' }))
  t.regex(unknownRuleText(run)!, /first averaged by nnm\+cwtm/)
  t.regex(unknownRuleText({ ...run, about })!, /This run has another rule/)
  run.weights.push({ step: 1, observer: 0, weights: [1, 0, 0] })
  t.is(unknownRuleText(run), null)
})

test('the page says how many a rule has trimmed, which may be fewer than the cohort tolerates', t => {
  const run = newRun(sampleAbout({ peers: 4, steps: 1 }))
  const point = { x: 0, y: 0, fate: 'trimmed', weight: 0.25, high: 0.25 } as const
  const planeWith = (lows: readonly number[]): Plane => ({
    ...({ step: 1, phase: 'gradient', iteration: 0, observers: [0] } as const),
    points: lows.map((low, from) => ({ ...point, from, low })),
    result: { x: 0, y: 0 },
    shown: 1,
    sampled: 100,
  })
  t.regex(
    trimmedText(run, planeWith([0.75, 0.5, 0.5, 0.25])),
    /among the 2 lowest .* the 2 highest .* 100 coordinates/,
  )
  t.regex(
    trimmedText(run, planeWith([0.25, 0.25, 0.25, 0.25])),
    /a vector was the lowest \(to the left\) or the highest \(to the right\)/,
  )
  t.regex(trimmedText(run, planeWith([0, 0, 0])), /^Nothing was trimmed: 1 of 4 vectors/)
})

test('a peer whose role nobody told has lied once an honest one has proof, and not before', t => {
  const about = sampleAbout({ peers: 3, steps: 1 })
  const peers = about.peers.map((peer, at) => Object.assign({}, peer, { honest: at === 0 ? true : null }))
  const run = newRun(Object.assign({}, about, { peers }))
  t.deepEqual(roleOf(run, 2), { text: 'not known', lies: false })
  const proof = { ms: 1, step: 1, phase: 'gradient', iteration: 0, digests: null, path: null } as const
  run.evidence.push(Object.assign({ observer: 2, peer: 2, before: false }, proof))
  t.deepEqual(roleOf(run, 2), { text: 'not known', lies: false })
  run.evidence.push(Object.assign({ observer: 0, peer: 2, before: false }, proof))
  t.deepEqual(roleOf(run, 2), { text: 'has lied, by proof', lies: true })
  t.deepEqual(roleOf(run, 0), { text: 'honest', lies: false })
})
