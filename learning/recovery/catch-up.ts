/**
 * Catching up: how a peer that the others can no longer serve, or that lost its memory, finds its place again
 * (design.md, invariant 3). It is one exchange outside the steps, in the phase `state`.
 *
 * The peer asks everyone where they are (`query` → `position`), chooses a step s that enough of them still hold or
 * will come to, asks for their θ_s (`fetch` → `vector`), aggregates these with the cohort's own rule, and goes on at
 * step s as if that had been its last agreement on parameters. Until then it counts towards f.
 *
 * Why s is chosen as it is. At least n − f − 1 others answer, f of them may lie. s is at least the (f + 1)-th lowest
 * position, so an honest peer is no further: a cohort that waits for this very peer is met where it waits. Where an
 * honest one is among the f lowest and cannot go on either, too few come to s, and the next attempt is at the lowest.
 * And n − f − 1 peers still hold θ_s and their messages since. A peer that lost its memory may have spoken before: others
 * show the newest vector it signed, and it speaks again only two steps later, so that it cannot contradict itself.
 * Those who saw its newest may be among the f that do not answer. But it came to its last step S with vectors of
 * n − f peers from step S − 1, of whom n − 3f − 1 are honest and answer: where that is more than f, the (f + 1)-th
 * highest position is at least S − 1, and two steps after it are new to it as well. What the peer itself still knows of
 * how far it had come (the watermark beside its log) holds in any case.
 *
 * RB-TM at its bound, n = 3f + 1, has only 2f honest others: where the f liars keep silent, too few to trim f at both
 * ends of their parameters, though enough for every quorum with this peer. There it takes part in an agreement on
 * parameters that honest peers have ended, from what the links keep of it, and without a vector of its own.
 */
import { aggregate as plainRules } from '../../agreement/averaging/aggregate.ts'
import type { Message, Slot } from '../../agreement/message.ts'
import {
  type EffectsBuilder,
  type Envelope,
  type Fault,
  newEffects,
  type PeerIndex,
} from '../../agreement/protocol.ts'
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'
import type { CatchUp, CatchUpOptions, CatchUpOutput, CatchUpReason } from './contract.ts'
import { createHelper, type Helper, slotAt } from './helper.ts'
import { type Position, type Positions, positionsOf } from './positions.ts'

interface Question {
  readonly step: number
  readonly reason: CatchUpReason
  readonly positions: Map<PeerIndex, Position>
  /** The step asked for; null before it is chosen. */
  target: number | null
  readonly answers: Map<PeerIndex, Vector>
  /** This peer goes on where it is, whatever else is said; it may only be told that there is a better place. */
  readonly settled: boolean
}

type Builder = EffectsBuilder<Message, CatchUpOutput>

interface State {
  readonly options: CatchUpOptions
  /** What this peer does for the others. */
  readonly helper: Helper
  question: Question | null
  /** Times that it has asked in a row without coming to another step. */
  attempts: number
}

export function createCatchUp(options: CatchUpOptions): CatchUp {
  const helper = createHelper(options)
  const state: State = { options, helper, question: null, attempts: 0 }
  return {
    asking: () => state.question !== null && !state.question.settled,
    since: helper.since,
    suspected: () => isSuspected(state.question),
    waitingFor: () => missing(state),
    reached(step, parameters) {
      const builder: Builder = newEffects()
      builder.messages.push(...helper.reached(step, parameters))
      state.attempts = 0
      if (state.question?.settled) state.question = null
      if (isOvertaken(state.question, step)) stay(state, builder, { step })
      return builder
    },
    saw: helper.saw,
    restarted: helper.restarted,
    ask: (step, reason) => ask(state, step, reason),
    retry: step => (state.question === null ? newEffects() : ask(state, step, state.question.reason)),
    receive(from, message) {
      const builder: Builder = newEffects()
      handle(state, builder, from, message)
      return builder
    },
  }
}

function ask(state: State, step: number, reason: CatchUpReason): Builder {
  const builder: Builder = newEffects()
  state.attempts++
  const question: Question = {
    step,
    reason,
    target: null,
    settled: false,
    positions: new Map(),
    answers: new Map(),
  }
  state.question = question
  const slot = slotAt(state.options.self, step)
  builder.messages.push({ to: 'others', message: { kind: 'query', slot } })
  choose(state, builder, question)
  return builder
}

function handle(state: State, builder: Builder, from: PeerIndex, message: Message): void {
  const { slot } = message
  const { stepsEnd } = state.options
  if (slot.sender !== from) builder.faults.push({ peer: from, kind: 'wrong-author', slot })
  else if (slot.iteration !== 0 || slot.step < 1 || slot.step > stepsEnd || !Number.isInteger(slot.step))
    builder.faults.push({ peer: from, kind: 'out-of-range', slot })
  else
    switch (message.kind) {
      case 'query':
      case 'fetch':
        say(builder, state.helper.answer(from, message))
        break
      case 'position':
        takePosition(state, builder, from, message)
        break
      case 'vector':
        takeAnswer(state, builder, from, message.slot, message.sealed.vector)
        break
      default:
        builder.faults.push({ peer: from, kind: 'unexpected-kind', slot })
    }
}

function say(builder: Builder, answer: Envelope | Fault | null): void {
  if (answer === null) return
  if ('message' in answer) builder.messages.push(answer)
  else builder.faults.push(answer)
}

function takePosition(
  state: State,
  builder: Builder,
  from: PeerIndex,
  message: Extract<Message, { kind: 'position' }>,
): void {
  const { question } = state
  const { slot, oldest, since, seen } = message
  if (question === null) return // answered already
  const isOrdered = 1 <= oldest && oldest <= slot.step && 1 <= since && since <= state.options.stepsEnd
  if (!isOrdered || (seen !== null && seen.slot.sender !== state.options.self)) {
    builder.faults.push({ peer: from, kind: 'out-of-range', slot })
    return
  }
  question.positions.set(from, { step: slot.step, oldest, since, seenStep: seen?.slot.step ?? 0 })
  choose(state, builder, question)
}

/** Chooses the step to join at, once enough is known; again where too few can still give it. */
function choose(state: State, builder: Builder, question: Question): void {
  const { peers, faults, past, stepsEnd, listens, forgotten } = state.options
  const positions = positionsOf(question.positions.values())
  const enough = peers - faults - 1
  if (positions.heard < enough) return
  if (question.target !== null && positions.holders(question.target) >= enough) return
  // Of f + 1 that have no part in this step any more, one is honest.
  const isBehind = !isSuspected(question) || positions.gone(question.step, past) > faults
  const memoryLost = question.reason === 'amnesiac'
  if (listens && !memoryLost) {
    listen(state, builder, question, isBehind ? positions : null)
    return
  }
  const { seenStep } = positions
  // Nobody has heard of this peer, and all can still be had: it begins where everyone began.
  const isNew = memoryLost && seenStep + forgotten === 0 && positions.holders(question.step) >= enough
  if (isNew || !isBehind) {
    stay(state, builder, question)
    return
  }
  // The lowest may be a lie, or somebody who waits for this very peer: what did not work is not tried twice in a row.
  const left = state.attempts % 2 === 1 ? faults : 0
  const spoken = memoryLost ? Math.max(seenStep, seenStep === 0 ? 0 : positions.highest(faults)) : null
  const target = Math.max(
    positions.lowest(left),
    positions.heldBy(enough - 1),
    question.step,
    spoken === null ? 0 : spoken + 2,
    memoryLost ? forgotten + 1 : 0,
  )
  question.target = Math.min(target, stepsEnd)
  question.answers.clear()
  if (memoryLost) state.helper.silentBefore(question.target)
  builder.messages.push({
    to: 'others',
    message: { kind: 'fetch', slot: slotAt(state.options.self, question.target) },
  })
}

/**
 * Joins the last step that f + 1 say they have ended, if enough still hold it. Of 2f answers f may lie, and come
 * first: where they speak for staying, this peer stays, but later answers may still say otherwise.
 */
function listen(state: State, builder: Builder, question: Question, positions: Positions | null): void {
  const { peers, faults } = state.options
  const ended = (positions?.highest(faults) ?? 0) - 1
  if (positions !== null && ended >= question.step && positions.holders(ended) >= peers - faults - 1) {
    state.question = null
    state.helper.silentBefore(ended + 1)
    builder.outputs.push({ kind: 'listen', step: ended })
  } else if (!question.settled) {
    stay(state, builder, question)
    state.question = { ...question, settled: true }
  }
}

/** Still only wondering. */
function isSuspected(question: Question | null): question is Question {
  return question?.reason === 'unsure' && question.target === null
}

/** This peer has come as far by itself. */
function isOvertaken(question: Question | null, step: number): boolean {
  if (question === null || question.reason === 'amnesiac') return false
  return question.step < step && (question.target ?? step) <= step
}

function stay(state: State, builder: Builder, { step }: Pick<Question, 'step'>): void {
  state.question = null
  builder.outputs.push({ kind: 'found', step, parameters: null })
}

function takeAnswer(state: State, builder: Builder, from: PeerIndex, slot: Slot, vector: Vector): void {
  const { protocol, peers, faults, dimension } = state.options
  const { question } = state
  const unsound =
    vector.length !== dimension ? 'wrong-dimension' : isFiniteVector(vector) ? null : 'not-finite'
  if (unsound !== null) builder.faults.push({ peer: from, kind: unsound, slot })
  if (unsound !== null || question === null || question.target !== slot.step || question.answers.has(from))
    return
  question.answers.set(from, vector)
  if (question.answers.size < answersNeeded(peers, faults)) return
  const vectors = [...question.answers].sort(([a], [b]) => a - b).map(([, answer]) => answer)
  const average = state.options.aggregate ?? plainRules
  const keep = vectors.length - faults
  // This peer has no vector of its own here. CVA needs one near the honest ones, and any single answer may be a lie.
  const own = average('icwtm', { vectors, own: vectors[0]!, faults, keep })
  const parameters = average(protocol, { vectors, own, faults, keep })
  state.question = null
  state.helper.silentBefore(slot.step)
  builder.outputs.push({ kind: 'found', step: slot.step, parameters })
}

/** Others whose parameters are aggregated: as many as can be waited for, and enough to trim f at both ends. */
function answersNeeded(peers: number, faults: number): number {
  return Math.max(peers - faults - 1, 2 * faults + 1)
}

function missing({ question, options: { peers, self } }: State): readonly PeerIndex[] {
  if (question === null) return []
  const present = question.target === null ? question.positions : question.answers
  return Array.from({ length: peers }, (_, peer) => peer).filter(peer => peer !== self && !present.has(peer))
}
