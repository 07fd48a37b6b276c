/**
 * The sending half of a link. Messages wait until their recipient can take them, are numbered as they are sent, and are
 * kept until they are acknowledged. Those of the last steps are kept longer, for a peer that restarts.
 */
import { type Budget, createBudget } from './budget.ts'
import type { LinkLimits } from './limits.ts'

/** A message in wire form, shared by all the links that carry it. */
export interface Encoded {
  readonly step: number
  /** Fetched from the disk each time, if they are there. */
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  /** Its vector is on the disk, or will be, for as long as messages of its step are kept. It takes no memory here. */
  readonly stored: boolean
  /** A later incarnation of the peer needs it too. */
  readonly repeated: boolean
  /** It belongs to no step but to catching up, so a peer at a later step still needs it. */
  readonly timeless: boolean
  /** A peer that is past its step needs it no longer. */
  readonly onlyInStep: boolean
}

export interface Outbox {
  add(message: Encoded): void
  /** The messages to send next, as one frame; null if none are due, or too many are in flight or were sent again. */
  nextBundle(): Bundle | null
  /**
   * Begins the transfer of the next message that is too long for a frame; null if none is due, or as above. There is one
   * transfer at a time. A new connection ends it: the message is due again.
   */
  nextLong(): Encoded | null
  /** The transfer has ended. Its message, to be given a number; null if the peer no longer needs it. */
  transferred(): Bundle | null
  /** How long the next message has to wait because it was sent before; 0: not at all. */
  waitMs(): number
  /** The bundle has been handed to the transport. */
  sent(bundle: Bundle): void
  acknowledgedUpTo(number: number): void
  /** The peer is at this step. It no longer sends everything before `deliversFrom`, so it needs nothing from there. */
  peerAt(step: number, deliversFrom?: number): void
  peerStep(): number
  /** On a new connection: goes on after the last message that the peer has. */
  resumeAfter(received: number): void
  /** The peer begins anew at this step. A new incarnation has forgotten its questions and their answers. */
  resumeAt(step: number, restarted: boolean): void
  /** Forgets messages of steps before this one if they are acknowledged, or if the disk keeps them no longer. */
  forgetBefore(step: number): void
  /** Of steps before this one there is nothing to send, or no longer everything. */
  setCompleteFrom(step: number): void
  /** Everything from this step on is kept. A peer that begins anew at an earlier step cannot be served. */
  completeFrom(): number
  /** The peer's present incarnation will have everything from this step on. */
  deliversFrom(): number
  unacknowledged(): number
  /** Whether messages that the peer can take have not been sent. */
  hasDue(): boolean
  /** How many messages the peer cannot take yet. */
  withheld(): number
  kept(): Kept
  /** Nothing is kept from now on, because this side will never exchange messages with the peer again. */
  close(): void
}

/** The messages that are kept, sent or not. */
export interface Kept {
  readonly keptMessages: number
  /** In memory; includes the overhead of each message. */
  readonly keptBytes: number
  /** Bytes sent again so far. */
  readonly resentBytes: number
}

export interface Bundle {
  /** Number of the first message. */
  readonly sequence: number
  readonly messages: readonly Encoded[]
  readonly bytes: number
  readonly entries: readonly Entry[]
}

interface Entry {
  readonly message: Encoded
  /**
   * For the peer's present incarnation. `early`: it cannot take the message yet. `due`: it can. `sent`: the message is
   * in flight. `done`: the peer has taken it or no longer needs it. `dropped`: it is no longer kept.
   */
  place: 'early' | 'due' | 'sent' | 'done' | 'dropped'
  /** For all incarnations of the peer. Sending again costs from the budget; taking for the first time adds to it. */
  fate: 'unsent' | 'sent' | 'taken'
}

interface State {
  readonly limits: LinkLimits
  readonly ahead: number
  readonly budget: Budget
  /** All three lists are in the order in which messages were added. */
  kept: Entry[]
  due: Entry[]
  early: Entry[]
  /** With the numbers `acknowledged + 1`, … */
  inFlight: Entry[]
  /** Travels in pieces, and is still due. */
  transfer: Entry | null
  acknowledged: number
  inFlightBytes: number
  keptBytes: number
  takenBytes: number
  resentBytes: number
  peerStep: number
  completeFrom: number
  deliversFrom: number
  closed: boolean
}

/**
 * @param ahead how many steps ahead of its own a peer takes messages
 * @param nowMs a clock that never goes back
 */
export function createOutbox(limits: LinkLimits, ahead: number, nowMs: () => number): Outbox {
  const state: State = {
    limits,
    ahead,
    budget: createBudget(limits, nowMs, () => state.takenBytes),
    kept: [],
    due: [],
    early: [],
    inFlight: [],
    transfer: null,
    acknowledged: 0,
    inFlightBytes: 0,
    keptBytes: 0,
    takenBytes: 0,
    resentBytes: 0,
    peerStep: 1,
    completeFrom: 1,
    deliversFrom: 1,
    closed: false,
  }
  return {
    add: message => add(state, message),
    nextBundle: () => (waitMs(state) > 0 ? null : nextBundle(state)),
    nextLong: () => (waitMs(state) > 0 ? null : nextLong(state)),
    transferred: () => transferred(state),
    waitMs: () => waitMs(state),
    sent: bundle => sent(state, bundle),
    acknowledgedUpTo: number => acknowledgedUpTo(state, number),
    peerAt: (step, deliversFrom = 1) => peerAt(state, step, deliversFrom),
    peerStep: () => state.peerStep,
    resumeAfter(received) {
      acknowledgedUpTo(state, received)
      for (const entry of state.inFlight)
        if (entry.place === 'sent') entry.place = 'due'
        else if (!entry.message.timeless) lack(state, entry.message.step) // dropped meanwhile
      beginAgain(state)
    },
    resumeAt: (step, restarted) => resumeAt(state, step, restarted),
    forgetBefore(step) {
      keepOnly(state, ({ place, message }) => message.step >= step || (place !== 'done' && !message.stored))
    },
    setCompleteFrom(step) {
      state.completeFrom = Math.max(state.completeFrom, step)
      lack(state, step - 1)
    },
    completeFrom: () => state.completeFrom,
    deliversFrom: () => state.deliversFrom,
    unacknowledged: () => state.due.length + state.early.length + state.inFlight.length,
    hasDue: () => state.due.length > 0,
    withheld: () => state.early.length,
    kept: () => ({
      keptMessages: state.kept.length,
      keptBytes: state.keptBytes,
      resentBytes: state.resentBytes,
    }),
    close() {
      keepOnly(state, () => false)
      beginAgain(state)
      state.closed = true
    },
  }
}

function add(state: State, message: Encoded): void {
  if (state.closed) return
  const entry: Entry = { message, place: 'early', fate: 'unsent' }
  if (isDue(state, message)) entry.place = 'due'
  state.kept.push(entry)
  ;(entry.place === 'due' ? state.due : state.early).push(entry)
  state.keptBytes += memoryOf(state, message)
  while (state.keptBytes > state.limits.keptBytesMax && state.kept.length > 1) dropOldest(state)
}

function memoryOf({ limits }: State, { stored, bytes }: Encoded): number {
  return limits.keptOverheadBytes + (stored ? 0 : bytes)
}

function isDue({ peerStep, ahead }: State, { step, timeless }: Encoded): boolean {
  return timeless || step <= peerStep + ahead
}

/** The peer has not answered for too long. It is told of the gap, and will catch up. */
function dropOldest(state: State): void {
  const { due, early } = state
  drop(state, state.kept.shift()!)
  if (due[0]?.place === 'dropped') due.shift()
  if (early[0]?.place === 'dropped') early.shift()
}

function drop(state: State, entry: Entry): void {
  const { step, timeless } = entry.message
  if (!timeless) {
    state.completeFrom = Math.max(state.completeFrom, step + 1)
    if (entry.place === 'early' || entry.place === 'due') lack(state, step)
  }
  discard(state, entry)
}

/** The peer's present incarnation will not have everything of this step. */
function lack(state: State, step: number): void {
  state.deliversFrom = Math.max(state.deliversFrom, step + 1)
}

function discard(state: State, entry: Entry): void {
  const { bytes } = entry.message
  entry.place = 'dropped'
  state.keptBytes -= memoryOf(state, entry.message)
  if (entry.fate === 'taken') state.takenBytes -= bytes
}

function keepOnly(state: State, isKept: (entry: Entry) => boolean): void {
  // Two hundred peers have forty thousand outboxes, most of which have nothing to forget: they are only looked at.
  const forgotten = state.kept.filter(entry => !isKept(entry))
  if (forgotten.length === 0) return
  const wait = forgotten.some(({ place }) => place === 'due' || place === 'early')
  for (const entry of forgotten) drop(state, entry)
  state.kept = state.kept.filter(({ place }) => place !== 'dropped')
  if (wait) sortOut(state)
}

/** Rebuilds the lists of waiting messages, in the order in which they were added. */
function sortOut(state: State): void {
  state.due = state.kept.filter(({ place }) => place === 'due')
  state.early = state.kept.filter(({ place }) => place === 'early')
}

/** Nothing is in flight any more. The next number follows the last acknowledged one. */
function beginAgain(state: State): void {
  state.inFlight = []
  state.inFlightBytes = 0
  // It was sent in part, so sending it again costs.
  if (state.transfer?.fate === 'unsent') state.transfer.fate = 'sent'
  state.transfer = null
  sortOut(state)
}

/** Within one incarnation a peer never goes back. */
function peerAt(state: State, step: number, deliversFrom: number): void {
  let changed = false
  if (step > state.peerStep) {
    state.peerStep = step
    for (const entry of state.early)
      if (isDue(state, entry.message)) {
        entry.place = 'due'
        changed = true
      }
  }
  const needsFrom = Math.min(step, deliversFrom)
  for (const entry of needsFrom > 1 ? [...state.due, ...state.early] : [])
    if (!entry.message.timeless && entry.message.step < needsFrom) {
      entry.place = 'done'
      changed = true
    }
  if (changed) sortOut(state)
}

function resumeAt(state: State, step: number, restarted: boolean): void {
  if (restarted) {
    for (const entry of state.kept) if (!entry.message.repeated) discard(state, entry)
    state.kept = state.kept.filter(({ place }) => place !== 'dropped')
  }
  state.acknowledged += state.inFlight.length
  state.peerStep = step
  state.deliversFrom = state.completeFrom
  // A peer may pass on to slower ones what it hears of past steps. Those that are further behind than this catch up.
  const past = state.ahead + 1
  for (const entry of state.kept) {
    const { timeless, onlyInStep } = entry.message
    const isNeeded = timeless || entry.message.step >= (onlyInStep ? step : step - past)
    if (!isNeeded) entry.place = 'done'
    else entry.place = isDue(state, entry.message) ? 'due' : 'early'
  }
  beginAgain(state)
}

/** Only sent messages can have been taken, whatever the peer says. */
function acknowledgedUpTo(state: State, number: number): void {
  const count = Math.min(number - state.acknowledged, state.inFlight.length)
  if (count <= 0) return
  for (const entry of state.inFlight.splice(0, count)) {
    state.acknowledged++
    state.inFlightBytes -= entry.message.bytes
    if (entry.place === 'sent') taken(state, entry)
  }
}

/** The first time that a message is taken is progress, and adds to the budget. */
function taken(state: State, entry: Entry): void {
  entry.place = 'done'
  if (entry.fate !== 'sent') return
  entry.fate = 'taken'
  state.takenBytes += entry.message.bytes
  state.budget.earn(entry.message.bytes)
}

function sent(state: State, { entries, bytes }: Bundle): void {
  charge(
    state,
    entries.filter(entry => entry !== state.transfer), // which was paid for when it began
  )
  for (const entry of entries) {
    if (entry === state.transfer) state.transfer = null
    if (entry.fate === 'unsent') entry.fate = 'sent'
    entry.place = 'sent'
    state.inFlight.push(entry)
  }
  if (entries.length === state.due.length) state.due.length = 0
  else state.due = state.due.filter(({ place }) => place === 'due')
  state.inFlightBytes += bytes
}

/** These are about to be sent. */
function charge(state: State, entries: readonly Entry[]): void {
  let againBytes = 0
  for (const { fate, message } of entries) if (fate !== 'unsent') againBytes += message.bytes
  if (againBytes > 0) state.budget.spend(againBytes)
  state.resentBytes += againBytes
}

function waitMs({ due, budget, transfer }: State): number {
  const [first] = due
  return first === undefined || first === transfer || first.fate === 'unsent' ? 0 : budget.waitMs()
}

/** Long messages are left out: others pass by them. */
function nextBundle(state: State): Bundle | null {
  const { inFlightBytesMax, bundleBytes, bundleMessagesMax, wholeBytesMax } = state.limits
  if (state.inFlightBytes >= inFlightBytesMax) return null
  const entries: Entry[] = []
  let bytes = 0
  for (const entry of state.due) {
    if (entry.message.bytes > wholeBytesMax) continue
    if (entries.length >= bundleMessagesMax) break
    if (entries.length > 0 && bytes + entry.message.bytes > bundleBytes) break
    entries.push(entry)
    bytes += entry.message.bytes
  }
  return entries.length === 0 ? null : bundleOf(state, entries, bytes)
}

function bundleOf({ acknowledged, inFlight }: State, entries: readonly Entry[], bytes: number): Bundle {
  return {
    sequence: acknowledged + inFlight.length + 1,
    messages: entries.map(({ message }) => message),
    bytes,
    entries,
  }
}

function nextLong(state: State): Encoded | null {
  const { inFlightBytesMax, wholeBytesMax } = state.limits
  if (state.inFlightBytes >= inFlightBytesMax) return null
  const next = state.due.find(({ message }) => message.bytes > wholeBytesMax)
  if (next === undefined) return null
  charge(state, [next])
  state.transfer = next
  return next.message
}

function transferred(state: State): Bundle | null {
  const { transfer } = state
  if (transfer?.place === 'due') return bundleOf(state, [transfer], transfer.message.bytes)
  state.transfer = null
  return null
}
