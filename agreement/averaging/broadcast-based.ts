/**
 * RB-TM, the averaging agreement of optimal resilience, n ≥ 3f + 1 (collaborative-learning, §6).
 *
 * An iteration is one witnessed exchange and the coordinate-wise trimmed middle of its vectors. Any two honest peers
 * trim families that share q vectors, n − f unless the cohort has chosen fewer, so every Δ^cw[i] halves. Earlier
 * iterations stay alive to serve slower peers. Later ones echo already, so that nobody waits for this peer to reach them.
 */

import type { Message } from '../message.ts'
import { absorb, type Effects, type EffectsBuilder, newEffects, type PeerIndex } from '../protocol.ts'
import { honestCount } from '../thresholds.ts'
import type { Vector } from '../vector.ts'
import { createWitnessedExchange, type WitnessedExchange, type WitnessedExchangeOutput } from '../witness.ts'
import { aggregate } from './aggregate.ts'
import {
  type Averaging,
  type AveragingInput,
  type AveragingOptions,
  type AveragingOutput,
  isByDigest,
} from './averaging.ts'

type Builder = EffectsBuilder<Message, AveragingOutput>

interface State {
  readonly options: AveragingOptions
  readonly exchanges: readonly WitnessedExchange[]
  /** Authors delivered, by iteration. */
  readonly delivered: readonly Set<PeerIndex>[]
  /** Results of exchanges that ended before this peer reached them. */
  readonly early: (Effects<Message, WitnessedExchangeOutput>['outputs'][number] | null)[]
  /** The current iteration; −1 before the input, `iterations` at the end. */
  iteration: number
}

export function createBroadcastBased(options: AveragingOptions): Averaging {
  const { self, peers, maxFaulty, quorum, dimension, ledger, step: learnStep, phase, iterations } = options
  const exchanges = Array.from({ length: iterations }, (_, iteration) =>
    createWitnessedExchange({
      exchange: { step: learnStep, phase, iteration },
      self,
      peers,
      maxFaulty,
      ...(quorum !== undefined && { quorum }),
      dimension,
      ledger,
      byDigest: isByDigest(options, iteration),
    }),
  )
  const delivered = exchanges.map(() => new Set<PeerIndex>())
  const state: State = { options, exchanges, delivered, early: exchanges.map(() => null), iteration: -1 }
  return {
    input(value: AveragingInput) {
      const step: Builder = newEffects()
      if (value.kind === 'timer') {
        const { slot } = value.timer
        consume(state, step, slot.iteration, exchanges[slot.iteration]!.input({ kind: 'timer', slot }))
      } else if (value.kind === 'restarted') {
        for (const [i, exchange] of exchanges.entries()) consume(state, step, i, exchange.input(value))
      } else if (state.iteration >= 0) throw new Error('averaging agreement takes its input once')
      else if (value.kind === 'vector') begin(state, step, 0, value.vector)
      else listen(state, step)
      return step
    },
    receive(from, message) {
      const step: Builder = newEffects()
      const exchange = exchanges[message.slot.iteration]
      if (exchange === undefined) step.faults.push({ peer: from, kind: 'out-of-range', slot: message.slot })
      else consume(state, step, message.slot.iteration, exchange.receive(from, message))
      return step
    },
    waitingFor() {
      const present = delivered[state.iteration]
      if (present === undefined) return []
      return Array.from({ length: peers }, (_, peer) => peer).filter(peer => !present.has(peer))
    },
  }
}

function begin(state: State, step: Builder, iteration: number, vector: Vector): void {
  state.iteration = iteration
  const exchange = state.exchanges[iteration]
  if (exchange === undefined) {
    step.outputs.push({ kind: 'agreed', vector })
    return
  }
  const child = exchange.input({ kind: 'vector', vector })
  const slot = { ...exchangeOf(state, iteration), sender: state.options.self }
  const sealed = state.options.ledger.sealedFor(slot)
  if (sealed !== null)
    step.outputs.push({ kind: 'sealed', slot, vector: sealed.vector, digest: sealed.digest })
  consume(state, step, iteration, child)
  concludeEarly(state, step, iteration)
}

/**
 * Once an honest peer has ended an exchange, the totality of the broadcasts brings everyone the vectors and witnesses
 * that this peer had, enough of each and none of them ours. In later iterations we have a vector, like everyone else.
 */
function listen(state: State, step: Builder): void {
  if (state.exchanges.length === 0)
    throw new Error('an agreement without iterations cannot be joined without a vector')
  state.iteration = 0
  concludeEarly(state, step, 0)
}

function concludeEarly(state: State, step: Builder, iteration: number): void {
  const early = state.early[iteration]
  if (early !== null && early !== undefined && state.iteration === iteration)
    conclude(state, step, iteration, early)
}

function consume(
  state: State,
  step: Builder,
  iteration: number,
  child: Effects<Message, WitnessedExchangeOutput>,
): void {
  for (const output of absorb(step, child)) {
    switch (output.kind) {
      case 'timer':
        step.outputs.push({ kind: 'timer', timer: { slot: output.slot, purpose: 'payload' } })
        break
      case 'delivered':
        state.delivered[iteration]!.add(output.slot.sender)
        step.outputs.push({ kind: 'delivered', slot: output.slot, digest: output.sealed.digest })
        break
      case 'exchanged':
        if (iteration === state.iteration) conclude(state, step, iteration, output)
        else state.early[iteration] = output
        break
    }
  }
}

function conclude(state: State, step: Builder, iteration: number, output: WitnessedExchangeOutput): void {
  if (output.kind !== 'exchanged') return
  state.early[iteration] = null
  const used = output.delivered.map(([peer]) => peer)
  const {
    protocol,
    self,
    peers,
    maxFaulty,
    quorum = honestCount(peers, maxFaulty),
    firstRule,
  } = state.options
  const vectors = output.delivered.map(([, sealed]) => sealed.vector)
  const own = output.delivered.find(([peer]) => peer === self)?.[1].vector ?? vectors[0]!
  const average = state.options.aggregate ?? aggregate
  const exchange = exchangeOf(state, iteration)
  const vector = average(protocol, {
    vectors,
    own,
    maxFaulty,
    keep: quorum - maxFaulty,
    ...(iteration === 0 && firstRule !== undefined && { firstRule }),
    exchange,
  })
  step.outputs.push({ kind: 'iterated', exchange, used, vector })
  begin(state, step, iteration + 1, vector)
}

function exchangeOf({ options }: State, iteration: number) {
  return { step: options.step, phase: options.phase, iteration }
}
