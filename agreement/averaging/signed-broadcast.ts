/**
 * RB-TM under synchrony, n ≥ 2f + 1: averaging agreement by signed broadcast (collaborative-learning, §8, names the bound
 * only; docs/synchrony.md has the protocol's proof). The broadcast is crusader agreement (Dolev 1982) with signatures.
 *
 * An iteration has two rounds. In the first an author sends its signed vector to all, and who receives one passes its
 * signed digest on, as ECHO. In the second a peer hears the echoes of the others: two digests of one author are a proof, and
 * its vector counts as never received. So what two honest peers accept of one author is the same, if both accept it, and all
 * accept what honest authors say. An author without an accepted vector is faulty, and that many fewer need be trimmed.
 */
import type { Message, MessageOf, Sealed, Slot } from '../message.ts'
import {
  type Commitment,
  type EffectsBuilder,
  type FaultKind,
  newEffects,
  type PeerIndex,
} from '../protocol.ts'
import { isFiniteVector, type Vector } from '../vector.ts'
import { aggregate } from './aggregate.ts'
import type { Averaging, AveragingInput, AveragingOptions, AveragingOutput } from './averaging.ts'

type Builder = EffectsBuilder<Message, AveragingOutput>

/** What an iteration knows of its authors. */
interface Hearing {
  /** What came from its author itself within the first round. */
  readonly direct: Map<PeerIndex, Sealed>
  /** The first that each author was seen to sign. */
  readonly signed: Map<PeerIndex, Commitment>
  /** Authors that have signed two. */
  readonly excluded: Set<PeerIndex>
  /** By author: the peers that have passed its digest on. */
  readonly echoed: readonly Set<PeerIndex>[]
}

interface State {
  readonly options: AveragingOptions
  readonly hearings: readonly Hearing[]
  /** −1 before the input, `iterations` at the end. */
  iteration: number
  own: Vector | null
  /** How many timeouts are over since this peer began: two an iteration. */
  over: number
}

/** Expects vectors that travel whole. */
export function createSignedBroadcast(options: AveragingOptions): Averaging {
  const { peers, iterations, digestFrom = Infinity } = options
  if (digestFrom < iterations) throw new Error('under synchrony RB-TM sends its vectors whole')
  const hearings = Array.from(
    { length: iterations },
    (): Hearing => ({
      direct: new Map(),
      signed: new Map(),
      excluded: new Set(),
      echoed: Array.from({ length: peers }, () => new Set()),
    }),
  )
  const state: State = { options, hearings, iteration: -1, own: null, over: 0 }
  return {
    input(value: AveragingInput) {
      const step: Builder = newEffects()
      if (value.kind === 'vector') {
        if (state.iteration >= 0) throw new Error('averaging agreement takes its input once')
        if (iterations > 0) startTimeout(state, step)
        begin(state, step, 0, value.vector)
      } else if (value.kind === 'timer') timedOut(state, step)
      else if (value.kind === 'listen')
        throw new Error('a synchronous agreement cannot be joined without a vector')
      return step
    },
    receive(from, message) {
      const step: Builder = newEffects()
      const wrong = wrongIn(options, from, message)
      if (wrong !== null) step.faults.push({ peer: from, kind: wrong, slot: message.slot })
      else if (message.kind === 'vector') receiveVector(state, step, message)
      else if (message.kind === 'echo') receiveEcho(state, step, from, message)
      proceed(state, step)
      return step
    },
    waitingFor() {
      const hearing = hearings[state.iteration]
      if (hearing === undefined) return []
      return Array.from({ length: peers }, (_, peer) => peer).filter(peer => !hearing.direct.has(peer))
    },
  }
}

function wrongIn(
  { peers, iterations }: AveragingOptions,
  from: PeerIndex,
  { kind, slot }: Message,
): FaultKind | null {
  if (kind !== 'vector' && kind !== 'echo') return 'unexpected-kind'
  const { sender, iteration } = slot
  if (kind === 'vector' && sender !== from) return 'wrong-author'
  const isAuthor = Number.isInteger(sender) && sender >= 0 && sender < peers
  const isIteration = Number.isInteger(iteration) && iteration >= 0 && iteration < iterations
  return isAuthor && isIteration ? null : 'out-of-range'
}

function receiveVector(state: State, step: Builder, { slot, sealed }: MessageOf<'vector'>): void {
  const { sender: author, iteration } = slot
  const hearing = state.hearings[iteration]!
  if (sealed.vector.length !== state.options.dimension || !isFiniteVector(sealed.vector)) {
    const kind = sealed.vector.length !== state.options.dimension ? 'wrong-dimension' : 'not-finite'
    step.faults.push({ peer: author, kind, slot })
    return
  }
  sign(step, hearing, slot, sealed)
  if (hearing.direct.has(author) || !isInTime(state, iteration)) return
  hear(state, step, slot, sealed)
}

/** Whether the first round of the iteration is not over here yet. */
function isInTime({ over }: State, iteration: number): boolean {
  return over <= 2 * iteration
}

/** A vector from its author, in time: everybody learns what it has signed. */
function hear({ options, hearings }: State, step: Builder, slot: Slot, sealed: Sealed): void {
  const { direct, echoed } = hearings[slot.iteration]!
  direct.set(slot.sender, sealed)
  echoed[slot.sender]!.add(options.self)
  const { digest, signature } = sealed
  const bound = options.ledger.bind('echo', slot, digest)
  if (bound === digest)
    step.messages.push({ to: 'others', message: { kind: 'echo', slot, digest, signature } })
}

function receiveEcho(state: State, step: Builder, from: PeerIndex, echo: MessageOf<'echo'>): void {
  const hearing = state.hearings[echo.slot.iteration]!
  hearing.echoed[echo.slot.sender]!.add(from)
  sign(step, hearing, echo.slot, echo)
}

/** Remembers what an author has signed; two digests exclude it. */
function sign(step: Builder, { signed, excluded }: Hearing, slot: Slot, seen: Commitment): void {
  const author = slot.sender
  const second = { digest: seen.digest, signature: seen.signature }
  const first = signed.get(author)
  if (first === undefined) signed.set(author, second)
  else if (first.digest !== seen.digest && !excluded.has(author)) {
    excluded.add(author)
    step.faults.push({ peer: author, kind: 'equivocation', slot, evidence: { slot, first, second } })
  }
}

function begin(state: State, step: Builder, first: number, input: Vector): void {
  const { iterations, self, ledger } = state.options
  let vector: Vector | null = input
  for (let iteration = first; vector !== null; iteration++) {
    state.iteration = iteration
    if (iteration === iterations) {
      state.own = null
      step.outputs.push({ kind: 'agreed', vector })
      return
    }
    const slot = slotOf(state, iteration, self)
    const sealed = ledger.seal(slot, vector)
    state.own = sealed.vector
    step.outputs.push({ kind: 'sealed', slot, vector: sealed.vector, digest: sealed.digest })
    step.messages.push({ to: 'others', message: { kind: 'vector', slot, sealed } })
    sign(step, state.hearings[iteration]!, slot, sealed)
    hear(state, step, slot, sealed)
    vector = isOver(state) ? conclude(state, step) : null
  }
}

function proceed(state: State, step: Builder): void {
  if (state.hearings[state.iteration] === undefined || !isOver(state)) return
  begin(state, step, state.iteration + 1, conclude(state, step))
}

/** Both rounds are over, or nothing that may still come can change anything: all say the same of all. */
function isOver({ options, hearings, iteration, over }: State): boolean {
  const { direct, echoed, excluded } = hearings[iteration]!
  if (over >= 2 * (iteration + 1)) return true
  const { peers } = options
  return direct.size === peers && excluded.size === 0 && echoed.every(({ size }) => size === peers)
}

function conclude(state: State, step: Builder): Vector {
  const { options, iteration } = state
  const { self, peers, maxFaulty, firstRule, aggregate: average = aggregate } = options
  const { direct, excluded } = state.hearings[iteration]!
  // Nobody but a faulty peer is excluded by its own signatures. It goes on with what it said.
  const isAccepted = (author: PeerIndex) => author === self || !excluded.has(author)
  const accepted = [...direct].filter(([author]) => isAccepted(author)).sort(([a], [b]) => a - b)
  for (const [author, { digest }] of accepted)
    step.outputs.push({ kind: 'delivered', slot: slotOf(state, iteration, author), digest })
  const exchange = { step: options.step, phase: options.phase, iteration }
  const vectors = accepted.map(([, { vector }]) => vector)
  const hidden = Math.max(0, maxFaulty - (peers - accepted.length))
  const vector = average(options.protocol, {
    vectors,
    own: state.own!,
    maxFaulty: hidden,
    keep: vectors.length - hidden,
    ...(iteration === 0 && firstRule !== undefined && { firstRule }),
    exchange,
  })
  direct.clear()
  step.outputs.push({ kind: 'iterated', exchange, used: accepted.map(([author]) => author), vector })
  return vector
}

function startTimeout(state: State, step: Builder): void {
  const slot = slotOf(state, Math.floor(state.over / 2), state.options.self)
  step.outputs.push({ kind: 'timer', timer: { slot, purpose: 'timeout' } })
}

/** Rounds are counted from this peer's beginning, however early an iteration ends (docs/synchrony.md). */
function timedOut(state: State, step: Builder): void {
  state.over++
  proceed(state, step)
  if (state.iteration < state.options.iterations) startTimeout(state, step)
}

function slotOf({ options }: State, iteration: number, sender: PeerIndex): Slot {
  return { step: options.step, phase: options.phase, iteration, sender }
}
