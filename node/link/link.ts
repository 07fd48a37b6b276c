/**
 * One side of the link to one other peer: every message arrives, in order, once, across reconnects and restarts.
 *
 * Messages are numbered; the receiver acknowledges what its protocol has taken. After each connection both sides
 * say what they have (`resume`) and sending goes on from there. A side that restarted has a new epoch and names the
 * LEARN step it is at: it is sent everything of the retained steps again.
 *
 * Limits: bytes in flight, bytes kept for a peer that does not answer (beyond it the oldest are dropped, and that
 * peer will have to catch up), bytes sent again (budget.ts), and reading stops while a message cannot be taken yet.
 */
import type { FaultKind } from '../../agreement/protocol.ts'
import { encodeLinkFrame, type LinkFrame, type Received } from '../codec/index.ts'
import type { Frame } from '../ports.ts'
import { createInbox, type Inbox } from './inbox.ts'
import type { LinkLimits } from './limits.ts'
import { createOutbox, type Encoded, type Kept, type Outbox } from './outbox.ts'

interface LinkOptions {
  /** Of this side's life; never 0. */
  readonly incarnation: number
  readonly limits: LinkLimits
  readonly hooks: LinkHooks
  /** The own LEARN step, for `resume`. */
  readonly step: () => number
  /** Never goes back. */
  readonly nowMs: () => number
}

interface LinkHooks {
  /** False: no room or no connection; `pump` is called when there is. */
  send(frame: Frame): boolean
  /** Hands a message to the protocol; `later` keeps it here. */
  take(message: Received): 'taken' | 'later'
  /** Stops and resumes reading from the peer. */
  hold(held: boolean): void
  /** An acknowledgement is due some time soon. */
  ackSoon(): void
  /** What is to be sent again has to wait so long: `pump` then. */
  pumpIn(ms: number): void
  /** The peer has begun a new life. */
  restarted(): void
  /**
   * So many messages meant for us will never come: we were too long without an answer. Null: nothing, or not
   * everything, of the own step, of which the peer has forgotten what it said, or never said anything.
   */
  gap(missing: number | null): void
  fault(kind: FaultKind, detail: string): void
}

export interface LinkStatus extends Kept {
  readonly unacknowledged: number
  readonly held: number
  readonly finished: boolean
}

export interface Link {
  enqueue(message: Encoded): void
  /** Sends what may be sent. */
  pump(): void
  connected(): void
  disconnected(): void
  receive(frame: LinkFrame): void
  /** Offers the messages that were kept back to the protocol again. */
  retry(): void
  acknowledge(): void
  /** Asks the peer to send again what it keeps of the own step and later: some of it was let pass. */
  rewind(): void
  /** Forgets acknowledged messages of steps before this one. */
  forgetBefore(step: number): void
  /** Of steps before this the peer will hear nothing (more): it is told so when it, or this side, begins again. */
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
  /** Everything of the own step is to come again; what still comes is of before, until the peer answers. */
  rewinding: boolean
  /** On this connection. */
  askedAgain: boolean
  finishing: boolean
  /** How often the peer has asked for everything again while it could not have it yet. */
  pressed: number
  /** 0 before the first. */
  peerIncarnation: number
  peerFinished: boolean
}

/** `resume`, to go on or to begin again; `finished`. */
type ControlFrame = 'where' | 'again' | 'finished'

export function createLink(options: LinkOptions): Link {
  const state: State = {
    ...options,
    outbox: createOutbox(options.limits, options.nowMs),
    inbox: createInbox(),
    connected: false,
    resumed: false,
    queuedControls: [],
    rewinding: false,
    askedAgain: false,
    finishing: false,
    pressed: 0,
    peerIncarnation: 0,
    peerFinished: false,
  }
  return {
    enqueue: message => state.outbox.add(message),
    pump: () => pump(state),
    connected() {
      Object.assign(state, { connected: true, resumed: false, queuedControls: [], askedAgain: false })
      if (state.rewinding) askAgain(state)
      else sendControl(state, 'where')
    },
    disconnected() {
      Object.assign(state, { connected: false, resumed: false, queuedControls: [] })
    },
    receive: frame => receive(state, frame),
    retry: () => take(state),
    acknowledge: () => acknowledge(state),
    rewind: () => rewind(state),
    forgetBefore: step => state.outbox.forgetBefore(step),
    setCompleteFrom: step => state.outbox.setCompleteFrom(step),
    finish() {
      state.finishing = true
      if (state.resumed) sendControl(state, 'finished')
    },
    cutOff: () => state.outbox.close(),
    status: () => ({
      unacknowledged: state.outbox.unacknowledged(),
      ...state.outbox.kept(),
      held: state.inbox.waiting(),
      finished: state.peerFinished,
    }),
  }
}

function sendControl(state: State, word: ControlFrame): void {
  if (!state.queuedControls.includes(word)) state.queuedControls.push(word)
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

/** With peer epoch 0 the peer begins again with the messages of the own step. */
function encodeControl(state: State, word: ControlFrame): Frame {
  if (word === 'finished') return encodeLinkFrame({ kind: 'finished' })
  const { incarnation, inbox, outbox, step } = state
  const peerIncarnation = word === 'again' ? 0 : state.peerIncarnation
  return encodeLinkFrame({
    kind: 'resume',
    incarnation,
    peerIncarnation,
    received: inbox.received(),
    step: step(),
    completeFrom: outbox.completeFrom(),
  })
}

function askAgain(state: State): void {
  state.askedAgain = true
  sendControl(state, 'again')
}

function rewind(state: State): void {
  if (state.rewinding) return // what has been asked for, or will be, is of this step, too
  acknowledge(state) // so that what has been taken for good does not come again
  state.inbox.reset()
  state.hooks.hold(false)
  state.rewinding = true
  if (state.resumed) askAgain(state)
}

function receive(state: State, frame: LinkFrame): void {
  const { inbox, outbox, hooks } = state
  switch (frame.kind) {
    case 'resume':
      resume(state, frame)
      break
    case 'ack':
      outbox.acknowledgedUpTo(frame.acknowledged)
      pump(state)
      break
    case 'data': {
      if (frame.acknowledged !== undefined) outbox.acknowledgedUpTo(frame.acknowledged)
      if (state.rewinding) return
      const missing = inbox.put(frame.sequence, frame.messages)
      if (missing > 0) hooks.gap(missing)
      take(state)
      break
    }
    case 'finished':
      // It needs nothing for itself, but others may still need its votes: it goes on being told everything.
      state.peerFinished = true
      break
  }
}

function resume(state: State, frame: Extract<LinkFrame, { kind: 'resume' }>): void {
  const { inbox, outbox, hooks } = state
  const isFirst = !state.resumed
  const restarted = frame.incarnation !== state.peerIncarnation
  const knows = frame.peerIncarnation === state.incarnation
  // It will begin with what it keeps of the own step. What an earlier life took and this one needs may be gone.
  // A peer that itself asks to begin again has not answered yet.
  const begins = isFirst ? restarted || state.askedAgain : state.rewinding && knows
  if (begins) state.rewinding = false
  if (restarted) {
    state.peerIncarnation = frame.incarnation
    state.peerFinished = false
    inbox.reset()
    hooks.hold(false)
  }
  if (!isFirst && !knows) press(state)
  if (!knows) outbox.resumeAt(frame.step, restarted)
  else if (isFirst) outbox.resumeAfter(frame.received)
  state.resumed = true
  if (isFirst && restarted) hooks.restarted() // a second life on one connection would be a lie
  if ((begins || !knows) && frame.completeFrom > state.step()) hooks.gap(null)
  if (!isFirst && !knows) sendControl(state, 'where')
  if (state.finishing) sendControl(state, 'finished')
  if (state.rewinding && !state.askedAgain) askAgain(state)
  pump(state)
}

/**
 * On one connection an honest peer asks for everything again where it has found its place, at longer and longer
 * intervals: in the time that it takes to have it, seldom more than thrice.
 */
const PRESSED_MAX = 64

function press(state: State): void {
  state.pressed = state.outbox.waitMs() > 0 ? state.pressed + 1 : 0
  if (state.pressed > PRESSED_MAX)
    state.hooks.fault('flooding', 'it asks again and again for what it has been sent')
}

function pump(state: State): void {
  const { outbox, inbox, hooks } = state
  if (!state.connected || !sendControls(state)) return
  while (state.resumed) {
    const bundle = outbox.nextBundle()
    if (bundle === null) break
    const header = { kind: 'data', sequence: bundle.sequence, acknowledged: inbox.received() } as const
    const chunks = bundle.messages.map(message => message.chunks)
    if (!hooks.send(encodeLinkFrame(header, chunks))) return
    inbox.acknowledged()
    outbox.sent(bundle)
  }
  const waitMs = state.resumed ? outbox.waitMs() : 0
  if (waitMs > 0) hooks.pumpIn(waitMs)
  // One that found no room before.
  if (inbox.unacknowledgedBytes() >= state.limits.ackBytes) acknowledge(state)
}

function take(state: State): void {
  const { inbox, hooks, limits } = state
  if (inbox.takeWhile(hooks.take)) {
    if (inbox.unacknowledgedBytes() >= limits.ackBytes) acknowledge(state)
    else hooks.ackSoon()
  }
  hooks.hold(inbox.waiting() > 0)
}

function acknowledge(state: State): void {
  const { inbox, hooks } = state
  if (!state.resumed || !inbox.unacknowledged()) return
  if (hooks.send(encodeLinkFrame({ kind: 'ack', acknowledged: inbox.received() }))) inbox.acknowledged()
  else hooks.ackSoon()
}
