/** What a peer received in an exchange, as points in the plane of their two main directions. */
import type { Aggregate, Family } from '../../agreement/averaging/family.ts'
import type { ProtocolName } from '../../agreement/bounds.ts'
import { squaredDistances } from '../../agreement/kernels/index.ts'
import type { Exchange, PeerIndex } from '../../agreement/message.ts'
import type { Vector } from '../../agreement/vector.ts'
import { type MainPlane, mainPlane } from './main-directions.ts'
import type { Plane } from './run.ts'
import { type Shares, sharesOf } from './shares.ts'

/** What is known of a family before it is known who sent it: points in the order of its vectors. */
export interface Seen {
  readonly points: readonly Omit<Plane['points'][number], 'from'>[]
  readonly result: Plane['result']
  readonly shown: number
  readonly sampled: number | null
}

/** Numbers on the page have so many digits. */
const DIGITS = 5

const rounded = (x: number) => Number(x.toPrecision(DIGITS))

/**
 * Null where it is not known what a rule makes of its vectors.
 * @param known all `‖x_j − x_k‖²` of the family, if the rule needed them
 */
export function seenOf(
  protocol: ProtocolName,
  family: Family,
  result: Vector,
  known: Float64Array | null = null,
): Seen | null {
  const { vectors } = family
  const n = vectors.length
  const { among, toResult } = known === null ? measured(vectors, result) : { among: known, toResult: null }
  const entered = sharesOf(protocol, family, among)
  if (entered === null) return null
  const { shares, sampled } = entered
  const plane = mainPlane(among, n)
  // A mean of some vectors lies at the mean of their points; what is made by coordinates has to be measured.
  const at =
    sampled === null
      ? meanOf(plane.points, shares)
      : plane.place(toResult ?? measured(vectors, result).toResult)
  return {
    points: plane.points.map(({ x, y }, j) => {
      const { fate, weight, low, high } = shares[j]!
      return {
        x: rounded(x),
        y: rounded(y),
        fate,
        weight: rounded(weight),
        low: low === null ? null : rounded(low),
        high: high === null ? null : rounded(high),
      }
    }),
    result: { x: rounded(at.x), y: rounded(at.y) },
    shown: rounded(plane.shown),
    sampled,
  }
}

/** Of the family and to the result in one pass: most of its time is for reading the vectors. */
function measured(vectors: readonly Vector[], result: Vector) {
  const n = vectors.length
  const all = squaredDistances([...vectors, result])
  const among = new Float64Array(n * n)
  for (let j = 0; j < n; j++) among.set(all.subarray(j * (n + 1), j * (n + 1) + n), j * n)
  return { among, toResult: all.subarray(n * (n + 1), n * (n + 1) + n) }
}

function meanOf(points: MainPlane['points'], shares: Shares['shares']): Plane['result'] {
  const along = (axis: 'x' | 'y') =>
    points.reduce((sum, point, j) => sum + shares[j]!.weight * point[axis], 0)
  return { x: along('x'), y: along('y') }
}

/**
 * The exchanges of which the points are kept: where honest vectors still differ, and liars matter most.
 * @param alone an averaging agreement alone, of which each iteration is shown
 */
export function isShown({ step, phase, iteration }: Exchange, alone: boolean): boolean {
  if (alone) return iteration < ITERATIONS_SHOWN
  if (iteration !== 0) return false
  return phase === 'gradient' || (phase === 'parameters' && step % PARAMETERS_EVERY === 1)
}

/** By then honest vectors are one point, as far as a picture shows. */
const ITERATIONS_SHOWN = 50

/** Parameters are mostly the same everywhere: a picture of every tenth step shows as much, for less. */
const PARAMETERS_EVERY = 10

interface Watching {
  /** In place of the rule that it was given: the same bits. */
  readonly aggregate: Aggregate
  /** What the rule's last call saw, if its result is this vector; null where the peer needed no rule, or nobody watches. */
  seen(result: Vector): Seen | null
}

type Distances = typeof squaredDistances

/**
 * Lets a page see what a rule sees. Vectors may be used for others once the rule has returned, so all is computed here.
 * @param rule may need the distances too: then they are computed once
 * @param isWanted whether anybody watches now: nothing is computed otherwise
 * @param alone as in `isShown`
 * @param known peers of one simulated world share results, and with them what led there
 */
export function watchRule(
  rule: (protocol: ProtocolName, family: Family, distances: Distances) => Vector,
  isWanted: () => boolean,
  distances: Distances = squaredDistances,
  alone = false,
  known = new WeakMap<Vector, Seen>(),
): Watching {
  const remember = (result: Vector, seen: Seen | null) => {
    if (seen !== null) known.set(result, seen)
  }
  return {
    aggregate(protocol, family) {
      let squares: ReturnType<Distances> | null = null
      const result = rule(protocol, family, vectors => {
        squares = distances(vectors)
        return squares
      })
      const { exchange } = family
      if (exchange && isShown(exchange, alone) && isWanted() && !known.has(result))
        remember(result, seenOf(protocol, family, result, squares))
      return result
    },
    seen: result => known.get(result) ?? null,
  }
}

/** The plane of an exchange that is over, by the authors whose vectors were used. */
export function planeOf(
  exchange: Exchange,
  used: readonly PeerIndex[],
  seen: Seen,
): Omit<Plane, 'observers'> {
  const { step, phase, iteration } = exchange
  return {
    step,
    phase,
    iteration,
    ...seen,
    points: seen.points.map((point, at) => ({ from: used[at]!, ...point })),
  }
}
