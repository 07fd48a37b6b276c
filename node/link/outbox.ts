/**
 * What one link has to send: numbered messages, kept until they are acknowledged and, of the last steps, longer, for
 * a peer that restarts.
 */
import type { MessageTraits } from '../../agreement/message.ts'
import { type Budget, createBudget } from './budget.ts'
import type { LinkLimits } from './limits.ts'

/** A message in wire form, shared by all the links that carry it. */
export interface Encoded {
  readonly step: number
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  /** To whom it is sent again though it was acknowledged; see `MessageTraits`. */
  readonly repeated: MessageTraits['repeated']
  /** It is about no step (catching up): a peer that is further on needs it all the same. */
  readonly timeless: boolean
}

export interface Outbox {
  add(message: Encoded): void
  /** The messages that may be sent next, as one frame; null where there are none or enough are in flight or resent. */
  nextBundle(): Bundle | null
  /** What comes next was sent before, and may be sent again after so long; 0: nothing waits for that. */
  waitMs(): number
  /** The bundle has been handed to the transport. */
  sent(bundle: Bundle): void
  acknowledgedUpTo(number: number): void
  /** On a new connection: goes on after the last message that the peer has. */
  resumeAfter(received: number): void
  /**
   * The peer begins anew: everything kept of this step and later. In a new life it has forgotten what it asked and was
   * told; in the same one it has not.
   */
  resumeAt(step: number, restarted: boolean): void
  /** Forgets acknowledged messages of steps before this one. */
  forgetBefore(step: number): void
  /** Of steps before this there is nothing to say, or not all of it any more. */
  setCompleteFrom(step: number): void
  /** The first step from which on everything is kept. A peer that needs an earlier one cannot be served. */
  completeFrom(): number
  unacknowledged(): number
  kept(): Kept
  /** Nothing is kept from now on: the peer will never be heard or told anything again. */
  close(): void
}

/** What is kept, sent or not. */
export interface Kept {
  readonly keptMessages: number
  /** With what each message takes beside its bytes. */
  readonly keptBytes: number
  /** Bytes sent again so far. */
  readonly resentBytes: number
}

interface Bundle {
  /** Number of the first message. */
  readonly sequence: number
  readonly messages: readonly Encoded[]
  readonly bytes: number
}

interface State {
  readonly limits: LinkLimits
  readonly budget: Budget
  kept: Encoded[]
  keptBytes: number
  /** Number of `kept[0]`; numbers begin at 1. */
  first: number
  /** The next number to send on this connection. */
  next: number
  acknowledged: number
  inFlightBytes: number
  completeFrom: number
  /** What became of each of `kept`: `UNSENT`, `SENT` or `TAKEN`, once and for all. */
  fates: number[]
  /** Bytes of those kept that were once taken. */
  takenBytes: number
  resentBytes: number
  closed: boolean
}

const UNSENT = 0
const SENT = 1
/** It has been acknowledged, however often it was sent again since. */
const TAKEN = 2

/** @param nowMs a clock that never goes back */
export function createOutbox(limits: LinkLimits, nowMs: () => number): Outbox {
  const state: State = {
    limits,
    budget: createBudget(limits, nowMs, () => state.takenBytes),
    kept: [],
    keptBytes: 0,
    first: 1,
    next: 1,
    acknowledged: 0,
    inFlightBytes: 0,
    completeFrom: 1,
    fates: [],
    takenBytes: 0,
    resentBytes: 0,
    closed: false,
  }
  return {
    add(message) {
      if (state.closed) return
      state.kept.push(message)
      state.fates.push(UNSENT)
      state.keptBytes += message.bytes + limits.keptOverheadBytes
      while (state.keptBytes > limits.keptBytesMax && state.kept.length > 1) dropOldest(state)
    },
    nextBundle: () => (waitMs(state) > 0 ? null : nextBundle(state)),
    waitMs: () => waitMs(state),
    sent: bundle => sent(state, bundle),
    acknowledgedUpTo: number => acknowledgedUpTo(state, number),
    resumeAfter(received) {
      state.next = Math.min(Math.max(state.first, received + 1), end(state))
      state.acknowledged = state.next - 1
      state.inFlightBytes = 0
      for (let n = state.first; n < state.next; n++) taken(state, n - state.first)
    },
    resumeAt(step, restarted) {
      if (restarted) keepOnly(state, ({ repeated }) => repeated !== 'never')
      else keepOnly(state, ({ repeated }, number) => repeated === 'always' || number > state.acknowledged)
      const index = state.kept.findIndex(message => message.step >= step || message.timeless)
      state.next = index < 0 ? end(state) : state.first + index
      state.acknowledged = state.next - 1
      state.inFlightBytes = 0
    },
    forgetBefore(step) {
      while (state.kept.length > 0 && state.first <= state.acknowledged && state.kept[0]!.step < step) {
        dropFirst(state)
      }
    },
    setCompleteFrom(step) {
      state.completeFrom = Math.max(state.completeFrom, step)
    },
    completeFrom: () => state.completeFrom,
    unacknowledged: () => end(state) - 1 - state.acknowledged,
    kept: () => ({
      keptMessages: state.kept.length,
      keptBytes: state.keptBytes,
      resentBytes: state.resentBytes,
    }),
    close() {
      while (state.kept.length > 0) dropOldest(state)
      state.closed = true
    },
  }
}

/** The number that the next message will get. */
function end({ first, kept }: State): number {
  return first + kept.length
}

/** The peer was too long without an answer: it will notice the gap, and catch up. */
function dropOldest(state: State): void {
  const number = state.first
  const { bytes } = dropFirst(state)
  if (number < state.next && number > state.acknowledged) state.inFlightBytes -= bytes
  state.acknowledged = Math.max(state.acknowledged, number)
  state.next = Math.max(state.next, state.first)
}

function dropFirst(state: State): Encoded {
  const dropped = state.kept.shift()!
  state.keptBytes -= dropped.bytes + state.limits.keptOverheadBytes
  if (state.fates.shift() === TAKEN) state.takenBytes -= dropped.bytes
  state.first++
  if (!dropped.timeless) state.completeFrom = Math.max(state.completeFrom, dropped.step + 1)
  return dropped
}

/** Numbers may shift, as the peer has forgotten those that it has heard. */
function keepOnly(state: State, isKept: (message: Encoded, number: number) => boolean): void {
  const { kept, fates, first, limits } = state
  state.kept = []
  state.fates = []
  state.keptBytes = 0
  state.takenBytes = 0
  for (const [i, message] of kept.entries()) {
    if (!isKept(message, first + i)) continue
    const fate = fates[i]!
    state.kept.push(message)
    state.fates.push(fate)
    state.keptBytes += message.bytes + limits.keptOverheadBytes
    if (fate === TAKEN) state.takenBytes += message.bytes
  }
}

/** What has not been sent cannot have been taken, whatever the peer says. */
function acknowledgedUpTo(state: State, number: number): void {
  const upTo = Math.min(number, state.next - 1)
  for (let n = Math.max(state.acknowledged + 1, state.first); n <= upTo; n++) {
    state.inFlightBytes -= state.kept[n - state.first]!.bytes
    taken(state, n - state.first)
  }
  state.acknowledged = Math.max(state.acknowledged, upTo)
}

/** For the first time this is progress, and pays. */
function taken(state: State, index: number): void {
  if (state.fates[index] !== SENT) return
  const { bytes } = state.kept[index]!
  state.fates[index] = TAKEN
  state.takenBytes += bytes
  state.budget.earn(bytes)
}

function sent(state: State, { messages, bytes }: Bundle): void {
  let againBytes = 0
  for (const [i, message] of messages.entries()) {
    const index = state.next - state.first + i
    if (state.fates[index] === UNSENT) state.fates[index] = SENT
    else againBytes += message.bytes
  }
  if (againBytes > 0) state.budget.spend(againBytes)
  state.resentBytes += againBytes
  state.next += messages.length
  state.inFlightBytes += bytes
}

function waitMs({ next, first, fates, budget }: State): number {
  return (fates[next - first] ?? UNSENT) === UNSENT ? 0 : budget.waitMs()
}

function nextBundle(state: State): Bundle | null {
  const { inFlightBytesMax, bundleBytes, bundleMessagesMax } = state.limits
  if (state.next >= end(state) || state.inFlightBytes >= inFlightBytesMax) return null
  const messages: Encoded[] = []
  let bytes = 0
  for (let n = state.next; n < end(state) && messages.length < bundleMessagesMax; n++) {
    const message = state.kept[n - state.first]!
    if (messages.length > 0 && bytes + message.bytes > bundleBytes) break
    messages.push(message)
    bytes += message.bytes
  }
  return { sequence: state.next, messages, bytes }
}
