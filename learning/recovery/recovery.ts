/**
 * Recovery: how a peer finds its place again after it lost its memory, or when the others can no longer serve it
 * (docs/architecture.md, "A peer that falls behind"). It is one exchange outside the steps, in the phase `state`.
 *
 * Guarantees, with at most f faulty peers among n, and within the protocol's bound:
 *   safety      a peer signs nothing in a step in which it may have signed something that it no longer knows; and
 *               a peer that can go on where it is stays there, whatever f peers say
 *   soundness   the parameters that it goes on with are the cohort's rule applied to those of n − f − 1 others, all of
 *               one step
 *   liveness    a peer that cannot go on asks, and asks again at longer and longer intervals until it has found a
 *               place; until then it counts towards f
 *
 * How: state.ts holds the states and their valid transitions. The links report what they know (`signal`). A sign that
 * the others have gone on makes a peer suspicious (suspicion.ts). It waits a while for its step to end, then asks all
 * others where they are (`query` → `position`), and takes part all the while. It leaves its step only on the strength
 * of their answers: it chooses a step s that enough of them still hold or will reach (choose.ts), asks for their θ_s
 * (`fetch` → `vector`), aggregates these, and goes on at step s as if that had been its last agreement on parameters.
 * A peer that more than f can no longer serve asks at once. So does every peer when it starts, and until it has found
 * its place it says nothing that binds it: its storage may hold an older copy (a restored backup, a cloned machine), and
 * only the others can tell. If one of them shows a vector that this peer signed and does not know of, then or later, it
 * goes on as a peer that has lost its memory. helper.ts holds what a peer does for others that ask.
 *
 * Why these thresholds:
 *   n − f − 1 answers   this many others answer even if f keep silent; f of them may lie.
 *   more than f         of f + 1 peers that no longer take part in a step, or can no longer serve this peer, one is
 *                       honest. Fewer could all be liars, and liars must not be able to move anyone. But a single
 *                       honest peer that can no longer serve this one may be enough to stop it, so fewer are still a
 *                       reason to ask.
 *   the step s          at least the (f + 1)-th lowest position, so an honest peer is no further: a cohort that waits
 *                       for this very peer is met where it waits. If an honest peer is among the f lowest and cannot
 *                       go on either, too few reach s, and the next attempt is at the lowest. And n − f − 1 peers
 *                       still hold θ_s and their messages since.
 *   two steps later     a peer that lost its memory may have spoken before. The others show the newest vector that it
 *                       signed. It speaks again only two steps later, because votes and reports go one step further.
 *                       The peers that saw its newest vector may be among the f that do not answer. But it reached its
 *                       last step S with vectors of n − f peers from step S − 1, and n − 3f − 1 of these are honest and
 *                       answer. Where that is more than f, the (f + 1)-th highest position is at least S − 1, and two
 *                       steps after it are new to this peer as well. What the peer itself knows of how far it had come
 *                       (`completeFrom`, from the watermark beside its log) holds in any case.
 *   one proof           a vector that this peer signed and does not know of carries its own signature. So one peer is
 *                       believed, and what liars say beside it counts for nothing. Of n − f − 1 answers up to f may come
 *                       from liars that show nothing, and f peers that saw it may not answer. An older copy is noticed
 *                       for certain before it speaks if at least f + 1 honest peers have seen something that it lacks.
 *   2f + 1 parameters   trimming f at both ends takes this many. RB-TM at its bound, n = 3f + 1, has only 2f honest
 *                       others. If the f liars keep silent, these are too few, though with this peer they are enough
 *                       for every quorum. There it listens: without a vector of its own it takes part in an agreement
 *                       on parameters that f + 1 peers, and so an honest one, say they have ended; the links still
 *                       keep its messages. Of the first 2f answers f may lie: if they speak for staying, this peer
 *                       stays, but heeds later answers.
 */
import { aggregate as plainRules } from '../../agreement/averaging/aggregate.ts'
import type { TimerKey } from '../../agreement/averaging/averaging.ts'
import type { Message, Slot } from '../../agreement/message.ts'
import {
  type EffectsBuilder,
  type Envelope,
  effectsOf,
  type Fault,
  type LinkSignal,
  type PeerIndex,
} from '../../agreement/protocol.ts'
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'
import { answersNeeded, choosePlace, listens, missingFrom, SILENT_STEPS, SOUGHT_ELSEWHERE } from './choose.ts'
import type { Recovery, RecoveryOptions, RecoveryOutput } from './contract.ts'
import { createHelper, type Helper, slotAt } from './helper.ts'
import { follow, type Memory, openQuestion, type Question, type RecoveryState } from './state.ts'
import { createSuspicion, type Suspicion } from './suspicion.ts'

type Builder = EffectsBuilder<Message, RecoveryOutput>

interface Machine {
  readonly options: RecoveryOptions
  /** Answers others that catch up. */
  readonly helper: Helper
  readonly suspicion: Suspicion
  state: RecoveryState
  /** The step at which this peer stands. */
  step: number
  /** The last step of which it was certain that this peer could not go on in it. */
  behindAt: number
  /** The step of the last agreement that it joined without a vector of its own. */
  listensIn: number
  /** How many times in a row it has asked without reaching another step. */
  attempts: number
  /** The step after those in which others have shown that it has spoken and does not know what. */
  silentBefore: number
}

/** One peer's recovery. It is told of every step that the peer reaches, and says where the peer goes on instead. */
export function createRecovery(options: RecoveryOptions): Recovery {
  const machine: Machine = {
    options,
    helper: createHelper(options),
    suspicion: createSuspicion(options.maxFaulty),
    state: { name: 'joined' },
    step: options.step,
    behindAt: 0,
    listensIn: 0,
    attempts: 0,
    silentBefore: options.completeFrom,
  }
  return {
    state: () => machine.state.name,
    isAway: () => isAway(machine.state),
    waitingFor: () => missing(machine),
    start: memory => effectsOf(builder => start(machine, builder, memory)),
    reached: (step, parameters) => effectsOf(builder => reached(machine, builder, step, parameters)),
    saw: (from, seen) => machine.helper.saw(from, seen),
    signal: signal => effectsOf(builder => takeSignal(machine, builder, signal)),
    timeout: (timer, isWaiting) => effectsOf(builder => timeout(machine, builder, timer, isWaiting)),
    receive: (from, message) => effectsOf(builder => receive(machine, builder, from, message)),
  }
}

function start(machine: Machine, builder: Builder, memory: Memory): void {
  const { step, options } = machine
  const needsAnswers = options.peers - options.maxFaulty > 1 && (memory === 'lost' || step < options.stepsEnd)
  if (memory !== 'whole' && needsAnswers) ask(machine, builder, memory)
  else builder.outputs.push({ kind: 'begin', step, parameters: null })
}

/** The peer has moved, by itself or as recovery said. A question about an earlier step no longer matters. */
function reached(machine: Machine, builder: Builder, step: number, parameters: Vector): void {
  const { helper, suspicion, state } = machine
  builder.messages.push(...helper.reached(step, parameters))
  machine.step = step
  machine.attempts = 0
  const goesFurther = state.name === 'fetching' ? state.target > step : isSilent(state)
  if (goesFurther) {
    suspicion.heard() // it has further to go, and what it missed belonged to an earlier step
    return
  }
  suspicion.reset()
  suspicion.missSilent(step)
  rest(machine, builder)
}

function takeSignal(machine: Machine, builder: Builder, signal: LinkSignal): void {
  const { helper, suspicion, state, step, options } = machine
  switch (signal.kind) {
    case 'restarted':
      helper.restarted(signal.peer)
      suspicion.restarted(signal.peer)
      return
    case 'missed':
      suspicion.missed(signal.peer)
      break
    case 'ahead':
      suspicion.ahead(signal.peer, signal.ahead)
      break
  }
  if (step >= options.stepsEnd) return // it needs nothing more
  if (suspicion.isCertain() && machine.behindAt !== step) {
    machine.behindAt = step
    if (!isAway(state)) {
      ask(machine, builder, 'whole')
      return
    }
  }
  if (state.name === 'joined' || state.name === 'listening') rest(machine, builder)
  else if (suspicion.hasSign()) beginWait(machine, builder)
}

function timeout(machine: Machine, builder: Builder, timer: TimerKey, isWaiting: boolean): void {
  const { suspicion, state } = machine
  if (!suspicion.isOver(timer.slot.iteration)) return
  if (!isAway(state)) {
    if (openQuestion(state) === null && !suspicion.hasSign()) {
      if (state.name === 'suspecting' && state.question === null) rest(machine, builder)
      return
    }
    if (!isWaiting) {
      beginWait(machine, builder) // it still computes, so the others are not to blame for the time
      return
    }
  }
  suspicion.lengthen()
  ask(machine, builder, ('question' in state && state.question?.memory) || 'whole')
}

function ask(machine: Machine, builder: Builder, memory: Memory): void {
  const { options, suspicion, step } = machine
  const isBehind = memory === 'lost' || machine.behindAt === step
  const question: Question = { step, memory, isBehind, positions: new Map(), settled: false }
  machine.attempts++
  suspicion.heard()
  move(machine, { name: isBehind || memory !== 'whole' ? 'locating' : 'suspecting', question })
  builder.messages.push({ to: 'others', message: { kind: 'query', slot: slotAt(options.self, step) } })
  beginWait(machine, builder)
}

function receive(machine: Machine, builder: Builder, from: PeerIndex, message: Message): void {
  const { slot } = message
  const { stepsEnd } = machine.options
  if (slot.sender !== from) builder.faults.push({ peer: from, kind: 'wrong-author', slot })
  else if (slot.iteration !== 0 || slot.step < 1 || slot.step > stepsEnd || !Number.isInteger(slot.step))
    builder.faults.push({ peer: from, kind: 'out-of-range', slot })
  else
    switch (message.kind) {
      case 'query':
      case 'fetch':
        emit(builder, machine.helper.answer(from, message))
        break
      case 'position':
        takePosition(machine, builder, from, message)
        break
      case 'vector':
        takeAnswer(machine, builder, from, message.slot, message.sealed.vector)
        break
      default:
        builder.faults.push({ peer: from, kind: 'unexpected-kind', slot })
    }
}

function emit(builder: Builder, answer: Envelope | Fault | null): void {
  if (answer === null) return
  if ('message' in answer) builder.messages.push(answer)
  else builder.faults.push(answer)
}

function takePosition(
  machine: Machine,
  builder: Builder,
  from: PeerIndex,
  message: Extract<Message, { kind: 'position' }>,
): void {
  const { state, options } = machine
  const { slot, oldest, completeFrom, seen } = message
  const isOrdered =
    1 <= oldest && oldest <= slot.step && 1 <= completeFrom && completeFrom <= options.stepsEnd
  if (!isOrdered || (seen !== null && seen.slot.sender !== options.self)) {
    builder.faults.push({ peer: from, kind: 'out-of-range', slot })
    return
  }
  const position = { step: slot.step, oldest, completeFrom, seenStep: seen?.slot.step ?? 0 }
  machine.suspicion.silent(from, completeFrom)
  const question = 'question' in state ? state.question : null
  question?.positions.set(from, position)
  if (seen !== null && isForgotten(machine, seen.slot)) forget(machine, builder, from, seen.slot)
  else if (question !== null) go(machine, builder, question) // otherwise it is answered already
}

/** The slot is of a step that this peer claims to know all of, and it does not know that it signed this. */
function isForgotten({ options, helper, state, step }: Machine, slot: Slot): boolean {
  const { remembers, stepsEnd } = options
  if (remembers === undefined || isSilent(state) || step >= stepsEnd) return false
  return slot.step >= helper.completeFrom() && !remembers(slot)
}

/** Its memory is an older copy, or its key runs elsewhere: from now on it is a peer that has lost its memory. */
function forget(machine: Machine, builder: Builder, by: PeerIndex, slot: Slot): void {
  const { helper, state, step, options } = machine
  const completeFrom = Math.max(slot.step + SILENT_STEPS, step + 1)
  machine.silentBefore = completeFrom
  helper.setCompleteFrom(Math.min(completeFrom, options.stepsEnd))
  builder.outputs.push({ kind: 'outdated', slot, by, completeFrom })
  const question = openQuestion(state)
  if (question === null || question.step !== step) ask(machine, builder, 'lost')
  else {
    const anew: Question = { ...question, memory: 'lost', isBehind: true }
    move(machine, { name: 'locating', question: anew })
    go(machine, builder, anew)
  }
}

/** What it says does not bind it, as it does not know what it said before. */
function isSilent(state: RecoveryState): boolean {
  return 'question' in state && state.question?.memory === 'lost'
}

/**
 * How many steps one question may fetch parameters of. The others go on, so the choice may have to be made again. But
 * a liar can claim to have gone on over and over, and a peer that asks all the time is blamed for it (helper.ts).
 * Beyond this limit the peer waits.
 */
const CHOICES_MAX = 4

/** Acts on the positions once enough are known. Chooses again where too few peers can still give the step chosen. */
function go(machine: Machine, builder: Builder, question: Question): void {
  const { options, helper, state, attempts } = machine
  const { target, choices } = state.name === 'fetching' ? state : { target: null, choices: 0 }
  const isBehind = question.isBehind || (question.memory !== 'whole' && machine.behindAt === question.step)
  const rules = { ...options, completeFrom: machine.silentBefore }
  const place = choosePlace(rules, { ...question, isBehind }, target, attempts)
  switch (place.kind) {
    case 'unknown':
      break
    case 'stay':
      if (!question.settled) stay(machine, builder, question)
      break
    case 'fetch':
      if (choices >= CHOICES_MAX) break
      machine.behindAt = Math.max(machine.behindAt, question.step)
      // The others must not wait for messages that it can no longer send.
      if (question.memory === 'lost') {
        helper.setCompleteFrom(place.step)
        // Over a graph some may wait for this very peer, and then too few of them come to hold the step.
        if (options.alone && attempts > SOUGHT_ELSEWHERE)
          builder.outputs.push({ kind: 'silent', completeFrom: helper.completeFrom() })
      }
      move(machine, {
        name: 'fetching',
        question,
        target: place.step,
        choices: choices + 1,
        answers: new Map(),
      })
      builder.messages.push({
        to: 'others',
        message: { kind: 'fetch', slot: slotAt(options.self, place.step) },
      })
      break
    case 'listen':
      helper.setCompleteFrom(place.step + 1)
      Object.assign(machine, { step: place.step, listensIn: place.step })
      machine.suspicion.reset()
      move(machine, { name: 'listening', step: place.step })
      sayFound(machine, builder)
      builder.outputs.push({ kind: 'listen', step: place.step })
      break
  }
}

function stay(machine: Machine, builder: Builder, question: Question): void {
  const { options, suspicion } = machine
  suspicion.heard()
  suspicion.missSilent(question.step)
  if (listens(options) && question.memory !== 'lost')
    move(machine, { name: 'suspecting', question: { ...question, memory: 'whole', settled: true } })
  else {
    suspicion.cancel()
    rest(machine, builder)
  }
  sayFound(machine, builder)
  if (question.memory !== 'whole')
    builder.outputs.push({ kind: 'begin', step: question.step, parameters: null })
}

/** The peer takes part in its step, with or without a suspicion. */
function rest(machine: Machine, builder: Builder): void {
  const { suspicion, state, step, listensIn, options } = machine
  const place: RecoveryState = listensIn === step ? { name: 'listening', step } : { name: 'joined' }
  if (suspicion.hasSign() && step < options.stepsEnd) {
    move(machine, { name: 'suspecting', question: null })
    beginWait(machine, builder)
  } else if (state.name !== place.name) move(machine, place)
}

function takeAnswer(machine: Machine, builder: Builder, from: PeerIndex, slot: Slot, vector: Vector): void {
  const { state, helper, options } = machine
  const { protocol, maxFaulty, dimension } = options
  const unsound =
    vector.length !== dimension ? 'wrong-dimension' : isFiniteVector(vector) ? null : 'not-finite'
  if (unsound !== null) builder.faults.push({ peer: from, kind: unsound, slot })
  if (unsound !== null || state.name !== 'fetching') return
  const { target, answers } = state
  if (target !== slot.step || answers.has(from)) return
  answers.set(from, vector)
  if (answers.size < answersNeeded(options)) return
  const vectors = [...answers].sort(([a], [b]) => a - b).map(([, answer]) => answer)
  const average = options.aggregate ?? plainRules
  const keep = vectors.length - maxFaulty
  // This peer has no vector of its own here. CVA needs one near the honest ones, and any one answer may be a lie.
  const own = average('icwtm', { vectors, own: vectors[0]!, maxFaulty, keep })
  const parameters = average(protocol, { vectors, own, maxFaulty, keep })
  helper.setCompleteFrom(target)
  machine.step = target
  move(machine, { name: 'joined' })
  sayFound(machine, builder)
  builder.outputs.push({ kind: 'begin', step: target, parameters })
}

function move(machine: Machine, to: RecoveryState): void {
  machine.state = follow(machine.state, to)
}

function sayFound({ helper, step }: Machine, builder: Builder): void {
  builder.outputs.push({ kind: 'caught-up', step, completeFrom: helper.completeFrom() })
}

function beginWait({ suspicion, options, step }: Machine, builder: Builder): void {
  const wait = suspicion.wait()
  if (wait === null) return
  const slot: Slot = { step, phase: 'state', iteration: wait.number, sender: options.self }
  builder.outputs.push({ kind: 'timer', timer: { slot, purpose: 'recovery', times: wait.times } })
}

function isAway({ name }: RecoveryState): boolean {
  return name === 'locating' || name === 'fetching'
}

function missing({ state, options }: Machine): readonly PeerIndex[] {
  if (state.name === 'fetching') return missingFrom(state.answers, options)
  const question = openQuestion(state)
  return question === null ? [] : missingFrom(question.positions, options)
}
