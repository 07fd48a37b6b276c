/**
 * What a peer has bound itself to, kept across crashes (design.md, invariant 1): at most one vector, one vote of
 * each kind and one report per slot, ever.
 *
 * What is about to be sent is appended and synced first. After a restart the journal gives the same answers to the
 * protocol and the same messages to the links. A checkpoint after each LEARN step says where to go on; what lies
 * further back than the window is then forgotten. Where the log lost something that was synced (journal-memory.ts),
 * nothing of it is used: in the steps that it may have spoken of, this peer says nothing that binds it.
 */
import { type Message, type Sealed, type SigningLedger, type Slot, slotKey } from '../../agreement/message.ts'
import type { Evidence, PeerIndex } from '../../agreement/protocol.ts'
import type { Vector } from '../../agreement/vector.ts'
import type { LearnState } from '../../learning/learn-contract.ts'
import type { Storage } from '../ports.ts'
import { digestOf } from '../signatures/digest.ts'
import { type Memory, recall } from './journal-memory.ts'
import { encodeCheckpoint, encodeCommitment, encodeForgotten, type RecordLimits } from './journal-records.ts'

export interface Journal extends SigningLedger {
  /** Where the last run stood, or null at the first start. */
  readonly recovered: LearnState | null
  /** In the steps up to this one this peer may have said what it no longer knows; 0: it knows all. */
  readonly forgotten: number
  /** What was lost since the last life, as a sentence; null: nothing. */
  readonly lost: string | null
  /** The own parameters of the last steps, by step, ascending: others may need them to catch up. */
  readonly past: ReadonlyMap<number, Vector>
  /** The first of the steps up to this one in all of which this peer has spoken, as far as it remembers. */
  since(step: number): number
  /** Own messages of the slots that are still open, in the order in which they were first sent. */
  readonly messages: () => readonly Message[]
  /** Appends what is about to be sent, if it binds this peer. False: it must not be sent, as its step is forgotten. */
  record(message: Message): boolean
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

interface JournalOptions extends RecordLimits {
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
  const memory = storage === null ? NO_MEMORY : recall(storage, options)
  const { forgotten, lost } = memory
  const { recovered, past } = placesIn(memory)
  let { entries, step: newest } = memory
  /** The log is what memory was lost of: it is to be replaced by what is written first. */
  let isStale = lost !== null
  let dirty = false
  let sinceCompaction = 0

  const append = (encode: (entry: number) => Uint8Array) => {
    dirty = true
    if (isStale) storage?.rewrite(encodeForgotten(forgotten, ++entries), [encode(++entries)])
    else storage?.append(encode(++entries))
    isStale = false
  }
  const write = (message: Message) => {
    if (storage !== null) append(entry => encodeCommitment(message, entry))
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
  for (const { message } of memory.records.filter(record => record.kind === 'message'))
    if (message.kind === 'payload') kept.set(slotKey(message.slot), message)
    else if (message.kind === 'evidence') proofs.set(message.slot.sender, message)
    else if (isCommitment(message)) remember(message)
  const compact = (state: LearnState, forgetBefore: number) => {
    isStale = false
    const first = encodeCheckpoint(state, ++entries)
    const earlier = [...past].filter(([step]) => step !== state.step)
    storage?.rewrite(first, [
      ...(forgotten >= Math.max(1, forgetBefore) ? [encodeForgotten(forgotten, ++entries)] : []),
      ...earlier.map(([step, own]) => encodeCheckpoint({ step, parameters: own, momentum: null }, ++entries)),
      ...[...proofs.values(), ...kept.values(), ...commitments.values()].map(message =>
        encodeCommitment(message, ++entries),
      ),
    ])
  }

  return {
    recovered,
    forgotten,
    lost,
    past,
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
      if (message.kind === 'evidence') {
        prove(message)
        return true
      }
      if (message.slot.step <= forgotten && isOwnWord(message)) return false
      if (!isCommitment(message) || commitments.has(`${message.kind} ${slotKey(message.slot)}`)) return true
      remember(message)
      newest = Math.max(newest, message.slot.step)
      write(message)
      return true
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
      // As long as memory is lost, the watermark is all that says so.
      if (storage === null || isStale) done()
      else storage.sync({ entries, step: newest }, done)
    },
    checkpoint(state, forgetBefore) {
      for (const [key, message] of commitments) if (message.slot.step < forgetBefore) commitments.delete(key)
      forget(sealed, forgetBefore)
      forget(votes, forgetBefore)
      forget(kept, forgetBefore)
      for (const step of past.keys()) if (step < forgetBefore) past.delete(step)
      if (storage === null) return
      sinceCompaction++
      if (sinceCompaction < compactEverySteps) append(entry => encodeCheckpoint(state, entry))
      else {
        sinceCompaction = 0
        compact(state, forgetBefore)
      }
      past.set(state.step, state.parameters)
      dirty = true
    },
  }
}

const NO_MEMORY: Memory = { records: [], entries: 0, step: 0, forgotten: 0, lost: null }

/** Binds this peer, or may: a payload can be a vector of its own. */
/** Where to go on, and own parameters by step, ascending: others are told of the oldest first. */
function placesIn({ records }: Memory): { recovered: LearnState | null; past: Map<number, Vector> } {
  const states = records.flatMap(record => (record.kind === 'checkpoint' ? [record.state] : []))
  const ascending = states.toSorted((a, b) => a.step - b.step)
  return {
    recovered: ascending.at(-1) ?? null,
    past: new Map(ascending.map(({ step, parameters }) => [step, parameters])),
  }
}

function isOwnWord(message: Message): boolean {
  return isCommitment(message) || message.kind === 'payload'
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
