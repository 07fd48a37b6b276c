/**
 * The runner: drives one protocol over the ports. Real and simulated peers run this very code.
 *
 * A step of the protocol is carried out in this order: what binds the peer is recorded and synced; then its messages
 * go to the links (outgoing.ts); timers and requests to the host are served meanwhile. A message from outside is
 * decoded, its author's signature checked (incoming.ts), and then the protocol sees it. Whatever a peer sends,
 * nothing here throws.
 */
import { type Message, slotKey } from '../../agreement/message.ts'
import type { Effects, Evidence, Fault, FaultKind, PeerIndex } from '../../agreement/protocol.ts'
import { isSlotIn, linkFrameReader, type Received } from '../codec/index.ts'
import { defaultLinkLimits } from '../link/limits.ts'
import { createLink, type Link } from '../link/link.ts'
import { type Frame, type FrameReader, sizeOf, type Timer } from '../ports.ts'
import type { Driver, DriverOptions, TimerInput } from './driver-contract.ts'
import { createReadGate, type ReadGate } from './read-gate.ts'
import { createIncoming, type Incoming } from './receive.ts'
import { createOutgoing, type Outgoing } from './send.ts'

interface State<Input, Output> {
  readonly options: DriverOptions<Input, Output>
  readonly links: (Link | null)[]
  readonly connected: Set<PeerIndex>
  readonly readGate: ReadGate
  readonly outgoing: Outgoing
  readonly incoming: Incoming
  /** Steps and frames are worked off one after the other, never inside each other. */
  readonly work: (() => void)[]
  working: boolean
  /** By peer: an acknowledgement is due; what is to be sent again may go on. */
  readonly ackTimers: (Timer | null)[]
  started: boolean
  readonly againTimers: (Timer | null)[]
  stopped: boolean
  pumpAll: boolean
  /** Votes are waiting to be sent together. */
  pumpTimer: Timer | null
  bytesSent: number
  bytesReceived: number
}

/**
 * An acknowledgement waits so long for a data frame to travel with: longer than an exchange mostly takes, for a frame
 * of its own for every vector would cost a fifth of one of 300 KB.
 */
const ACK_DELAY_MS = 250

/** Votes wait so long for others to the same peer: most of those of an exchange are cast within moments. */
const VOTE_DELAY_MS = 1

export function createDriver<Input, Output extends { readonly kind: string }>(
  options: DriverOptions<Input, Output>,
): Driver<Input> {
  const { peers, self, incarnation, linkLimits = defaultLinkLimits } = options
  const links: (Link | null)[] = []
  const state: State<Input, Output> = {
    options,
    links,
    outgoing: createOutgoing({
      journal: options.journal,
      links,
      inTurn: work => enqueueWork(state, work),
      pumpLater: urgent => {
        if (urgent) state.pumpAll = true
        else pumpSoon(state)
      },
      failed(error) {
        state.stopped = true
        options.hooks.failed(error)
      },
    }),
    incoming: createIncoming<Output | TimerInput>({
      protocol: options.protocol,
      verifier: options.verifier,
      journal: options.journal,
      carry: effects => carry(state, effects),
      fault: fault => blame(state, fault),
      received: (from, message) => options.hooks.received?.(from, message),
      shown: (from, proof) => options.hooks.shown?.(from, proof),
      convicted: evidence => cutOff(state, evidence),
    }),
    connected: new Set(),
    readGate: createReadGate(options.transport, options.clock),
    work: [],
    working: false,
    ackTimers: timersFor(peers),
    againTimers: timersFor(peers),
    started: false,
    stopped: false,
    pumpAll: false,
    pumpTimer: null,
    bytesSent: 0,
    bytesReceived: 0,
  }
  const ways = { step: () => options.protocol.currentStep(), nowMs: () => options.clock.nowMs() }
  for (let peer = 0; peer < peers; peer++) {
    const hooks = linkHooks(state, peer)
    links.push(peer === self ? null : createLink({ incarnation, limits: linkLimits, hooks, ...ways }))
  }
  return {
    start: () => start(state),
    input: value => enqueueWork(state, () => carry(state, options.protocol.input(value))),
    carry: effects => enqueueWork(state, () => carry(state, effects)),
    finish() {
      for (const link of state.links) link?.finish()
    },
    unserved: () => unserved(state),
    status: () => ({
      connected: [...state.connected].sort((a, b) => a - b),
      convicted: state.incoming.convicts(),
      links: state.links.map(link => link?.status() ?? null),
      messagesSent: state.outgoing.messagesSent(),
      bytesSent: state.bytesSent,
      bytesReceived: state.bytesReceived,
    }),
    stop: done => stop(state, done),
  }
}

function stop<I, O extends { readonly kind: string }>(state: State<I, O>, done: () => void): void {
  state.stopped = true
  for (const timer of [...state.ackTimers, ...state.againTimers]) timer?.cancel()
  state.pumpTimer?.cancel()
  state.options.transport.stop(done)
}

const timersFor = (peers: number): (Timer | null)[] => Array.from({ length: peers }, () => null)

function linkHooks<I, O extends { readonly kind: string }>(state: State<I, O>, peer: PeerIndex) {
  const { transport, clock, hooks } = state.options
  const once = (timers: (Timer | null)[], ms: number, act: () => void): void => {
    if (timers[peer] !== null || state.stopped) return
    timers[peer] = clock.after(ms, () => {
      timers[peer] = null
      act()
    })
  }
  return {
    send(frame: Frame): boolean {
      if (!transport.send(peer, frame)) return false
      state.bytesSent += sizeOf(frame)
      return true
    },
    take: (received: Received) => state.incoming.take(peer, received),
    hold(held: boolean) {
      state.readGate.hold(peer, held)
      if (held) hooks.ahead?.(peer)
    },
    ackSoon: () => once(state.ackTimers, ACK_DELAY_MS, () => state.links[peer]?.acknowledge()),
    pumpIn: (ms: number) => once(state.againTimers, ms, () => state.links[peer]?.pump()),
    restarted() {
      hooks.restarted?.(peer)
      // It may have no memory of them, or come to the cohort only now.
      const proofs = state.incoming.proofs().filter(({ slot }) => slot.sender !== state.options.self)
      state.outgoing.send(proofs.map(proof => ({ to: peer, message: { kind: 'evidence', ...proof } })))
    },
    gap: (missing: number | null) => hooks.missed?.(peer, missing),
    fault: (kind: FaultKind, detail: string) => blame(state, { peer, kind, detail }),
  }
}

function start<I, O extends { readonly kind: string }>(state: State<I, O>): void {
  const { transport, journal, hooks, protocol, verifier } = state.options
  recall(state)
  for (const message of journal.messages()) state.outgoing.repeat(message)
  for (const link of state.links) link?.silentBefore(state.options.since)
  // They are others' words: like all of these they count only as signed.
  const kept = journal.kept().filter(message => verifier.accepts(message))
  for (const { slot, sealed } of kept)
    enqueueWork(state, () => carry(state, protocol.receive(slot.sender, { kind: 'vector', slot, sealed })))
  state.started = true
  transport.start({
    connected(peer) {
      state.connected.add(peer)
      state.readGate.connected(peer)
      hooks.connection?.(peer, true, 'connected')
      state.links[peer]?.connected()
    },
    disconnected(peer, reason) {
      state.connected.delete(peer)
      state.links[peer]?.disconnected()
      hooks.connection?.(peer, false, reason)
    },
    frame: (peer, bytes) => receiveFrame(state, peer, bytes),
    drained: peer => state.links[peer]?.pump(),
    fault: (peer, kind, detail) => hooks.fault({ peer, kind, detail }),
  })
}

/** Who was convicted in an earlier life is cut off before there is any connection. */
function recall<I, O extends { readonly kind: string }>(state: State<I, O>): void {
  const { journal, proofs = [], limits } = state.options
  for (const proof of [...journal.proofs(), ...proofs])
    if (isSlotIn(proof.slot, limits)) state.incoming.convict(proof)
}

/** Runs a piece of work now, or after the one under way. */
function enqueueWork<I, O extends { readonly kind: string }>(state: State<I, O>, work: () => void): void {
  state.work.push(work)
  if (state.working) return
  state.working = true
  for (let next = state.work.shift(); next !== undefined && !state.stopped; next = state.work.shift()) {
    next()
    // What came too early may have come to its time.
    if (state.work.length === 0) for (const peer of state.readGate.held()) state.links[peer]?.retry()
  }
  state.working = false
  if (state.pumpAll && !state.stopped) pump(state) // only now, so that what a burst of messages caused travels together
}

function pump<I, O extends { readonly kind: string }>(state: State<I, O>): void {
  state.pumpAll = false
  state.pumpTimer?.cancel()
  state.pumpTimer = null
  for (const link of state.links) link?.pump()
}

function pumpSoon<I, O extends { readonly kind: string }>(state: State<I, O>): void {
  state.pumpTimer ??= state.options.clock.after(VOTE_DELAY_MS, () => {
    state.pumpTimer = null
    if (!state.stopped) pump(state)
  })
}

function receiveFrame<I, O extends { readonly kind: string }>(
  state: State<I, O>,
  peer: PeerIndex,
  bytes: number,
): FrameReader {
  const reader = linkFrameReader(bytes, state.options.limits)
  return {
    add: part => reader.add(part),
    end() {
      state.bytesReceived += bytes
      const frame = reader.end()
      enqueueWork(state, () => {
        if ('fault' in frame) blame(state, { peer, kind: frame.fault, detail: frame.detail })
        else state.links[peer]?.receive(frame)
      })
    },
  }
}

function blame<I, O>(state: State<I, O>, fault: Fault): void {
  state.readGate.fault(fault.peer)
  state.options.hooks.fault(fault)
}

function carry<I, O extends { readonly kind: string }>(
  state: State<I, O>,
  effects: Effects<Message, O | TimerInput>,
): void {
  const { hooks } = state.options
  for (const fault of effects.faults) {
    blame(state, fault)
    if (fault.evidence !== undefined) state.incoming.convict(fault.evidence)
  }
  for (const envelope of effects.messages) hooks.sent?.(envelope)
  state.outgoing.send(effects.messages)
  for (const output of effects.outputs) serve(state, output)
}

/** No more of this peer, and everyone else is shown why. */
function cutOff<I, O extends { readonly kind: string }>(state: State<I, O>, evidence: Evidence): void {
  const { slot, first, second } = evidence
  state.options.hooks.convicted?.(evidence, !state.started)
  if (slot.sender === state.options.self) return // the fault says so; others cut this peer off
  state.links[slot.sender]?.cutOff()
  state.options.transport.ban(slot.sender, `it signed two vectors for ${slotKey(slot)}`)
  state.outgoing.send([{ to: 'others', message: { kind: 'evidence', slot, first, second } }])
}

function serve<I, O extends { readonly kind: string }>(state: State<I, O>, output: O | TimerInput): void {
  const { clock, delaysMs, hooks, protocol } = state.options
  if (isTimer(output)) {
    const wake: TimerInput = { kind: 'timer', timer: output.timer }
    clock.after(delaysMs[output.timer.purpose], () => {
      if (!state.stopped) enqueueWork(state, () => carry(state, protocol.input(wake)))
    })
    return
  }
  if (isCaughtUp(output))
    for (const link of state.links) {
      link?.silentBefore(output.since)
      link?.rewind()
    }
  if (output.kind === 'stepped') {
    const before = protocol.currentStep() - state.options.keptSteps
    for (const link of state.links) link?.forgetBefore(before)
  }
  hooks.output(output)
}

const isCaughtUp = <O extends { readonly kind: string }>(o: O): o is O & { readonly since: number } =>
  o.kind === 'caught-up'

function isTimer<O extends { readonly kind: string }>(output: O | TimerInput): output is TimerInput {
  return output.kind === 'timer'
}

function unserved<I, O>(state: State<I, O>): readonly PeerIndex[] {
  return [...state.links.keys()].filter(peer => {
    const status = state.links[peer]?.status()
    return status !== undefined && !status.finished && !state.incoming.isConvicted(peer)
  })
}
