/**
 * The witness technique: one exchange of vectors in which any two honest peers see q in common
 * (Abraham, Amit, Dolev 2004; collaborative-learning, §6, with q = n − f).
 *
 * Every peer reliably broadcasts its vector. After delivering q of them it reports their authors to all. A report is
 * accepted once every vector that it lists has been delivered here, and its sender is then a witness. With w witnesses,
 * w = max{q, ⌈(n + f + 1)/2⌉}, all vectors delivered by now are the exchange's result.
 *
 * Why: two honest peers with w witnesses each share at least 2w − n ≥ f + 1 of them. One of those is honest and
 * reported the same q authors to both. Agreement of the broadcasts makes the vectors equal.
 */
import { type Broadcast, type BroadcastOutput, createBroadcast } from './broadcast.ts'
import type { Exchange, Message, Sealed, SigningLedger, Slot } from './message.ts'
import {
  absorb,
  type Effects,
  type EffectsBuilder,
  newEffects,
  type PeerIndex,
  type Protocol,
} from './protocol.ts'
import { newSharedBytes, type SharedBytes } from './shared-bytes.ts'
import { honestCount, witnessThreshold } from './thresholds.ts'
import type { Vector } from './vector.ts'

/** One exchange among `n` peers with at most `f` faulty, of vectors of `d` coordinates. */
export interface WitnessedExchangeOptions {
  readonly exchange: Exchange
  readonly self: PeerIndex
  readonly peers: number
  readonly maxFaulty: number
  /** `q`: how many vectors a report lists; absent: `n − f`. */
  readonly quorum?: number
  readonly dimension: number
  readonly ledger: SigningLedger
  /** Authors send the digests of their vectors, and the vectors to those who lack them; absent: always the vectors. */
  readonly byDigest?: boolean
}

/** What the driver tells the protocol: its own vector, timers that have run out, and peers that have restarted. */
export type WitnessedExchangeInput =
  | { readonly kind: 'vector'; readonly vector: Vector }
  | { readonly kind: 'timer'; readonly slot: Slot }
  /** The peer may ask again for what it was given before. */
  | { readonly kind: 'restarted'; readonly peer: PeerIndex }

/** What the protocol tells its driver. */
export type WitnessedExchangeOutput =
  | BroadcastOutput
  /** The vectors seen, by author, ascending. Once only. */
  | { readonly kind: 'exchanged'; readonly delivered: readonly (readonly [PeerIndex, Sealed])[] }

/** The exchange at one peer, as a state machine. */
export type WitnessedExchange = Protocol<WitnessedExchangeInput, Message, WitnessedExchangeOutput>

type Builder = EffectsBuilder<Message, WitnessedExchangeOutput>

interface State {
  readonly options: WitnessedExchangeOptions
  readonly broadcasts: readonly Broadcast[]
  readonly bytes: SharedBytes | undefined
  readonly delivered: Map<PeerIndex, Sealed>
  readonly reports: Map<PeerIndex, readonly PeerIndex[]>
  readonly witnesses: Set<PeerIndex>
  reported: boolean
  done: boolean
}

/** The exchange at one peer. Guarantees need `n ≥ 3f + 1`; nothing here checks it. */
export function createWitnessedExchange(options: WitnessedExchangeOptions): WitnessedExchange {
  const { exchange, self, peers, maxFaulty, dimension, ledger, byDigest = false } = options
  const bytes = byDigest ? newSharedBytes() : undefined
  const broadcasts = Array.from({ length: peers }, (_, sender) =>
    createBroadcast({
      slot: { ...exchange, sender },
      self,
      peers,
      maxFaulty,
      dimension,
      ledger,
      ...(bytes && { bytes }),
    }),
  )
  const state: State = {
    options,
    broadcasts,
    bytes,
    delivered: new Map(),
    reports: new Map(),
    witnesses: new Set(),
    reported: false,
    done: false,
  }
  return {
    input(value) {
      const step: Builder = newEffects()
      if (value.kind === 'vector') run(state, step, self, broadcast => broadcast.input(value))
      else if (value.kind === 'timer')
        run(state, step, value.slot.sender, broadcast => broadcast.input({ kind: 'timer' }))
      else for (const broadcast of broadcasts) consume(state, step, broadcast.input(value))
      return step
    },
    receive(from, message) {
      const step: Builder = newEffects()
      const { sender } = message.slot
      if (!Number.isInteger(sender) || sender < 0 || sender >= peers)
        step.faults.push({ peer: from, kind: 'out-of-range', slot: message.slot })
      else if (message.kind === 'report') receiveReport(state, step, from, message.slot, message.peers)
      else run(state, step, sender, broadcast => broadcast.receive(from, message))
      return step
    },
  }
}

/** Lets one broadcast act, and then the others on the vectors that it has brought. */
function run(
  state: State,
  step: Builder,
  author: PeerIndex,
  act: (broadcast: Broadcast) => Effects<Message, BroadcastOutput>,
): void {
  const { broadcasts, bytes } = state
  const before = bytes?.held.size
  consume(state, step, act(broadcasts[author]!))
  if (bytes === undefined || bytes.held.size === before) return
  for (const [other, broadcast] of broadcasts.entries())
    if (other !== author) consume(state, step, broadcast.input({ kind: 'shared' }))
}

function consume(state: State, step: Builder, child: Effects<Message, BroadcastOutput>): void {
  for (const output of absorb(step, child)) {
    step.outputs.push(output)
    if (output.kind !== 'delivered') continue
    state.delivered.set(output.slot.sender, output.sealed)
    report(state, step)
    for (const [peer, listed] of state.reports) if (!state.witnesses.has(peer)) accept(state, peer, listed)
  }
  finish(state, step)
}

/** After q deliveries, and only then, reports their authors. */
function report(state: State, step: Builder): void {
  const { exchange, self, peers, maxFaulty, quorum = honestCount(peers, maxFaulty), ledger } = state.options
  if (state.reported || state.delivered.size < quorum) return
  state.reported = true
  const slot = { ...exchange, sender: self }
  const authors = [...state.delivered.keys()].sort((a, b) => a - b)
  const bound = ledger.bind('report', slot, authors.join(' '))
  const listed = bound.split(' ').map(Number)
  state.reports.set(self, listed)
  if (bound === authors.join(' '))
    step.messages.push({ to: 'others', message: { kind: 'report', slot, peers: listed } })
}

function receiveReport(
  state: State,
  step: Builder,
  from: PeerIndex,
  slot: Slot,
  listed: readonly PeerIndex[],
): void {
  if (slot.sender !== from) {
    step.faults.push({ peer: from, kind: 'wrong-author', slot })
    return
  }
  if (!wellFormed(state, listed)) {
    step.faults.push({ peer: from, kind: 'bad-report', slot })
    return
  }
  const earlier = state.reports.get(from)
  if (earlier !== undefined) {
    if (earlier.join() !== listed.join()) step.faults.push({ peer: from, kind: 'conflicting-vote', slot })
    return
  }
  state.reports.set(from, listed)
  accept(state, from, listed)
  finish(state, step)
}

/** At least q authors, ascending, each once, all members. */
function wellFormed(state: State, listed: readonly PeerIndex[]): boolean {
  const { peers, maxFaulty, quorum = honestCount(peers, maxFaulty) } = state.options
  if (listed.length < quorum || listed.length > peers) return false
  return listed.every(
    (peer, i) => Number.isInteger(peer) && peer >= 0 && peer < peers && (i === 0 || peer > listed[i - 1]!),
  )
}

function accept(state: State, peer: PeerIndex, listed: readonly PeerIndex[]): void {
  if (listed.every(author => state.delivered.has(author))) state.witnesses.add(peer)
}

function finish(state: State, step: Builder): void {
  const { peers, maxFaulty, quorum } = state.options
  if (state.done || state.witnesses.size < witnessThreshold(peers, maxFaulty, quorum)) return
  state.done = true
  step.outputs.push({ kind: 'exchanged', delivered: [...state.delivered].sort(([a], [b]) => a - b) })
}
