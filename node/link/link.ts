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
  readonly epoch: number
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
  reborn(): void
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
  silentBefore(step: number): void
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
  unsaid: Word[]
  /** Everything of the own step is to come again; what still comes is of before, until the peer answers. */
  rewinding: boolean
  /** On this connection. */
  askedAgain: boolean
  finishing: boolean
  /** How often the peer has asked for everything again while it could not have it yet. */
  pressed: number
  /** 0 before the first. */
  peerEpoch: number
  peerFinished: boolean
}

/** `resume`, to go on or to begin again; `finished`. */
type Word = 'where' | 'again' | 'finished'

export function createLink(options: LinkOptions): Link {
  const state: State = {
    ...options,
    outbox: createOutbox(options.limits, options.nowMs),
    inbox: createInbox(),
    connected: false,
    resumed: false,
    unsaid: [],
    rewinding: false,
    askedAgain: false,
    finishing: false,
    pressed: 0,
    peerEpoch: 0,
    peerFinished: false,
  }
  return {
    enqueue: message => state.outbox.add(message),
    pump: () => pump(state),
    connected() {
      Object.assign(state, { connected: true, resumed: false, unsaid: [], askedAgain: false })
      if (state.rewinding) askAgain(state)
      else say(state, 'where')
    },
    disconnected() {
      Object.assign(state, { connected: false, resumed: false, unsaid: [] })
    },
    receive: frame => receive(state, frame),
    retry: () => take(state),
    acknowledge: () => acknowledge(state),
    rewind: () => rewind(state),
    forgetBefore: step => state.outbox.forgetBefore(step),
    silentBefore: step => state.outbox.silentBefore(step),
    finish() {
      state.finishing = true
      if (state.resumed) say(state, 'finished')
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

function say(state: State, word: Word): void {
  if (!state.unsaid.includes(word)) state.unsaid.push(word)
  speak(state)
}

/** False: something waits for room. */
function speak(state: State): boolean {
  const { hooks, unsaid } = state
  while (unsaid.length > 0) {
    if (!hooks.send(wordFrame(state, unsaid[0]!))) return false
    unsaid.shift()
  }
  return true
}

/** With peer epoch 0 the peer begins again with the messages of the own step. */
function wordFrame(state: State, word: Word): Frame {
  if (word === 'finished') return encodeLinkFrame({ kind: 'finished' })
  const { epoch, inbox, outbox, step } = state
  const peerEpoch = word === 'again' ? 0 : state.peerEpoch
  const [received, forgotten] = [inbox.received(), outbox.forgottenStep()]
  return encodeLinkFrame({ kind: 'resume', epoch, peerEpoch, received, step: step(), forgotten })
}

function askAgain(state: State): void {
  state.askedAgain = true
  say(state, 'again')
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
  const reborn = frame.epoch !== state.peerEpoch
  const knows = frame.peerEpoch === state.epoch
  // It will begin with what it keeps of the own step. What an earlier life took and this one needs may be gone.
  // A peer that itself asks to begin again has not answered yet.
  const begins = isFirst ? reborn || state.askedAgain : state.rewinding && knows
  if (begins) state.rewinding = false
  if (reborn) {
    state.peerEpoch = frame.epoch
    state.peerFinished = false
    inbox.reset()
    hooks.hold(false)
  }
  if (!isFirst && !knows) press(state)
  if (!knows) outbox.resumeAt(frame.step, reborn)
  else if (isFirst) outbox.resumeAfter(frame.received)
  state.resumed = true
  if (isFirst && reborn) hooks.reborn() // a second life on one connection would be a lie
  if ((begins || !knows) && frame.forgotten >= state.step()) hooks.gap(null)
  if (!isFirst && !knows) say(state, 'where')
  if (state.finishing) say(state, 'finished')
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
  if (!state.connected || !speak(state)) return
  while (state.resumed) {
    const bundle = outbox.nextBundle()
    if (bundle === null) break
    const header = { kind: 'data', sequence: bundle.sequence, acknowledged: inbox.received() } as const
    const chunks = bundle.messages.map(message => message.chunks)
    if (!hooks.send(encodeLinkFrame(header, chunks))) return
    inbox.told()
    outbox.sent(bundle)
  }
  const waitMs = state.resumed ? outbox.waitMs() : 0
  if (waitMs > 0) hooks.pumpIn(waitMs)
  // One that found no room before.
  if (inbox.untoldBytes() >= state.limits.ackBytes) acknowledge(state)
}

function take(state: State): void {
  const { inbox, hooks, limits } = state
  if (inbox.takeWhile(hooks.take)) {
    if (inbox.untoldBytes() >= limits.ackBytes) acknowledge(state)
    else hooks.ackSoon()
  }
  hooks.hold(inbox.waiting() > 0)
}

function acknowledge(state: State): void {
  const { inbox, hooks } = state
  if (!state.resumed || !inbox.untold()) return
  if (hooks.send(encodeLinkFrame({ kind: 'ack', acknowledged: inbox.received() }))) inbox.told()
  else hooks.ackSoon()
}
