/**
 * One side of the link to one other peer: every message arrives once, across reconnects and restarts, and not before
 * its recipient can take it.
 *
 * Each side announces its LEARN step in every frame. A message of a step too far ahead of the peer's waits here. The
 * others are numbered as they are sent, and the receiver acknowledges what its protocol has taken. On each new
 * connection both sides say what they have (`resume`), and sending goes on from there. A side that has restarted has a
 * new incarnation: it is sent again what is kept of its step and later ones, and of the few before what slower peers may
 * need of it.
 *
 * A message that is too long for a frame travels in pieces, one such message at a time. All others pass between its
 * pieces, and it gets its number once it is through: so numbers still arrive in order.
 *
 * Limits: bytes in flight; bytes kept for a peer that does not answer (beyond the limit the oldest are dropped, and the
 * peer has to catch up); and bytes sent again (budget.ts).
 */
import type { FaultKind } from '../../agreement/protocol.ts'
import { encodeLinkFrame, type LinkFrame, type Received } from '../codec/index.ts'
import type { Frame } from '../ports.ts'
import { createInbox, type Inbox } from './inbox.ts'
import type { LinkLimits } from './limits.ts'
import { type Bundle, createOutbox, type Encoded, type Kept, type Outbox } from './outbox.ts'
import { type Piece, piecesOf } from './pieces.ts'

interface LinkOptions {
  /** The incarnation of this side; never 0. */
  readonly incarnation: number
  readonly limits: LinkLimits
  /** How many steps ahead of its own a peer takes messages. */
  readonly ahead: number
  readonly hooks: LinkHooks
  /** The LEARN step of this side. */
  readonly step: () => number
  /** A clock that never goes back. */
  readonly nowMs: () => number
}

interface LinkHooks {
  /** False: no room or no connection; `pump` is called when there is. */
  send(frame: Frame): boolean
  /** Hands a message to the protocol. */
  take(message: Received): void
  /** `acknowledge` is due soon. */
  ackSoon(): void
  /** Something could not be sent yet: call `pump` with what is said next, to whomever. */
  waits(): void
  /** Resending has to wait this long: call `pump` then. */
  pumpIn(ms: number): void
  /** The peer has begun a new incarnation. */
  restarted(): void
  /** The peer is so far ahead that it sends nothing that this side can take yet, or no longer is. */
  ahead(isAhead: boolean): void
  /** The peer no longer has, or never had, all that this side's step needs from it. Called again and again. */
  missed(): void
  fault(kind: FaultKind, detail: string): void
}

export interface LinkStatus extends Kept {
  readonly unacknowledged: number
  /** How many of these the peer cannot take yet. */
  readonly withheld: number
  readonly finished: boolean
}

export interface Link {
  enqueue(message: Encoded): void
  /** Sends everything that may be sent now. */
  pump(): void
  connected(): void
  disconnected(): void
  receive(frame: LinkFrame): void
  /** This side has reached another step. */
  stepped(): void
  /** Tells the peer what has been taken and the step of this side, if either is news to it. */
  acknowledge(): void
  /** Forgets acknowledged messages of steps before this one. */
  forgetBefore(step: number): void
  /**
   * This side's messages are complete from this step on, and the peer is told so. This side also checks again what the
   * peer cannot send to it.
   */
  setCompleteFrom(step: number): void
  /** Tells the peer that nothing more is needed of it. */
  finish(): void
  /** The peer was cut off for good, so nothing is kept for it any more. */
  cutOff(): void
  status(): LinkStatus
}

interface State extends LinkOptions {
  readonly outbox: Outbox
  readonly inbox: Inbox
  connected: boolean
  /** The other side has sent its `resume` on this connection. */
  resumed: boolean
  /** Control frames that go before any message, in order. They wait for room as messages do. */
  queuedControls: ControlFrame[]
  /** The pieces that are yet to be sent of the message in transfer; null: none is. */
  pieces: readonly Piece[] | null
  /** An acknowledgement waits for room. It goes before the next piece. */
  ackWaits: boolean
  finishing: boolean
  /** The latest values that this side announced on this connection. */
  announced: { step: number; deliversFrom: number }
  /** 0 before the first. */
  peerIncarnation: number
  peerFinished: boolean
  /** From this step on this side will have all that the peer sends. */
  peerDeliversFrom: number
  /** The peer is so far ahead that it sends nothing that this side can take yet. */
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
    pieces: null,
    ackWaits: false,
    finishing: false,
    announced: { step: 0, deliversFrom: 1 },
    peerIncarnation: 0,
    peerFinished: false,
    peerDeliversFrom: 1,
    peerAhead: false,
  }
  return {
    enqueue: message => state.outbox.add(message),
    pump: () => pump(state),
    connected() {
      Object.assign(state, {
        connected: true,
        resumed: false,
        queuedControls: [],
        pieces: null,
        ackWaits: false,
      })
      sendControl(state, 'resume')
    },
    disconnected() {
      Object.assign(state, {
        connected: false,
        resumed: false,
        queuedControls: [],
        pieces: null,
        ackWaits: false,
      })
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
  if (!sendControls(state)) state.hooks.waits()
}

/** False: a control frame waits for room. */
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
  state.announced = { step: state.step(), deliversFrom: outbox.deliversFrom() }
  return encodeLinkFrame({
    kind: 'resume',
    incarnation,
    peerIncarnation,
    received: inbox.received(),
    step: state.announced.step,
    completeFrom: outbox.completeFrom(),
    deliversFrom: state.announced.deliversFrom,
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
      // It needs nothing for itself, but others may still need its votes, so it goes on receiving everything.
      state.peerFinished = true
      break
    case 'piece': // its message comes with the data frame that numbers it
      break
  }
}

/** Compares the two steps: can the peer still serve this side, and is it too far ahead? */
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
    setPeerAhead(state, false) // it held for the incarnation before
    hooks.restarted()
  }
  // An earlier incarnation of either side may have taken messages that this one has not.
  state.peerDeliversFrom = isNew ? Math.max(frame.completeFrom, frame.deliversFrom) : frame.deliversFrom
  compare(state)
  if (state.finishing) sendControl(state, 'finished')
  pump(state)
}

function pump(state: State): void {
  if (!state.connected) return // the next connection begins with a pump
  if (!sendAll(state)) state.hooks.waits()
}

/** False: something is left. */
function sendAll(state: State): boolean {
  const { outbox, inbox, hooks } = state
  if (!sendControls(state)) return false
  if (state.ackWaits) acknowledge(state)
  while (state.resumed) {
    const bundle = outbox.nextBundle()
    const outcome = bundle === null ? sendPiece(state) : sendBundle(state, bundle)
    if (outcome === 'full') return false
    if (outcome === 'idle') break
  }
  const waitMs = state.resumed ? outbox.waitMs() : 0
  if (waitMs > 0) hooks.pumpIn(waitMs)
  // This sends an acknowledgement that found no room before.
  if (inbox.unacknowledgedBytes() >= state.limits.ackBytes || cannotServe(state)) acknowledge(state)
  return !(state.ackWaits || outbox.hasDue())
}

type Outcome = 'sent' | 'full' | 'idle'

function sendBundle(state: State, bundle: Bundle, isTransferred = false): Outcome {
  const { inbox, outbox, hooks } = state
  const step = state.step()
  const header = {
    kind: 'data',
    sequence: bundle.sequence,
    acknowledged: inbox.received(),
    step,
    ...(isTransferred && { transferred: true }),
  } as const
  const chunks = isTransferred ? [] : bundle.messages.map(message => message.chunks)
  if (!hooks.send(encodeLinkFrame(header, chunks))) return 'full'
  state.announced.step = step
  inbox.acknowledged()
  outbox.sent(bundle)
  return 'sent'
}

/** The next piece of the message in transfer, or of the one that is next; after the last piece, its number. */
function sendPiece(state: State): Outcome {
  const { outbox, hooks, limits } = state
  if (state.pieces === null) {
    const message = outbox.nextLong()
    if (message === null) return 'idle'
    state.pieces = piecesOf(message, limits.pieceBytes)
  }
  const [piece, ...rest] = state.pieces
  if (piece !== undefined) {
    if (!hooks.send(encodeLinkFrame({ kind: 'piece', ...piece.place }, [piece.chunks]))) return 'full'
    state.pieces = rest
    return 'sent'
  }
  const bundle = outbox.transferred()
  const outcome = bundle === null ? 'sent' : sendBundle(state, bundle, true)
  if (outcome === 'sent') state.pieces = null
  return outcome
}

/** Whether the peer waits for messages that are no longer kept for it, and has not been told. */
function cannotServe({ outbox, announced }: State): boolean {
  return outbox.deliversFrom() > outbox.peerStep() && announced.deliversFrom <= outbox.peerStep()
}

function acknowledge(state: State): void {
  const { inbox, outbox, hooks, announced } = state
  const [step, deliversFrom] = [state.step(), outbox.deliversFrom()]
  const isNews = inbox.unacknowledged() || step !== announced.step || cannotServe(state)
  if (!state.resumed || !isNews) return
  state.ackWaits = !hooks.send(
    encodeLinkFrame({ kind: 'ack', acknowledged: inbox.received(), step, deliversFrom }),
  )
  if (state.ackWaits) {
    hooks.ackSoon()
    hooks.waits()
  } else {
    inbox.acknowledged()
    state.announced = { step, deliversFrom }
  }
}
