/**
 * What a peer has bound itself to, kept across crashes: at most one vector, one vote of each kind and one report per
 * slot, ever (docs/architecture.md, "What always holds").
 *
 * A message that binds the peer is appended and synced before it is sent. After a restart the journal gives the same
 * answers to the protocol and the same messages to the links. A checkpoint after each LEARN step says where to go on;
 * records from before the window are then forgotten. If the log lost something that was synced (journal-memory.ts),
 * none of it is used: in the steps in which it may have spoken, this peer says nothing that binds it.
 */
import {
  type BoundMessage,
  type Commitment,
  contentOf,
  isBound,
  isLater,
  type Message,
  type MessageOf,
  messageTraits,
  type Sealed,
  type SigningLedger,
  type Slot,
  slotKey,
  traitsOf,
} from '../../agreement/message.ts'
import type { Evidence, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnState } from '../../learning/learn-contract.ts'
import { encodeMessage } from '../codec/index.ts'
import type { Frame, Storage } from '../ports.ts'
import { digestOf } from '../signatures/digest.ts'
import { createJournalLog, type JournalLog, type Numbered, noLog } from './journal-log.ts'
import { type Memory, recall } from './journal-memory.ts'
import {
  encodeCheckpoint,
  encodeCommitment,
  encodeCompleteFrom,
  encodeSeen,
  type RecordLimits,
} from './journal-records.ts'

export interface Journal extends SigningLedger {
  /** The state of the last run, or null at the first start. */
  readonly recovered: LearnState | null
  /**
   * Remembers that another peer signed this, if it is that peer's newest. The next checkpoint keeps it for the next
   * incarnation. A peer whose memory may be older is told.
   */
  saw(slot: Slot, commitment: Commitment): void
  /** The newest that each other peer was seen to sign, in the form of a vote. */
  readonly seen: () => readonly MessageOf<'echo'>[]
  /** False if this peer can have signed a vector for the slot only if it has forgotten that. */
  remembers(slot: Slot): boolean
  /** Forgets everything, because it is an older copy. The peer says nothing more that binds it before this step. */
  outdated(completeFrom: number): void
  /** What was lost since the last run, as a sentence; null: nothing. */
  readonly lost: string | null
  /** This peer's parameters of the last steps, by step, ascending: others may need them to catch up. */
  readonly past: ReadonlyMap<number, Vector>
  /**
   * The first of the steps up to this one from which on this peer has spoken in each step and knows all that it said.
   * Before that step it was not there, or may have said something that it no longer knows.
   */
  readonly completeFrom: (step: number) => number
  /** This peer's messages for slots that are still open, in the order in which they were first sent. */
  readonly messages: () => readonly Message[]
  /**
   * Appends a message that is about to be sent, if it binds this peer. False: it must not be sent, because this peer
   * has lost its memory of that step.
   * @param encoded the message in wire form, if the caller has it
   */
  record(message: Message, encoded?: Frame): boolean
  /**
   * Keeps the vector of another peer that this one is about to echo. A peer that counts on the echo may ask for the
   * vector, also after a restart, and the author may not answer.
   */
  keep(message: Kept): void
  /** The vectors kept, as their authors sent them. */
  kept(): readonly Kept[]
  /** The proofs that others equivocate, as they were shown to everyone. */
  readonly proofs: () => readonly Evidence[]
  /** Whether anything was recorded since the last sync. */
  dirty(): boolean
  sync(done: (error?: Error) => void): void
  /** Records the state after a step, and forgets what no peer can ask for any more. */
  checkpoint(state: LearnState, forgetBefore: number): void
}

interface JournalOptions extends RecordLimits {
  /** Null keeps everything in memory only: a restarted peer is then a new one. */
  readonly storage: Storage | null
  readonly sign: (slot: Slot, digest: string) => Uint8Array
  /** Steps between two compactions of the log. */
  readonly compactEverySteps: number
}

export type Kept = MessageOf<'vector' | 'payload'>
type Proof = MessageOf<'evidence'>

interface State {
  readonly options: JournalOptions
  readonly log: JournalLog
  /** In the steps before this one this peer may have said something that it no longer knows. */
  completeFrom: number
  /** What it signed in the steps before this one is no longer kept. */
  forgottenBefore: number
  /** What this peer has said, by kind and slot. */
  readonly said: Map<string, BoundMessage>
  readonly sealed: Map<string, Sealed>
  /** Votes and reports as they were bound, by kind and slot, whether they have been sent or not. */
  readonly votes: Map<string, string>
  readonly kept: Map<string, Kept>
  /** By accused peer. One proof is enough, and is never forgotten. */
  readonly proofs: Map<PeerIndex, Proof>
  readonly past: Map<number, Vector>
  readonly seen: Map<PeerIndex, MessageOf<'echo'>>
  /** Whose newest is not in the log yet. */
  readonly unsaved: Set<PeerIndex>
  /** The newest step in which this peer has bound itself. */
  newest: number
  sinceCompaction: number
}

export function createJournal(options: JournalOptions): Journal {
  const { storage, sign } = options
  const memory = storage === null ? NO_MEMORY : recall(storage, options)
  const { recovered, past } = placesIn(memory)
  const state: State = {
    options,
    log: storage === null ? noLog : createJournalLog(storage, memory),
    completeFrom: memory.completeFrom,
    forgottenBefore: 1,
    said: new Map(),
    sealed: new Map(),
    votes: new Map(),
    kept: new Map(),
    proofs: new Map(),
    past,
    seen: new Map(),
    unsaved: new Set(),
    newest: memory.step,
    sinceCompaction: 0,
  }
  for (const record of memory.records)
    if (record.kind === 'message') recollect(state, record.message)
    else if (record.kind === 'seen') state.seen.set(record.echo.slot.sender, record.echo)
  const { log, said, sealed, votes, kept, proofs } = state
  return {
    recovered,
    lost: memory.lost,
    past,
    completeFrom: step => Math.max(state.completeFrom, spokenFrom(state, step)),
    saw: (slot, commitment) => see(state, slot, commitment),
    seen: () => [...state.seen.values()],
    remembers: slot =>
      slot.step < Math.max(state.completeFrom, state.forgottenBefore) || said.has(`vector ${slotKey(slot)}`),
    outdated: completeFrom => forgetAll(state, completeFrom),
    messages: () => [...said.values()].filter(message => isRepeated(state, message)),
    seal(slot, vector) {
      const key = slotKey(slot)
      let own = sealed.get(key)
      if (own === undefined) {
        const digest = digestOf(vector)
        own = { vector, digest, signature: sign(slot, digest) }
        sealed.set(key, own)
      }
      return own
    },
    sealedFor: slot => sealed.get(slotKey(slot)) ?? null,
    bind(kind, slot, value) {
      const key = `${kind} ${slotKey(slot)}`
      const bound = votes.get(key) ?? value
      votes.set(key, bound)
      return bound
    },
    record: (message, encoded) => record(state, message, encoded),
    keep({ slot, sealed: other }) {
      if (storage === null || kept.has(slotKey(slot))) return
      const message: Kept = { kind: 'payload', slot, sealed: other }
      kept.set(slotKey(slot), message)
      log.append(recordOf(message))
    },
    kept: () => [...kept.values()],
    proofs: () => [...proofs.values()],
    dirty: () => log.dirty(),
    sync: done => log.sync(state.newest, done),
    checkpoint: (learnt, forgetBefore) => checkpoint(state, learnt, forgetBefore),
  }
}

const NO_MEMORY: Memory = { records: [], entries: 0, step: 0, completeFrom: 1, lost: null }

/** The state to go on from, and this peer's parameters by step, ascending, because others are told the oldest step. */
function placesIn({ records }: Memory): { recovered: LearnState | null; past: Map<number, Vector> } {
  const states = records.flatMap(record => (record.kind === 'checkpoint' ? [record.state] : []))
  const ascending = states.toSorted((a, b) => a.step - b.step)
  return {
    recovered: ascending.at(-1) ?? null,
    past: new Map(ascending.map(({ step, parameters }) => [step, parameters])),
  }
}

/**
 * Parameters for a peer that catches up are left out: they are for that peer only, and it asks again. So are vectors of
 * which this peer gave the digest.
 */
function isRepeated({ said }: State, message: BoundMessage): boolean {
  const isByDigest = message.kind === 'vector' && said.has(`digest ${slotKey(message.slot)}`)
  return traitsOf(message).repeated && !isByDigest
}

/** Takes in a message that an earlier incarnation recorded. */
function recollect(state: State, message: Message): void {
  if (message.kind === 'payload') state.kept.set(slotKey(message.slot), message)
  else if (message.kind === 'evidence') state.proofs.set(message.slot.sender, message)
  else if (isBound(message)) remember(state, message)
}

function remember({ said, sealed, votes }: State, message: BoundMessage): void {
  const key = slotKey(message.slot)
  said.set(`${message.kind} ${key}`, message)
  if (message.kind === 'vector') sealed.set(key, message.sealed)
  else if (message.kind !== 'digest') votes.set(`${message.kind} ${key}`, contentOf(message))
}

function see({ seen, unsaved, options }: State, slot: Slot, { digest, signature }: Commitment): void {
  const before = seen.get(slot.sender)
  if (before !== undefined && !isLater(slot, before.slot)) return
  seen.set(slot.sender, { kind: 'echo', slot, digest, signature })
  if (options.storage !== null) unsaved.add(slot.sender)
}

function record(state: State, message: Message, encoded?: Frame): boolean {
  const { said, proofs, log, completeFrom } = state
  const { kind, slot } = message
  const append = () => log.append(recordOf(message, encoded))
  if (kind === 'evidence') {
    if (proofs.has(slot.sender)) return true
    proofs.set(slot.sender, message)
    append()
    return true
  }
  // A kept payload binds this peer too if it is a vector of its own.
  if (slot.step < completeFrom && messageTraits[kind].durable !== 'never') return false
  if (!isBound(message) || said.has(`${kind} ${slotKey(slot)}`)) return true
  if (kind === 'digest') recordVectorOf(state, message)
  remember(state, message)
  state.newest = Math.max(state.newest, slot.step)
  append()
  return true
}

/** A digest is recorded behind its vector: a peer that knows the digest may ask for the vector, also after a crash. */
function recordVectorOf(state: State, { slot, digest }: MessageOf<'digest'>): void {
  const sealed = state.sealed.get(slotKey(slot))
  if (sealed?.digest !== digest) return // the lie of a faulty peer, which keeps no ledger
  record(state, { kind: 'vector', slot, sealed })
}

const checkpointOf =
  (state: LearnState): Numbered =>
  entry =>
    encodeCheckpoint(state, entry)

const recordOf =
  (message: Message, encoded = encodeMessage(message)): Numbered =>
  entry =>
    encodeCommitment(encoded, entry)

/** The first step of the unbroken run, up to this step, in which this peer has sent a vector in every step. */
function spokenFrom({ said }: State, step: number): number {
  const spoken = new Set<number>()
  for (const { kind, slot } of said.values())
    if (kind === 'vector' && slot.phase !== 'state') spoken.add(slot.step)
  let first = step
  while (spoken.has(first - 1)) first--
  return first
}

function checkpoint(state: State, learnt: LearnState, forgetBefore: number): void {
  const { said, sealed, votes, kept, past, log, options } = state
  for (const map of [said, sealed, votes, kept]) forget(map, forgetBefore)
  state.forgottenBefore = Math.max(state.forgottenBefore, forgetBefore)
  for (const step of past.keys()) if (step < forgetBefore) past.delete(step)
  if (options.storage === null) return
  state.sinceCompaction++
  if (state.sinceCompaction < options.compactEverySteps) {
    for (const peer of state.unsaved) log.append(seenOf(state.seen.get(peer)!))
    log.append(checkpointOf(learnt))
  } else {
    state.sinceCompaction = 0
    compact(state, learnt, forgetBefore)
  }
  state.unsaved.clear()
  past.set(learnt.step, learnt.parameters)
}

/** The log forgets the older copy too, so that the next incarnation does not go on from it. */
function forgetAll(state: State, completeFrom: number): void {
  const { said, kept, past, seen, proofs, log } = state
  state.completeFrom = Math.max(state.completeFrom, completeFrom)
  state.newest = Math.max(state.newest, state.completeFrom - 1)
  for (const map of [said, kept, past]) map.clear()
  log.rewrite(beginningOf(state), [
    ...[...proofs.values()].map(message => recordOf(message)),
    ...[...seen.values()].map(seenOf),
  ])
}

const seenOf =
  (echo: MessageOf<'echo'>): Numbered =>
  entry =>
    encodeSeen(encodeMessage(echo), entry)

const beginningOf =
  ({ completeFrom }: State): Numbered =>
  entry =>
    encodeCompleteFrom(completeFrom, entry)

/** Replaces the log with the records that are still of use. */
function compact(state: State, learnt: LearnState, from: number) {
  const { said, kept, proofs, past, seen, completeFrom, log } = state
  const earlier = [...past].filter(([step]) => step !== learnt.step)
  log.rewrite(checkpointOf(learnt), [
    ...(completeFrom > Math.max(1, from) ? [beginningOf(state)] : []),
    ...earlier.map(([step, parameters]) => checkpointOf({ step, parameters, momentum: null })),
    ...[...proofs.values(), ...kept.values(), ...said.values()].map(message => recordOf(message)),
    ...[...seen.values()].map(seenOf),
  ])
}

/** Drops the entries of earlier steps; keys are `[kind ]step/phase/iteration/sender`. */
function forget(map: Map<string, unknown>, before: number): void {
  for (const key of map.keys())
    if (Number.parseInt(key.slice(key.indexOf(' ') + 1), 10) < before) map.delete(key)
}
