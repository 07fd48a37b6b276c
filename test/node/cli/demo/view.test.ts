/** What the demo shows: who is who, who waits for whom, what went wrong. */
import test from 'ava'
import { attackNamed } from '../../../../learning/attacks/registry.ts'
import { apply, applyEnd, newState } from '../../../../node/cli/demo/state.ts'
import {
  brokenPairs,
  castLines,
  connectionsLine,
  endText,
  eventLine,
  finishedLine,
  resultRows,
  waitingLine,
} from '../../../../node/cli/demo/view.ts'
import { plain } from '../../../../node/cli/terminal.ts'
import { cohortDocument } from '../../../../node/cohort/cohort.ts'
import { testCohort } from '../../cohorts.ts'
import { allUp, ending } from './events.ts'

/** Seven peers, the last of whom lies, all of them up. */
const demoState = () => allUp(newState([101, 102, 103, 104, 105, 106, 1107], [6]))

const waiting = (missing: readonly number[], needed: number) =>
  ({ kind: 'waiting', step: 41, phase: 'gradient', needed, missing, seconds: 4 }) as const

test('the cast: a line a peer with its process, key and role', t => {
  const { name: _, members: __, ...settings } = cohortDocument(testCohort())
  const scenario = {
    peers: 7,
    settings,
    liars: [6],
    attack: attackNamed('sign-flip'),
    data: 'digits',
    partition: 'iid',
    augment: 'none' as const,
  }
  const lines = castLines(scenario, testCohort(), demoState(), plain)
  t.is(lines.length, 8)
  t.regex(
    lines[0]!,
    /7 peers, one process each, at most 1 faulty; mda, vectors whole; 10 steps of softmax on digits \(iid\), seed 1/,
  )
  const [alone] = castLines({ ...scenario, liars: [] }, testCohort(), demoState().slice(0, 1), plain)
  t.regex(alone!, /^1 peer, one process, at most/)
  t.regex(lines[1]!, /^ {2}peer 0 {2}pid {2}101 {2}…\w{8} {2}honest$/)
  t.regex(lines[7]!, /^ {2}peer 6 {2}pid 1107 {2}…\w{8} {2}Byzantine: sign-flip$/)
})

test('who waits is told together, with the peers that cause it', t => {
  const state = demoState()
  t.is(waitingLine(state, plain), null)
  applyEnd(state, 2, 'killed by SIGKILL')
  for (const peer of [0, 1, 3, 4, 5]) apply(state, peer, waiting([2, 6], 1))
  t.is(
    waitingLine(state, plain),
    'peers 0, 1, 3, 4 and 5 wait at step 41 for 1 more vector, from peer 2 (gone) or peer 6 (Byzantine)',
  )
})

test('those that merely wait themselves are left out, unless nobody else is missing enough', t => {
  const state = demoState()
  apply(state, 0, waiting([1, 6], 1))
  t.is(waitingLine(state, plain), 'peer 0 waits at step 41 for 1 more vector, from peer 6 (Byzantine)')
  apply(state, 0, waiting([1, 3, 6], 2))
  t.is(
    waitingLine(state, plain),
    'peer 0 waits at step 41 for 2 more vectors, from peer 1, peer 3 or peer 6 (Byzantine)',
  )
})

test('those that wait for the stuck ones are told apart from them', t => {
  const state = demoState()
  applyEnd(state, 2, 'killed by SIGKILL')
  for (const peer of [3, 4, 5]) apply(state, peer, waiting([2, 6], 1))
  for (const peer of [0, 1]) apply(state, peer, waiting([2, 3, 4, 5, 6], 4))
  t.is(
    waitingLine(state, plain),
    'peers 3, 4 and 5 wait at step 41 for 1 more vector, from peer 2 (gone) or peer 6 (Byzantine); peers 0 and 1 wait for them',
  )
})

test('what a liar waits for is nobody’s concern, and so are the faults it sees', t => {
  const state = demoState()
  apply(state, 6, waiting([1], 1))
  t.is(waitingLine(state, plain), null)
  const fault = { kind: 'fault', fault: { peer: 6, kind: 'not-finite', count: 2 }, detail: null } as const
  t.is(eventLine(state, 6, fault, plain), null)
  t.is(eventLine(state, 0, fault, plain), 'peer 0 saw a fault of peer 6: not-finite, 2 times by now')
})

test('a lost connection is told while both ends still run', t => {
  const state = demoState()
  apply(state, 0, { kind: 'connection', peer: 3, up: true, reason: '' })
  t.is(connectionsLine(state, 21), '7 of 7 peers up, 1 of 21 connections')
  apply(state, 3, { kind: 'connection', peer: 0, up: false, reason: 'reset' })
  t.deepEqual([...brokenPairs(state)], [['0 and 3', 'reset']])
  applyEnd(state, 0, 'killed by SIGKILL')
  t.deepEqual([...brokenPairs(state)], [])
  t.is(connectionsLine(state, 21).split(' peers')[0], '6 of 7')
})

test('a connection that one has cut for a proof is not called lost', t => {
  const state = demoState()
  for (const [peer, other] of [
    [0, 6],
    [6, 0],
    [6, 1],
  ] as const)
    apply(state, peer, { kind: 'connection', peer: other, up: false, reason: 'cut off' })
  t.deepEqual([...brokenPairs(state).keys()], ['0 and 6', '1 and 6'])
  apply(state, 0, { kind: 'evidence', peer: 6, path: 'proof.json', before: false })
  t.deepEqual([...brokenPairs(state).keys()], ['1 and 6'], 'peer 1 has no proof yet')
  apply(state, 1, { kind: 'evidence', peer: 6, path: 'proof.json', before: true })
  t.deepEqual([...brokenPairs(state).keys()], [])
})

test('those that have finished are told of together, once, with what they reach', t => {
  const state = demoState()
  const told = new Set<number>()
  t.is(finishedLine(state, told, 12), null)
  apply(state, 0, { kind: 'finished', ending: ending() })
  apply(state, 3, { kind: 'finished', ending: ending({ accuracy: 0.95 }) })
  apply(state, 6, { kind: 'finished', ending: ending() }) // the liar
  t.is(finishedLine(state, told, 12), 'peers 0 and 3 have finished 12 steps and reach 90.0 % to 95.0 %')
  t.is(finishedLine(state, told, 12), null)
  apply(state, 1, { kind: 'finished', ending: ending({ accuracy: null }) })
  t.is(finishedLine(state, told, 1), 'peer 1 has finished 1 step')
})

test('rows: the honest with what they reached, the liar with what it did, the dead with why', t => {
  const state = demoState()
  apply(state, 0, { kind: 'finished', ending: ending() })
  apply(state, 6, { kind: 'finished', ending: ending() })
  apply(state, 1, { kind: 'fault', fault: { peer: 6, kind: 'not-finite', count: 2 }, detail: null })
  applyEnd(state, 2, endText(null, 'SIGKILL'))
  const rows = resultRows(state, 'nan', new Map([[0, 0.25]]))
  t.like(rows[0], { role: 'honest', accuracy: 0.9, loss: 0.5, distance: 0.25, bytes: 2, faultsSeen: 'none' })
  t.like(rows[1], { role: 'not finished', accuracy: null, faultsSeen: '2 × not-finite by peer 6' })
  t.like(rows[2], { role: 'killed by SIGKILL', accuracy: null })
  t.like(rows[6], { role: 'Byzantine: nan', accuracy: null, loss: null, distance: null, faultsSeen: '–' })
  t.is(endText(1, null), 'ended with code 1')
  applyEnd(state, 3, endText(0, null))
  t.is(resultRows(state, 'nan', new Map())[3]!.role, 'left without a result')
  t.is(rows[0]!.peakBytes, 70e6)
  t.is(rows[1]!.peakBytes, null)
})
