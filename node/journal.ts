/**
 * What a peer has bound itself to, kept across crashes (design.md, invariant 1): at most one vector, one vote of
 * each kind and one report per slot, ever.
 *
 * What is about to be sent is appended and synced first. After a restart the journal gives the same answers to the
 * protocol and the same messages to the links. A checkpoint after each LEARN step says where to go on; what lies
 * further back than the window is then forgotten.
 */
import { type Commitments, type Message, type Sealed, type Slot, slotKey } from '../agreement/message.ts'
import type { Evidence, PeerIndex } from '../agreement/protocol.ts'
import type { Vector } from '../agreement/vector.ts'
import type { LearnState } from '../learning/learn-contract.ts'
import { decodeRecord, encodeCheckpoint, encodeCommitment, type RecordLimits } from './journal-records.ts'
import type { Storage } from './ports.ts'
import { digestOf } from './signatures/digest.ts'

export interface Journal extends Commitments {
  /** Where the last run stood, or null at the first start. */
  readonly recovered: LearnState | null
  /** The own parameters of the last steps, by step, ascending: others may need them to catch up. */
  readonly past: ReadonlyMap<number, Vector>
  /** The first of the steps up to this one in all of which this peer has spoken, as far as it remembers. */
  since(step: number): number
  /** Own messages of the slots that are still open, in the order in which they were first sent. */
  readonly messages: () => readonly Message[]
  /** Appends what is about to be sent, if it binds this peer. */
  record(message: Message): void
  /**
   * Keeps another's vector that this peer is about to echo: whoever counts on the echo may ask for the vector, also
   * after a restart, and its author need not answer.
   */
  keep(message: Kept): void
  /** The vectors kept, as their authors sent them. */
  kept(): readonly Kept[]
  /** What proves that others equivocate, as it was shown to everyone. */
  readonly proofs: () => readonly Evidence[]
  /** Something was recorded since the last sync. */
  dirty(): boolean
  sync(done: (error?: Error) => void): void
  /** Remembers the state after a step, and forgets what nobody can ask for any more. */
  checkpoint(state: LearnState, forgetBefore: number): void
}

export interface JournalOptions extends RecordLimits {
  /** Null keeps everything in memory only: a restarted peer is then a new one. */
  readonly storage: Storage | null
  readonly sign: (slot: Slot, digest: string) => Uint8Array
  /** Steps between two compactions of the log. */
  readonly compactEverySteps: number
}

export type Kept = Extract<Message, { kind: 'vector' | 'payload' }>
type Proof = Extract<Message, { kind: 'evidence' }>
type Committed = Extract<Message, { kind: 'vector' | 'echo' | 'ready' | 'report' }>

export function createJournal(options: JournalOptions): Journal {
  const { storage, sign, compactEverySteps } = options
  const commitments = new Map<string, Committed>()
  const sealed = new Map<string, Sealed>()
  const votes = new Map<string, string>()
  const kept = new Map<string, Kept>()
  /** By who is accused: one is enough, and is never forgotten. */
  const proofs = new Map<PeerIndex, Proof>()
  const past = new Map<number, Vector>()
  let recovered: LearnState | null = null
  let dirty = false
  let sinceCompaction = 0

  const write = (message: Message) => {
    if (storage === null) return
    storage.append(encodeCommitment(message))
    dirty = true
  }
  const prove = (proof: Proof) => {
    if (proofs.has(proof.slot.sender)) return
    proofs.set(proof.slot.sender, proof)
    write(proof)
  }
  const remember = (message: Committed) => {
    const key = slotKey(message.slot)
    commitments.set(`${message.kind} ${key}`, message)
    if (message.kind === 'vector') sealed.set(key, message.sealed)
    else votes.set(`${message.kind} ${key}`, boundValue(message))
  }
  for (const bytes of storage?.recovered ?? []) {
    const record = decodeRecord(bytes, options)
    if (record.kind === 'checkpoint') {
      recovered = record.state
      past.set(record.state.step, record.state.parameters)
    } else if (record.message.kind === 'payload') kept.set(slotKey(record.message.slot), record.message)
    else if (record.message.kind === 'evidence') proofs.set(record.message.slot.sender, record.message)
    else if (isCommitment(record.message)) remember(record.message)
  }

  return {
    ...{ recovered, past },
    since(step) {
      const spoken = new Set<number>()
      for (const { kind, slot } of commitments.values())
        if (kind === 'vector' && slot.phase !== 'state') spoken.add(slot.step)
      let first = step
      while (spoken.has(first - 1)) first--
      return first
    },
    // Parameters given to a peer that caught up are for that peer only, and it asks again.
    messages: () => [...commitments.values()].filter(({ slot }) => slot.phase !== 'state'),
    seal(slot: Slot, vector: Vector): Sealed {
      const key = slotKey(slot)
      let own = sealed.get(key)
      if (own === undefined) {
        const digest = digestOf(vector)
        own = { vector, digest, signature: sign(slot, digest) }
        sealed.set(key, own)
      }
      return own
    },
    bind(kind, slot, value) {
      const key = `${kind} ${slotKey(slot)}`
      const bound = votes.get(key) ?? value
      votes.set(key, bound)
      return bound
    },
    record(message) {
      if (message.kind === 'evidence') return prove(message)
      if (!isCommitment(message) || commitments.has(`${message.kind} ${slotKey(message.slot)}`)) return
      remember(message)
      write(message)
    },
    keep({ slot, sealed: other }) {
      if (storage === null || kept.has(slotKey(slot))) return
      const message: Kept = { kind: 'payload', slot, sealed: other }
      kept.set(slotKey(slot), message)
      write(message)
    },
    kept: () => [...kept.values()],
    proofs: () => [...proofs.values()],
    dirty: () => dirty,
    sync(done) {
      dirty = false
      if (storage === null) done()
      else storage.sync(done)
    },
    checkpoint(state, forgetBefore) {
      for (const [key, message] of commitments) if (message.slot.step < forgetBefore) commitments.delete(key)
      forget(sealed, forgetBefore)
      forget(votes, forgetBefore)
      forget(kept, forgetBefore)
      for (const step of past.keys()) if (step < forgetBefore) past.delete(step)
      if (storage === null) return
      sinceCompaction++
      if (sinceCompaction < compactEverySteps) storage.append(encodeCheckpoint(state))
      else {
        sinceCompaction = 0
        storage.rewrite([
          ...[...past].map(([step, parameters]) => encodeCheckpoint({ step, parameters, momentum: null })),
          encodeCheckpoint(state),
          ...[...proofs.values(), ...kept.values(), ...commitments.values()].map(encodeCommitment),
        ])
      }
      past.set(state.step, state.parameters)
      dirty = true
    },
  }
}

function isCommitment(message: Message): message is Committed {
  const { kind } = message
  return kind === 'vector' || kind === 'echo' || kind === 'ready' || kind === 'report'
}

function boundValue(message: Exclude<Committed, { kind: 'vector' }>): string {
  return message.kind === 'report' ? message.peers.join(' ') : message.digest
}

/** Drops the entries of earlier steps; keys are `[kind ]step/phase/iteration/sender`. */
function forget(map: Map<string, unknown>, before: number): void {
  for (const key of map.keys())
    if (Number.parseInt(key.slice(key.indexOf(' ') + 1), 10) < before) map.delete(key)
}
