/**
 * What is made of the workers' vectors of a step: the same by a trusted server, and by every honest peer in its place.
 * Each worker's vectors are averaged over time if that is asked for (`α`), the rule is applied, the parameters move, and
 * are projected onto their box.
 */
import type { Aggregator } from '../../agreement/rules/registry.ts'
import { areFinite, type Vector } from '../../agreement/vector.ts'
import { type Box, project } from '../box.ts'
import type { StepSize } from '../step-size.ts'

/**
 * What stands for a vector that is missing or malformed:
 * - `left-out`: nothing, in this step; the rule gets one vector fewer, and one fault fewer to tolerate;
 * - `eliminated`: nothing, from this step on for ever (approximate-byzantine-fault-tolerance, §4.1, Step S1);
 * - `zero`: the zero vector, in its worker's place (comparative-gradient-elimination, §2.1; byzantine-gradient-descent
 *   allows any vector, and its groups need one).
 */
export type MissingRule = 'left-out' | 'eliminated' | 'zero'

export interface FilterOptions {
  readonly rule: Aggregator
  readonly workers: number
  /** `f`, the number of faults that are assumed. */
  readonly maxFaulty: number
  /** Absent: `left-out`. */
  readonly missing?: MissingRule
  readonly start: Vector
  readonly rate: StepSize
  /** `α` of `h_t = αh_{t−1} + (1 − α)g_t`, kept for each worker; 0: none (eq. 25, `h_0 = 0`). */
  readonly averaging: number
  /** `W`; null: no projection. */
  readonly box: Box | null
}

/** By worker; null: nothing came, or nothing that is a vector. Those who are gone have none. */
export type Received = ReadonlyMap<number, Vector | null>

export interface Filter {
  /** After the last step. The array stays and is overwritten by the next step. */
  readonly parameters: Vector
  /** Workers eliminated so far. */
  readonly gone: ReadonlySet<number>
  /** What the rule gives for these vectors now. */
  rule(vectors: readonly Vector[]): Vector
  /** Moves the parameters; false if they are not finite afterwards. */
  step(step: number, received: Received): boolean
}

interface State {
  readonly options: FilterOptions
  readonly parameters: Vector
  readonly averages: (Vector | null)[]
  readonly gone: Set<number>
  /** What the rule gave in the step before. */
  direction: Vector | null
}

export function createFilter(options: FilterOptions): Filter {
  const state: State = {
    options,
    parameters: new Float32Array(options.start),
    averages: Array.from({ length: options.workers }, () => null),
    gone: new Set(),
    direction: null,
  }
  return {
    parameters: state.parameters,
    gone: state.gone,
    rule: vectors => direct(state, vectors),
    step(step, received) {
      const counted = count(state, received)
      const vectors = counted.map(([worker, vector]) => average(state, worker, vector))
      const indices = counted.map(([worker]) => worker)
      return descend(state, step, vectors, indices)
    },
  }
}

/** From each worker its vector, what stands for it, or nothing. */
function count({ options, gone }: State, received: Received): [worker: number, vector: Vector][] {
  const { start, missing } = options
  const counted: [worker: number, vector: Vector][] = []
  for (const [worker, vector] of received) {
    if (vector !== null) counted.push([worker, vector])
    else if (missing === 'zero') counted.push([worker, new Float32Array(start.length)])
    else if (missing === 'eliminated') gone.add(worker)
  }
  return counted.sort(([a], [b]) => a - b)
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
function descend(
  state: State,
  step: number,
  received: readonly Vector[],
  indices: readonly number[],
): boolean {
  const { options, parameters } = state
  const { rate, box } = options
  const direction = direct(state, received, indices)
  state.direction = direction
  const eta = rate(step)
  for (let i = 0; i < parameters.length; i++) parameters[i]! -= eta * direction[i]!
  if (box !== null) project(parameters, box)
  return areFinite(parameters, 0, parameters.length)
}
