/**
 * LEARN (collaborative-learning, Algorithm 1) as a protocol: collaborative learning by averaging agreement.
 *
 * For t = 1 … T: `g_t ← oracle(θ_t)`, `γ_t ← AVG(g_t)`, `θ_{t+½} ← θ_t − η·γ_t`, `θ_{t+1} ← AVG(θ_{t+½})`.
 * Each peer computes one gradient a step, at its own parameters. A slow oracle is just a late input: LEARN asks with
 * `need-gradient` and goes on serving the others meanwhile.
 *
 * Messages of steps ahead are taken up to a window, so that a fast peer need not wait; senders withhold further ones.
 * Agreements of past steps live on, up to a window, to serve slower peers. Whether this peer can go on, and if not,
 * where it can, is recovery's to say (recovery/recovery.ts).
 */

import type { AveragingOutput } from '../agreement/averaging/averaging.ts'
import { type AveragedPhase, isBound, type Message, type PeerIndex } from '../agreement/message.ts'
import { absorb, type Effects, type EffectsBuilder, type Envelope, effectsOf } from '../agreement/protocol.ts'
import type { Vector } from '../agreement/vector.ts'
import { type Agreements, createAgreements } from './agreements.ts'
import { descended } from './descent.ts'
import type { Learn, LearnInput, LearnOptions, LearnOutput, LearnStatus } from './learn-contract.ts'
import { ownGradient } from './own-gradient.ts'
import type { Recovery, RecoveryOutput } from './recovery/contract.ts'
import { createRecovery } from './recovery/recovery.ts'

type Builder = EffectsBuilder<Message, LearnOutput>
type Averaged = Effects<Message, AveragingOutput>

interface State {
  readonly options: LearnOptions
  readonly agreements: Agreements
  readonly recovery: Recovery
  step: number
  /** `computing`: its own gradient has been asked for, and is not there yet. */
  phase: 'computing' | AveragedPhase | 'finished'
  parameters: Vector
  momentum: Vector | null
  drawn: Vector | null
  /** It has found its place since its start; before, it says nothing that binds it. */
  hasBegun: boolean
  /** What it would have said. */
  held: readonly Envelope[]
}

/** One peer's LEARN, from step and parameters `start` on. It computes nothing itself: `need-gradient` asks for a gradient. */
export function createLearn(options: LearnOptions): Learn {
  const { steps, window, completeFrom = 1, history = new Map() } = options
  const { step, parameters, momentum, drawn = null } = options.start
  const state: State = {
    options,
    agreements: createAgreements(options),
    recovery: createRecovery({ ...options, ...window, step, stepsEnd: steps + 1, completeFrom, history }),
    step,
    phase: 'gradient',
    parameters,
    momentum,
    drawn,
    hasBegun: false,
    held: [],
  }
  if (step <= steps) state.agreements.of(step, 'gradient') // refuses a cohort below its bound before anything is sent
  return {
    input: value =>
      holdBack(
        state,
        effectsOf(builder => handleInput(state, builder, value)),
      ),
    receive: (from, message) =>
      holdBack(
        state,
        effectsOf(builder => receive(state, builder, from, message)),
      ),
    status: () => statusOf(state),
  }
}

/** Until this peer has begun, what binds it waits: votes on what others sent meanwhile, so no more than these cause. */
function holdBack(state: State, effects: Effects<Message, LearnOutput>): Effects<Message, LearnOutput> {
  const { hasBegun, held } = state
  if (hasBegun && held.length === 0) return effects
  const binds = ({ message }: Envelope) => isBound(message) && message.slot.phase !== 'state'
  state.held = hasBegun ? [] : [...held, ...effects.messages.filter(binds)]
  const messages = hasBegun ? [...held, ...effects.messages] : effects.messages.filter(each => !binds(each))
  return { ...effects, messages }
}

function handleInput(state: State, builder: Builder, value: LearnInput): void {
  const { recovery, agreements } = state
  switch (value.kind) {
    case 'start':
      follow(state, builder, recovery.start(value.memory ?? 'whole'))
      break
    case 'missed':
    case 'ahead':
    case 'restarted':
      if (value.kind === 'restarted')
        for (const agreement of agreements.all()) absorb(builder, agreement.input(value))
      follow(state, builder, recovery.signal(value))
      break
    case 'gradient':
      if (value.step !== state.step || state.phase !== 'computing') return // asked for before it went elsewhere
      begin(state, builder, value.gradient)
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
  const { steps, window } = state.options
  if (phase === 'state') {
    follow(state, builder, state.recovery.receive(from, message))
    return
  }
  if (step < 1 || step > steps || !Number.isInteger(step)) {
    builder.faults.push({ peer: from, kind: 'out-of-range', slot })
    return
  }
  if (message.kind === 'vector' && slot.sender === from) {
    const { digest, signature } = message.sealed
    state.recovery.saw(from, { slot, digest, signature })
  }
  if (step > state.step + window.ahead) {
    builder.faults.push({ peer: from, kind: 'out-of-range', slot })
    return
  }
  if (step < state.step - window.past) return
  consume(state, builder, step, phase, state.agreements.of(step, phase).receive(from, message))
}

/** Goes where recovery says. */
function follow(state: State, builder: Builder, child: Effects<Message, RecoveryOutput>): void {
  for (const output of absorb(builder, child)) {
    if (output.kind === 'listen') listen(state, builder, output.step)
    else if (output.kind !== 'begin') builder.outputs.push(output)
    else {
      const { step, parameters } = output
      if (parameters !== null) arrive(state, builder, step, parameters, null)
      beginStep(state, builder)
    }
  }
}

/** Joins a step in its agreement on parameters, to go on from what comes of it. */
function listen(state: State, builder: Builder, step: number): void {
  state.hasBegun = true
  if (step === state.step && state.phase === 'parameters') return // it takes part already
  Object.assign(state, { step, phase: 'parameters', momentum: null })
  const agreement = state.agreements.of(step, 'parameters')
  consume(state, builder, step, 'parameters', agreement.input({ kind: 'listen' }))
}

/** Stands at another step from now on. */
function arrive(state: State, builder: Builder, step: number, parameters: Vector, momentum: Vector | null) {
  Object.assign(state, { step, parameters, momentum })
  const { drawn } = state
  builder.outputs.push({ kind: 'stepped', state: { step, parameters, momentum, ...(drawn && { drawn }) } })
}

function beginStep(state: State, builder: Builder): void {
  const { step, parameters, options } = state
  state.hasBegun = true
  follow(state, builder, state.recovery.reached(step, parameters))
  state.agreements.dropBefore(step - options.window.past)
  if (step > options.steps) {
    state.phase = 'finished'
    builder.outputs.push({ kind: 'finished', parameters: state.drawn ?? parameters })
    return
  }
  if (step === options.outputStep) state.drawn = parameters
  state.phase = 'computing'
  builder.outputs.push({ kind: 'need-gradient', step, parameters, batch: options.batch(step) })
}

/** What this peer makes of its gradient goes into the first agreement; with momentum it is kept for the next step. */
function begin(state: State, builder: Builder, gradient: Vector): void {
  const vector = ownGradient(gradient, state.parameters, state.momentum, state.options)
  if (state.options.momentum !== 0) state.momentum = vector
  give(state, builder, 'gradient', vector)
}

/** Puts its own vector into an agreement of this step. */
function give(state: State, builder: Builder, phase: AveragedPhase, vector: Vector): void {
  const { step, agreements } = state
  state.phase = phase
  consume(state, builder, step, phase, agreements.of(step, phase).input({ kind: 'vector', vector }))
}

/** Uses what an agreement says, and what it comes to, unless this peer has gone elsewhere meanwhile. */
function consume(state: State, builder: Builder, step: number, phase: AveragedPhase, child: Averaged): void {
  const { rate, box = null } = state.options
  for (const output of absorb(builder, child)) {
    if (output.kind !== 'agreed') {
      builder.outputs.push(output)
      continue
    }
    if (step !== state.step || phase !== state.phase) continue
    const { vector } = output
    builder.outputs.push({ kind: 'averaged', step, phase, vector })
    if (phase === 'gradient')
      give(state, builder, 'parameters', descended(state.parameters, vector, rate(step), box))
    else {
      arrive(state, builder, step + 1, vector, state.momentum)
      beginStep(state, builder)
    }
  }
}

function statusOf({ step, phase, recovery, agreements }: State): LearnStatus {
  if (recovery.isAway())
    return { step, phase: 'catching-up', computing: false, waitingFor: recovery.waitingFor() }
  if (phase === 'computing') return { step, phase: 'gradient', computing: true, waitingFor: [] }
  const current = phase === 'finished' ? undefined : agreements.find(step, phase)
  return { step, phase, computing: false, waitingFor: current?.waitingFor() ?? [] }
}
