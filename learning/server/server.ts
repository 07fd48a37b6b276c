/**
 * The trusted server of the older papers, as the baseline to compare with: distributed gradient descent with a rule
 * (approximate-byzantine-fault-tolerance §4.1; comparative-gradient-elimination §2.1, §3.5; byzantine-gradient-descent,
 * Algorithm 2; RESAM, Algorithm 1).
 *
 * In a step every worker sends one vector made from its gradient at the server's parameters; faulty workers see all
 * honest vectors before they choose theirs. What the server then does is in filter.ts. A worker whose vector is missing
 * or malformed is faulty: on a synchronous network nobody else can be at fault for it. The papers differ in what the
 * server then does (`missing`).
 *
 * In place of the server the workers can send their vectors to each other by Byzantine broadcast (`broadcast`), and each
 * honest one does what the server would do (approximate-byzantine-fault-tolerance, §1.4).
 */
import type { Digest } from '../../agreement/message.ts'
import { isFiniteVector, type Vector } from '../../agreement/vector.ts'
import { type Attack, poisonsData } from '../attacks/attack.ts'
import type { BatchSize } from '../batch-size.ts'
import type { GradientReply } from '../oracle.ts'
import { type OwnGradientOptions, ownGradient } from '../own-gradient.ts'
import { randomStream } from '../random.ts'
import { BroadcastError, type Exchanged, exchangeAll } from './broadcast.ts'
import { createFilter, type Filter, type FilterOptions, type Received } from './filter.ts'

/**
 * The gradients of these workers at the same parameters, in the order asked for, by one batched call if possible. Each
 * call must give new arrays: they are written to.
 */
export type GradientSource = (
  request: { readonly step: number; readonly parameters: Vector; readonly batch: number },
  workers: readonly number[],
) => Promise<readonly GradientReply[]>

/** A trusted server, its workers, and the liars among them. */
export interface ServerOptions extends OwnGradientOptions, FilterOptions {
  /** The workers that are in fact faulty, and their attacks. */
  readonly liars: readonly number[]
  readonly attack: Attack | null
  /**
   * The faulty set is another in every step (byzantine-gradient-descent, §1.2): as many workers as there are liars, drawn
   * from the seed. A worker that was faulty is honest again with the momentum that it would have had.
   */
  readonly rotating?: boolean
  /**
   * What a faulty worker forges from: the vector that it would have sent, momentum and all, or its gradient of this step
   * (RESAM, D.1: "sends the negative of its gradient"); absent: the vector. They differ only with momentum.
   */
  readonly forgedFrom?: 'vector' | 'gradient'
  readonly gradients: GradientSource
  readonly batch: BatchSize
  /** Of the adversary. */
  readonly seed: number
  /** There is no server: the workers broadcast, and all honest ones filter alike. Absent: there is one. */
  readonly broadcast?: { readonly digestOf: (vector: Vector) => Digest }
}

/** The result of one step of the server. */
export interface ServerStep {
  readonly step: number
  /** Mean over the honest workers of the loss on their batches, before the step. */
  readonly loss: number
  /** False once a coordinate is no longer finite: learning has failed. */
  readonly finite: boolean
  /** With broadcast: how many rounds, messages and bytes it took. */
  readonly traffic?: Pick<Exchanged, 'rounds' | 'messages' | 'bytes'>
}

/** Robust learning with a trusted server: the baseline of the papers, all in one process. */
export interface Server {
  /** After the last step; with broadcast, of the first honest worker. Arrays stay and are overwritten by the next step. */
  readonly parameters: Vector
  /** With broadcast: those of every honest worker. They are equal, or the step throws. */
  readonly estimates: readonly Vector[]
  /** @throws BroadcastError with more liars than broadcast stands */
  step(): Promise<ServerStep>
}

interface State {
  readonly options: ServerOptions
  /** Of this step. */
  honest: readonly number[]
  liars: readonly number[]
  /** The server's; or, with broadcast, that of each honest worker. */
  readonly filters: ReadonlyMap<number, Filter>
  readonly filter: Filter
  readonly momenta: (Vector | null)[]
  readonly random: () => number
  /** Of the adversary. */
  readonly memory: Map<string, unknown>
  step: number
}

/** Whose filter the server's is. */
const SERVER = -1

/** @throws RangeError if a liar is not a worker, or rotating liars would need other data or states */
export function createServer(options: ServerOptions): Server {
  const { workers, liars, seed, attack, broadcast } = options
  const stray = liars.find(liar => !(liar >= 0 && liar < workers))
  if (stray !== undefined)
    throw new RangeError(`liar ${stray} of ${workers} workers: expected 0 to ${workers - 1}`)
  if (options.rotating && attack !== null && poisonsData(attack))
    throw new RangeError(
      `rotating liars with ${attack.name}: a worker's data stay as they are; expected an attack on vectors`,
    )
  if (options.rotating && broadcast !== undefined)
    throw new RangeError(
      'rotating liars with broadcast: a liar has no estimate to go on with; expected a server',
    )
  const lying = attack === null ? [] : liars
  const keepers = broadcast === undefined ? [SERVER] : everyone(workers).filter(peer => !lying.includes(peer))
  const filters = new Map(keepers.map(keeper => [keeper, createFilter(options)]))
  const [filter] = filters.values()
  const state: State = {
    options,
    honest: [],
    liars: [],
    filters,
    filter: filter!,
    momenta: everyone(workers).map(() => null),
    random: randomStream(seed, 'adversary', 'server').uniform,
    memory: new Map(),
    step: 0,
  }
  const estimates = [...filters.values()].map(({ parameters }) => parameters)
  return { parameters: filter!.parameters, estimates, step: () => takeStep(state) }
}

async function takeStep(state: State): Promise<ServerStep> {
  const { options, filter, filters } = state
  const { parameters } = filter
  const step = ++state.step
  castRoles(state)
  const { honest } = state
  const asked =
    needsOwn(options.attack) || options.rotating
      ? everyone(options.workers).filter(worker => !filter.gone.has(worker))
      : honest
  // With broadcast all honest workers have the same parameters.
  const request = { step, parameters, batch: options.batch(step) }
  const replies = await options.gradients(request, asked)
  const own = new Map<number, Vector>()
  let loss = 0
  for (const [place, worker] of asked.entries()) {
    const { gradient, loss: workerLoss } = replies[place]!
    const isHonest = honest.includes(worker)
    if (isHonest) loss += workerLoss / honest.length
    const plain = !isHonest && options.forgedFrom === 'gradient'
    const before = state.momenta[worker]!
    // Who lies in turns has a momentum for the steps in which it does not.
    if (plain && options.rotating) state.momenta[worker] = ownGradient(gradient, parameters, before, options)
    const momentum = plain ? 0 : options.momentum
    const vector = ownGradient(gradient, parameters, before, { ...options, momentum }, gradient)
    if (momentum !== 0) state.momenta[worker] = vector
    own.set(worker, vector)
  }
  if (options.broadcast === undefined) return { step, loss, finite: filter.step(step, receive(state, own)) }
  // Nobody would take such a vector: it is the learning that has diverged, not its author that is at fault.
  if (!honest.every(worker => isFiniteVector(own.get(worker)!))) return { step, loss, finite: false }
  const { received, rounds, messages, bytes } = broadcastAll(state, own, options.broadcast.digestOf)
  const finite = [...filters].map(([worker, each]) => each.step(step, received.get(worker)!))
  checkEqual(state)
  return { step, loss, finite: finite.every(Boolean), traffic: { rounds, messages, bytes } }
}

/** Who lies in this step. */
function castRoles(state: State): void {
  const { workers, liars, attack, rotating, seed } = state.options
  const { gone } = state.filter
  if (attack === null) state.liars = []
  else if (!rotating) state.liars = liars
  else
    state.liars = randomStream(seed, 'turns', state.step)
      .shuffle(everyone(workers))
      .slice(0, liars.length)
      .sort((a, b) => a - b)
  state.honest = everyone(workers).filter(worker => !state.liars.includes(worker) && !gone.has(worker))
}

/** Whether a liar's own gradient is needed, for more than its length. */
function needsOwn(attack: Attack | null): boolean {
  return attack !== null && attack.from === undefined
}

/** What the server has from each worker. */
function receive(state: State, own: ReadonlyMap<number, Vector>): Received {
  const { options, honest, liars, filter } = state
  const forge = forger(state, own)
  const lies = liars
    .filter(liar => !filter.gone.has(liar))
    .map(liar => {
      const lie = forge(liar, SERVER)
      const isVector = lie !== null && lie.length === options.start.length && isFiniteVector(lie)
      return [liar, isVector ? lie : null] as const
    })
  // An honest gradient that is not finite is no fault of its worker: the learning has diverged, and the rule shows it.
  return new Map([...honest.map(worker => [worker, own.get(worker)!] as const), ...lies])
}

/** What a liar sends to one worker, or to the server. */
function forger(state: State, own: ReadonlyMap<number, Vector>) {
  const { options, honest, random, memory, step, filter } = state
  const { workers, maxFaulty, attack, start } = options
  const family = honest.map(worker => own.get(worker)!)
  let shared: Vector | null = null
  return (liar: number, recipient: number): Vector | null => {
    const vector =
      shared ??
      attack!.forge({
        slot: { step, phase: 'gradient', iteration: 1, sender: liar },
        recipient,
        peers: workers,
        maxFaulty,
        own: own.get(liar) ?? family[0] ?? new Float32Array(start.length),
        honest: family,
        random,
        rule: filter.rule,
        shared: memory,
      })
    if (attack!.from === 'honest') shared = vector
    return vector
  }
}

/** What every honest worker has from each, by Byzantine broadcast. */
function broadcastAll(
  state: State,
  own: ReadonlyMap<number, Vector>,
  digestOf: (vector: Vector) => Digest,
): Exchanged {
  const { options, honest, liars, filter, random, memory, step } = state
  const { workers, maxFaulty, attack, start, seed } = options
  const forge = forger(state, own)
  /** A liar that says the same to all is asked once. */
  const same = new Map<number, Vector | null>()
  const lie = (liar: number, recipient: number) => {
    if (attack!.perRecipient) return forge(liar, recipient)
    const known = same.get(liar)
    if (known !== undefined) return known
    const vector = forge(liar, SERVER)
    same.set(liar, vector)
    return vector
  }
  const authors = everyone(workers).filter(worker => !filter.gone.has(worker))
  return exchangeAll({
    step,
    peers: workers,
    maxFaulty,
    dimension: start.length,
    liars,
    authors,
    vectorFor: (author, recipient) => (honest.includes(author) ? own.get(author)! : lie(author, recipient)),
    attack,
    random,
    shared: memory,
    seed,
    digestOf,
  })
}

/** @throws BroadcastError if the estimates of two honest workers differ in a bit */
function checkEqual({ filters, filter, step }: State): void {
  const bytes = (vector: Vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  const first = bytes(filter.parameters)
  for (const [worker, { parameters }] of filters)
    if (!bytes(parameters).equals(first))
      throw new BroadcastError(
        'broadcast-broken',
        `step ${step}: the estimate of peer ${worker} is another than that of the first honest peer`,
      )
}

function everyone(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}
