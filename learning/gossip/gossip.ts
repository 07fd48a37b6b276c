/**
 * Learning by gossip, in synchronous rounds: every peer descends along the momentum of its own gradient, sends its
 * parameters to its neighbours, and makes its next ones of its own and what it has received, by a rule (He, Karimireddy
 * and Jaggi 2022; Farhadkhani et al. 2023, with one round of mixing a step).
 *
 * The adversary sees all honest vectors. An attack that looks at them (`rushing`) lies to each peer by itself: it is told
 * the vectors that this peer has, its own first, and its rule, and `peers` counts this neighbourhood. Another sends the
 * same to all, or to each its own if it can (`perRecipient`). A vector that does not come or is malformed is left out,
 * and one lie fewer is to be feared.
 *
 * Where a rule goes by losses, a peer computes them of what it has heard, on the batch of its next step. Nobody else has
 * its data: liars try the rule without.
 */
import { combine } from '../../agreement/kernels/index.ts'
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'
import type { Attack, Sight } from '../attacks/attack.ts'
import type { BatchSize } from '../batch-size.ts'
import { type Box, project } from '../box.ts'
import type { GradientReply, GradientRequest } from '../oracle.ts'
import { type OwnGradientOptions, ownGradient } from '../own-gradient.ts'
import { randomStream } from '../random.ts'
import type { StepSize } from '../step-size.ts'
import type { Neighbours } from './graph.ts'
import type { GossipRule, Neighbourhood } from './rules.ts'

export interface GossipOptions extends OwnGradientOptions {
  readonly rule: GossipRule
  readonly peers: number
  /** `f`: how many neighbours of an honest peer may lie. */
  readonly maxFaulty: number
  /** Whom each peer hears in a step. */
  readonly neighboursAt: (step: number) => Neighbours
  /** `W_ij` of a peer's neighbours, in their order. */
  readonly weightsOf: (graph: Neighbours, peer: number) => readonly number[]
  readonly liars: readonly number[]
  readonly attack: Attack | null
  readonly start: Vector
  /** Of one peer, at its own parameters; a new array in every call, which is written to. */
  readonly gradient: (peer: number, request: GradientRequest) => Promise<GradientReply>
  readonly rate: StepSize
  readonly batch: BatchSize
  /** Null: no projection. */
  readonly box: Box | null
  readonly steps: number
  /** Of the adversary. */
  readonly seed: number
}

/** How one step went. */
interface GossipStep {
  readonly step: number
  /** Mean over the honest peers of the loss on their batches, before the step. */
  readonly loss: number
  /** The first honest peer whose parameters are not finite: learning has failed; null: there is none. */
  readonly diverged: number | null
}

export interface Gossip {
  /** By peer; of liars that need none, those of the start. */
  readonly parameters: readonly Vector[]
  /** By peer: the vectors that it has sent so far. */
  readonly sent: Float64Array
  step(): Promise<GossipStep>
}

interface State {
  readonly options: GossipOptions
  readonly honest: readonly number[]
  readonly lying: ReadonlySet<number>
  /** Those that descend: the honest, and liars whose attack begins with what an honest peer would have sent. */
  readonly descending: readonly number[]
  readonly parameters: Vector[]
  readonly momenta: (Vector | null)[]
  readonly sent: Float64Array
  readonly random: () => number
  /** Of the adversary. */
  readonly memory: Map<string, unknown>
  step: number
}

/** @throws RangeError if a liar is no peer */
export function createGossip(options: GossipOptions): Gossip {
  const { peers, liars, attack, start, seed } = options
  const stray = liars.find(liar => !(liar >= 0 && liar < peers))
  if (stray !== undefined) throw new RangeError(`liar ${stray} of ${peers} peers: expected 0 to ${peers - 1}`)
  const lying = new Set(attack === null ? [] : liars)
  const honest = everyone(peers).filter(peer => !lying.has(peer))
  const state: State = {
    options,
    honest,
    lying,
    descending: attack?.from === undefined ? everyone(peers) : honest,
    parameters: everyone(peers).map(() => start),
    momenta: everyone(peers).map(() => null),
    sent: new Float64Array(peers),
    random: randomStream(seed, 'adversary', 'gossip').uniform,
    memory: new Map(),
    step: 0,
  }
  return { parameters: state.parameters, sent: state.sent, step: () => takeStep(state) }
}

async function takeStep(state: State): Promise<GossipStep> {
  const { options, honest, lying, descending, parameters, sent } = state
  const step = ++state.step
  const { halves, loss } = await descend(state)
  const overflown = honest.find(peer => !isFiniteVector(halves[peer]!))
  if (overflown !== undefined) return { step, loss, diverged: overflown }
  const graph = options.neighboursAt(step)
  const family = honest.map(peer => halves[peer]!)
  const round: Round = { state, graph, halves, family, lies: new Map() }
  for (const liar of lying) for (const peer of graph[liar]!) if (!lying.has(peer)) sent[peer]! += 1
  // Each lie is drawn before the first loss is awaited, so that the adversary's numbers do not hang on the rule.
  const next = await Promise.all(
    descending.map(peer => (lying.has(peer) ? follow(round, peer) : mixed(round, peer))),
  )
  for (const [place, peer] of descending.entries()) {
    if (options.box !== null) project(next[place]!, options.box)
    parameters[peer] = next[place]!
  }
  return { step, loss, diverged: honest.find(peer => !isFiniteVector(parameters[peer]!)) ?? null }
}

/** `x_i − η m_i` of all that descend. */
async function descend(state: State): Promise<{ halves: Vector[]; loss: number }> {
  const { options, lying, honest, descending, parameters, momenta, step } = state
  const { rate, batch, momentum, start } = options
  const replies = await Promise.all(
    descending.map(peer =>
      options.gradient(peer, { step, parameters: parameters[peer]!, batch: batch(step) }),
    ),
  )
  const eta = rate(step)
  const halves = everyone(options.peers).map(() => start)
  let loss = 0
  for (const [place, peer] of descending.entries()) {
    const reply = replies[place]!
    if (!lying.has(peer)) loss += reply.loss / honest.length
    const before = parameters[peer]!
    const direction = ownGradient(reply.gradient, before, momenta[peer]!, options, reply.gradient)
    if (momentum !== 0) momenta[peer] = direction
    const half = new Float32Array(before.length)
    for (let i = 0; i < half.length; i++) half[i] = before[i]! - eta * direction[i]!
    halves[peer] = half
  }
  return { halves, loss }
}

/** What has been computed of a step. */
interface Round {
  readonly state: State
  readonly graph: Neighbours
  /** By peer: what an honest peer sends. */
  readonly halves: readonly Vector[]
  /** Those of the honest peers. */
  readonly family: readonly Vector[]
  /** By liar: what it sends to all alike. */
  readonly lies: Map<number, Vector | null>
}

/** What an honest peer makes of what it has received: at once, unless the rule goes by losses. */
function mixed(round: Round, peer: number): Vector | Promise<Vector> {
  const { state, graph, halves } = round
  const { options, lying, sent, step } = state
  const own = halves[peer]!
  const weights = options.weightsOf(graph, peer)
  const others: Vector[] = []
  const counted: number[] = []
  const local = localSight(round, peer)
  let missing = 0
  for (const [place, other] of graph[peer]!.entries()) {
    const vector = lying.has(other) ? lieTo(round, local, other) : halves[other]!
    if (vector !== null) sent[other]! += 1
    if (vector === null || vector.length !== own.length || !isFiniteVector(vector)) missing += 1
    else {
      others.push(vector)
      counted.push(weights[place]!)
    }
  }
  if (others.length === 0) return own.slice()
  const maxFaulty = Math.max(0, options.maxFaulty - missing)
  const { rule, steps } = options
  const heard = { own, others, weights: counted, maxFaulty, step, steps }
  return rule.judged === undefined ? rule.combine(heard) : judged(options, peer, heard, rule.judged(heard))
}

/** The rule's result, with what the vectors lose on the batch of the peer's next step. */
async function judged(
  { gradient, batch, rule }: GossipOptions,
  peer: number,
  heard: Neighbourhood,
  vectors: readonly Vector[],
): Promise<Vector> {
  const step = heard.step + 1
  const replies = vectors.map(parameters => gradient(peer, { step, parameters, batch: batch(step) }))
  const losses = await Promise.all(replies.map(async reply => (await reply).loss))
  return rule.combine(Object.assign(heard, { losses }))
}

/** What liars are told of the peer that they lie to. */
interface LocalSight {
  readonly recipient: number
  /** Its own vector, and those of its honest neighbours. */
  readonly honest: readonly Vector[]
  /** All that it hears, and itself. */
  readonly size: number
  readonly rule: Sight['rule']
  /** Made from the honest vectors alone, it is the same of all its liars. */
  shared?: Vector | null
}

function localSight({ state, graph, halves }: Round, peer: number): LocalSight {
  const { options, lying, step } = state
  const { rule, maxFaulty, steps } = options
  const neighbours = graph[peer]!
  const weights = options.weightsOf(graph, peer)
  const isLie = (place: number) => lying.has(neighbours[place]!)
  const places = everyone(neighbours.length).sort((a, b) => Number(isLie(a)) - Number(isLie(b)) || a - b)
  const honest = places.filter(place => !isLie(place)).map(place => halves[neighbours[place]!]!)
  return {
    recipient: peer,
    honest: [halves[peer]!, ...honest],
    size: neighbours.length + 1,
    rule([own, ...others]) {
      const counted = others.map((_, place) => weights[places[place] ?? 0]!)
      return rule.combine({ own: own!, others, weights: counted, maxFaulty, step, steps })
    },
  }
}

function lieTo({ state, halves, family, lies }: Round, local: LocalSight, liar: number): Vector | null {
  const { options, random, memory, step } = state
  const { peers, maxFaulty } = options
  const attack = options.attack!
  const forge = (recipient: number, honest: readonly Vector[], size: number) =>
    attack.forge({
      slot: { step, phase: 'parameters', iteration: 1, sender: liar },
      recipient,
      peers: size,
      maxFaulty,
      own: attack.from === undefined ? halves[liar]! : honest[0]!,
      honest,
      random,
      rule: local.rule,
      shared: memory,
    })
  if (attack.rushing) {
    if (local.shared !== undefined) return local.shared
    const lie = forge(local.recipient, local.honest, local.size)
    if (attack.from === 'honest') local.shared = lie
    return lie
  }
  if (attack.perRecipient) return forge(local.recipient, family, peers)
  const known = lies.get(liar)
  if (known !== undefined) return known
  const lie = forge(-1, family, peers)
  lies.set(liar, lie)
  return lie
}

/** What a liar keeps of its own, so that its lies begin where an honest peer would be: plain gossip with its neighbours. */
function follow({ state, graph, halves }: Round, liar: number): Vector {
  const shares = state.options.weightsOf(graph, liar)
  const stay = 1 - shares.reduce((sum, share) => sum + share, 0)
  const vectors = graph[liar]!.map(other => halves[other]!)
  return combine([halves[liar]!, ...vectors], Float64Array.of(stay, ...shares))
}

function everyone(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}
