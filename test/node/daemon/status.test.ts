/** The status of a running peer: times, the peers that it waits for, lag, faults; and its text for people. */
import test from 'ava'
import type { Message } from '../../../agreement/message.ts'
import { faultLines, statusLines, statusRow } from '../../../node/cli/view/status.ts'
import { createStatusBook } from '../../../node/daemon/status.ts'
import { membership, present } from '../cli/join/membership.ts'

function book() {
  const clock = { nowMs: 1000 }
  return { clock, book: createStatusBook(membership, 'concord/1', () => clock.nowMs) }
}

const vector = (sender: number, step: number): Message => ({
  kind: 'vector',
  slot: { step, phase: 'gradient', iteration: 0, sender },
  sealed: { vector: new Float32Array(), digest: '', signature: new Uint8Array() },
})

test('it says which peers it waits for, and for each of them since when', t => {
  const { clock, book: own } = book()
  own.look(present({ waitingFor: [0, 2, 3] }))
  clock.nowMs += 4000
  own.look(present({ waitingFor: [2, 3] }))
  clock.nowMs += 1000
  const status = own.status(present({ waitingFor: [2, 3, 0] }))
  t.is(status.stillSeconds, 5)
  t.deepEqual(status.waiting, {
    needed: 2,
    missing: [
      { peer: 2, seconds: 5 },
      { peer: 3, seconds: 5 },
      { peer: 0, seconds: 0 },
    ],
  })
  t.is(
    own.status(present({ phase: 'parameters', waitingFor: [2] })).stillSeconds,
    0,
    'a new phase counts as a move',
  )
  t.is(own.status(present({ computing: true, waitingFor: [2] })).waiting, null)
  t.is(own.status(present({ phase: 'finished', step: 11 })).step, 10)
})

test('each other member has its connection, lag, faults, proof and queue', t => {
  const { clock, book: own } = book()
  own.see({ kind: 'connection', peer: 0, up: true, reason: 'connected' })
  clock.nowMs += 2000
  own.see({ kind: 'connection', peer: 0, up: true, reason: 'no longer has 3 messages for this peer' })
  own.see({ kind: 'connection', peer: 2, up: false, reason: 'lost' })
  own.see({ kind: 'evidence', peer: 3, path: 'proof.json', before: true })
  own.heard(0, vector(0, 2))
  own.heard(0, vector(0, 1))
  own.heard(0, vector(2, 9))
  const faults = [
    { peer: 3, kind: 'equivocation', count: 2 },
    { peer: null, kind: 'stranger', count: 7 },
  ] as const
  const { peers, strangers, self } = own.status(present({ faults, convicted: [3] }))
  t.is(self.name, 'bob')
  t.deepEqual(
    peers.map(({ peer }) => peer),
    [0, 2, 3],
  )
  t.like(peers[0], {
    connected: true,
    seconds: 2,
    step: 2,
    lag: 1,
    faults: [],
    convicted: false,
    evidence: null,
  })
  t.like(peers[1], { connected: false, seconds: null, step: null, lag: null })
  t.like(peers[2], { faults: [{ kind: 'equivocation', count: 2 }], convicted: true, evidence: 'proof.json' })
  t.is(peers[2]!.link!.unacknowledged, 3)
  t.deepEqual(strangers, [{ kind: 'stranger', count: 7 }])
  t.deepEqual(statusRow(peers[0]!), ['ada', 'up for 2.0 s', '2', '0', '1, 100 B', '0', '0'])
  t.is(statusRow(peers[2]!)[1], 'cut off')
  t.is(statusRow(peers[2]!).at(-1), '2')
  t.deepEqual(faultLines({ peers }), ['dora: 2 × equivocation, equivocates: proof.json'])
  t.deepEqual(faultLines({ peers: [{ ...peers[2]!, evidence: null }] }), [
    'dora: 2 × equivocation, equivocates',
  ])
})

test('the text for people has the step, the phase and the wait in sentences', t => {
  const { clock, book: own } = book()
  own.see({ kind: 'connection', peer: 3, up: true, reason: 'connected' })
  own.look(present({ waitingFor: [2, 3] }))
  clock.nowMs += 12_000
  const lines = statusLines(own.status(present({ waitingFor: [2, 3] })))
  t.regex(lines[0]!, /^bob of test \([0-9a-f]{12}\): concord\/1, process \d+, up 12 s$/)
  t.is(lines[1], 'step 3/10, agreeing on gradients for 12 s')
  t.is(lines[2], 'waiting for 1 more vector, from cleo (12 s, not connected) or dora (12 s)')
  t.is(lines[3], 'sent 1 kB, received 2 kB')
  t.regex(
    lines[4]!,
    /^memory [\d.,]+ [MG]B \(at most [\d.,]+ [MG]B so far\): objects [\d.,]+ MB, buffers [\d.,]+ MB$/,
  )
})

test('a peer that has only just begun asks where the others are; further on it catches up', t => {
  const { clock, book: own } = book()
  const asking = (step: number) => present({ step, phase: 'catching-up', waitingFor: [2, 3] })
  own.look(asking(1))
  clock.nowMs += 12_000
  const lines = statusLines(own.status(asking(1)))
  t.is(lines[1], 'step 1/10, asking the others where they are, for 12 s')
  t.regex(lines[2]!, /^waiting for 1 more peer to answer, cleo \(12 s, not connected\) or dora/)
  own.look(asking(4))
  t.regex(statusLines(own.status(asking(4)))[1]!, /^step 4\/10, catching up with the others/)
})

test('a peer that was cut off is not named among those that are waited for', t => {
  const book = createStatusBook(membership, 'test/1', () => 0)
  const lacking = present({ waitingFor: [0, 2, 3], convicted: [2], computing: false, phase: 'gradient' })
  const { waiting } = book.status(lacking)
  t.deepEqual(
    waiting?.missing.map(({ peer }) => peer),
    [0, 3],
  )
  t.is(waiting?.needed, 3 - membership.cohort.faults)
})
