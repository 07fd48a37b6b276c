/**
 * Averaging agreement in standard form: MDA, CVA, ICwTM (collaborative-learning, §5 and §7) and, where nobody is faulty, the mean.
 *
 * In an iteration a peer sends its vector to all and waits for q vectors of this iteration, its own included. Its next
 * vector is R(received). Under asynchrony q = n − f is all that a peer may wait for without a clock. A grace may bring
 * more; no iteration has two. Under synchrony a peer waits for all n until a timeout, after which n − f are enough.
 * Vectors that come early are kept for their iteration.
 *
 * A synchronous agreement counts its timeouts by rounds. Iteration r times out r + 1 timeouts after the agreement began
 * here, however early the iterations before it ended. To count from the beginning of each iteration would be wrong: a
 * faulty peer that speaks to some peers only puts these ahead by a whole timeout, and they would then give up on the
 * others just before their vectors arrive.
 */

import type { Message, Sealed, Slot } from '../message.ts'
import { type EffectsBuilder, newEffects, type PeerIndex } from '../protocol.ts'
import { honestCount } from '../thresholds.ts'
import { isFiniteVector, type Vector } from '../vector.ts'
import { aggregate } from './aggregate.ts'
import type { Averaging, AveragingInput, AveragingOptions, AveragingOutput, TimerKey } from './averaging.ts'

type Builder = EffectsBuilder<Message, AveragingOutput>

interface State {
  readonly options: AveragingOptions
  /** By iteration, by author: the first vector of each slot. Emptied, not removed, once used. */
  readonly received: readonly Map<PeerIndex, Sealed>[]
  /** By iteration, by author: the digest that the author signed, kept to recognise a second one. */
  readonly signed: readonly Map<PeerIndex, { digest: string; signature: Uint8Array }>[]
  /** The current iteration; −1 before the input, `iterations` at the end. */
  iteration: number
  /** The grace or timeout of the current iteration: not begun, running, or over. */
  timer: 'none' | 'running' | 'over'
  /** The number of synchronous rounds that have timed out. */
  roundsOver: number
}

export function createStandardForm(options: AveragingOptions): Averaging {
  const slots = <T>() => Array.from({ length: options.iterations }, () => new Map<PeerIndex, T>())
  const state: State = {
    options,
    received: slots(),
    signed: slots(),
    iteration: -1,
    timer: 'none',
    roundsOver: 0,
  }
  return {
    input(value: AveragingInput) {
      const step: Builder = newEffects()
      if (value.kind === 'vector') {
        if (state.iteration >= 0) throw new Error('averaging agreement takes its input once')
        if (options.synchrony === 'synchronous' && options.iterations > 0) startRound(state, step, 0)
        begin(state, step, 0, value.vector)
      } else if (value.kind === 'timer') wake(state, step, value.timer)
      else if (value.kind === 'listen') throw new Error('only RB-TM can be joined without a vector')
      return step
    },
    receive(from, message) {
      const step: Builder = newEffects()
      receiveVector(state, step, from, message)
      return step
    },
    waitingFor() {
      const present = state.received[state.iteration]
      if (present === undefined) return []
      return Array.from({ length: options.peers }, (_, peer) => peer).filter(peer => !present.has(peer))
    },
  }
}

/** Sends this peer's vector of an iteration, and runs every iteration that already has enough vectors. */
function begin(state: State, step: Builder, first: number, input: Vector): void {
  const { iterations, self, ledger } = state.options
  let vector: Vector | null = input
  for (let iteration = first; vector !== null; iteration++) {
    state.iteration = iteration
    state.timer = iteration < state.roundsOver ? 'over' : 'none'
    if (iteration === iterations) {
      step.outputs.push({ kind: 'agreed', vector })
      return
    }
    const slot = slotOf(state, iteration, self)
    const sealed = ledger.seal(slot, vector)
    state.received[iteration]!.set(self, sealed)
    step.outputs.push({ kind: 'sealed', slot, vector: sealed.vector, digest: sealed.digest })
    step.messages.push({ to: 'others', message: { kind: 'vector', slot, sealed } })
    vector = iterate(state, step)
  }
}

function receiveVector(state: State, step: Builder, from: PeerIndex, message: Message): void {
  const { slot } = message
  const { iterations, dimension } = state.options
  const fault = (
    kind: 'wrong-author' | 'out-of-range' | 'unexpected-kind' | 'wrong-dimension' | 'not-finite',
  ) => step.faults.push({ peer: from, kind, slot })
  if (message.kind !== 'vector') return void fault('unexpected-kind')
  if (slot.sender !== from) return void fault('wrong-author')
  if (!Number.isInteger(slot.iteration) || slot.iteration < 0 || slot.iteration >= iterations)
    return void fault('out-of-range')
  const { sealed } = message
  if (sealed.vector.length !== dimension) return void fault('wrong-dimension')
  const first = state.signed[slot.iteration]!.get(from)
  if (first !== undefined) {
    if (first.digest === sealed.digest) return // a resend
    const second = { digest: sealed.digest, signature: sealed.signature }
    step.faults.push({ peer: from, kind: 'equivocation', slot, evidence: { slot, first, second } })
    return
  }
  state.signed[slot.iteration]!.set(from, { digest: sealed.digest, signature: sealed.signature })
  if (!isFiniteVector(sealed.vector)) return void fault('not-finite')
  if (slot.iteration < state.iteration) return // late, and no longer needed
  state.received[slot.iteration]!.set(from, sealed)
  if (slot.iteration === state.iteration) proceed(state, step)
}

function wake(state: State, step: Builder, timer: TimerKey): void {
  if (timer.purpose === 'timeout') {
    state.roundsOver = timer.slot.iteration + 1
    if (state.roundsOver < state.options.iterations && state.iteration < state.options.iterations)
      startRound(state, step, state.roundsOver)
    if (timer.slot.iteration !== state.iteration) return
  } else if (timer.slot.iteration !== state.iteration || state.timer !== 'running') return
  state.timer = 'over'
  proceed(state, step)
}

function proceed(state: State, step: Builder): void {
  const vector = iterate(state, step)
  if (vector !== null) begin(state, step, state.iteration + 1, vector)
}

/** This peer's next vector; null while the iteration has to wait. */
function iterate(state: State, step: Builder): Vector | null {
  const { protocol, peers, maxFaulty, synchrony, grace, step: learnStep, phase } = state.options
  const received = state.received[state.iteration]!
  if (received.size < honestCount(peers, maxFaulty)) return null
  if (received.size < peers) {
    if (synchrony === 'synchronous' && state.timer !== 'over') return null
    if (synchrony === 'asynchronous' && grace && state.timer !== 'over') {
      if (state.timer === 'none') startTimer(state, step, 'grace')
      return null
    }
  }
  const used = [...received.keys()].sort((a, b) => a - b)
  const vectors = used.map(peer => received.get(peer)!.vector)
  const own = received.get(state.options.self)!.vector
  const waited = synchrony === 'synchronous' ? used.length : honestCount(peers, maxFaulty)
  const average = state.options.aggregate ?? aggregate
  const vector = average(protocol, { vectors, own, maxFaulty, keep: waited - maxFaulty })
  received.clear()
  step.outputs.push({
    kind: 'iterated',
    exchange: { step: learnStep, phase, iteration: state.iteration },
    used,
    vector,
  })
  return vector
}

function startTimer(state: State, step: Builder, purpose: 'grace'): void {
  state.timer = 'running'
  const slot = slotOf(state, state.iteration, state.options.self)
  step.outputs.push({ kind: 'timer', timer: { slot, purpose } })
}

/** The timers of the rounds follow each other without a gap, independent of the current iteration. */
function startRound(state: State, step: Builder, iteration: number): void {
  const slot = slotOf(state, iteration, state.options.self)
  step.outputs.push({ kind: 'timer', timer: { slot, purpose: 'timeout' } })
}

function slotOf({ options }: State, iteration: number, sender: PeerIndex): Slot {
  return { step: options.step, phase: options.phase, iteration, sender }
}
