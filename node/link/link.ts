/**
 * One side of the link to one other peer: every message arrives, in order, once, across reconnects and restarts.
 *
 * Messages are numbered; the receiver acknowledges what its protocol has taken. After each connection both sides
 * say what they have (`resume`) and sending goes on from there. A side that restarted has a new epoch and names the
 * LEARN step it is at: it is sent everything of the retained steps again.
 *
 * Limits: bytes in flight, bytes kept for a peer that does not answer (beyond it the oldest are dropped, and that
 * peer will have to catch up), and reading stops while a message cannot be taken yet.
 */
import { encodeLinkFrame, type LinkFrame, type Received } from '../codec/index.ts'
import type { Frame } from '../ports.ts'
import { createInbox, type Inbox } from './inbox.ts'
import type { LinkLimits } from './limits.ts'
import { createOutbox, type Encoded, type Outbox } from './outbox.ts'

export interface LinkOptions {
  /** Of this side's life; never 0. */
  readonly epoch: number
  readonly limits: LinkLimits
  readonly hooks: LinkHooks
  /** The own LEARN step, for `resume`. */
  readonly step: () => number
}

export interface LinkHooks {
  /** False: no room or no connection; `pump` is called when there is. */
  send(frame: Frame): boolean
  /** Hands a message to the protocol; `later` keeps it here. */
  take(message: Received): 'taken' | 'later'
  /** Stops and resumes reading from the peer. */
  hold(held: boolean): void
  /** An acknowledgement is due some time soon. */
  ackSoon(): void
  /** The peer no longer has messages meant for us: it was too long without an answer, or an earlier life took them. */
  gap(missing: number): void
}

export interface LinkStatus {
  readonly unacknowledged: number
  readonly keptBytes: number
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
  /** Tells the peer that nothing more is needed of it. */
  finish(): void
  status(): LinkStatus
}

interface State extends LinkOptions {
  readonly outbox: Outbox
  readonly inbox: Inbox
  /** There is a connection, and this side has said on it what it has. */
  connected: boolean
  /** Both sides have said what they have. */
  resumed: boolean
  /** To be asked for as soon as the other side has said what it has. */
  rewindDue: boolean
  finishing: boolean
  /** 0 before the first. */
  peerEpoch: number
  peerFinished: boolean
  /** What still comes belongs to before the rewind, until the peer answers. */
  rewinding: boolean
}

export function createLink(options: LinkOptions): Link {
  const state: State = {
    ...options,
    outbox: createOutbox(options.limits),
    inbox: createInbox(),
    connected: false,
    resumed: false,
    rewindDue: false,
    finishing: false,
    peerEpoch: 0,
    peerFinished: false,
    rewinding: false,
  }
  return {
    enqueue: message => state.outbox.add(message),
    pump: () => pump(state),
    connected() {
      state.connected = true
      state.resumed = false
      state.rewinding = false
      sayWhere(state, state.peerEpoch)
    },
    disconnected() {
      state.connected = false
      state.resumed = false
      if (state.rewindDue) rewind(state)
    },
    receive: frame => receive(state, frame),
    retry: () => take(state),
    acknowledge: () => acknowledge(state),
    rewind: () => rewind(state),
    forgetBefore: step => state.outbox.forgetBefore(step),
    finish() {
      state.finishing = true
      if (state.resumed) sayFinished(state)
    },
    status: () => ({
      unacknowledged: state.outbox.unacknowledged(),
      keptBytes: state.outbox.keptBytes(),
      held: state.inbox.waiting(),
      finished: state.peerFinished,
    }),
  }
}

/** `resume`; with peer epoch 0 the peer begins again with the messages of the own step. */
function sayWhere({ hooks, epoch, inbox, outbox, step }: State, peerEpoch: number): void {
  const [received, forgotten] = [inbox.received(), outbox.forgottenStep()]
  hooks.send(encodeLinkFrame({ kind: 'resume', epoch, peerEpoch, received, step: step(), forgotten }))
}

function sayFinished({ hooks }: State): void {
  hooks.send(encodeLinkFrame({ kind: 'finished' }))
}

function rewind(state: State): void {
  state.inbox.reset()
  state.hooks.hold(false)
  state.rewindDue = state.connected && !state.resumed
  if (state.resumed) {
    state.rewinding = true
    sayWhere(state, 0)
  } else if (!state.connected) state.peerEpoch = 0 // said with the next connection
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
  const rewound = state.resumed && frame.peerEpoch === 0
  const reborn = frame.epoch !== state.peerEpoch
  // It will begin with what it keeps of the own step. What an earlier life took and this one needs may be gone.
  const begins = frame.peerEpoch !== state.epoch || (state.rewinding && !rewound)
  // A peer that itself asks to begin again has not answered yet: what it sent before it does is of before the rewind.
  if (frame.peerEpoch === state.epoch) state.rewinding = false
  if (reborn) {
    state.rewinding = false
    state.peerEpoch = frame.epoch
    state.peerFinished = false
    inbox.reset()
    hooks.hold(false)
  }
  if (frame.peerEpoch === state.epoch) outbox.resumeAfter(frame.received)
  else outbox.resumeAt(frame.step, reborn)
  state.resumed = true
  if (begins && frame.forgotten >= state.step()) hooks.gap(1)
  if (rewound) sayWhere(state, state.peerEpoch)
  if (state.finishing) sayFinished(state)
  if (state.rewindDue) rewind(state)
  pump(state)
}

function pump(state: State): void {
  const { outbox, inbox, hooks } = state
  while (state.resumed) {
    const bundle = outbox.nextBundle()
    if (bundle === null) break
    const header = { kind: 'data', sequence: bundle.sequence, acknowledged: inbox.received() } as const
    const chunks = bundle.messages.map(message => message.chunks)
    if (!hooks.send(encodeLinkFrame(header, chunks))) return
    inbox.told()
    outbox.sent(bundle)
  }
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
