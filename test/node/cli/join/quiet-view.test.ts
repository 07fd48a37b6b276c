/** A thousand events that others cause become a few lines, in every form of the log; the rest are counted. */
import test, { type ExecutionContext } from 'ava'
import type { Attack } from '../../../../learning/attacks/attack.ts'
import { openView } from '../../../../node/cli/join/operating.ts'
import { encodeLinkFrame } from '../../../../node/codec/index.ts'
import type { PeerEvent } from '../../../../node/daemon/events.ts'
import { createFaultCounter } from '../../../../node/daemon/fault-counter.ts'
import { createHooks } from '../../../../node/daemon/hooks.ts'
import type { Transport, TransportEvents } from '../../../../node/ports.ts'
import { createPeer, type PeerHooks } from '../../../../node/runtime/peer.ts'
import { createSigner, createVerifier } from '../../../../node/signatures/index.ts'
import { manualClock } from '../../network/support.ts'
import { recordedTerminal } from '../terminals.ts'
import { cohort, membership } from './membership.ts'

const TIMES = 1000
const PEERS = [0, 2, 3]

const nothing = { attack: null as Attack | null, metrics: null, control: null }

const gathered: readonly PeerEvent[] = [
  { kind: 'listening', pid: 1, addresses: [], examples: 1, dimension: 3, step: 1, notes: [] },
  { kind: 'connection', peer: 0, up: true, reason: 'connected' },
  { kind: 'connection', peer: 2, up: true, reason: 'connected' },
]

async function watched(log: 'progress' | 'json') {
  const terminal = recordedTerminal()
  const view = await openView(membership, { ...nothing, log, logLevel: 'trace' }, terminal)
  const onEvent = (event: PeerEvent) => view.see(event)
  // While a cohort gathers, connections have no lines of their own.
  if (log === 'progress') for (const event of gathered) onEvent(event)
  const begun = terminal.printed.length
  const hooks = createHooks({
    onEvent,
    observe: { starts() {}, loss() {}, output() {} },
    faults: createFaultCounter(
      (fault, detail) => onEvent({ kind: 'fault', fault, detail }),
      () => 0,
    ),
    book: { heard() {}, metSecondProcess() {} },
    membership,
    archive: ({ slot }, before) =>
      onEvent({ kind: 'evidence', peer: slot.sender, path: 'proof.json', before }),
    ended: { resolve() {}, reject() {} },
    agreed() {},
    lane: { output() {}, timer() {}, received() {}, rule: rule => rule },
    adversaryView: null,
  })
  return { view, hooks, lines: () => terminal.printed.slice(begun) }
}

const slot = (sender: number) => ({ step: 1, phase: 'gradient', iteration: 0, sender }) as const
const commitment = { digest: 'aa'.repeat(32), signature: new Uint8Array(64) }

/** Calls each hook as others can cause it: for this peer, the i-th time. A new hook has to be added here. */
const provocations: {
  readonly [Name in keyof Required<PeerHooks>]: (hooks: PeerHooks, peer: number, i: number) => void
} = {
  output: (hooks, _, i) =>
    hooks.output?.({ kind: 'caught-up', step: i, completeFrom: i, parameters: new Float32Array() } as never),
  timer: (hooks, peer, i) => hooks.timer?.({ slot: { ...slot(peer), iteration: i }, purpose: 'payload' }, 1),
  gradient: (hooks, _, i) => hooks.gradient?.(i, { gradient: new Float32Array(), loss: 0 }),
  finished: hooks => hooks.finished(new Float32Array()),
  // It comes once, at the end, and others cannot cause it.
  diverged: (hooks, peer, i) =>
    peer === 0 && i === 0 ? hooks.diverged?.({ step: 1, of: 'gradient', norm: 1 }) : undefined,
  // It comes once, at the start, and others cannot cause it.
  forgot: (hooks, peer, i) => (peer === 1 && i === 0 ? hooks.forgot?.('its disk was damaged') : undefined),
  failed: hooks => hooks.failed(new Error('once')),
  secondProcess: (hooks, peer, i) =>
    hooks.secondProcess?.({
      by: [peer],
      address: `/ip4/10.0.0.${i % 256}`,
      startedMs: i,
      isRefused: i % 2 === 0,
    }),
  otherCohorts: (hooks, peer, i) => hooks.otherCohorts?.({ by: [peer], peer, detail: `the ${i}th` }),
  fault: (hooks, peer, i) =>
    hooks.fault({ peer: i % 2 === 0 ? peer : null, kind: 'malformed', detail: `the ${i}th` }),
  connection: (hooks, peer, i) => hooks.connection?.(peer, i % 2 === 0, `for the ${i}th time`),
  missed: (hooks, peer, i) => hooks.missed?.(peer, i),
  received: (hooks, peer) => hooks.received?.(peer, { kind: 'ready', slot: slot(peer), digest: 'aa' }),
  shown: (hooks, peer) => hooks.shown?.(peer, { slot: slot(peer), first: commitment, second: commitment }),
  convicted: (hooks, peer) =>
    hooks.convicted?.({ slot: slot(peer), first: commitment, second: commitment }, false),
}

/** The lines about one peer: three of each of two kinds. */
const LINES_MAX = 6 * PEERS.length

function few(t: ExecutionContext, lines: readonly string[], what: string) {
  t.true(lines.length <= LINES_MAX, `${what}: ${lines.length} lines`)
}

for (const log of ['progress', 'json'] as const) {
  test(`a thousand calls of each hook are a few lines: ${log}`, async t => {
    for (const [name, provoke] of Object.entries(provocations)) {
      const { hooks, lines } = await watched(log)
      for (let i = 0; i < TIMES; i++) for (const peer of PEERS) provoke(hooks, peer, i)
      few(t, lines(), name)
    }
  })

  test(`a thousand events of each kind that others cause are a few lines: ${log}`, async t => {
    const events: readonly ((peer: number, i: number) => PeerEvent)[] = [
      (peer, i) => ({ kind: 'connection', peer, up: i % 2 === 0, reason: 'x' }),
      (peer, i) => ({ kind: 'missed', peer, step: i }),
      (_, i) => ({ kind: 'caught-up', from: i, step: i + 1 }),
      (peer, i) => ({ kind: 'waiting', step: i, phase: 'gradient', needed: 1, missing: [peer], seconds: 3 }),
      () => ({ kind: 'resumed' }),
      (peer, i) => ({ kind: 'evidence', peer, path: `${i}.json`, before: false }),
    ]
    for (const event of events) {
      const { view, lines } = await watched(log)
      for (let i = 0; i < TIMES; i++) for (const peer of PEERS) view.see(event(peer, i))
      const shown = lines().length
      t.true(shown > 0 && shown <= LINES_MAX, `${event(0, 0).kind}: ${shown} lines`)
      view.stop()
      const told = lines()
        .slice(shown)
        .map(line => Number(/: (\d+) lines about/.exec(line)?.[1]))
      t.is(shown + told.reduce((a, b) => a + b, 0), TIMES * PEERS.length, 'the rest are counted')
    }
  })
}

/** A peer on the test's transport, and the callbacks of that transport. */
function peerOn(hooks: PeerHooks): TransportEvents {
  let events: TransportEvents | null = null
  const transport: Transport = {
    start: handlers => {
      events = handlers
    },
    send: () => true,
    pause() {},
    resume() {},
    ban() {},
    stop: done => done(),
  }
  const peer = createPeer({
    cohort,
    self: membership.self,
    initial: new Float32Array(3),
    transport,
    clock: manualClock(),
    storage: null,
    incarnation: 1,
    oracle: { gradient() {} },
    hooks,
    signer: createSigner(membership.cohortId, new Uint8Array(32).fill(2)),
    verifier: createVerifier(membership.cohortId, []),
  })
  peer.start()
  return events!
}

function send(events: TransportEvents, peer: number, bytes: Uint8Array): void {
  const reader = events.frame(peer, bytes.length)
  reader.add(bytes)
  reader.end()
}

/** A new incarnation without memory each time: each is a reason to report that it cannot help. */
const forgetful = (i: number) =>
  Buffer.concat(
    encodeLinkFrame({
      kind: 'resume',
      incarnation: i + 2,
      peerIncarnation: 0,
      received: 0,
      step: 1,
      completeFrom: 6,
      deliversFrom: 6,
    }) as Uint8Array[],
  )

const intrusions: {
  readonly [Name in keyof TransportEvents]: (events: TransportEvents, peer: number, i: number) => void
} = {
  connected: (events, peer, i) => {
    events.connected(peer)
    send(events, peer, forgetful(i))
    events.disconnected(peer, 'again')
  },
  disconnected: (events, peer) => events.disconnected(peer, 'gone'),
  frame(events, peer, i) {
    if (i === 0) events.connected(peer)
    send(events, peer, forgetful(i))
    send(events, peer, Uint8Array.of(255, i))
  },
  drained: (events, peer) => events.drained(peer),
  fault: (events, peer, i) => events.fault(i % 2 === 0 ? peer : null, 'stranger', `the ${i}th`),
}

test('a member that comes and goes a thousand times while the cohort gathers has one line', async t => {
  const terminal = recordedTerminal()
  const view = await openView(membership, { ...nothing, log: 'progress', logLevel: 'trace' }, terminal)
  view.see(gathered[0]!)
  const begun = terminal.printed.length
  for (let i = 0; i < TIMES; i++) view.see({ kind: 'connection', peer: 0, up: i % 2 === 0, reason: 'x' })
  t.is(terminal.printed.length, begun)
  view.see({ kind: 'connection', peer: 0, up: true, reason: 'x' })
  view.see({ kind: 'connection', peer: 2, up: true, reason: 'x' })
  t.deepEqual(terminal.printed.slice(begun), [
    '3 of 4 members are here, enough to learn; dora is not here yet',
  ])
})

test('a thousand reports of a transport become a few lines', async t => {
  for (const [name, intrude] of Object.entries(intrusions)) {
    const { hooks, lines } = await watched('progress')
    const events = peerOn(hooks)
    for (let i = 0; i < TIMES; i++) for (const peer of PEERS) intrude(events, peer, i)
    // Connections, and on them faults and missed messages.
    t.true(lines().length <= 3 * LINES_MAX, `${name}: ${lines().length} lines`)
    if (name === 'frame') t.regex(lines().join('\n'), /cannot help with step 1 any more/)
  }
})

test('the line that a peer cannot help with a step comes once, however often its link says so', async t => {
  const missed: (readonly [peer: number, step: number])[] = []
  const { hooks } = await watched('json')
  const events = peerOn({ ...hooks, missed: (peer, step) => missed.push([peer, step]) })
  events.connected(2)
  send(events, 2, forgetful(0))
  for (let acknowledged = 0; acknowledged < 3; acknowledged++) {
    const ack = { kind: 'ack', acknowledged, step: 6, deliversFrom: 6 } as const
    send(events, 2, Buffer.concat(encodeLinkFrame(ack) as Uint8Array[]))
  }
  t.deepEqual(missed, [[2, 1]])
})
