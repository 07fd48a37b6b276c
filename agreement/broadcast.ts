/**
 * Reliable broadcast of one vector by votes (Bracha 1987). The payload travels once, then only votes for its digest.
 * Each slot has one instance.
 *
 * Guarantees, with n ≥ 3f + 1, for the author `slot.sender`:
 *   validity   an honest author's vector is delivered by every honest peer
 *   agreement  no two honest peers deliver different vectors
 *   totality   if one honest peer delivers, all do
 *   integrity  at most one delivery
 *
 * How: the author sends its signed vector to all. A peer that holds a valid vector sends ECHO(digest) to all. ECHO from
 * ⌈(n + f + 1)/2⌉ peers, or READY from f + 1, makes a peer send READY(digest). A peer that has READY from 2f + 1 and
 * the vector delivers it. A peer's own votes count.
 *
 * Why these thresholds: two echo quorums of ⌈(n + f + 1)/2⌉ share an honest peer, which echoes once, so no two digests
 * become ready. Among f + 1 READYs one is honest. Among 2f + 1 at least f + 1 are, enough for everyone else to join in.
 * Only SEND and the answers to requests carry the vector.
 *
 * By digest, SEND carries the author's signed digest alone. A peer that holds these bytes already, because its own vector
 * of the exchange is the same or another author's was, echoes at once. Any other asks the author, and echoes when it
 * has the vector: an ECHO still means that its sender can give the vector to others.
 */
import type { Digest, Message, Sealed, SigningLedger, Slot } from './message.ts'
import {
  type Commitment,
  type EffectsBuilder,
  newEffects,
  type PeerIndex,
  type Protocol,
} from './protocol.ts'
import { createRequests, type Requests } from './requests.ts'
import type { SharedBytes } from './shared-bytes.ts'
import { echoThreshold, readyAmplification, readyDelivery } from './thresholds.ts'
import { isFiniteVector, type Vector } from './vector.ts'

/** One instance: the slot whose author broadcasts, and `n` peers with at most `f` faulty, vectors of `d` coordinates. */
export interface BroadcastOptions {
  readonly slot: Slot
  readonly self: PeerIndex
  readonly peers: number
  readonly maxFaulty: number
  readonly dimension: number
  readonly ledger: SigningLedger
  /** By digest: what the broadcasts of one exchange share. Absent: SEND carries the vector. */
  readonly bytes?: SharedBytes
}

/** What the driver tells the protocol. */
export type BroadcastInput =
  /** The author's own vector. */
  | { readonly kind: 'vector'; readonly vector: Vector }
  /** There may be new vectors among those that the broadcasts share. */
  | { readonly kind: 'shared' }
  /** The time that the protocol asked for has passed. */
  | { readonly kind: 'timer' }
  /** The peer has restarted, and may ask again for what it was given before. */
  | { readonly kind: 'restarted'; readonly peer: PeerIndex }

/** What the protocol tells its driver. */
export type BroadcastOutput =
  | { readonly kind: 'delivered'; readonly slot: Slot; readonly sealed: Sealed }
  /** Asks to be woken: the vector is agreed on but not here, and another peer must be asked for it. */
  | { readonly kind: 'timer'; readonly slot: Slot }

/** Reliable broadcast of one slot's vector, as a state machine. */
export type Broadcast = Protocol<BroadcastInput, Message, BroadcastOutput>

/** One vote for each peer; counted on arrival, since in an exchange among n each peer receives 2n² of them. */
interface Votes {
  readonly of: Map<PeerIndex, Digest>
  readonly counts: Map<Digest, number>
}

interface State {
  readonly options: BroadcastOptions
  readonly echoes: Votes
  readonly readies: Votes
  /** At most two: the first that came, and the one that was agreed on. */
  readonly held: Map<Digest, Sealed>
  readonly asked: Set<PeerIndex>
  readonly requests: Requests
  /** The author's first commitment seen here: a different one proves equivocation. */
  commitment: Commitment | null
  proved: boolean
  /** The digest that the author has sent in place of its vector. */
  announced: Commitment | null
  echoed: Digest | null
  readied: Digest | null
  waiting: boolean
  delivered: boolean
}

type Builder = EffectsBuilder<Message, BroadcastOutput>

/**
 * Reliable broadcast for `options.slot`, at one peer: the author calls `input`, everyone calls `receive`. The
 * guarantees need `n ≥ 3f + 1`; nothing here checks it.
 */
export function createBroadcast(options: BroadcastOptions): Broadcast {
  const state: State = {
    options,
    echoes: { of: new Map(), counts: new Map() },
    readies: { of: new Map(), counts: new Map() },
    held: new Map(),
    asked: new Set(),
    requests: createRequests(),
    commitment: null,
    proved: false,
    announced: null,
    echoed: null,
    readied: null,
    waiting: false,
    delivered: false,
  }
  return {
    input(value) {
      const step: Builder = newEffects()
      if (value.kind === 'timer') askNext(state, step)
      else if (value.kind === 'shared') {
        settle(state, step)
        advance(state, step)
      } else if (value.kind === 'restarted') askAgain(state, step, value.peer)
      else {
        const sealed = options.ledger.seal(options.slot, value.vector)
        step.messages.push({ to: 'others', message: sendOf(options, sealed) })
        if (options.bytes !== undefined) options.bytes.own = true
        hold(state, step, sealed)
        advance(state, step)
      }
      return step
    },
    receive(from, message) {
      const step: Builder = newEffects()
      handle(state, step, from, message)
      return step
    },
  }
}

function sendOf({ slot, bytes }: BroadcastOptions, sealed: Sealed): Message {
  if (bytes === undefined) return { kind: 'vector', slot, sealed }
  return { kind: 'digest', slot, digest: sealed.digest, signature: sealed.signature }
}

function handle(state: State, step: Builder, from: PeerIndex, message: Message): void {
  const { slot } = state.options
  switch (message.kind) {
    case 'vector':
      if (from !== slot.sender) step.faults.push({ peer: from, kind: 'wrong-author', slot })
      else receiveVector(state, step, message.sealed)
      break
    case 'digest':
      if (from !== slot.sender) step.faults.push({ peer: from, kind: 'wrong-author', slot })
      else if (state.options.bytes === undefined)
        step.faults.push({ peer: from, kind: 'unexpected-kind', slot })
      else receiveDigest(state, step, message)
      break
    case 'payload':
      if (state.asked.has(from)) receivePayload(state, step, from, message.sealed)
      // By digest an author may answer what an earlier incarnation of this peer has asked.
      else if (from === slot.sender && state.options.bytes) receiveVector(state, step, message.sealed)
      else step.faults.push({ peer: from, kind: 'unrequested-payload', slot })
      break
    case 'echo':
      recordCommitment(state, step, message)
      vote(state, step, state.echoes, from, message.digest)
      break
    case 'ready':
      vote(state, step, state.readies, from, message.digest)
      break
    case 'request':
      answer(state, step, from, message.digest)
      break
    default:
      step.faults.push({ peer: from, kind: 'unexpected-kind', slot })
  }
  advance(state, step)
}

function receiveDigest(state: State, step: Builder, seen: Commitment): void {
  recordCommitment(state, step, seen)
  state.announced ??= { digest: seen.digest, signature: seen.signature }
  settle(state, step)
  if (state.held.size > 0 || state.waiting) return
  // Its own vector may turn out to be the same, or another author's that was asked for. If not, it asks then.
  state.waiting = true
  step.outputs.push({ kind: 'timer', slot: state.options.slot })
}

/** By digest: takes the announced vector if its bytes are here, and asks its author if they cannot be expected. */
function settle(state: State, step: Builder): void {
  const { announced, options } = state
  const { bytes, slot, self, ledger } = options
  if (announced === null || bytes === undefined || state.held.size > 0) return
  const { digest, signature } = announced
  const own = ledger.sealedFor({ ...slot, sender: self })
  const same = own?.digest === digest ? own : bytes.held.get(digest)
  if (same !== undefined) hold(state, step, signedBy(same, signature))
  else if (bytes.own && !bytes.asked.has(digest)) ask(state, step, slot.sender, digest)
}

/** The same vector under another author's signature. Where its numbers are is the first one's business. */
function signedBy(same: Sealed, signature: Uint8Array): Sealed {
  const { digest, precision } = same
  return {
    get vector() {
      return same.vector
    },
    digest,
    signature,
    ...(precision && { precision }),
  }
}

function receiveVector(state: State, step: Builder, sealed: Sealed): void {
  recordCommitment(state, step, sealed)
  if (!isSound(state, step, state.options.slot.sender, sealed)) return
  if (state.held.size === 0 || sealed.digest === agreedDigest(state)) hold(state, step, sealed)
}

function receivePayload(state: State, step: Builder, from: PeerIndex, sealed: Sealed): void {
  recordCommitment(state, step, sealed)
  const isAnnounced = from === state.options.slot.sender && sealed.digest === state.announced?.digest
  if (isAnnounced && state.held.size > 0) return // the same bytes have come from elsewhere
  if (!isAnnounced && sealed.digest !== agreedDigest(state)) {
    step.faults.push({ peer: from, kind: 'unrequested-payload', slot: state.options.slot })
    return
  }
  if (isSound(state, step, state.options.slot.sender, sealed)) hold(state, step, sealed)
}

/** A vector that has the wrong length or is not finite is a fault of its author, and counts as never received. */
function isSound(state: State, step: Builder, author: PeerIndex, sealed: Sealed): boolean {
  if (sealed.isSound) return true
  const { dimension, slot } = state.options
  const { vector } = sealed
  const kind = vector.length !== dimension ? 'wrong-dimension' : isFiniteVector(vector) ? null : 'not-finite'
  if (kind !== null) step.faults.push({ peer: author, kind, slot })
  return kind === null
}

/** Remembers what the author signed; two different digests under its signature are a proof. */
function recordCommitment(state: State, step: Builder, seen: Commitment): void {
  const { slot } = state.options
  const first = state.commitment
  if (first === null) state.commitment = { digest: seen.digest, signature: seen.signature }
  else if (first.digest !== seen.digest && !state.proved) {
    state.proved = true
    const second = { digest: seen.digest, signature: seen.signature }
    step.faults.push({ peer: slot.sender, kind: 'equivocation', slot, evidence: { slot, first, second } })
  }
}

function vote(state: State, step: Builder, votes: Votes, from: PeerIndex, digest: Digest): void {
  const earlier = votes.of.get(from)
  if (earlier === undefined) cast(votes, from, digest)
  else if (earlier !== digest)
    step.faults.push({ peer: from, kind: 'conflicting-vote', slot: state.options.slot })
}

/** Counts a first vote; a peer's own is one. */
function cast({ of, counts }: Votes, voter: PeerIndex, digest: Digest): void {
  if (of.has(voter)) return
  of.set(voter, digest)
  counts.set(digest, (counts.get(digest) ?? 0) + 1)
}

/** The first copy of a vector stays: the world may have moved it to the disk, which it would not do with a second. */
function hold(state: State, step: Builder, sealed: Sealed): void {
  if (state.held.has(sealed.digest)) return
  if (state.commitment === null) state.commitment = { digest: sealed.digest, signature: sealed.signature }
  state.held.set(sealed.digest, sealed)
  state.options.bytes?.held.set(sealed.digest, sealed)
  if (state.echoed !== null) return
  const { ledger, slot, self } = state.options
  const bound = ledger.bind('echo', slot, sealed.digest)
  state.echoed = bound
  cast(state.echoes, self, bound)
  if (bound === sealed.digest) {
    const message = { kind: 'echo', slot, digest: bound, signature: sealed.signature } as const
    step.messages.push({ to: 'others', message })
  } // else a vote from before a restart stands, and its bytes are resent from the ledger
}

/** The digest that will be delivered, if any is, as far as this peer can tell: READY from f + 1 peers. */
function agreedDigest({ readies, readied, options }: State): Digest | null {
  return withVotes(readies, readyAmplification(options.maxFaulty)) ?? readied
}

/** The first digest with at least this many votes. */
function withVotes({ counts }: Votes, needed: number): Digest | null {
  for (const [digest, votes] of counts) if (votes >= needed) return digest
  return null
}

function advance(state: State, step: Builder): void {
  const { peers, maxFaulty, ledger, slot, self } = state.options
  if (state.readied === null) {
    const digest = readyDigest(state, echoThreshold(peers, maxFaulty), readyAmplification(maxFaulty))
    if (digest !== null) {
      const bound = ledger.bind('ready', slot, digest)
      state.readied = bound
      cast(state.readies, self, bound)
      if (bound === digest) step.messages.push({ to: 'others', message: { kind: 'ready', slot, digest } })
    }
  }
  if (!state.delivered) deliver(state, step, readyDelivery(maxFaulty))
}

function readyDigest({ echoes, readies }: State, echoesNeeded: number, readiesNeeded: number): Digest | null {
  return withVotes(echoes, echoesNeeded) ?? withVotes(readies, readiesNeeded)
}

function deliver(state: State, step: Builder, readiesNeeded: number): void {
  const digest = withVotes(state.readies, readiesNeeded)
  if (digest === null) return
  const sealed = state.held.get(digest)
  if (sealed !== undefined) {
    state.delivered = true
    step.outputs.push({ kind: 'delivered', slot: state.options.slot, sealed })
  } else if (!state.waiting) {
    // An honest author's vector is most likely on its way: give it a moment before asking others.
    state.waiting = true
    step.outputs.push({ kind: 'timer', slot: state.options.slot })
  }
}

/**
 * Asks one more peer that can have the vector: one that echoed the agreed digest, or the author that announced it. Each
 * incarnation is asked once, as the link delivers the question to it for certain.
 */
function askNext(state: State, step: Builder): void {
  const { announced, delivered, held } = state
  const { slot } = state.options
  if (delivered) return
  const digest = agreedDigest(state)
  if (digest === null) {
    state.waiting = false
    if (announced !== null && held.size === 0) ask(state, step, slot.sender, announced.digest)
    return
  }
  if (held.has(digest)) return
  const next = nextHolder(state, digest)
  if (next !== undefined) ask(state, step, next, digest)
  step.outputs.push({ kind: 'timer', slot })
}

/** The peer has begun anew: it may ask again, and may have lost what it was asked. */
function askAgain(state: State, step: Builder, peer: PeerIndex): void {
  state.requests.restarted(peer)
  const digest = agreedDigest(state) ?? state.announced?.digest
  if (!state.asked.has(peer) || digest === undefined || state.held.has(digest)) return
  step.messages.push({ to: peer, message: { kind: 'request', slot: state.options.slot, digest } })
}

function nextHolder({ options, echoes, asked }: State, digest: Digest): PeerIndex | undefined {
  const { self, peers } = options
  const holders = [...echoes.of]
    .filter(([peer, echoed]) => peer !== self && echoed === digest && !asked.has(peer))
    .map(([peer]) => peer)
  // Each peer begins at another place, so that the holders share the work.
  return holders.sort((a, b) => ((a - self + peers) % peers) - ((b - self + peers) % peers))[0]
}

function ask({ asked, options }: State, step: Builder, peer: PeerIndex, digest: Digest): void {
  if (asked.has(peer)) return
  asked.add(peer)
  options.bytes?.asked.add(digest)
  step.messages.push({ to: peer, message: { kind: 'request', slot: options.slot, digest } })
}

function answer(state: State, step: Builder, from: PeerIndex, digest: Digest): void {
  const { slot } = state.options
  const verdict = state.requests.asks(from)
  if (verdict === 'excessive') step.faults.push({ peer: from, kind: 'excessive-requests', slot })
  if (verdict !== 'answer') return
  const sealed = state.held.get(digest) ?? ownSealed(state, digest)
  if (sealed === undefined) return // the asker will ask another
  step.messages.push({ to: from, message: { kind: 'payload', slot, sealed } })
}

/** The vector that this peer has sealed for the slot, which it may have restarted since. */
function ownSealed({ options }: State, digest: Digest): Sealed | undefined {
  const { slot, self, bytes, ledger } = options
  if (bytes === undefined || slot.sender !== self) return undefined
  const sealed = ledger.sealedFor(slot)
  return sealed?.digest === digest ? sealed : undefined
}
