/**
 * One side of the link to one other peer: every message arrives once, across reconnects and restarts, and not before
 * its recipient can take it.
 *
 * Both sides say at which LEARN step they are, in all that they say. What is about a step too far ahead of the
 * peer's waits here; the rest is numbered as it is sent, and the receiver acknowledges what its protocol has taken.
 * After each connection both sides say what they have (`resume`) and sending goes on from there. A side that restarted
 * has a new incarnation: it is sent everything of the retained steps again, from the step that it is at.
 *
 * Limits: bytes in flight, bytes kept for a peer that does not answer (beyond it the oldest are dropped, and that
 * peer will have to catch up), and bytes sent again (budget.ts).
 */
import type { FaultKind } from '../../agreement/protocol.ts'
import { encodeLinkFrame, type LinkFrame, type Received } from '../codec/index.ts'
import type { Frame } from '../ports.ts'
import { createInbox, type Inbox } from './inbox.ts'
import type { LinkLimits } from './limits.ts'
import { createOutbox, type Encoded, type Kept, type Outbox } from './outbox.ts'

interface LinkOptions {
  /** Of this side's process; never 0. */
  readonly incarnation: number
  readonly limits: LinkLimits
  /** Steps beyond its own of which a peer takes messages. */
  readonly ahead: number
  readonly hooks: LinkHooks
  /** The LEARN step of this side. */
  readonly step: () => number
  /** Never goes back. */
  readonly nowMs: () => number
}

interface LinkHooks {
  /** False: no room or no connection; `pump` is called when there is. */
  send(frame: Frame): boolean
  /** Hands a message to the protocol. */
  take(message: Received): void
  /** `acknowledge` is due some time soon. */
  ackSoon(): void
  /** What is to be sent again has to wait so long: `pump` then. */
  pumpIn(ms: number): void
  /** The peer has begun a new incarnation. */
  restarted(): void
  /** The peer is so far on that it says nothing more that this side could take, or no longer is. */
  ahead(isAhead: boolean): void
  /** The peer no longer has, or never had, all that this side's step needs of it. Said again and again. */
  missed(): void
  fault(kind: FaultKind, detail: string): void
}

export interface LinkStatus extends Kept {
  readonly unacknowledged: number
  /** Of these, what the peer cannot take yet. */
  readonly withheld: number
  readonly finished: boolean
}

export interface Link {
  enqueue(message: Encoded): void
  /** Sends what may be sent. */
  pump(): void
  connected(): void
  disconnected(): void
  receive(frame: LinkFrame): void
  /** This side has come to another step. */
  stepped(): void
  /** Says what has been taken, and at which step this side is, where the peer does not know it yet. */
  acknowledge(): void
  /** Forgets acknowledged messages of steps before this one. */
  forgetBefore(step: number): void
  /**
   * What this side says is complete from this step on: the peer is told so. And this side looks again what the peer
   * cannot send to it.
   */
  setCompleteFrom(step: number): void
  /** Tells the peer that nothing more is needed of it. */
  finish(): void
  /** The peer was cut off for good: nothing is kept for it any more. */
  cutOff(): void
  status(): LinkStatus
}

interface State extends LinkOptions {
  readonly outbox: Outbox
  readonly inbox: Inbox
  connected: boolean
  /** The other side has said on this connection what it has. */
  resumed: boolean
  /** What is to be said before any message, in order: it waits for room as messages do. */
  queuedControls: ControlFrame[]
  finishing: boolean
  /** What the peer was last told on this connection. */
  told: { step: number; deliversFrom: number }
  /** 0 before the first. */
  peerIncarnation: number
  peerFinished: boolean
  /** From this step on this side will have all that the peer says. */
  peerDeliversFrom: number
  /** The peer is so far on that it says nothing more that this side could take. */
  peerAhead: boolean
}

type ControlFrame = 'resume' | 'finished'

export function createLink(options: LinkOptions): Link {
  const state: State = {
    ...options,
    outbox: createOutbox(options.limits, options.ahead, options.nowMs),
    inbox: createInbox(),
    connected: false,
    resumed: false,
    queuedControls: [],
    finishing: false,
    told: { step: 0, deliversFrom: 1 },
    peerIncarnation: 0,
    peerFinished: false,
    peerDeliversFrom: 1,
    peerAhead: false,
  }
  return {
    enqueue: message => state.outbox.add(message),
    pump: () => pump(state),
    connected() {
      Object.assign(state, { connected: true, resumed: false, queuedControls: [] })
      sendControl(state, 'resume')
    },
    disconnected() {
      Object.assign(state, { connected: false, resumed: false, queuedControls: [] })
    },
    receive: frame => receive(state, frame),
    stepped() {
      compare(state)
      state.hooks.ackSoon()
    },
    acknowledge: () => acknowledge(state),
    forgetBefore: step => state.outbox.forgetBefore(step),
    setCompleteFrom(step) {
      state.outbox.setCompleteFrom(step)
      compare(state)
      acknowledge(state)
    },
    finish() {
      state.finishing = true
      if (state.resumed) sendControl(state, 'finished')
    },
    cutOff: () => state.outbox.close(),
    status: () => ({
      unacknowledged: state.outbox.unacknowledged(),
      withheld: state.outbox.withheld(),
      ...state.outbox.kept(),
      finished: state.peerFinished,
    }),
  }
}

function sendControl(state: State, control: ControlFrame): void {
  if (!state.queuedControls.includes(control)) state.queuedControls.push(control)
  sendControls(state)
}

/** False: something waits for room. */
function sendControls(state: State): boolean {
  const { hooks, queuedControls } = state
  while (queuedControls.length > 0) {
    if (!hooks.send(encodeControl(state, queuedControls[0]!))) return false
    queuedControls.shift()
  }
  return true
}

function encodeControl(state: State, control: ControlFrame): Frame {
  if (control === 'finished') return encodeLinkFrame({ kind: 'finished' })
  const { incarnation, peerIncarnation, inbox, outbox } = state
  state.told = { step: state.step(), deliversFrom: outbox.deliversFrom() }
  return encodeLinkFrame({
    kind: 'resume',
    incarnation,
    peerIncarnation,
    received: inbox.received(),
    step: state.told.step,
    completeFrom: outbox.completeFrom(),
    deliversFrom: state.told.deliversFrom,
  })
}

function receive(state: State, frame: LinkFrame): void {
  const { inbox, outbox, hooks } = state
  switch (frame.kind) {
    case 'resume':
      resume(state, frame)
      break
    case 'ack':
      outbox.acknowledgedUpTo(frame.acknowledged)
      outbox.peerAt(frame.step, frame.deliversFrom)
      state.peerDeliversFrom = frame.deliversFrom
      compare(state)
      pump(state)
      break
    case 'data': {
      const before = outbox.peerStep()
      outbox.acknowledgedUpTo(frame.acknowledged ?? 0)
      outbox.peerAt(frame.step ?? 0)
      compare(state)
      for (const message of inbox.put(frame.sequence, frame.messages)) hooks.take(message)
      if (inbox.unacknowledgedBytes() >= state.limits.ackBytes) acknowledge(state)
      else if (inbox.unacknowledged()) hooks.ackSoon()
      if (outbox.peerStep() > before) pump(state)
      break
    }
    case 'finished':
      // It needs nothing for itself, but others may still need its votes: it goes on being told everything.
      state.peerFinished = true
      break
  }
}

/** What the peer's step means for this side. */
function compare(state: State): void {
  const { outbox, hooks, ahead, peerDeliversFrom } = state
  const step = state.step()
  if (peerDeliversFrom > step) hooks.missed()
  setPeerAhead(state, outbox.peerStep() > step + ahead)
}

function setPeerAhead(state: State, isAhead: boolean): void {
  if (isAhead === state.peerAhead) return
  state.peerAhead = isAhead
  state.hooks.ahead(isAhead)
}

function resume(state: State, frame: Extract<LinkFrame, { kind: 'resume' }>): void {
  const { inbox, outbox, hooks } = state
  if (state.resumed) {
    hooks.fault('malformed', 'it resumes twice on one connection')
    return
  }
  const restarted = frame.incarnation !== state.peerIncarnation
  if (restarted) {
    state.peerIncarnation = frame.incarnation
    state.peerFinished = false
    inbox.reset()
  }
  const isNew = restarted || frame.peerIncarnation !== state.incarnation
  if (isNew) outbox.resumeAt(frame.step, restarted)
  else outbox.resumeAfter(frame.received)
  outbox.peerAt(frame.step, frame.deliversFrom)
  state.resumed = true
  if (restarted) {
    setPeerAhead(state, false) // that was the incarnation before
    hooks.restarted()
  }
  // What an earlier incarnation of either side was given, this one was not.
  state.peerDeliversFrom = isNew ? Math.max(frame.completeFrom, frame.deliversFrom) : frame.deliversFrom
  compare(state)
  if (state.finishing) sendControl(state, 'finished')
  pump(state)
}

function pump(state: State): void {
  const { outbox, inbox, hooks } = state
  if (!state.connected || !sendControls(state)) return
  while (state.resumed) {
    const bundle = outbox.nextBundle()
    if (bundle === null) break
    const step = state.step()
    const header = { kind: 'data', sequence: bundle.sequence, acknowledged: inbox.received(), step } as const
    const chunks = bundle.messages.map(message => message.chunks)
    if (!hooks.send(encodeLinkFrame(header, chunks))) return
    state.told.step = step
    inbox.acknowledged()
    outbox.sent(bundle)
  }
  const waitMs = state.resumed ? outbox.waitMs() : 0
  if (waitMs > 0) hooks.pumpIn(waitMs)
  // One that found no room before.
  if (inbox.unacknowledgedBytes() >= state.limits.ackBytes || cannotServe(state)) acknowledge(state)
}

/** The peer waits for what is not kept for it any more, and has not been told. */
function cannotServe({ outbox, told }: State): boolean {
  return outbox.deliversFrom() > outbox.peerStep() && told.deliversFrom <= outbox.peerStep()
}

function acknowledge(state: State): void {
  const { inbox, outbox, hooks, told } = state
  const [step, deliversFrom] = [state.step(), outbox.deliversFrom()]
  const isNews = inbox.unacknowledged() || step !== told.step || cannotServe(state)
  if (!state.resumed || !isNews) return
  if (hooks.send(encodeLinkFrame({ kind: 'ack', acknowledged: inbox.received(), step, deliversFrom }))) {
    inbox.acknowledged()
    state.told = { step, deliversFrom }
  } else hooks.ackSoon()
}
