/**
 * The trusted server of the older papers, as the baseline to compare with: distributed gradient descent with a rule
 * (approximate-byzantine-fault-tolerance §4.1; comparative-gradient-elimination §2.1, §3.5; byzantine-gradient-descent,
 * Algorithm 2; RESAM, Algorithm 1).
 *
 * In a step every worker sends one vector made from its gradient at the server's parameters; faulty workers see all
 * honest vectors before they choose theirs. The server averages each worker's vectors over time if asked to (`α`),
 * applies the rule, moves, and projects onto its box. A worker whose vector is missing or malformed is faulty: on a
 * synchronous network nobody else can be at fault for it. The papers differ in what the server then does (`missing`).
 */
import type { Aggregator } from '../../agreement/rules/registry.ts'
import { areFinite, isFiniteVector, type Vector } from '../../agreement/vector.ts'
import { type Attack, poisonsData } from '../attacks/attack.ts'
import type { BatchSize } from '../batch-size.ts'
import { type Box, project } from '../box.ts'
import type { GradientReply } from '../oracle.ts'
import { type OwnGradientOptions, ownGradient } from '../own-gradient.ts'
import { randomStream } from '../random.ts'
import type { StepSize } from '../step-size.ts'

/**
 * The gradients of these workers at the same parameters, in the order asked for, by one batched call if possible. Each
 * call must give new arrays: they are written to.
 */
export type GradientSource = (
  request: { readonly step: number; readonly parameters: Vector; readonly batch: number },
  workers: readonly number[],
) => Promise<readonly GradientReply[]>

/**
 * What stands for a vector that is missing or malformed:
 * - `left-out`: nothing, in this step; the rule gets one vector fewer, and one fault fewer to tolerate;
 * - `eliminated`: nothing, from this step on for ever (approximate-byzantine-fault-tolerance, §4.1, Step S1);
 * - `zero`: the zero vector, in its worker's place (comparative-gradient-elimination, §2.1; byzantine-gradient-descent
 *   allows any vector, and its groups need one).
 */
export type MissingRule = 'left-out' | 'eliminated' | 'zero'

/** A trusted server, its workers, and the liars among them. */
export interface ServerOptions extends OwnGradientOptions {
  readonly rule: Aggregator
  readonly workers: number
  /** `f`, the number of faults that the server assumes. */
  readonly maxFaulty: number
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
  /** Absent: `left-out`. */
  readonly missing?: MissingRule
  readonly start: Vector
  readonly gradients: GradientSource
  readonly rate: StepSize
  readonly batch: BatchSize
  /** `α` of `h_t = αh_{t−1} + (1 − α)g_t`, kept for each worker by the server; 0: none (eq. 25, `h_0 = 0`). */
  readonly averaging: number
  /** `W`; null: no projection. */
  readonly box: Box | null
  /** Of the adversary. */
  readonly seed: number
}

/** The result of one step of the server. */
export interface ServerStep {
  readonly step: number
  /** Mean over the honest workers of the loss on their batches, before the step. */
  readonly loss: number
  /** False once a coordinate is no longer finite: learning has failed. */
  readonly finite: boolean
}

/** Robust learning with a trusted server: the baseline of the papers, all in one process. */
export interface Server {
  /** After the last step. The array stays and is overwritten by the next step. */
  readonly parameters: Vector
  step(): Promise<ServerStep>
}

interface State {
  readonly options: ServerOptions
  /** Of this step. */
  honest: readonly number[]
  liars: readonly number[]
  readonly parameters: Vector
  readonly momenta: (Vector | null)[]
  readonly averages: (Vector | null)[]
  readonly random: () => number
  /** Of the adversary. */
  readonly memory: Map<string, unknown>
  /** Workers eliminated so far. */
  readonly gone: Set<number>
  /** What the rule gave in the step before. */
  direction: Vector | null
  step: number
}

/** @throws RangeError if a liar is not a worker, or rotating liars would need other data */
export function createServer(options: ServerOptions): Server {
  const { workers, liars, start, seed } = options
  const stray = liars.find(liar => !(liar >= 0 && liar < workers))
  if (stray !== undefined)
    throw new RangeError(`liar ${stray} of ${workers} workers: expected 0 to ${workers - 1}`)
  if (options.rotating && options.attack !== null && poisonsData(options.attack))
    throw new RangeError(
      `rotating liars with ${options.attack.name}: a worker's data stay as they are; expected an attack on vectors`,
    )
  const state: State = {
    options,
    honest: [],
    liars: [],
    parameters: new Float32Array(start),
    momenta: everyone(workers).map(() => null),
    averages: everyone(workers).map(() => null),
    random: randomStream(seed, 'adversary', 'server').uniform,
    memory: new Map(),
    gone: new Set(),
    direction: null,
    step: 0,
  }
  return { parameters: state.parameters, step: () => takeStep(state) }
}

async function takeStep(state: State): Promise<ServerStep> {
  const { options, parameters } = state
  const step = ++state.step
  castRoles(state)
  const { honest } = state
  const asked =
    needsOwn(options.attack) || options.rotating
      ? everyone(options.workers).filter(worker => !state.gone.has(worker))
      : honest
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
  const received = receive(state, own)
  const vectors = received.map(([worker, vector]) => average(state, worker, vector))
  const indices = received.map(([worker]) => worker)
  return { step, loss, finite: descend(state, vectors, indices) }
}

/** Who lies in this step. */
function castRoles(state: State): void {
  const { workers, liars, attack, rotating, seed } = state.options
  if (attack === null) state.liars = []
  else if (!rotating) state.liars = liars
  else
    state.liars = randomStream(seed, 'turns', state.step)
      .shuffle(everyone(workers))
      .slice(0, liars.length)
      .sort((a, b) => a - b)
  state.honest = everyone(workers).filter(worker => !state.liars.includes(worker) && !state.gone.has(worker))
}

/** Whether a liar's own gradient is needed, for more than its length. */
function needsOwn(attack: Attack | null): boolean {
  return attack !== null && attack.from === undefined
}

/** What the server has from each worker: a finite vector of the right length, what stands for it, or nothing. */
function receive(state: State, own: ReadonlyMap<number, Vector>) {
  const { options, honest, liars, random, gone, step } = state
  const { workers, maxFaulty, attack } = options
  const family = honest.map(worker => own.get(worker)!)
  const arrived: [worker: number, vector: Vector][] = honest.map(worker => [worker, own.get(worker)!])
  let shared: Vector | null = null
  for (const liar of liars) {
    if (gone.has(liar)) continue
    const vector: Vector | null =
      shared ??
      attack!.forge({
        slot: { step, phase: 'gradient', iteration: 1, sender: liar },
        recipient: -1,
        peers: workers,
        maxFaulty,
        own: own.get(liar) ?? family[0] ?? new Float32Array(options.start.length),
        honest: family,
        random,
        rule: vectors => direct(state, vectors),
        shared: state.memory,
      })
    if (attack!.from === 'honest') shared = vector
    if (vector !== null && vector.length === options.start.length && isFiniteVector(vector))
      arrived.push([liar, vector])
    else if (options.missing === 'zero') arrived.push([liar, new Float32Array(options.start.length)])
    else if (options.missing === 'eliminated') gone.add(liar)
  }
  return arrived.sort(([a], [b]) => a - b)
}

function average({ options, averages }: State, worker: number, vector: Vector): Vector {
  const alpha = options.averaging
  if (alpha === 0) return vector
  const before = averages[worker]
  const after = new Float32Array(vector.length)
  if (before) for (let i = 0; i < after.length; i++) after[i] = alpha * before[i]! + (1 - alpha) * vector[i]!
  else for (let i = 0; i < after.length; i++) after[i] = (1 - alpha) * vector[i]!
  averages[worker] = after
  return after
}

/** The rule's result. Machines are known by their indices, where the rule asks. */
function direct(
  { options, direction }: State,
  received: readonly Vector[],
  indices?: readonly number[],
): Vector {
  const { rule, workers, maxFaulty } = options
  const missing = Math.max(0, workers - received.length)
  return rule.aggregate(received, Math.max(0, maxFaulty - missing), {
    checked: true,
    ...(indices && { machines: { indices, of: workers } }),
    ...(direction && { previous: direction }),
  })
}

/** `θ ← [θ − η·rule(…)]_W`; false if it is not finite afterwards. */
function descend(state: State, received: readonly Vector[], indices: readonly number[]): boolean {
  const { options, parameters, step } = state
  const { rate, box } = options
  const direction = direct(state, received, indices)
  state.direction = direction
  const eta = rate(step)
  for (let i = 0; i < parameters.length; i++) parameters[i]! -= eta * direction[i]!
  if (box !== null) project(parameters, box)
  return areFinite(parameters, 0, parameters.length)
}

function everyone(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}
