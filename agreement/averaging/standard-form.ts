/**
 * Averaging agreement in standard form: MDA, CVA, ICwTM (collaborative-learning, §5 and §7) and, where nobody is faulty, the mean.
 *
 * In an iteration a peer sends its vector to all and waits for q vectors of this iteration, its own included. Its next
 * vector is R(received). Under asynchrony q = n − f is all that a peer may wait for without a clock; a cohort may choose
 * fewer. A grace may bring more; no iteration has two. Under synchrony a peer waits for all n until a timeout, after which n − f are enough.
 * Vectors that come early are kept for their iteration.
 *
 * By digest, a peer sends the signed digest of its vector in place of the vector. An author counts as received once the
 * vector behind its digest is held: most honest peers hold the same. If q digests are in, and so many of them are
 * that of this peer's own vector that R gives it whatever the others are (gives-own.ts), the iteration is over without
 * any vector. As soon as that can no longer be, the peer asks for the vectors that it lacks, each of one author who
 * signed it; of the next one if that does not answer. A digest whose vector does not come counts as not received.
 * Authors answer for their own vectors for as long as the agreement lives, so each honest peer gets n − f.
 *
 * The timeouts of a synchronous agreement are counted by rounds (rounds.ts), where peers may begin at different times
 * from a moment that they agree on (synchroniser.ts).
 */

import type { Message, MessageOf, Sealed, Slot } from '../message.ts'
import { type EffectsBuilder, type FaultKind, newEffects, type PeerIndex } from '../protocol.ts'
import { isFiniteVector, type Vector } from '../vector.ts'
import { aggregate } from './aggregate.ts'
import { type Answering, createAnswering } from './answering.ts'
import {
  type Averaging,
  type AveragingInput,
  type AveragingOptions,
  type AveragingOutput,
  isByDigest,
  type TimerKey,
} from './averaging.ts'
import { keepOf, leastOf } from './counts.ts'
import {
  authorsOf,
  close,
  count,
  forgetAsked,
  type Gathering,
  heldVectors,
  hold,
  newGathering,
  nextToAsk,
  note,
} from './gathering.ts'
import { givesOwn } from './gives-own.ts'
import { createRounds, type Rounds, type Waits } from './rounds.ts'
import { createSynchroniser, type Synchroniser } from './synchroniser.ts'

type Builder = EffectsBuilder<Message, AveragingOutput>

interface State {
  readonly options: AveragingOptions
  /** By iteration. */
  readonly gatherings: readonly Gathering[]
  readonly answering: Answering
  /** The timeouts of a synchronous agreement; null under asynchrony. */
  readonly rounds: Rounds | null
  /** Null: its rounds are counted from its own beginning. */
  readonly synchroniser: Synchroniser | null
  /** They are counted from a moment on that is past. */
  isCounted: boolean
  /** The current iteration; −1 before the input, `iterations` at the end. */
  iteration: number
  /** This peer's vector of the current iteration. */
  own: Sealed | null
  /** The grace of the current iteration: not begun, running, or over. */
  grace: 'none' | 'running' | 'over'
}

export function createStandardForm(options: AveragingOptions): Averaging {
  const { iterations, synchrony, beginnings, grace, peers } = options
  const isAligned = synchrony === 'synchronous' && beginnings !== undefined && iterations > 0
  const state: State = {
    options,
    gatherings: Array.from({ length: iterations }, newGathering),
    answering: createAnswering(options),
    rounds: synchrony === 'synchronous' ? createRounds(options) : null,
    synchroniser: isAligned ? createSynchroniser(options, beginnings) : null,
    isCounted: false,
    iteration: -1,
    own: null,
    grace: grace ? 'none' : 'over',
  }
  return {
    input(value: AveragingInput) {
      const step: Builder = newEffects()
      if (value.kind === 'vector') {
        if (state.iteration >= 0) throw new Error('averaging agreement takes its input once')
        if (state.synchroniser === null) state.rounds?.start(step)
        else state.synchroniser.begin(step)
        begin(state, step, 0, value.vector)
      } else if (value.kind === 'timer') wake(state, step, value.timer)
      else if (value.kind === 'listen') throw new Error('only RB-TM can be joined without a vector')
      else askAgain(state, step, value.peer)
      return step
    },
    receive(from, message) {
      const step: Builder = newEffects()
      receive(state, step, from, message)
      return step
    },
    waitingFor() {
      const gathering = state.gatherings[state.iteration]
      if (gathering === undefined) return []
      const { synchroniser } = state
      if (synchroniser?.isOpen() === false && gathering.signed.size === peers)
        return synchroniser.waitingFor()
      const mayEndWithOwn = isByDigest(options, state.iteration) && canStillGiveOwn(state, gathering)
      return Array.from({ length: peers }, (_, peer) => peer).filter(peer => {
        const signed = gathering.signed.get(peer)
        return signed === undefined || !(mayEndWithOwn || gathering.vectors.has(signed.digest))
      })
    },
  }
}

/** Says this peer's vector of an iteration, and runs every iteration that already has enough vectors. */
function begin(state: State, step: Builder, first: number, input: Vector): void {
  const { options } = state
  const { iterations, self, ledger } = options
  let vector: Vector | null = input
  for (let iteration = first; vector !== null; iteration++) {
    state.iteration = iteration
    state.grace = options.grace ? 'none' : 'over'
    if (iteration === iterations) {
      state.own = null
      step.outputs.push({ kind: 'agreed', vector })
      return
    }
    const slot = slotOf(state, iteration, self)
    const sealed = ledger.seal(slot, vector)
    const { digest, signature } = sealed
    const gathering = state.gatherings[iteration]!
    state.own = sealed
    gathering.signed.set(self, { digest, signature })
    count(gathering, self, digest)
    hold(gathering, digest, sealed.vector)
    step.outputs.push({ kind: 'sealed', slot, vector: sealed.vector, digest })
    const message: Message = isByDigest(options, iteration)
      ? { kind: 'digest', slot, digest, signature }
      : { kind: 'vector', slot, sealed }
    step.messages.push({ to: 'others', message })
    vector = iterate(state, step)
  }
}

function receive(state: State, step: Builder, from: PeerIndex, message: Message): void {
  const { slot } = message
  const wrong = wrongIn(state, from, message)
  if (wrong !== null) {
    step.faults.push({ peer: from, kind: wrong, slot })
    return
  }
  const gathering = state.gatherings[slot.iteration]!
  switch (message.kind) {
    case 'request':
      state.answering.answer(step, from, message)
      return
    case 'digest':
      if (sign(step, gathering, from, message, message)) count(gathering, from, message.digest)
      break
    case 'pulse':
      state.synchroniser!.heard(step, from)
      break
    case 'vector':
    case 'payload':
      receiveVector(state, step, gathering, message)
  }
  if (slot.iteration === state.iteration) proceed(state, step)
}

/** What is wrong with a message, whatever it brings; null: nothing. */
function wrongIn(
  { options, synchroniser }: State,
  from: PeerIndex,
  { kind, slot }: Message,
): FaultKind | null {
  const isPulse = kind === 'pulse' && synchroniser !== null
  if (!isPulse && kind !== 'vector' && kind !== 'digest' && kind !== 'payload' && kind !== 'request')
    return 'unexpected-kind'
  // A request names the vector of the peer that is asked; everything else that of the peer that speaks.
  if (slot.sender !== (kind === 'request' ? options.self : from)) return 'wrong-author'
  const { iteration } = slot
  if (!Number.isInteger(iteration) || iteration < 0 || iteration >= options.iterations) return 'out-of-range'
  if (isPulse) return iteration === 0 ? null : 'out-of-range'
  return kind === 'vector' || isByDigest(options, iteration) ? null : 'unexpected-kind'
}

/** Remembers what an author has signed. False if it has signed before: the same, or another digest, which is a proof. */
function sign(
  step: Builder,
  { signed }: Gathering,
  author: PeerIndex,
  { slot }: Message,
  { digest, signature }: Pick<Sealed, 'digest' | 'signature'>,
): boolean {
  const first = signed.get(author)
  if (first === undefined) {
    signed.set(author, { digest, signature })
    return true
  }
  if (first.digest !== digest) {
    const second = { digest, signature }
    step.faults.push({ peer: author, kind: 'equivocation', slot, evidence: { slot, first, second } })
  }
  return false
}

/**
 * A vector from its author, asked for or not: an earlier incarnation of this peer may have asked. If it is of no use, its
 * author has to answer for it.
 */
function receiveVector(
  state: State,
  step: Builder,
  gathering: Gathering,
  message: MessageOf<'vector' | 'payload'>,
): void {
  const { kind, slot, sealed } = message
  const { sender: author } = slot
  if (sealed.vector.length !== state.options.dimension) {
    step.faults.push({ peer: author, kind: 'wrong-dimension', slot })
    return
  }
  const isFirst = sign(step, gathering, author, message, sealed)
  if (!isFirst && gathering.signed.get(author)!.digest !== sealed.digest) return
  if (!isFiniteVector(sealed.vector)) {
    if (isFirst || kind === 'payload') step.faults.push({ peer: author, kind: 'not-finite', slot })
    return
  }
  if (isFirst) count(gathering, author, sealed.digest)
  hold(gathering, sealed.digest, sealed.vector)
}

function wake(state: State, step: Builder, timer: TimerKey): void {
  const { iteration, sender } = timer.slot
  const gathering = state.gatherings[iteration]!
  if (timer.purpose === 'timeout') {
    const isLast = state.iteration >= state.options.iterations
    state.rounds?.timedOut(step, isLast)
  } else if (timer.purpose === 'beginnings') state.synchroniser?.allHaveBegun(step)
  else if (iteration !== state.iteration) return
  else if (timer.purpose === 'payload') gathering.awaited.delete(gathering.signed.get(sender)?.digest ?? '')
  else if (state.grace === 'running') state.grace = 'over'
  if (iteration === state.iteration) proceed(state, step)
}

/** The peer has begun anew: it may ask again, and what it was asked for does not come any more. */
function askAgain(state: State, step: Builder, peer: PeerIndex): void {
  state.answering.restarted(peer)
  const gathering = state.gatherings[state.iteration]
  if (gathering !== undefined && forgetAsked(gathering, peer)) proceed(state, step)
}

function proceed(state: State, step: Builder): void {
  const vector = iterate(state, step)
  if (vector !== null) begin(state, step, state.iteration + 1, vector)
}

/** This peer's next vector; null while the iteration has to wait. */
function iterate(state: State, step: Builder): Vector | null {
  const { options, iteration } = state
  const { peers, synchrony } = options
  const gathering = state.gatherings[iteration]!
  const { known, held } = gathering
  const least = leastOf(options)
  if (!mayEnd(state, step, gathering)) return null
  const waits = waitsFor(state)
  if (isByDigest(options, iteration)) {
    const hasEnough = known >= least
    if (hasEnough && ownIsGiven(state, gathering, peers)) return conclude(state, step, 'own')
    if (hasEnough && (known === peers || waits !== 'digests') && ownIsGiven(state, gathering, known))
      return conclude(state, step, 'own')
    const isHopeless = !canStillGiveOwn(state, gathering)
    if (isHopeless || (hasEnough && waits !== 'digests')) ask(state, step, gathering)
    if (held >= least && held === known && waits === 'vectors') return conclude(state, step, 'rule')
    if (hasEnough && !isHopeless) startGrace(state, step)
  }
  if (held < least) return null
  if (held === peers || waits === 'nothing') return conclude(state, step, 'rule')
  if (synchrony === 'asynchronous') startGrace(state, step)
  return null
}

/** Whether the rounds are counted. Until then the first one goes on, and asks for what it lacks. */
function mayEnd(state: State, step: Builder, gathering: Gathering): boolean {
  const { options, iteration, synchroniser, rounds } = state
  if (synchroniser === null || iteration > 0 || state.isCounted) return true
  if (gathering.signed.size === options.peers) synchroniser.allHaveBegun(step)
  state.isCounted = synchroniser.isOpen()
  if (state.isCounted) rounds!.start(step)
  else if (isByDigest(options, iteration) && !canStillGiveOwn(state, gathering)) ask(state, step, gathering)
  return state.isCounted
}

/** What the current iteration still waits for; how many it needs at least is another question. */
function waitsFor({ rounds, iteration, grace }: State): Waits {
  if (rounds !== null) return rounds.waits(iteration)
  return grace === 'over' ? 'nothing' : 'digests'
}

/** What is proved of the protocol's own rule, such as that it gives a peer's own vector, is not proved of another. */
function usesFirstRule({ firstRule }: AveragingOptions, iteration: number): boolean {
  return firstRule !== undefined && iteration === 0
}

/** Whether this peer's own vector is the rule's result, whatever the rest of `total` vectors are. */
function ownIsGiven({ options, iteration, own }: State, gathering: Gathering, total: number): boolean {
  if (usesFirstRule(options, iteration)) return false
  const equal = authorsOf(gathering, own?.digest ?? '').length
  const { protocol, maxFaulty } = options
  return givesOwn(protocol, { total, equal, maxFaulty, keep: keepOf(options, total) })
}

/** Whether it may be, if all that have not spoken yet agree with this peer. */
function canStillGiveOwn({ options, iteration, own }: State, { known, authors }: Gathering): boolean {
  if (usesFirstRule(options, iteration)) return false
  const { protocol, peers, maxFaulty } = options
  const others = known - (authors.get(own?.digest ?? '')?.length ?? 0)
  return givesOwn(protocol, {
    total: peers,
    equal: peers - others,
    maxFaulty,
    keep: keepOf(options, peers),
  })
}

/** Asks for the vectors that are lacking. Under synchrony there is no time to ask a second author after the first. */
function ask({ options, iteration }: State, step: Builder, gathering: Gathering): void {
  const { self, maxFaulty, synchrony } = options
  const atOnce = synchrony === 'synchronous' ? maxFaulty + 1 : 1
  for (;;) {
    const next = nextToAsk(gathering, self, atOnce)
    if (next === null) return
    const { author, digest } = next
    const slot = { step: options.step, phase: options.phase, iteration, sender: author }
    note(gathering, author, digest)
    step.messages.push({ to: author, message: { kind: 'request', slot, digest } })
    if (gathering.awaited.has(digest)) continue
    gathering.awaited.add(digest)
    step.outputs.push({ kind: 'timer', timer: { slot, purpose: 'payload' } })
  }
}

function conclude(state: State, step: Builder, by: 'own' | 'rule'): Vector {
  const { options, iteration, own } = state
  const gathering = state.gatherings[iteration]!
  const exchange = { step: options.step, phase: options.phase, iteration }
  const held = by === 'own' ? [] : heldVectors(gathering)
  const used = by === 'own' ? [...gathering.authors.values()].flat() : held.map(([author]) => author)
  const vector = by === 'own' ? own!.vector : averageOf(state, gathering, held)
  if (options.discard !== undefined)
    for (const each of gathering.vectors.values())
      if (each !== own!.vector && each !== vector) options.discard(each)
  close(gathering)
  step.outputs.push({ kind: 'iterated', exchange, used: used.sort((a, b) => a - b), vector })
  return vector
}

/** The rule's result. By digest it is this peer's own vector, to the bit, where that is given in exact arithmetic. */
function averageOf(
  state: State,
  gathering: Gathering,
  held: readonly (readonly [PeerIndex, Vector])[],
): Vector {
  const { options, iteration, own } = state
  const { protocol, maxFaulty } = options
  if (isByDigest(options, iteration) && ownIsGiven(state, gathering, gathering.held)) return own!.vector
  const vectors = held.map(([, vector]) => vector)
  const average = options.aggregate ?? aggregate
  return average(protocol, {
    vectors,
    own: own!.vector,
    maxFaulty,
    keep: keepOf(options, vectors.length),
    ...(usesFirstRule(options, iteration) && { firstRule: options.firstRule! }),
    exchange: { step: options.step, phase: options.phase, iteration },
  })
}

function startGrace(state: State, step: Builder): void {
  if (state.grace !== 'none' || state.rounds !== null) return
  state.grace = 'running'
  const slot = slotOf(state, state.iteration, state.options.self)
  step.outputs.push({ kind: 'timer', timer: { slot, purpose: 'grace' } })
}

function slotOf({ options }: State, iteration: number, sender: PeerIndex): Slot {
  return { step: options.step, phase: options.phase, iteration, sender }
}
