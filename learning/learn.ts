/**
 * LEARN (collaborative-learning, Algorithm 1) as a protocol: collaborative learning by averaging agreement.
 *
 * For t = 1 … T: `g_t ← oracle(θ_t)`, `γ_t ← AVG(g_t)`, `θ_{t+½} ← θ_t − η·γ_t`, `θ_{t+1} ← AVG(θ_{t+½})`.
 * Each peer computes one gradient a step, at its own parameters, or several in local steps (local-steps.ts). While its
 * oracle computes, LEARN serves the others.
 *
 * A peer takes messages up to a window of steps ahead, so that a fast peer need not wait; senders withhold later ones.
 * Agreements of past steps live on, up to a window, to serve slower peers. Recovery (recovery/recovery.ts) decides
 * whether this peer can go on where it is, and if not, where else. It sends finite vectors only (divergence.ts).
 *
 * Where the cohort waits for fewer than n − f vectors, a peer also waits for the others to be near (pace.ts).
 *
 * In the steps that measured-steps.ts names, the peers also agree on metrics: `AVG(metrics of θ_t)`, beside the step,
 * which does not wait for it. A peer has finished once the agreement after the last step has ended.
 */
import type { AveragingOutput } from '../agreement/averaging/averaging.ts'
import { type AveragedPhase, type Message, ownCommitment, type PeerIndex } from '../agreement/message.ts'
import { absorb, type Effects, type EffectsBuilder, effectsOf } from '../agreement/protocol.ts'
import { isBroadcastBased } from '../agreement/protocols/registry.ts'
import { isFiniteVector, norm, type Vector } from '../agreement/vector.ts'
import { type Agreements, createAgreements } from './agreements.ts'
import { descended } from './descent.ts'
import { canServeOthers } from './divergence.ts'
import { fedBack } from './error-feedback.ts'
import { METRICS_DIMENSION } from './evaluation/agreed.ts'
import { holdingBack } from './hold-back.ts'
import type {
  Divergence,
  Learn,
  LearnInput,
  LearnOptions,
  LearnOutput,
  LearnStatus,
} from './learn-contract.ts'
import { type LocalSteps, localStart, localStep } from './local-steps.ts'
import { isMeasured, lastStep } from './measured-steps.ts'
import { createPace, type Pace } from './pace.ts'
import type { Recovery, RecoveryOutput } from './recovery/contract.ts'
import { createRecovery } from './recovery/recovery.ts'

type Builder = EffectsBuilder<Message, LearnOutput>
type Averaged = Effects<Message, AveragingOutput>

interface State {
  readonly options: LearnOptions
  readonly agreements: Agreements
  readonly recovery: Recovery
  readonly pace: Pace
  step: number
  /** `computing`: it has asked for its own gradient and does not have it yet. */
  phase: 'computing' | AveragedPhase | 'finished' | 'diverged'
  parameters: Vector
  momentum: Vector | null
  residual: Vector | null
  drawn: Vector | null
  /** While it computes: how far it has come in its own descent. A restarted peer begins it again. */
  local: LocalSteps
  /** What the peers agreed on; null before, and while this peer has to learn it from others. */
  statistics: Vector | null
  /** It has reached its step, and does not begin it yet: too many others are far behind. */
  paused: boolean
  /** The steps for which it has asked for its own metrics and does not have them yet. */
  readonly measuring: Set<number>
}

/** One peer's LEARN, from the state `start` on. It computes no gradient itself, but asks for it: `need-gradient`. */
export function createLearn(options: LearnOptions): Learn {
  const { steps, window, completeFrom = 1, history = new Map() } = options
  const { step, parameters, momentum, residual = null, drawn = null } = options.start
  const state: State = {
    options,
    agreements: createAgreements(options),
    recovery: createRecovery({
      ...options,
      ...window,
      step,
      stepsEnd: lastStep(options) + 1,
      completeFrom,
      history,
    }),
    pace: createPace(options),
    step,
    phase: 'gradient',
    parameters,
    momentum,
    residual,
    drawn,
    local: localStart(parameters, momentum),
    statistics: step === 1 ? null : statisticsIn(parameters, options),
    paused: false,
    measuring: new Set(),
  }
  if (step <= steps) state.agreements.of(step, 'gradient') // throws for a cohort below its bound, before it can send
  const learn: Learn = {
    input: value => effectsOf(builder => handleInput(state, builder, value)),
    receive: (from, message) => effectsOf(builder => receive(state, builder, from, message)),
    status: () => statusOf(state),
    currentStep: () => state.step,
  }
  return holdingBack(learn, options.self, state.recovery.isAway)
}

function handleInput(state: State, builder: Builder, value: LearnInput): void {
  const { recovery, agreements } = state
  if (state.phase === 'diverged' && !canServeOthers(value)) return
  switch (value.kind) {
    case 'start':
      follow(state, builder, recovery.start(value.memory ?? 'whole'))
      break
    case 'missed':
    case 'ahead':
    case 'restarted':
      if (value.kind === 'restarted')
        for (const { step, phase, agreement } of [...agreements.all()])
          consume(state, builder, step, phase, agreement.input(value))
      follow(state, builder, recovery.signal(value))
      break
    case 'gradient':
      if (value.step !== state.step || state.phase !== 'computing') return // asked for before a move
      if ((value.local ?? 0) === state.local.done) takeGradient(state, builder, value.gradient)
      break
    case 'metrics':
      giveMetrics(state, builder, value.step, value.vector)
      break
    case 'timer': {
      const { step, phase } = value.timer.slot
      if (phase === 'state') {
        follow(state, builder, recovery.timeout(value.timer, statusOf(state).waitingFor.length > 0))
        break
      }
      const agreement = agreements.find(step, phase)
      if (agreement !== undefined) consume(state, builder, step, phase, agreement.input(value))
    }
  }
}

function receive(state: State, builder: Builder, from: PeerIndex, message: Message): void {
  const { slot } = message
  const { step, phase } = slot
  const { window } = state.options
  if (phase === 'state') {
    if (state.phase === 'diverged' && !canServeOthers(message)) return
    follow(state, builder, state.recovery.receive(from, message))
    return
  }
  const hasSlot = isAgreedOn(state, step, phase)
  const own = hasSlot ? ownCommitment(from, message) : null
  if (own !== null) state.recovery.saw(from, { slot, digest: own.digest, signature: own.signature })
  if (!hasSlot || step > state.step + window.ahead) {
    builder.faults.push({ peer: from, kind: 'out-of-range', slot })
    return
  }
  if (own !== null) {
    state.pace.saw(from, step)
    if (state.paused) beginInTime(state, builder)
  }
  if (step < state.step - window.past || isOnlyKept(state, message)) return
  consume(state, builder, step, phase, state.agreements.of(step, phase).receive(from, message))
}

/**
 * Whether all that could be done with the message is to keep it. In a step that is past, a peer that has begun anew, or
 * has come from elsewhere, only answers for its own vector: in the standard form nobody else needs what it receives.
 */
function isOnlyKept({ step, options, agreements, measuring }: State, { kind, slot }: Message): boolean {
  const { protocol, exchange } = options
  // Learning goes on while this peer still evaluates: its agreement on metrics is ahead of it, though the step is past.
  if (slot.phase === 'metrics' && measuring.has(slot.step)) return false
  if (
    slot.step >= step ||
    isBroadcastBased(protocol) ||
    exchange !== 'digest-first' ||
    slot.phase === 'state'
  )
    return false
  return kind !== 'request' && agreements.find(slot.step, slot.phase) === undefined
}

/** Whether there is an agreement of this phase in this step. */
function isAgreedOn({ options }: State, step: number, phase: AveragedPhase): boolean {
  if (!Number.isInteger(step)) return false
  return phase === 'metrics' ? isMeasured(step, options) : step >= 1 && step <= options.steps
}

/** Does what recovery says. */
function follow(state: State, builder: Builder, child: Effects<Message, RecoveryOutput>): void {
  for (const output of absorb(builder, child)) {
    if (output.kind === 'listen') listen(state, builder, output.step)
    else if (output.kind !== 'begin') builder.outputs.push(output)
    else {
      if (output.parameters !== null) {
        Object.assign(state, { statistics: null, momentum: null, residual: null })
        arrive(state, builder, output.step, output.parameters)
      }
      reach(state, builder)
    }
  }
}

/** Joins a step in its agreement on parameters, and goes on from its outcome. After the last step that is on metrics. */
function listen(state: State, builder: Builder, step: number): void {
  const phase = step > state.options.steps ? 'metrics' : 'parameters'
  const takesPart = step === state.step && state.phase === phase && !state.measuring.has(step)
  if (takesPart) return
  state.measuring.delete(step)
  Object.assign(state, { step, phase, paused: false, momentum: null, residual: null })
  if (phase === 'parameters') state.statistics = null
  const agreement = state.agreements.of(step, phase)
  consume(state, builder, step, phase, agreement.input({ kind: 'listen' }))
}

/** Moves to another step. */
function arrive(state: State, builder: Builder, step: number, reached: Vector): void {
  Object.assign(state, { step, parameters: withStatistics(state, reached) })
  const { parameters, momentum, residual, drawn } = state
  const reachedState = { step, parameters, momentum, ...(residual && { residual }), ...(drawn && { drawn }) }
  builder.outputs.push({ kind: 'stepped', state: reachedState })
}

/** It stands at its step from now on, and begins it as soon as the others are near. */
function reach(state: State, builder: Builder): void {
  const { recovery, step, parameters, agreements, options } = state
  follow(state, builder, recovery.reached(step, parameters))
  agreements.dropBefore(step - options.window.past)
  beginInTime(state, builder)
}

function beginInTime(state: State, builder: Builder): void {
  const { step, pace, options } = state
  // Past the last step there is nothing to begin, and the others, who have finished, would never be seen there.
  state.paused = step <= lastStep(options) && pace.waitingFor(step).length > 0
  if (!state.paused) beginStep(state, builder)
}

function beginStep(state: State, builder: Builder): void {
  const { step, parameters, options } = state
  if (step > lastStep(options)) {
    state.phase = 'finished'
    builder.outputs.push({ kind: 'finished', parameters: state.drawn ?? parameters })
    return
  }
  if (step > 1) state.statistics ??= statisticsIn(parameters, options)
  else if (options.statistics) {
    give(state, builder, 'parameters', parameters, parameters)
    return
  }
  // Where step 1 learns nothing, its parameters are what step 2 begins with.
  if (step === options.outputStep || (options.outputStep === 1 && state.drawn === null))
    state.drawn = parameters
  if (step > options.steps) state.phase = 'metrics'
  else {
    Object.assign(state, { phase: 'computing', local: localStart(parameters, state.momentum) })
    needGradient(state, builder)
  }
  if (!isMeasured(step, options)) return // the others wait for the gradient, so that comes first
  const measured = step > options.steps ? (state.drawn ?? parameters) : parameters
  state.measuring.add(step)
  builder.outputs.push({ kind: 'need-metrics', step, parameters: measured })
}

function needGradient({ step, local, options }: State, builder: Builder): void {
  const { done, parameters } = local
  const batch = options.batch(step)
  builder.outputs.push({ kind: 'need-gradient', step, ...(done > 0 && { local: done }), parameters, batch })
}

/** Goes on with the local steps, and after the last gives their sum to the others. */
function takeGradient(state: State, builder: Builder, gradient: Vector): void {
  const { options, step, local: before } = state
  const { localSteps = 1, box = null, precision } = options
  const isLast = before.done + 1 === localSteps
  const local = localStep(before, gradient, isLast, { ...options, rate: options.rate(step), box })
  if (!isLast && isFiniteVector(local.sum)) {
    state.local = local
    if (isFiniteVector(local.parameters)) needGradient(state, builder)
    else diverge(state, builder, 'parameters', local.sum)
    return
  }
  state.momentum = local.momentum
  state.local = localStart(before.parameters, null) // until the next step, where a new one begins
  if (precision !== 'int8' || !isFiniteVector(local.sum)) {
    give(state, builder, 'gradient', local.sum, before.parameters)
    return
  }
  const { sent, residual } = fedBack(local.sum, state.residual, precision)
  state.residual = residual
  give(state, builder, 'gradient', sent, before.parameters)
}

function diverge(state: State, builder: Builder, of: Divergence['of'], cause: Vector): void {
  state.phase = 'diverged'
  builder.outputs.push({ kind: 'diverged', divergence: { step: state.step, of, norm: norm(cause) } })
}

/**
 * Puts its own vector into an agreement of this step.
 * @param cause the finite vector that it comes from
 */
function give(state: State, builder: Builder, phase: Divergence['of'], vector: Vector, cause: Vector): void {
  const { step, agreements } = state
  if (!isFiniteVector(vector)) {
    diverge(state, builder, phase, cause)
    return
  }
  state.phase = phase
  consume(state, builder, step, phase, agreements.of(step, phase).input({ kind: 'vector', vector }))
}

/** Puts its own metrics into their agreement, unless that is past, or it listens there. */
function giveMetrics(state: State, builder: Builder, step: number, vector: Vector): void {
  if (vector.length !== METRICS_DIMENSION || !isFiniteVector(vector))
    throw new TypeError(`metrics are ${METRICS_DIMENSION} finite numbers, not ${vector.join(', ')}`)
  if (!state.measuring.delete(step) || step < state.step - state.options.window.past) return
  const agreement = state.agreements.of(step, 'metrics')
  consume(state, builder, step, 'metrics', agreement.input({ kind: 'vector', vector }))
}

/** Passes on an agreement's outputs, and uses its result unless this peer has gone elsewhere meanwhile. */
function consume(state: State, builder: Builder, step: number, phase: AveragedPhase, child: Averaged): void {
  const { rate, box = null, descend = descended } = state.options
  for (const output of absorb(builder, child)) {
    if (output.kind !== 'agreed') {
      builder.outputs.push(output)
      continue
    }
    const isHere = step === state.step && phase === state.phase
    if (!isHere && phase !== 'metrics') continue
    const { vector } = output
    builder.outputs.push({ kind: 'averaged', step, phase, vector })
    if (phase === 'metrics') {
      if (isHere) end(state, builder)
    } else if (phase === 'gradient') {
      const moved = withStatistics(state, descend(state.parameters, vector, rate(step), box))
      give(state, builder, 'parameters', moved, vector)
    } else {
      arrive(state, builder, step + 1, vector)
      reach(state, builder)
    }
  }
}

function statisticsIn(vector: Vector, { statistics = 0 }: LearnOptions): Vector {
  return vector.slice(vector.length - statistics) // a view would keep all of the vector
}

/** The vector with the agreed statistics, if there are any yet: no liar moves them after the agreement. */
function withStatistics({ statistics }: State, vector: Vector): Vector {
  if (statistics === null || statistics.length === 0) return vector
  const kept = vector.slice()
  kept.set(statistics, vector.length - statistics.length)
  return kept
}

/** The agreement on the run's last metrics has ended. */
function end(state: State, builder: Builder): void {
  arrive(state, builder, state.step + 1, state.parameters)
  reach(state, builder)
}

function statusOf({ step, phase, paused, pace, recovery, agreements, measuring }: State): LearnStatus {
  if (phase === 'diverged') return { step, phase, computing: false, waitingFor: [] }
  if (recovery.isAway())
    return { step, phase: 'catching-up', computing: false, waitingFor: recovery.waitingFor() }
  if (paused) return { step, phase: 'parameters', computing: false, waitingFor: pace.waitingFor(step) }
  if (phase === 'computing') return { step, phase: 'gradient', computing: true, waitingFor: [] }
  if (phase === 'metrics' && measuring.has(step)) return { step, phase, computing: true, waitingFor: [] }
  const current = phase === 'finished' ? undefined : agreements.find(step, phase)
  return { step, phase, computing: false, waitingFor: current?.waitingFor() ?? [] }
}
