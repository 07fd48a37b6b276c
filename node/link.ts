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
import type { PeerIndex } from '../agreement/protocol.ts'
import { encodeLinkFrame, type LinkFrame, type Received } from './codec/index.ts'
import type { Frame } from './ports.ts'

export interface LinkLimits {
  /** Sent and not acknowledged. */
  readonly inFlightBytesMax: number
  /** Kept for a peer that is away or slow. */
  readonly keptBytesMax: number
  /** Messages that travel together in a frame, until it has this many bytes. */
  readonly bundleBytes: number
  readonly bundleMessagesMax: number
  /** Acknowledges at the latest after so many bytes. */
  readonly ackBytes: number
}

export const defaultLinkLimits: LinkLimits = {
  inFlightBytesMax: 16 * 2 ** 20,
  keptBytesMax: 128 * 2 ** 20,
  bundleBytes: 64 * 2 ** 10,
  bundleMessagesMax: 512,
  ackBytes: 2 ** 20,
}

/** A message in wire form, shared by all the links that carry it. */
export interface Encoded {
  readonly step: number
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  /** It answers a question: of no use to a later life of the peer, which has not asked. */
  readonly answers?: boolean
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
  /** The peer dropped messages meant for us: it was too long without an answer. */
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
  finish(): void
  status(): LinkStatus
}

interface State {
  readonly peer: PeerIndex
  readonly epoch: number
  readonly limits: LinkLimits
  readonly hooks: LinkHooks
  /** The own LEARN step, for `resume`. */
  readonly step: () => number
  readonly kept: Encoded[]
  keptBytes: number
  /** Number of `kept[0]`; numbers begin at 1. */
  first: number
  /** The next number to send on this connection. */
  next: number
  acknowledged: number
  inFlightBytes: number
  online: boolean
  resumed: boolean
  finishing: boolean
  /** 0 before the first. */
  peerEpoch: number
  peerFinished: boolean
  /** What still comes belongs to before the rewind, until the peer answers. */
  rewinding: boolean
  /** The last number taken from the peer's present epoch; null before the first. */
  received: number | null
  /** The last number that was acknowledged to the peer. */
  told: number
  untoldBytes: number
  readonly waiting: Received[]
}

export function createLink(options: Pick<State, 'peer' | 'epoch' | 'limits' | 'hooks' | 'step'>): Link {
  const state: State = {
    ...options,
    kept: [],
    keptBytes: 0,
    first: 1,
    next: 1,
    acknowledged: 0,
    inFlightBytes: 0,
    online: false,
    resumed: false,
    finishing: false,
    peerEpoch: 0,
    peerFinished: false,
    rewinding: false,
    received: null,
    told: 0,
    untoldBytes: 0,
    waiting: [],
  }
  return {
    enqueue: message => enqueue(state, message),
    pump: () => pump(state),
    connected: () => connected(state),
    disconnected() {
      state.online = false
      state.resumed = false
    },
    receive: frame => receive(state, frame),
    retry: () => takeWaiting(state),
    acknowledge: () => acknowledge(state),
    rewind: () => rewind(state),
    forgetBefore: step => forgetBefore(state, step),
    finish() {
      state.finishing = true
      if (state.resumed) state.hooks.send(encodeLinkFrame({ kind: 'finished' }))
    },
    status: () => ({
      unacknowledged: state.first + state.kept.length - 1 - state.acknowledged,
      keptBytes: state.keptBytes,
      held: state.waiting.length,
      finished: state.peerFinished,
    }),
  }
}

function enqueue(state: State, message: Encoded): void {
  state.kept.push(message)
  state.keptBytes += message.bytes
  while (state.keptBytes > state.limits.keptBytesMax && state.kept.length > 1) dropOldest(state)
}

function dropOldest(state: State): void {
  const dropped = state.kept.shift()!
  state.keptBytes -= dropped.bytes
  if (state.first < state.next && state.first > state.acknowledged) state.inFlightBytes -= dropped.bytes
  state.acknowledged = Math.max(state.acknowledged, state.first)
  state.first++
  state.next = Math.max(state.next, state.first)
}

function forgetBefore(state: State, step: number): void {
  while (state.kept.length > 0 && state.first <= state.acknowledged && state.kept[0]!.step < step) {
    state.keptBytes -= state.kept.shift()!.bytes
    state.first++
  }
}

function connected(state: State): void {
  state.online = true
  state.resumed = false
  state.rewinding = false
  sayWhere(state, state.peerEpoch)
}

/** `resume`; with peer epoch 0 the peer begins again with the messages of the own step. */
function sayWhere(state: State, peerEpoch: number): void {
  const { epoch, received } = state
  state.hooks.send(
    encodeLinkFrame({ kind: 'resume', epoch, peerEpoch, received: received ?? 0, step: state.step() }),
  )
}

function rewind(state: State): void {
  state.received = null
  state.told = 0
  state.waiting.length = 0
  state.hooks.hold(false)
  if (!state.resumed) {
    state.peerEpoch = 0 // said with the next connection
    return
  }
  state.rewinding = true
  sayWhere(state, 0)
}

function receive(state: State, frame: LinkFrame): void {
  switch (frame.kind) {
    case 'resume':
      resume(state, frame)
      break
    case 'ack':
      acknowledgedBy(state, frame.acknowledged)
      pump(state)
      break
    case 'data':
      if (frame.acknowledged !== undefined) acknowledgedBy(state, frame.acknowledged)
      if (!state.rewinding) takeData(state, frame.sequence, frame.messages)
      break
    case 'finished':
      // It needs nothing for itself, but others may still need its votes: it goes on being told everything.
      state.peerFinished = true
      break
  }
}

function resume(state: State, frame: Extract<LinkFrame, { kind: 'resume' }>): void {
  const rewound = state.resumed && frame.peerEpoch === 0
  state.rewinding = false
  if (frame.epoch !== state.peerEpoch) {
    state.peerEpoch = frame.epoch
    state.peerFinished = false
    state.received = null
    state.told = 0
    state.waiting.length = 0
    state.hooks.hold(false)
    if (frame.peerEpoch !== state.epoch) dropAnswers(state)
  }
  if (frame.peerEpoch === state.epoch) {
    acknowledgedBy(state, frame.received)
    state.next = Math.max(state.first, frame.received + 1)
  } else {
    // It restarted, or never heard of us: everything of the steps it still needs.
    const index = state.kept.findIndex(message => message.step >= frame.step)
    state.next = index < 0 ? state.first + state.kept.length : state.first + index
    state.acknowledged = state.next - 1
  }
  state.next = Math.min(state.next, state.first + state.kept.length)
  state.inFlightBytes = 0
  state.resumed = true
  if (rewound) sayWhere(state, state.peerEpoch)
  if (state.finishing) state.hooks.send(encodeLinkFrame({ kind: 'finished' }))
  pump(state)
}

/** Before everything is sent again: numbers may shift, as the peer's new life has heard none yet. */
function dropAnswers(state: State): void {
  const left = state.kept.filter(({ answers }) => answers !== true)
  state.kept.splice(0, state.kept.length, ...left)
  state.keptBytes = left.reduce((sum, { bytes }) => sum + bytes, 0)
}

function acknowledgedBy(state: State, number: number): void {
  const last = state.first + state.kept.length - 1
  const upTo = Math.min(number, last)
  for (let n = Math.max(state.acknowledged + 1, state.first); n <= upTo; n++)
    if (n < state.next) state.inFlightBytes -= state.kept[n - state.first]!.bytes
  state.acknowledged = Math.max(state.acknowledged, upTo)
}

function pump(state: State): void {
  const { limits, hooks } = state
  while (state.resumed && state.next < state.first + state.kept.length) {
    if (state.inFlightBytes >= limits.inFlightBytesMax) return
    const bundle: Encoded[] = []
    let bytes = 0
    for (let n = state.next; n < state.first + state.kept.length; n++) {
      const message = state.kept[n - state.first]!
      if (
        bundle.length > 0 &&
        (bytes + message.bytes > limits.bundleBytes || bundle.length >= limits.bundleMessagesMax)
      )
        break
      bundle.push(message)
      bytes += message.bytes
    }
    const header = { kind: 'data', sequence: state.next, acknowledged: state.received ?? 0 } as const
    if (
      !hooks.send(
        encodeLinkFrame(
          header,
          bundle.map(({ chunks }) => chunks),
        ),
      )
    )
      return
    state.told = state.received ?? 0
    state.untoldBytes = 0
    state.next += bundle.length
    state.inFlightBytes += bytes
  }
}

function takeData(state: State, sequence: number, messages: readonly Received[]): void {
  let number = sequence
  for (const message of messages) {
    const last = state.received === null ? null : state.received + state.waiting.length
    if (last === null || number > last) {
      if (last !== null && number > last + 1) state.hooks.gap(number - last - 1)
      if (state.waiting.length === 0) state.received = number - 1
      state.waiting.push(message)
      state.untoldBytes += sizeOf(message)
    }
    number++
  }
  takeWaiting(state)
}

function takeWaiting(state: State): void {
  let taken = 0
  while (taken < state.waiting.length && state.hooks.take(state.waiting[taken]!) === 'taken') taken++
  if (taken > 0) {
    state.waiting.splice(0, taken)
    state.received = (state.received ?? 0) + taken
    if (state.untoldBytes >= state.limits.ackBytes) acknowledge(state)
    else state.hooks.ackSoon()
  }
  state.hooks.hold(state.waiting.length > 0)
}

function acknowledge(state: State): void {
  const received = state.received ?? 0
  if (!state.resumed || received === state.told) return
  if (state.hooks.send(encodeLinkFrame({ kind: 'ack', acknowledged: received }))) {
    state.told = received
    state.untoldBytes = 0
  }
}

/** Roughly what a message weighed on the wire: enough to know when to acknowledge. */
function sizeOf(received: Received): number {
  const sealed = 'message' in received && 'sealed' in received.message ? received.message.sealed : null
  return 64 + (sealed?.vector.byteLength ?? 0)
}
