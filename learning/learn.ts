/**
 * LEARN (collaborative-learning, Algorithm 1) as a protocol: collaborative learning by averaging agreement.
 *
 * For t = 1 … T: `g_t ← oracle(θ_t)`, `γ_t ← AVG(g_t)`, `θ_{t+½} ← θ_t − η·γ_t`, `θ_{t+1} ← AVG(θ_{t+½})`.
 * Each peer computes one gradient a step, at its own parameters. A slow oracle is just a late input: LEARN asks with
 * `need-gradient` and goes on serving the others meanwhile.
 *
 * Messages of steps ahead are taken up to a window, so that a fast peer need not wait; further ones are to be held
 * back by the driver (`readiness`). Agreements of past steps live on, up to a window, to serve slower peers.
 */

import type { AveragingOutput } from '../agreement/averaging/averaging.ts'
import type { AveragedPhase, Message } from '../agreement/message.ts'
import {
  absorb,
  type Effects,
  type EffectsBuilder,
  newEffects,
  type PeerIndex,
} from '../agreement/protocol.ts'
import type { Vector } from '../agreement/vector.ts'
import { type Agreements, createAgreements } from './agreements.ts'
import { project } from './box.ts'
import type {
  Learn,
  LearnInput,
  LearnOptions,
  LearnOutput,
  LearnState,
  LearnStatus,
} from './learn-contract.ts'
import { ownGradient } from './own-gradient.ts'
import { createCatchUp } from './recovery/catch-up.ts'
import type { CatchUp, CatchUpOptions, CatchUpOutput, CatchUpReason } from './recovery/contract.ts'

type Builder = EffectsBuilder<Message, LearnOutput>

interface State {
  readonly options: LearnOptions
  readonly agreements: Agreements
  step: number
  phase: AveragedPhase
  parameters: Vector
  momentum: Vector | null
  computing: boolean
  drawn: Vector | null
  finished: boolean
  /** The first step has begun. */
  started: boolean
  readonly catchUp: CatchUp
  /** Peers that cannot send what this step still needs. */
  readonly missed: Set<PeerIndex>
  /** The last step in which these were more than f. It asks at once then; again only when its driver says so. */
  leftBehindAt: number
}

/** One peer's LEARN, from step and parameters `start` on. It computes nothing itself: `need-gradient` asks for a gradient. */
export function createLearn(options: LearnOptions): Learn {
  const { step, parameters, momentum } = options.start
  const state: State = {
    options,
    agreements: createAgreements(options),
    step,
    phase: 'gradient',
    parameters,
    momentum,
    computing: false,
    drawn: options.start.drawn ?? null,
    finished: false,
    started: false,
    catchUp: createCatchUp({
      ...catchUpOptions(options),
      kept: options.window.kept,
      past: options.window.past,
      stepsEnd: options.steps + 1,
      since: options.since ?? 1,
      forgotten: options.forgotten ?? 0,
      history: options.history ?? new Map(),
    }),
    missed: new Set(),
    leftBehindAt: 0,
  }
  if (step <= options.steps) state.agreements.of(step, 'gradient') // refuses a cohort below its bound before anything is sent
  return {
    input(value) {
      const builder: Builder = newEffects()
      handleInput(state, builder, value)
      return builder
    },
    receive(from, message) {
      const builder: Builder = newEffects()
      receive(state, builder, from, message)
      return builder
    },
    // While it asks, a peer lets pass what comes too early: the answers are behind it on the same links.
    readiness: ({ slot }) =>
      slot.phase !== 'state' && slot.step > state.step + options.window.ahead && !state.catchUp.asking()
        ? 'later'
        : 'now',
    status: () => statusOf(state),
  }
}

function handleInput(state: State, builder: Builder, value: LearnInput): void {
  switch (value.kind) {
    case 'start':
      if (value.memoryLost && state.options.peers > 1)
        seek(state, builder, state.catchUp.ask(state.step, 'amnesiac'))
      else beginStep(state, builder)
      break
    case 'missed':
      state.missed.add(value.peer)
      if (state.missed.size <= state.options.faults || state.leftBehindAt === state.step) break
      state.leftBehindAt = state.step
      ask(state, builder, 'left-behind')
      break
    case 'restarted':
      state.catchUp.restarted(value.peer)
      for (const agreement of state.agreements.all()) absorb(builder, agreement.input(value))
      break
    case 'stranded':
      if (isSeeking(state)) seek(state, builder, state.catchUp.retry(state.step))
      else ask(state, builder, state.leftBehindAt === state.step ? 'left-behind' : 'unsure')
      break
    case 'gradient':
      if (value.step !== state.step || !state.computing) return // asked for before a catch-up
      state.computing = false
      give(state, builder, momentumOf(state, value.gradient))
      break
    case 'timer': {
      const { step, phase } = value.timer.slot
      if (phase === 'state') return
      const agreement = state.agreements.find(step, phase)
      if (agreement !== undefined) consume(state, builder, step, phase, agreement.input(value))
      break
    }
  }
}

/** It has to go elsewhere, or may have to, and has not found where. */
function isSeeking({ catchUp }: State): boolean {
  return catchUp.asking() && !catchUp.suspected()
}

/** Knowing that it was left behind, a peer need no longer wonder. */
function ask(state: State, builder: Builder, reason: CatchUpReason): void {
  const { catchUp, finished, started, step } = state
  if (finished || !started) return
  if (!catchUp.asking() || (reason === 'left-behind' && catchUp.suspected()))
    seek(state, builder, catchUp.ask(step, reason))
}

function receive(state: State, builder: Builder, from: PeerIndex, message: Message): void {
  const { step, phase } = message.slot
  const { steps, window } = state.options
  if (phase === 'state') {
    seek(state, builder, state.catchUp.receive(from, message))
    return
  }
  if (step < 1 || step > steps || !Number.isInteger(step)) {
    builder.faults.push({ peer: from, kind: 'out-of-range', slot: message.slot })
    return
  }
  if (message.kind === 'vector' && message.slot.sender === from)
    state.catchUp.saw(from, {
      slot: message.slot,
      digest: message.sealed.digest,
      signature: message.sealed.signature,
    })
  if (step < state.step - window.past || step > state.step + window.ahead) return // too old; or not held back
  consume(state, builder, step, phase, state.agreements.of(step, phase).receive(from, message))
}

/** Carries out what catching up says, and goes on where it has found a place. */
function seek(state: State, builder: Builder, child: Effects<Message, CatchUpOutput>): void {
  for (const output of absorb(builder, child)) {
    state.missed.clear()
    if (output.kind === 'listen') {
      listen(state, builder, output.step)
      continue
    }
    const { step, parameters } = output
    if (parameters !== null) {
      Object.assign(state, { step, parameters, momentum: null })
      builder.outputs.push({ kind: 'stepped', state: snapshot(state) })
    }
    sayFound(state, builder, step)
    if (parameters !== null || !state.started) beginStep(state, builder)
  }
}

function sayFound({ catchUp }: State, builder: Builder, step: number): void {
  builder.outputs.push({ kind: 'caught-up', step, since: catchUp.since() })
}

/** Joins a step in its agreement on parameters, to go on from what comes of it. */
function listen(state: State, builder: Builder, step: number): void {
  sayFound(state, builder, step)
  if (step === state.step && state.phase === 'parameters') return // it takes part already
  Object.assign(state, { step, phase: 'parameters', computing: false, momentum: null })
  consume(
    state,
    builder,
    step,
    'parameters',
    state.agreements.of(step, 'parameters').input({ kind: 'listen' }),
  )
}

function beginStep(state: State, builder: Builder): void {
  const { steps, outputStep, batch } = state.options
  state.started = true
  state.missed.clear()
  for (const { step } of absorb(builder, state.catchUp.reached(state.step, state.parameters)))
    sayFound(state, builder, step)
  state.agreements.dropBefore(state.step - state.options.window.past)
  if (state.step > steps) {
    state.finished = true
    builder.outputs.push({ kind: 'finished', parameters: state.drawn ?? state.parameters })
    return
  }
  if (state.step === outputStep) state.drawn = state.parameters
  state.phase = 'gradient'
  state.computing = true
  builder.outputs.push({
    kind: 'need-gradient',
    step: state.step,
    parameters: state.parameters,
    batch: batch(state.step),
  })
}

/** The own vector for the agreement; with momentum it is kept for the next step. */
function momentumOf(state: State, gradient: Vector): Vector {
  const vector = ownGradient(gradient, state.parameters, state.momentum, state.options)
  if (state.options.momentum !== 0) state.momentum = vector
  return vector
}

/** Puts the own vector into the current agreement. */
function give(state: State, builder: Builder, vector: Vector): void {
  const { step, phase } = state
  consume(state, builder, step, phase, state.agreements.of(step, phase).input({ kind: 'vector', vector }))
}

function consume(
  state: State,
  builder: Builder,
  step: number,
  phase: AveragedPhase,
  child: Effects<Message, AveragingOutput>,
): void {
  for (const output of absorb(builder, child)) {
    if (output.kind !== 'agreed') builder.outputs.push(output)
    else {
      builder.outputs.push({ kind: 'averaged', step, phase, vector: output.vector })
      if (phase === 'gradient') descend(state, builder, output.vector)
      else {
        state.parameters = output.vector
        state.step = step + 1
        builder.outputs.push({ kind: 'stepped', state: snapshot(state) })
        beginStep(state, builder)
      }
    }
  }
}

/** `θ_{t+½} ← [θ_t − η_t·γ_t]_W`, which goes into the second agreement. */
function descend(state: State, builder: Builder, gamma: Vector): void {
  const eta = state.options.rate(state.step)
  const moved = new Float32Array(gamma.length)
  for (let i = 0; i < moved.length; i++) moved[i] = state.parameters[i]! - eta * gamma[i]!
  if (state.options.box) project(moved, state.options.box)
  state.phase = 'parameters'
  give(state, builder, moved)
}

function statusOf(state: State): LearnStatus {
  const { step, phase, computing, finished, catchUp } = state
  if (isSeeking(state))
    return { step, phase: 'catching-up', computing: false, waitingFor: catchUp.waitingFor() }
  const current = finished || computing ? undefined : state.agreements.find(step, phase)
  return { step, phase: finished ? 'finished' : phase, computing, waitingFor: current?.waitingFor() ?? [] }
}

function catchUpOptions(
  options: LearnOptions,
): Omit<CatchUpOptions, 'kept' | 'past' | 'stepsEnd' | 'since' | 'forgotten' | 'history'> {
  const { protocol, self, peers, faults, dimension, ledger, aggregate } = options
  // Answers that can be waited for, and those that it takes to trim f at both ends (answersNeeded in catch-up.ts).
  const listens = protocol === 'rb-tm' && peers - faults - 1 < 2 * faults + 1
  return { protocol, self, peers, faults, dimension, ledger, listens, ...(aggregate && { aggregate }) }
}

function snapshot({ step, parameters, momentum, drawn }: State): LearnState {
  return { step, parameters, momentum, ...(drawn && { drawn }) }
}
