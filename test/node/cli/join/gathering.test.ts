/** While a cohort gathers, one line says who is here and who is waited for. */
import test from 'ava'
import { gatheringView } from '../../../../node/cli/join/gathering.ts'
import type { PeerEvent } from '../../../../node/daemon/events.ts'
import { testCohort } from '../../cohorts.ts'
import { membership } from './membership.ts'

/** What the view below was told, in order: events by kind, notes, and lines that stand (null: none any more). */
function watched(its = membership) {
  const told: (string | null)[] = []
  const view = gatheringView(
    {
      see: ({ kind }) => told.push(kind),
      note: line => told.push(line),
      stand: line => told.push(line),
      stop() {},
    },
    its,
  )
  return { view, taken: () => told.splice(0) }
}

const listening: PeerEvent = {
  kind: 'listening',
  pid: 1,
  addresses: [],
  examples: 1,
  dimension: 1,
  step: 1,
  notes: [],
}
const connection = (peer: number, up: boolean): PeerEvent => ({ kind: 'connection', peer, up, reason: '' })
const waiting: PeerEvent = {
  kind: 'waiting',
  step: 1,
  phase: 'gradient',
  needed: 1,
  missing: [0, 2, 3],
  seconds: 3,
}
const traffic = { messages: 1, bytesSent: 1, bytesReceived: 1 }

test('one line changes until as many are here as a step needs; then events are shown again', t => {
  const { view, taken } = watched()
  view.see({ kind: 'log', text: 'a note' })
  t.deepEqual(taken(), ['log'], 'nobody can come before this peer listens')
  view.see(listening)
  t.deepEqual(taken(), ['listening', '1 of 4 members is here; waiting for ada, cleo and dora'])
  view.see(connection(2, true))
  t.deepEqual(taken(), ['2 of 4 members are here; waiting for ada and dora'])
  view.see(waiting)
  view.see({ kind: 'resumed' })
  t.deepEqual(new Set(taken()), new Set(['2 of 4 members are here; waiting for ada and dora']))
  view.see(connection(2, false))
  t.deepEqual(taken(), ['1 of 4 members is here; waiting for ada, cleo and dora'])
  view.see(connection(0, true))
  view.see({ kind: 'fault', fault: { peer: 3, kind: 'malformed', count: 1 }, detail: null })
  t.deepEqual(taken(), [
    '2 of 4 members are here; waiting for cleo and dora',
    'fault',
    '2 of 4 members are here; waiting for cleo and dora',
  ])
  view.see(connection(3, true))
  t.deepEqual(taken(), [null, '3 of 4 members are here, enough to learn; cleo is not here yet'])
  for (const event of [connection(3, false), waiting, connection(2, true)]) view.see(event)
  t.deepEqual(taken(), ['connection', 'waiting', 'connection'])
})

test('a member that is cut off is not waited for', t => {
  const { view, taken } = watched()
  view.see(listening)
  view.see({ kind: 'evidence', peer: 3, path: 'proof.json', before: true })
  t.is(taken().at(-1), '1 of 4 members is here; waiting for ada and cleo')
  view.see({ kind: 'evidence', peer: 0, path: 'proof.json', before: true })
  view.see(connection(2, true))
  t.is(taken().at(-1), '2 of 4 members are here; the others are cut off')
})

test('the end of a wait is shown only where the wait was', t => {
  const { view, taken } = watched()
  const resumed: PeerEvent = { kind: 'resumed' }
  for (const event of [listening, waiting, connection(0, true), connection(2, true)]) view.see(event)
  taken()
  view.see(resumed)
  t.deepEqual(taken(), [])
  for (const event of [waiting, resumed]) view.see(event)
  t.deepEqual(taken(), ['waiting', 'resumed'])
  const again = watched()
  for (const event of [listening, waiting, connection(0, true), connection(2, true)]) again.view.see(event)
  again.taken()
  for (const event of [waiting, resumed]) again.view.see(event)
  t.deepEqual(again.taken(), ['waiting', 'resumed'])
})

test('a peer that takes a step waits for nobody any more', t => {
  const { view, taken } = watched()
  view.see(listening)
  taken()
  view.see({ kind: 'step', step: 4, loss: 1, traffic, memory: { peakBytes: 1000 }, vectors: null })
  view.see(connection(2, true))
  t.deepEqual(taken(), [null, 'step', 'connection'])
})

test('without faulty members all have to come; many names become few', t => {
  const whole = { ...membership, cohort: { ...membership.cohort, faults: 0 } }
  const { view, taken } = watched(whole)
  for (const event of [listening, connection(0, true), connection(2, true)]) view.see(event)
  t.is(taken().at(-1), '3 of 4 members are here; waiting for dora')
  view.see(connection(3, true))
  t.deepEqual(taken(), [null, 'all 4 members are here'])
  const seven = watched({ ...membership, cohort: testCohort() })
  seven.view.see(listening)
  t.is(
    seven.taken().at(-1),
    '1 of 7 members is here; waiting for peer-0, peer-2, peer-3, peer-4, peer-5 and peer-6',
  )
  const members = Array.from({ length: 30 }, (_, i) => ({ name: `m${i}`, id: '', addresses: [] }))
  const many = watched({ ...membership, cohort: { ...membership.cohort, members } })
  many.view.see(listening)
  t.is(many.taken().at(-1), '1 of 30 members is here; waiting for m0, m2, m3, m4, m5, m6 and 23 more')
})

test('a member that is alone enough waits for nobody', t => {
  const { view, taken } = watched({
    ...membership,
    self: 0,
    cohort: { ...membership.cohort, members: membership.cohort.members.slice(0, 1), faults: 0 },
  })
  view.see(listening)
  t.deepEqual(taken(), ['listening'])
})
