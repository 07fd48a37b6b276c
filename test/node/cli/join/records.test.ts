/** The counts and reports of a real peer, and the addresses at which it listens. */
import test from 'ava'
import { attackNamed } from '../../../../learning/attacks/registry.ts'
import { parseMember } from '../../../../node/cli/commands/cohort.ts'
import { createJoinRecord } from '../../../../node/cli/join/join-record.ts'
import { eventLines } from '../../../../node/cli/join/join-view.ts'
import { cohortId } from '../../../../node/cohort/cohort.ts'
import { createFaultCounter } from '../../../../node/daemon/fault-counter.ts'
import { ownPorts } from '../../../../node/daemon/places.ts'
import { reportSchema } from '../../../../node/daemon/report.ts'
import { members, testCohort } from '../../cohorts.ts'
import { ending, step } from '../demo/events.ts'

const membership = { cohort: testCohort(), cohortId: cohortId(testCohort()), self: 2 }

test('faults are reported the first time, and then once a minute with their count', t => {
  const announced: (readonly [number | null, number])[] = []
  let nowMs = 0
  const counter = createFaultCounter(
    ({ peer, count }) => announced.push([peer, count]),
    () => nowMs,
  )
  for (let i = 0; i < 1000; i++) {
    nowMs = 150 * i
    counter.add({ peer: 6, kind: 'malformed' })
  }
  counter.add({ peer: null, kind: 'stranger', detail: 'who?' })
  t.deepEqual(announced, [
    [6, 1],
    [6, 401],
    [6, 801],
    [null, 1],
  ])
  t.deepEqual(counter.counts(), [
    { peer: 6, kind: 'malformed', count: 1000 },
    { peer: null, kind: 'stranger', count: 1 },
  ])
})

test('the report of a peer that finished has its result', t => {
  const record = createJoinRecord(membership, { attack: null, data: 'digits', partition: 'iid' })
  for (const number of [1, 2]) record.see(step(number, 0.5))
  const fault = { peer: 6, kind: 'not-finite', count: 2 } as const
  record.see({ kind: 'finished', ending: ending({ faults: [fault] }) })
  const report = reportSchema.parse(record.report('finished', []))
  t.like(report, {
    command: 'join',
    steps: 2,
    outcome: 'finished',
    bytes: 2,
    accuracy: { min: 0.9, mean: 0.9 },
  })
  t.like(report.honest[0], {
    peer: 2,
    loss: 0.5,
    ruleMilliseconds: 3,
    memory: { peakBytes: 70e6 },
    eventLoopDelayMs: { p50: 0, p99: 1, max: 2 },
  })
  t.deepEqual(report.faults, [fault])
  t.deepEqual(report.byzantine, { peers: [], attack: null })
})

test('what was evaluated on the way is in the report, a loss that is not finite as null', t => {
  const record = createJoinRecord(membership, { attack: null, data: 'digits', partition: 'iid' })
  const metrics = { kind: 'numbers', rmse: 2, r2: 0.5 } as const
  record.see({ kind: 'evaluated', step: 0, loss: Number.NaN, accuracy: null, metrics: null })
  record.see({ kind: 'evaluated', step: 5, loss: 2, accuracy: null, metrics })
  const agreed = { accuracy: null, balancedAccuracy: null, f1: null, auroc: null, rmse: 3, r2: 0.5 }
  record.see({ kind: 'agreed', step: 5, loss: 2, accuracy: null, metrics, agreed })
  record.see({ kind: 'finished', ending: ending() })
  t.deepEqual(reportSchema.parse(record.report('finished', [])).honest[0]!.series, [
    { step: 0, loss: null, accuracy: null, metrics: null },
    { step: 5, loss: 2, accuracy: null, metrics, agreed },
  ])
})

test('the report of a peer that was stopped has its last step and the faults so far', t => {
  const record = createJoinRecord(membership, {
    attack: attackNamed('zero'),
    data: 'digits',
    partition: 'iid',
  })
  record.see(step(7, 0.5))
  const fault = { peer: 1, kind: 'malformed', count: 2 } as const
  const report = reportSchema.parse(record.report('interrupted', [fault]))
  t.like(report, { steps: 7, outcome: 'interrupted', honest: [], byzantine: { peers: [2], attack: 'zero' } })
  t.deepEqual(report.faults, [fault])
})

test('a peer listens at the ports in its file, on all addresses of the machine except for loopback ones', t => {
  const at = (...addresses: readonly string[]) =>
    ownPorts(testCohort({ members: members(7).map(member => ({ ...member, addresses })) }), 3)
  t.deepEqual(at(), ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0'])
  t.deepEqual(at('/ip4/127.0.0.1/tcp/41'), ['/ip4/127.0.0.1/tcp/41'])
  t.deepEqual(at('/ip4/192.168.1.5/tcp/41', '/dns4/a.example/tcp/41'), ['/ip4/0.0.0.0/tcp/41'])
  t.deepEqual(at('/ip4/192.168.1.5/udp/41/quic-v1', '/ip6/::1/udp/42/quic-v1'), [
    '/ip4/0.0.0.0/udp/41/quic-v1',
    '/ip6/::1/udp/42/quic-v1',
  ])
  t.deepEqual(at('/ip6/2001:db8::1/tcp/42', '/ip6/::1/tcp/43'), ['/ip6/::/tcp/42', '/ip6/::1/tcp/43'])
})

test('each event of a peer is one line', t => {
  const lines = (event: Parameters<typeof eventLines>[0]) => eventLines(event, membership)
  t.deepEqual(lines({ kind: 'connection', peer: 3, up: true, reason: 'connected' }), ['peer-3: connected'])
  t.deepEqual(lines({ kind: 'connection', peer: 3, up: false, reason: 'reset' }), ['peer-3: gone: reset'])
  t.deepEqual(lines({ kind: 'missed', peer: 3, step: 6 }), ['peer-3: cannot help with step 6 any more'])
  t.deepEqual(lines({ kind: 'caught-up', from: 6, step: 10 }), [
    'caught up: it stood at step 6, and goes on at step 10',
  ])
  t.deepEqual(lines({ kind: 'caught-up', from: 6, step: 11 }), [
    'caught up: it stood at step 6, and ends with what the others have learnt',
  ])
  const fault = { peer: null, kind: 'stranger', count: 4 } as const
  t.deepEqual(lines({ kind: 'fault', fault, detail: 'X knocked' }), [
    'refused a stranger (4 times by now): X knocked',
  ])
  const own = { peer: 3, kind: 'malformed', count: 1 } as const
  t.deepEqual(lines({ kind: 'fault', fault: own, detail: 'no frame' }), [
    'fault of peer-3: malformed: no frame',
  ])
  t.deepEqual(
    lines({ kind: 'waiting', step: 4, phase: 'gradient', needed: 1, missing: [3, 6], seconds: 3 }),
    ['step 4: waiting for 1 more vector, from peer-3 or peer-6'],
  )
  const listening = {
    kind: 'listening',
    pid: 1,
    addresses: ['/x'],
    examples: 10,
    dimension: 20,
    step: 5,
    notes: ['Labels 1 to 3 are classes 0 to 2.'],
  } as const
  t.deepEqual(lines(listening), [
    '10 examples, 20 parameters, going on from step 5',
    'Labels 1 to 3 are classes 0 to 2.',
    'listening on /x',
  ])
})

test('a member on the command line has a name, an id and addresses', t => {
  t.deepEqual(parseMember('alice=12D3@/ip4/1.2.3.4/tcp/1,/dns4/x/tcp/2'), {
    name: 'alice',
    id: '12D3',
    addresses: ['/ip4/1.2.3.4/tcp/1', '/dns4/x/tcp/2'],
  })
  t.deepEqual(parseMember('bob=12D3'), { name: 'bob', id: '12D3', addresses: [] })
  for (const bad of ['alice', '=12D3', 'alice=', 'alice=12D3@', 'a=b=c'])
    t.throws(() => parseMember(bad), { message: /expected NAME=ID/ })
})
