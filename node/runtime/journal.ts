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
  type Slot,
  slotKey,
  traitsOf,
} from '../../agreement/message.ts'
import type { PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnState } from '../../learning/learn-contract.ts'
import { encodeMessage, precisionOf } from '../codec/index.ts'
import type { Frame } from '../ports.ts'
import { sealed as sealedBy } from '../signatures/index.ts'
import { type Checkpoints, createCheckpoints } from './journal-checkpoints.ts'
import type { Journal, JournalOptions, Kept } from './journal-contract.ts'
import { createJournalLog, type JournalLog, type Numbered, noLog } from './journal-log.ts'
import { type Memory, recall, vectorsIn } from './journal-memory.ts'
import {
  encodeCommitment,
  encodeCompleteFrom,
  encodeSeen,
  encodeVectorAt,
  type JournalRecord,
} from './journal-records.ts'
import { createJournalVectors, type JournalVectors } from './journal-vectors.ts'
import { lengthOf, movable, onDisk } from './movable.ts'

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
  readonly checkpoints: Checkpoints
  /** Null: vectors stand in the records. */
  readonly vectors: JournalVectors | null
  readonly seen: Map<PeerIndex, MessageOf<'echo'>>
  /** Whose newest is not in the log yet. */
  readonly unsaved: Set<PeerIndex>
  /** The newest step in which this peer has bound itself. */
  newest: number
  sinceCompaction: number
}

export function createJournal(options: JournalOptions): Journal {
  const { state, lost } = open(options)
  const { storage } = options
  const { log, said, votes, kept, proofs, checkpoints, vectors } = state
  return {
    get recovered() {
      return checkpoints.recovered
    },
    lost,
    history: checkpoints.history,
    completeFrom: step => Math.max(state.completeFrom, spokenFrom(state, step)),
    saw: (slot, commitment) => see(state, slot, commitment),
    seen: () => [...state.seen.values()],
    remembers: slot =>
      slot.step < Math.max(state.completeFrom, state.forgottenBefore) ||
      // A liar says digests of vectors that it has not sealed.
      said.has(`vector ${slotKey(slot)}`) ||
      said.has(`digest ${slotKey(slot)}`),
    outdated: completeFrom => forgetAll(state, completeFrom),
    messages: () => [...said.values()].filter(message => isRepeated(state, message)),
    seal: (slot, vector) => seal(state, slot, vector),
    sealedFor: slot => state.sealed.get(slotKey(slot)) ?? null,
    bind(kind, slot, value) {
      const key = `${kind} ${slotKey(slot)}`
      const bound = votes.get(key) ?? value
      votes.set(key, bound)
      return bound
    },
    record: (message, encoded) => record(state, message, encoded),
    keep({ slot, sealed: other }) {
      if (storage === null) return
      const before = kept.get(slotKey(slot))
      if (before !== undefined) {
        // After a restart the vector comes again.
        if (before.sealed.digest === other.digest) vectors?.moveOut(other)
        return
      }
      const message: Kept = { kind: 'payload', slot, sealed: other }
      kept.set(slotKey(slot), message)
      append(state, message)
    },
    holding(message) {
      if (vectors === null || !isLong(state, message)) return message
      return { ...message, sealed: movable(message.sealed) }
    },
    kept: () => [...kept.values()],
    proofs: () => [...proofs.values()],
    dirty: () => log.dirty(),
    sync(done) {
      const settled = vectors?.syncing()
      log.sync(state.newest, error => {
        if (error === undefined) settled?.()
        done(error)
      })
    },
    checkpoint: (learnt, forgetBefore) => checkpoint(state, learnt, forgetBefore),
  }
}

/** Takes in what earlier incarnations recorded. */
function open(options: JournalOptions): { readonly state: State; readonly lost: string | null } {
  const { storage, limits, near = 2, failed = () => {} } = options
  const { dimension } = limits
  const places = storage?.vectors?.(4 * dimension) ?? null
  const memory = storage === null ? NO_MEMORY : recall(storage, options, places)
  const vectors = places === null ? null : createJournalVectors(places, dimension, near, failed)
  const standing = vectorsIn(memory.records)
  places?.take(new Set(standing.map(({ place }) => place)))
  for (const at of standing) vectors?.adopt(at)
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
    checkpoints: createCheckpoints(memory.records, vectors),
    vectors,
    seen: new Map(),
    unsaved: new Set(),
    newest: memory.step,
    sinceCompaction: 0,
  }
  for (const record of memory.records) recollect(state, record)
  return { state, lost: memory.lost }
}

function seal({ sealed, vectors, options }: State, slot: Slot, vector: Vector): Sealed {
  const key = slotKey(slot)
  const bound = sealed.get(key)
  if (bound !== undefined) return bound
  const plain = sealedBy(options.sign, slot, vector, precisionOf(slot.phase, options.limits))
  const isLong = vectors !== null && vector.length === options.limits.dimension
  const own = isLong ? movable(plain) : plain
  sealed.set(key, own)
  return own
}

const NO_MEMORY: Memory = { records: [], entries: 0, step: 0, completeFrom: 1, lost: null }

/**
 * Parameters for a peer that catches up are left out: they are for that peer only, and it asks again. So are vectors of
 * which this peer gave the digest.
 */
function isRepeated({ said }: State, message: BoundMessage): boolean {
  const isByDigest = message.kind === 'vector' && said.has(`digest ${slotKey(message.slot)}`)
  return traitsOf(message).repeated && !isByDigest
}

/** Takes in what an earlier incarnation recorded. */
function recollect(state: State, record: JournalRecord): void {
  if (record.kind === 'seen') state.seen.set(record.echo.slot.sender, record.echo)
  else if (record.kind === 'vector-at') {
    const { own, echo } = record
    const { slot, digest, signature } = echo
    const { limits } = state.options
    const precision = precisionOf(slot.phase, limits)
    const sealed = onDisk(
      { digest, signature, isSound: true, ...(precision !== 'f32' && { precision }) },
      limits.dimension,
      () => state.vectors!.load(digest),
    )
    recollectMessage(state, { kind: own ? 'vector' : 'payload', slot, sealed })
  } else if (record.kind === 'message') recollectMessage(state, record.message)
}

function recollectMessage(state: State, message: Message): void {
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

/** For the next incarnation: without storage there is none that could read it. */
function see({ seen, unsaved, options }: State, slot: Slot, { digest, signature }: Commitment): void {
  if (options.storage === null) return
  const before = seen.get(slot.sender)
  if (before !== undefined && !isLater(slot, before.slot)) return
  seen.set(slot.sender, { kind: 'echo', slot, digest, signature })
  unsaved.add(slot.sender)
}

function record(state: State, message: Message, encoded?: Frame): boolean {
  const { said, proofs, completeFrom } = state
  const { kind, slot } = message
  if (kind === 'evidence') {
    if (proofs.has(slot.sender)) return true
    proofs.set(slot.sender, message)
    append(state, message, encoded)
    return true
  }
  // A kept payload binds this peer too if it is a vector of its own.
  if (slot.step < completeFrom && messageTraits[kind].durable !== 'never') return false
  if (!isBound(message) || said.has(`${kind} ${slotKey(slot)}`)) return true
  if (kind === 'digest') recordVectorOf(state, message)
  remember(state, message)
  state.newest = Math.max(state.newest, slot.step)
  append(state, message, encoded)
  return true
}

/** Whether the message brings a vector that stands beside the log, where there is such a place. */
function isLong({ options }: State, message: Message): message is Kept {
  if (message.kind !== 'vector' && message.kind !== 'payload') return false
  return lengthOf(message.sealed) === options.limits.dimension
}

/** A digest is recorded behind its vector: a peer that knows the digest may ask for the vector, also after a crash. */
function recordVectorOf(state: State, { slot, digest }: MessageOf<'digest'>): void {
  const sealed = state.sealed.get(slotKey(slot))
  if (sealed?.digest !== digest) return // the lie of a faulty peer, which keeps no ledger
  record(state, { kind: 'vector', slot, sealed })
}

function append(state: State, message: Message, encoded?: Frame): void {
  const { vectors, log } = state
  if (vectors !== null && isLong(state, message)) {
    const { sealed } = message
    vectors.put(sealed.vector, sealed)
    vectors.keepNear(sealed)
  }
  log.append(recordOf(state, message, encoded))
}

function recordOf(state: State, message: Message, encoded?: Frame): Numbered {
  const { vectors, options } = state
  if (vectors === null || !isLong(state, message))
    return entry => encodeCommitment(encoded ?? encodeMessage(message), entry)
  const { slot, sealed, kind } = message
  const { digest, signature } = sealed
  const echo = encodeMessage({ kind: 'echo', slot, digest, signature })
  return entry =>
    encodeVectorAt(kind === 'vector', echo, vectors.find(digest), options.limits.dimension, entry)
}

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
  const { sealed, votes, checkpoints, log, options } = state
  forgetSaid(state, forgetBefore)
  forget(sealed, forgetBefore)
  forget(votes, forgetBefore)
  state.forgottenBefore = Math.max(state.forgottenBefore, forgetBefore)
  checkpoints.forgetBefore(forgetBefore)
  if (options.storage === null) return
  const record = checkpoints.put(learnt, forgetBefore)
  state.sinceCompaction++
  if (state.sinceCompaction < options.compactEverySteps) {
    for (const peer of state.unsaved) log.append(seenOf(state.seen.get(peer)!))
    log.append(record)
  } else {
    state.sinceCompaction = 0
    compact(state, record, learnt.step, forgetBefore)
  }
  state.unsaved.clear()
}

/** Forgets messages of steps before this one; the places of their vectors are free. */
function forgetSaid({ said, kept, vectors }: State, before: number): void {
  for (const map of [said, kept])
    for (const message of forget<Message>(map, before))
      if (message.kind === 'vector' || message.kind === 'payload') vectors?.release(message.sealed.digest)
}

/**
 * The log forgets the older copy too, so that the next incarnation does not go on from it. The vectors of this one stay
 * where they are as long as it runs, because its links may still hold messages with them.
 */
function forgetAll(state: State, completeFrom: number): void {
  const { said, kept, checkpoints, seen, proofs, log } = state
  state.completeFrom = Math.max(state.completeFrom, completeFrom)
  state.newest = Math.max(state.newest, state.completeFrom - 1)
  said.clear()
  kept.clear()
  checkpoints.clear()
  log.rewrite(beginningOf(state), [
    ...[...proofs.values()].map(message => recordOf(state, message)),
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
function compact(state: State, newest: Numbered, step: number, from: number) {
  const { said, kept, proofs, checkpoints, seen, completeFrom, log } = state
  log.rewrite(newest, [
    ...(completeFrom > Math.max(1, from) ? [beginningOf(state)] : []),
    ...checkpoints.othersThan(step),
    ...[...proofs.values(), ...kept.values(), ...said.values()].map(message => recordOf(state, message)),
    ...[...seen.values()].map(seenOf),
  ])
}

/** Drops the entries of earlier steps, and returns them; keys are `[kind ]step/phase/iteration/sender`. */
function forget<T>(map: Map<string, T>, before: number): readonly T[] {
  const dropped: T[] = []
  for (const [key, value] of map)
    if (Number.parseInt(key.slice(key.indexOf(' ') + 1), 10) < before) {
      map.delete(key)
      dropped.push(value)
    }
  return dropped
}
