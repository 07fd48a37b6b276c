/**
 * What one link has to send: numbered messages, kept until they are acknowledged and, of the last steps, longer, for
 * a peer that restarts.
 */
import type { LinkLimits } from './limits.ts'

/** A message in wire form, shared by all the links that carry it. */
export interface Encoded {
  readonly step: number
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  /** A life that has taken it needs it no more, wherever it goes on: questions, answers, proofs. */
  readonly once?: boolean
  /** It answers a question: of no use to a later life of the peer, which has not asked. */
  readonly answers?: boolean
  /** It is about no step (catching up): a peer that is further on needs it all the same. */
  readonly timeless?: boolean
}

export interface Outbox {
  add(message: Encoded): void
  /** The messages that may be sent next, as one frame; null where there are none or enough are in flight. */
  nextBundle(): Bundle | null
  /** The bundle has been handed to the transport. */
  sent(bundle: Bundle): void
  acknowledgedUpTo(number: number): void
  /** On a new connection: goes on after the last message that the peer has. */
  resumeAfter(received: number): void
  /**
   * The peer begins anew: everything kept of this step and later. In a new life it has forgotten what it asked and was
   * told; in the same one it has not.
   */
  resumeAt(step: number, reborn: boolean): void
  /** Forgets acknowledged messages of steps before this one. */
  forgetBefore(step: number): void
  /** Of steps before this there is nothing to say, or not all of it any more. */
  silentBefore(step: number): void
  /** The last step of which not everything is kept; 0: none. Who needs that step cannot be served. */
  forgottenStep(): number
  unacknowledged(): number
  keptBytes(): number
}

export interface Bundle {
  /** Number of the first message. */
  readonly sequence: number
  readonly messages: readonly Encoded[]
  readonly bytes: number
}

interface State {
  readonly limits: LinkLimits
  kept: Encoded[]
  keptBytes: number
  /** Number of `kept[0]`; numbers begin at 1. */
  first: number
  /** The next number to send on this connection. */
  next: number
  acknowledged: number
  inFlightBytes: number
  forgottenStep: number
}

export function createOutbox(limits: LinkLimits): Outbox {
  const state: State = {
    limits,
    kept: [],
    keptBytes: 0,
    first: 1,
    next: 1,
    acknowledged: 0,
    inFlightBytes: 0,
    forgottenStep: 0,
  }
  return {
    add(message) {
      state.kept.push(message)
      state.keptBytes += message.bytes
      while (state.keptBytes > limits.keptBytesMax && state.kept.length > 1) dropOldest(state)
    },
    nextBundle: () => nextBundle(state),
    sent({ messages, bytes }) {
      state.next += messages.length
      state.inFlightBytes += bytes
    },
    acknowledgedUpTo: number => acknowledgedUpTo(state, number),
    resumeAfter(received) {
      state.next = Math.min(Math.max(state.first, received + 1), end(state))
      state.acknowledged = state.next - 1
      state.inFlightBytes = 0
    },
    resumeAt(step, reborn) {
      if (reborn) keepOnly(state, ({ answers }) => answers !== true)
      else keepOnly(state, ({ once }, number) => once !== true || number > state.acknowledged)
      const index = state.kept.findIndex(message => message.step >= step || message.timeless === true)
      state.next = index < 0 ? end(state) : state.first + index
      state.acknowledged = state.next - 1
      state.inFlightBytes = 0
    },
    forgetBefore(step) {
      while (state.kept.length > 0 && state.first <= state.acknowledged && state.kept[0]!.step < step) {
        dropFirst(state)
      }
    },
    silentBefore(step) {
      state.forgottenStep = Math.max(state.forgottenStep, step - 1)
    },
    forgottenStep: () => state.forgottenStep,
    unacknowledged: () => end(state) - 1 - state.acknowledged,
    keptBytes: () => state.keptBytes,
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
  state.keptBytes -= dropped.bytes
  state.first++
  if (dropped.timeless !== true) state.forgottenStep = Math.max(state.forgottenStep, dropped.step)
  return dropped
}

/** Numbers may shift, as the peer has forgotten those that it has heard. */
function keepOnly(state: State, isKept: (message: Encoded, number: number) => boolean): void {
  state.kept = state.kept.filter((message, i) => isKept(message, state.first + i))
  state.keptBytes = state.kept.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** What has not been sent cannot have been taken, whatever the peer says. */
function acknowledgedUpTo(state: State, number: number): void {
  const upTo = Math.min(number, state.next - 1)
  for (let n = Math.max(state.acknowledged + 1, state.first); n <= upTo; n++)
    state.inFlightBytes -= state.kept[n - state.first]!.bytes
  state.acknowledged = Math.max(state.acknowledged, upTo)
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
