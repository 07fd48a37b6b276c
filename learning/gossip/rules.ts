/**
 * What a peer makes of its own vector and its neighbours': the rules of gossip, which know whose vector is the peer's
 * own, and any rule of vectors over the neighbourhood, its own vector first (so `monna` and `cva` take it as theirs).
 */
import { combine, meanOf, squaredDistancesTo } from '../../agreement/kernels/index.ts'
import { RuleError } from '../../agreement/rules/error.ts'
import type { Aggregator, RuleParameters } from '../../agreement/rules/registry.ts'
import { norm, type Vector } from '../../agreement/vector.ts'

/** What a peer has in one step. */
export interface Neighbourhood {
  /** Its own vector, after its own descent. */
  readonly own: Vector
  /** Of its neighbours, at least one: finite, as long as its own. */
  readonly others: readonly Vector[]
  /** `W_ij` of each of these; its own is what is left of 1. */
  readonly weights: readonly number[]
  /** How many of these may be lies. */
  readonly maxFaulty: number
  readonly step: number
  /** Of the whole run. */
  readonly steps: number
  /** Of what the rule has `judged`, in that order. Absent: nobody has measured them. */
  readonly losses?: readonly number[]
}

/** A rule of gossip. */
export interface GossipRule {
  readonly name: string
  /**
   * The vectors whose losses it goes by, on a batch of the peer's own data that the peer has not descended along yet. Absent:
   * it looks at vectors alone.
   */
  judged?(neighbourhood: Neighbourhood): readonly Vector[]
  /** The peer's next vector: a new one. */
  combine(neighbourhood: Neighbourhood): Vector
}

/** The rule of gossip that names none. */
export const DEFAULT_GOSSIP_RULE = 'monna'

/** The names of rules that exist in gossip alone, with what they do. */
export const gossipRules: Readonly<Record<string, string>> = {
  'clipped-gossip': 'clipped gossip: weighted mean of what is no farther than a radius from its own',
  balance: 'BALANCE: its own and the mean of those near to it, ever nearer from step to step',
  ubar: 'UBAR: its own and the mean of those near to it that lose no more on its own data',
}

/** Any rule of vectors, over a peer's own vector and its neighbours'. */
export function overNeighbourhood(rule: Aggregator): GossipRule {
  return {
    name: rule.name,
    combine: ({ own, others, maxFaulty }) =>
      rule.aggregate([own, ...others], maxFaulty, { checked: true, ownVector: own, previous: own }),
  }
}

/** @throws RuleError unknown-rule; bad-parameter, of one that the rule does not have or cannot take */
export function gossipRuleNamed(name: string, parameters: RuleParameters): GossipRule {
  if (name === 'clipped-gossip') {
    const { tau } = settled(name, { tau: null }, parameters)
    return { name, combine: neighbourhood => clippedGossip(neighbourhood, tau ?? null) }
  }
  if (name === 'balance') {
    const set = settled(name, BALANCE, parameters)
    return { name, combine: neighbourhood => balance(neighbourhood, set as typeof BALANCE) }
  }
  if (name === 'ubar') {
    const set = settled(name, UBAR, parameters) as typeof UBAR
    return { name, judged: judgedByUbar, combine: neighbourhood => ubar(neighbourhood, set) }
  }
  throw new RuleError(
    'unknown-rule',
    `no rule of gossip is called ${JSON.stringify(name)}; there are ${Object.keys(gossipRules).join(', ')}`,
  )
}

/**
 * `x_i + Σ_j W_ij clip(x_j − x_i, τ_i)` (He, Karimireddy and Jaggi 2022, "Byzantine-robust decentralized learning via
 * ClippedGossip").
 *
 * Without a radius of the user's, `τ_i² = (1/δ_i) Σ_{j∈S} W_ij ‖x_i − x_j‖²`: `δ_i` the weight of the `f` heaviest
 * neighbours, `S` all but the farthest ones of weight `δ_i` (the last counts in part). The
 * honest neighbours weigh at least as much, so that the sum is at most theirs, and all lies together move the result by
 * at most `δ_i τ_i ≤ √(δ_i Σ_{j honest} W_ij ‖x_i − x_j‖²)`, whatever they are. That `S` stands for the honest ones,
 * which the paper's analysis takes the sum over and nobody knows.
 */
export function clippedGossip(neighbourhood: Neighbourhood, radius: number | null): Vector {
  const { own, others, weights } = neighbourhood
  const lengths = squaredDistancesTo(others, own).map(Math.sqrt)
  const tau = radius ?? adaptiveRadius(neighbourhood, lengths)
  const shares = weights.map((weight, j) => (lengths[j]! <= tau ? weight : (weight * tau) / lengths[j]!))
  const stay = 1 - shares.reduce((sum, share) => sum + share, 0)
  return combine([own, ...others], Float64Array.of(stay, ...shares))
}

/** Far below every weight, and every difference of two. */
const WEIGHT_MIN = 1e-9

/** @param lengths `‖x_i − x_j‖` of each neighbour */
function adaptiveRadius({ weights, maxFaulty }: Neighbourhood, lengths: Float64Array): number {
  const heaviest = [...weights].sort((a, b) => b - a).slice(0, maxFaulty)
  const delta = heaviest.reduce((sum, weight) => sum + weight, 0)
  if (delta === 0) return Infinity
  let left = delta
  let spread = 0
  const farthestFirst = [...lengths.keys()].sort((a, b) => lengths[b]! - lengths[a]! || a - b)
  for (const j of farthestFirst) {
    const counted = Math.max(0, weights[j]! - Math.max(0, left))
    left -= weights[j]!
    // What rounding leaves of a weight must not count: a lie may be longer than any number makes up for.
    if (counted > WEIGHT_MIN) spread += counted * lengths[j]! ** 2
  }
  return Math.sqrt(spread / delta)
}

/** The parameters of `balance` in the paper's experiments. */
export const BALANCE = { alpha: 0.5, gamma: 0.3, kappa: 1 }

/**
 * `α x_i + (1 − α)·mean` of the neighbours' vectors with `‖x_i − x_j‖ ≤ γ exp(−κ t/T) ‖x_i‖`, and `x_i` where there are
 * none (Fang et al. 2024, "Byzantine-robust decentralized federated learning"). For comparison: it counts
 * no liars, and the radius hangs on the vector's own length.
 */
function balance(
  { own, others, step, steps }: Neighbourhood,
  { alpha, gamma, kappa }: typeof BALANCE,
): Vector {
  const radius = gamma * Math.exp((-kappa * step) / steps) * norm(own)
  const squares = squaredDistancesTo(others, own)
  const near = others.filter((_, j) => Math.sqrt(squares[j]!) <= radius)
  if (near.length === 0) return own.slice()
  return combine([own, meanOf(near)], Float64Array.of(alpha, 1 - alpha))
}

/** As in BALANCE. */
export const UBAR = { alpha: 0.5 }

/**
 * `α x_i + (1 − α)·mean` of those of the `|N_i| − f` nearest neighbours' vectors that lose no more than `x_i` on a batch of
 * the peer's own, or if all lose more, the one of them that loses the least (Guo et al. 2021, "Byzantine-resilient
 * decentralized stochastic gradient descent"). Without losses all of the nearest ones count. For comparison.
 *
 * The paper mixes first, and then adds the gradient that the batch has at the old `x_i`: no peer has descended along the
 * batch that it judges by. Here a peer descends first, so it judges by the batch of its next step.
 */
function ubar(neighbourhood: Neighbourhood, { alpha }: typeof UBAR): Vector {
  const { own, losses } = neighbourhood
  const near = nearest(neighbourhood)
  if (near.length === 0) return own.slice()
  const kept = losses === undefined ? near : losingLess(near, losses)
  return combine([own, meanOf(kept)], Float64Array.of(alpha, 1 - alpha))
}

function judgedByUbar(neighbourhood: Neighbourhood): readonly Vector[] {
  return [neighbourhood.own, ...nearest(neighbourhood)]
}

/** All but the `f` farthest, the nearest first; of equally near ones the earlier. */
function nearest({ own, others, maxFaulty }: Neighbourhood): readonly Vector[] {
  const squares = squaredDistancesTo(others, own)
  const nearestFirst = [...others.keys()].sort((a, b) => squares[a]! - squares[b]! || a - b)
  return nearestFirst.slice(0, Math.max(0, others.length - maxFaulty)).map(j => others[j]!)
}

/** A loss that is no number is more than any. */
function losingLess(vectors: readonly Vector[], [own, ...losses]: readonly number[]): readonly Vector[] {
  const kept = vectors.filter((_, j) => losses[j]! <= own!)
  if (kept.length > 0) return kept
  const least = losses.reduce(
    (best, loss, j) => (loss < losses[best]! || Number.isNaN(losses[best]!) ? j : best),
    0,
  )
  return [vectors[least]!]
}

/** @throws RuleError bad-parameter */
function settled<T extends Readonly<Record<string, number | null>>>(
  name: string,
  defaults: T,
  parameters: RuleParameters,
): T {
  for (const [key, value] of Object.entries(parameters)) {
    if (!Object.hasOwn(defaults, key))
      throw new RuleError(
        'bad-parameter',
        `${name}: has no parameter ${key}; it has ${Object.keys(defaults).join(', ')}`,
      )
    const most = key === 'alpha' ? 1 : Infinity
    if (!(value > 0 && value <= most))
      throw new RuleError(
        'bad-parameter',
        `${name}: ${key} is ${value}, must be above 0${key === 'alpha' ? ' and at most 1' : ''}`,
      )
  }
  return Object.assign({}, defaults, parameters)
}
