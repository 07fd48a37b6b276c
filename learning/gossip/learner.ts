/**
 * Gossip among peers that share no clock, as a protocol: what LEARN (learn.ts) is where all agree with all, for peers
 * that hear their neighbours alone. The same driver runs both.
 *
 * In step t a peer descends by its momentum, signs its parameters, sends them to its neighbours, and waits for those of
 * `deg − f` of them. A grace may bring the rest. Then it applies the rule of gossip (rules.ts) to its own vector and
 * theirs. An honest neighbour may be among the f that it does not wait for, and a liar among those that it hears, so
 * the rule has `deg − f` or more vectors, f of them lies: conditions.ts says for which degrees that is enough.
 *
 * Nobody waits for ever. Links keep vectors of the last steps for slower and restarted neighbours. Where a link says that
 * a vector will not come any more (`missed`), its author counts as if it had spoken. A peer that then has fewer than
 * `deg − f` vectors keeps its own: it learns alone in that step. Since a liar may claim to miss something, it first waits
 * a while for more. So the slowest honest peer always goes on, if at most f of its neighbours are faulty.
 *
 * A peer that restarts finds its place by the same recovery as in LEARN (recovery/recovery.ts), with its neighbours for
 * the others: it never signs two vectors for a slot. One without memory goes on with the trimmed mean of its neighbours'
 * parameters. Where these are too far apart to give theirs of one step, one that knows what it has said, or has never
 * been heard, goes on where it was: some may wait for it there.
 */
import type { Message, PeerIndex, Sealed, Slot } from '../../agreement/message.ts'
import { absorb, type Effects, type EffectsBuilder, effectsOf } from '../../agreement/protocol.ts'
import { isFiniteVector, norm, type Vector } from '../../agreement/vector.ts'
import { project } from '../box.ts'
import { descended } from '../descent.ts'
import { canServeOthers } from '../divergence.ts'
import { holdingBack } from '../hold-back.ts'
import type {
  Divergence,
  Learn,
  LearnInput,
  LearnOptions,
  LearnOutput,
  LearnStatus,
} from '../learn-contract.ts'
import { ownGradient } from '../own-gradient.ts'
import type { Recovery, RecoveryOutput } from '../recovery/contract.ts'
import { createRecovery } from '../recovery/recovery.ts'
import { createHearings, type Hearing, type Hearings } from './hearing.ts'
import type { GossipRule } from './rules.ts'

/** What a peer gossips, and with whom. */
export interface GossipLearnOptions
  extends Pick<
    LearnOptions,
    | 'self'
    | 'maxFaulty'
    | 'dimension'
    | 'grace'
    | 'ledger'
    | 'discard'
    | 'steps'
    | 'rate'
    | 'momentum'
    | 'clip'
    | 'weightDecay'
    | 'box'
    | 'batch'
    | 'start'
    | 'completeFrom'
    | 'history'
    | 'seen'
    | 'remembers'
    | 'window'
  > {
  /** Whom this peer hears, ascending. */
  readonly neighbours: readonly PeerIndex[]
  /** `W_ij` of each of them. */
  readonly weights: readonly number[]
  readonly rule: GossipRule
}

type Builder = EffectsBuilder<Message, LearnOutput>

/** How long this peer has waited for more vectors of its step than it has. */
type Wait = 'none' | 'running' | 'over'

interface State {
  readonly options: GossipLearnOptions
  readonly recovery: Recovery
  readonly hearings: Hearings
  /** The neighbours whose vectors of this step will not come, as far as the links know. */
  readonly missed: Set<PeerIndex>
  /** The neighbours that have said where they are since this peer last asked. */
  readonly located: Set<PeerIndex>
  step: number
  phase: 'waiting' | 'computing' | 'hearing' | 'finished' | 'diverged'
  parameters: Vector
  momentum: Vector | null
  /** What it has signed in this step. */
  own: Sealed | null
  /** For more than enough vectors; and, where some will not come, for enough. */
  grace: Wait
  patience: Wait
}

/** A trimmed mean: a peer that lost its memory has no vector of its own to hold the others' against. */
const RECOVERS_BY = 'icwtm'

/**
 * One peer's gossip, from the state `start` on. It computes no gradient itself, but asks for it: `need-gradient`.
 * @throws RangeError for a rule that goes by losses, which nobody can be asked for here
 */
export function createGossipLearn(options: GossipLearnOptions): Learn {
  const { neighbours, rule, start, steps, window, completeFrom = 1, history = new Map(), self } = options
  if (rule.judged !== undefined)
    throw new RangeError(`rule ${rule.name} goes by losses; expected one that looks at vectors alone`)
  const { step, parameters, momentum } = start
  const state: State = {
    options,
    recovery: createRecovery({
      ...options,
      protocol: RECOVERS_BY,
      peers: neighbours.length + 1,
      step,
      stepsEnd: steps + 1,
      completeFrom,
      history,
      kept: window.kept,
      past: window.kept,
      alone: true,
    }),
    hearings: createHearings(options),
    missed: new Set(),
    located: new Set(),
    step,
    phase: 'waiting',
    parameters,
    momentum,
    own: null,
    grace: 'none',
    patience: 'none',
  }
  const learn: Learn = {
    input: value => effectsOf(builder => handleInput(state, builder, value)),
    receive: (from, message) => effectsOf(builder => receive(state, builder, from, message)),
    status: () => statusOf(state),
    currentStep: () => state.step,
  }
  return holdingBack(learn, self, state.recovery.isAway)
}

function handleInput(state: State, builder: Builder, value: LearnInput): void {
  const { recovery } = state
  if (state.phase === 'diverged' && !canServeOthers(value)) return
  switch (value.kind) {
    case 'start':
      follow(state, builder, recovery.start(value.memory ?? 'whole'))
      break
    case 'restarted':
      state.missed.delete(value.peer)
      follow(state, builder, recovery.signal(value))
      break
    case 'missed':
      state.missed.add(value.peer)
      proceed(state, builder)
      break
    case 'gradient':
      if (value.step === state.step && state.phase === 'computing')
        takeGradient(state, builder, value.gradient)
      break
    case 'timer':
      if (value.timer.slot.phase === 'state') {
        follow(state, builder, recovery.timeout(value.timer, statusOf(state).waitingFor.length > 0))
        break
      }
      if (value.timer.slot.step !== state.step) return
      if (value.timer.purpose === 'grace') state.grace = 'over'
      else state.patience = 'over'
      proceed(state, builder)
      break
    case 'ahead': // a neighbour that is far ahead still gives what it keeps
    case 'metrics': // gossip asks for none
  }
}

function receive(state: State, builder: Builder, from: PeerIndex, message: Message): void {
  const { neighbours, steps, window } = state.options
  const { slot } = message
  const blame = (kind: 'wrong-author' | 'out-of-range' | 'unexpected-kind') =>
    builder.faults.push({ peer: from, kind, slot })
  if (!neighbours.includes(from)) {
    blame('wrong-author')
    return
  }
  if (slot.phase === 'state') {
    if (state.phase === 'diverged' && !canServeOthers(message)) return
    if (message.kind === 'position') state.located.add(from)
    follow(state, builder, state.recovery.receive(from, message))
    return
  }
  const { step, phase, iteration, sender } = slot
  if (message.kind !== 'vector' || phase !== 'parameters') blame('unexpected-kind')
  else if (sender !== from) blame('wrong-author')
  else if (!(Number.isInteger(step) && step >= 1 && step <= steps && iteration === 0)) blame('out-of-range')
  else if (step > state.step + window.ahead) blame('out-of-range')
  else {
    const { digest, signature } = message.sealed
    state.recovery.saw(from, { slot, digest, signature })
    if (step < state.step - window.past) return
    builder.faults.push(...state.hearings.take(message, state.step))
    if (step === state.step) proceed(state, builder)
  }
}

/** Does what recovery says. */
function follow(state: State, builder: Builder, child: Effects<Message, RecoveryOutput>): void {
  if (child.messages.some(({ message }) => message.kind === 'query')) state.located.clear()
  for (const output of absorb(builder, child)) {
    if (output.kind === 'listen') throw new Error('a peer of gossip listens to no agreement')
    if (output.kind !== 'begin') builder.outputs.push(output)
    else if (output.parameters === null) reach(state, builder)
    else {
      state.momentum = null
      arrive(state, builder, output.step, output.parameters)
    }
  }
}

/** Moves to another step. */
function arrive(state: State, builder: Builder, step: number, parameters: Vector): void {
  Object.assign(state, { step, parameters })
  state.missed.clear()
  builder.outputs.push({ kind: 'stepped', state: { step, parameters, momentum: state.momentum } })
  reach(state, builder)
}

/** Begins the step at which it stands. */
function reach(state: State, builder: Builder): void {
  const { recovery, step, parameters, options, hearings } = state
  follow(state, builder, recovery.reached(step, parameters))
  hearings.dropBefore(step - options.window.past)
  Object.assign(state, { own: null, grace: options.grace ? 'none' : 'over', patience: 'none' })
  if (step > options.steps) {
    state.phase = 'finished'
    builder.outputs.push({ kind: 'finished', parameters })
    return
  }
  state.phase = 'computing'
  builder.outputs.push({ kind: 'need-gradient', step, parameters, batch: options.batch(step) })
}

/** Descends, and gives the result to the neighbours. */
function takeGradient(state: State, builder: Builder, gradient: Vector): void {
  const { options, step, parameters } = state
  const direction = ownGradient(gradient, parameters, state.momentum, options)
  if (!isFiniteVector(direction)) {
    diverge(state, builder, 'gradient', parameters)
    return
  }
  const half = descended(parameters, direction, options.rate(step), null)
  if (!isFiniteVector(half)) {
    diverge(state, builder, 'parameters', direction)
    return
  }
  if (options.momentum !== 0) state.momentum = direction
  const slot = slotOf(state)
  const sealed = options.ledger.seal(slot, half)
  Object.assign(state, { own: sealed, phase: 'hearing' })
  builder.outputs.push({ kind: 'sealed', slot, vector: sealed.vector, digest: sealed.digest })
  builder.messages.push({ to: 'others', message: { kind: 'vector', slot, sealed } })
  proceed(state, builder)
}

/** @param cause the finite vector that it comes from */
function diverge(state: State, builder: Builder, of: Divergence['of'], cause: Vector): void {
  state.phase = 'diverged'
  builder.outputs.push({ kind: 'diverged', divergence: { step: state.step, of, norm: norm(cause) } })
}

/** Ends the step if no more can be waited for. */
function proceed(state: State, builder: Builder): void {
  if (state.phase !== 'hearing') return
  const { options, missed, hearings, step } = state
  const { neighbours } = options
  const hearing = hearings.of(step)
  const needed = neededOf(options)
  const settled = neighbours.filter(peer => hearing.vectors.has(peer) || missed.has(peer)).length
  if (settled < needed) return
  if (settled < neighbours.length) {
    const hasEnough = hearing.vectors.size >= needed
    if (hasEnough && state.grace !== 'over') {
      if (state.grace === 'none') wait(state, builder, 'grace')
      return
    }
    if (!hasEnough && state.patience !== 'over') {
      if (state.patience === 'none') wait(state, builder, 'payload')
      return
    }
  }
  conclude(state, builder, hearing, needed)
}

function wait(state: State, builder: Builder, purpose: 'grace' | 'payload'): void {
  if (purpose === 'grace') state.grace = 'running'
  else state.patience = 'running'
  builder.outputs.push({ kind: 'timer', timer: { slot: slotOf(state), purpose } })
}

/** This peer's next parameters: the rule's result if it has enough vectors, otherwise its own vector. */
function conclude(state: State, builder: Builder, hearing: Hearing, needed: number): void {
  const { options, step, hearings } = state
  const { neighbours, weights, maxFaulty, steps, rule, box = null } = options
  const own = state.own!.vector
  const used = hearing.vectors.size >= needed ? neighbours.filter(peer => hearing.vectors.has(peer)) : []
  const next =
    used.length === 0
      ? own.slice()
      : rule.combine({
          own,
          others: used.map(peer => hearing.vectors.get(peer)!),
          weights: used.map(peer => weights[neighbours.indexOf(peer)]!),
          maxFaulty,
          step,
          steps,
        })
  if (box !== null) project(next, box)
  hearings.close(step, next)
  const { iteration, phase } = slotOf(state)
  builder.outputs.push({ kind: 'iterated', exchange: { step, phase, iteration }, used, vector: next })
  if (!isFiniteVector(next)) {
    diverge(state, builder, 'parameters', own)
    return
  }
  builder.outputs.push({ kind: 'averaged', step, phase: 'parameters', vector: next })
  arrive(state, builder, step + 1, next)
}

/** How many neighbours' vectors the rule needs: f of them may keep silent. */
function neededOf({ neighbours, maxFaulty }: GossipLearnOptions): number {
  return Math.max(0, neighbours.length - maxFaulty)
}

function slotOf({ step, options }: State): Slot {
  return { step, phase: 'parameters', iteration: 0, sender: options.self }
}

function statusOf({ step, phase, recovery, hearings, missed, located, options }: State): LearnStatus {
  const { neighbours } = options
  if (phase === 'diverged' || phase === 'finished') return { step, phase, computing: false, waitingFor: [] }
  if (recovery.isAway()) {
    const silent = neighbours.filter(peer => !located.has(peer))
    return { step, phase: 'catching-up', computing: false, waitingFor: silent }
  }
  if (phase !== 'hearing')
    return { step, phase: 'gradient', computing: phase === 'computing', waitingFor: [] }
  const { vectors } = hearings.of(step)
  const waitingFor = neighbours.filter(peer => !vectors.has(peer) && !missed.has(peer))
  return { step, phase: 'parameters', computing: false, waitingFor }
}
