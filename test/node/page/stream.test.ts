/** The stream of a run's events: what a page has read late, or twice, is what was told. */
import test from 'ava'
import { applyEvent, KEPT, newRun } from '../../../node/page/apply.ts'
import { TEXT_KEPT } from '../../../node/page/cut.ts'
import { markOf, type RunEvent } from '../../../node/page/events.ts'
import { createRecorder, type MessageNow } from '../../../node/page/recorder.ts'
import type { RunDocument } from '../../../node/page/run.ts'
import { sampleAbout, sampleEvents } from '../../../scripts/page/samples.ts'

const copied = (run: RunDocument): RunDocument => JSON.parse(JSON.stringify(run))

test('a page that comes late, and reads the run and then its events, has what the writer has', t => {
  const events = [...sampleEvents({ steps: 30 })]
  for (const late of [0, 1, 100, events.length >> 1, events.length]) {
    const writer = newRun(sampleAbout({ steps: 30 }))
    for (const event of events.slice(0, late)) applyEvent(writer, event)
    const reader = copied(writer)
    for (const event of events.slice(late)) {
      applyEvent(writer, event)
      applyEvent(reader, JSON.parse(JSON.stringify(event)))
    }
    // Rates are of the moment, and a reader that came late has not seen the moment before.
    for (const run of [writer, reader])
      for (const row of run.links) for (const link of row) if (link) link.bytesPerSecond = null
    t.deepEqual(copied(reader), copied(writer), `after ${late} events`)
    t.is(reader.events, events.length)
  }
})

test('texts that others may have a say in are cut, which is said where they stand; the stream has them cut too', t => {
  const recorder = createRecorder(sampleAbout(), { isKept: true })
  const heard: RunEvent[] = []
  recorder.subscribe((_, events) => heard.push(...events))
  const long = 'x'.repeat(14_000)
  const fault = { ms: 1, step: 1, observer: 0, peer: 6, kind: long, detail: long }
  for (let at = 0; at < KEPT.faults; at++)
    recorder.tell({ kind: 'fault', fault: { ...fault, count: at + 1 } })
  recorder.tell(markOf({ ms: 2, peer: 0, kind: 'failed', detail: long }))
  recorder.tell({ kind: 'place', ms: 2, peer: 0, status: 'failed', why: long })
  recorder.tell({ kind: 'link', ms: 2, from: 0, to: 6, connected: false, reason: long })
  recorder.tell({ kind: 'note', ms: 2, text: long })
  recorder.tell({ kind: 'broken', ms: 2, why: long })
  const text = JSON.stringify(recorder.document())
  t.true(text.length < 5_000_000, `${text.length} characters`)
  t.false(text.includes('x'.repeat(TEXT_KEPT + 1)))
  t.false(JSON.stringify(heard).includes('x'.repeat(TEXT_KEPT + 1)))
  t.regex(recorder.document().faults[0]!.detail!, /^x{300}… \(cut here, after 300 of 14000 characters\)$/)
  recorder.close()
})

const message = (at: number): MessageNow => ({
  sentMs: at,
  arrivedMs: at + 1,
  from: at % 7,
  to: (at + 1) % 7,
  kind: 0,
  slot: [1 + (at >> 6), 0, 0, at % 7],
  digest: `${at % 97}`.padStart(64, '0'),
  bytes: 100,
  cause: at > 0 ? at - 1 : null,
})

test('of more messages than are kept the oldest go, and the rest keep their slots, digests and causes', t => {
  const recorder = createRecorder(sampleAbout(), { isKept: true })
  const all = KEPT.messages + 10
  for (let at = 0; at < all; at++) t.is(recorder.message(message(at)), at)
  const run = recorder.document()
  const { dropped, rows, slots, digests } = run.messages
  t.true(dropped > 0)
  t.is(dropped + rows.length, all)
  t.regex(run.thinned.messages ?? '', /no longer kept/)
  for (const place of [0, 1, rows.length >> 1, rows.length - 1]) {
    const [sentMs, , from, to, , slot, digest, , cause] = rows[place]!
    const told = message(dropped + place)
    t.deepEqual([sentMs, from, to, cause], [told.sentMs, told.from, told.to, told.cause])
    t.deepEqual(slots[slot], told.slot)
    t.is(digests[digest], told.digest!.slice(0, 16))
  }
})

test('a long run keeps a bounded number of steps, weights and planes, of all its parts, and says so', t => {
  const run = newRun(sampleAbout({ steps: 20_000 }))
  for (let step = 1; step <= 20_000; step++) {
    applyEvent(run, { kind: 'loss', ms: step, peer: 0, step, loss: 1 / step })
    const plane = {
      step,
      phase: 'gradient',
      iteration: 0,
      result: { x: 0, y: 0 },
      shown: 1,
      sampled: null,
    } as const
    const point = { from: 0, x: step, y: 0, fate: 'kept', weight: 1, low: null, high: null } as const
    applyEvent(run, { kind: 'plane', ms: step, observer: 1, plane: { ...plane, points: [point] } })
  }
  t.true(
    run.steps.length <= KEPT.steps && run.planes.length <= KEPT.planes && run.weights.length <= KEPT.weights,
  )
  for (const rows of [run.steps, run.planes, run.weights]) {
    t.is(rows.at(-1)?.step, 20_000)
    t.true(rows[0]!.step <= 2)
    t.deepEqual(
      rows.map(({ step }) => step),
      [...rows].map(({ step }) => step).sort((a, b) => a - b),
    )
  }
  t.truthy(run.thinned.steps && run.thinned.planes && run.thinned.weights)
})

test('a listener hears every event once, in order, and a message before what comes after it', t => {
  const recorder = createRecorder(sampleAbout(), { isKept: false })
  t.false(recorder.isWatched())
  recorder.tell({ kind: 'note', ms: 1, text: 'before' })
  const heard: RunEvent[] = []
  const leave = recorder.subscribe((first, events) => {
    t.is(first, recorder.document().events - events.length)
    heard.push(...events)
  })
  t.true(recorder.isWatched())
  t.regex(recorder.document().thinned.since ?? '', /nobody looked/)
  recorder.message(message(3))
  recorder.tell({ kind: 'note', ms: 2, text: 'after' })
  recorder.flush()
  t.deepEqual(
    heard.map(({ kind }) => kind),
    ['messages', 'note'],
  )
  leave()
  recorder.tell({ kind: 'note', ms: 3, text: 'later' })
  recorder.flush()
  t.is(heard.length, 2)
  t.false(recorder.isWatched())
})

test('a run that has ended is not broken afterwards; one that breaks says why', t => {
  const ended = newRun(sampleAbout())
  for (const event of sampleEvents()) applyEvent(ended, event)
  applyEvent(ended, { kind: 'broken', ms: 1, why: 'the peer has gone away' })
  t.is(ended.state, 'ended')
  const broken = newRun(sampleAbout())
  applyEvent(broken, { kind: 'broken', ms: 1, why: 'the peer has gone away' })
  t.is(broken.state, 'broken')
  t.is(broken.notes.at(-1)?.text, 'the peer has gone away')
})
