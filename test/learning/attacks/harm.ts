/** What an attack does to a rule over some exchanges of gradients, in numbers that are larger where it is worse. */
import { aggregator } from '../../../agreement/rules/registry.ts'
import type { Vector } from '../../../agreement/vector.ts'
import { attackNamed } from '../../../learning/attacks/registry.ts'
import { randomStream } from '../../../learning/random.ts'
import { dimension, type Round, type Size } from './unequal.ts'

/**
 * `R` is the rule's result, `ḡ` the honest mean, `ρ` the root of the mean squared distance of honest vectors from it:
 * - `distance`: the mean of `‖R − ḡ‖/ρ`;
 * - `product`: the mean of `−⟨R, ḡ⟩/‖ḡ‖²`;
 * - `sum`: `‖Σ(R − ḡ)‖/Σρ` over the exchanges: what noise cancels does not count;
 * - `along`: the same sum along one direction alone, which `drift` drew before the first exchange.
 */
export type Measure = 'distance' | 'product' | 'sum' | 'along'

export type Harm = Readonly<Record<Measure, number>>

/** All that do not adapt and send vectors that a rule is given; `label-flip` by what the flipped labels' gradient is. */
export const fixedAttacks: readonly string[] = [
  'sign-flip',
  'gradient-reverse',
  'random',
  'zero',
  'little',
  'empire',
  'coordinate-wise',
  'norm-confusing',
  'mimic',
  'label-flip',
  'huge',
  'equivocate',
]

export function harmOf(name: string, rule: string, size: Size, rounds: readonly Round[]): Harm {
  const { peers, maxFaulty } = size
  const attack = attackNamed(name)
  const judge = aggregator(rule)
  const apply = (vectors: readonly Vector[]) => judge.aggregate(vectors, maxFaulty)
  const random = randomStream(1, 'adversary').uniform
  const shared = new Map<string, unknown>()
  const u = directionOfDrift(size, rounds[0]!)
  const total = new Float64Array(dimension)
  let [distance, product, spread] = [0, 0, 0]
  for (const { step, honest, own, flipped } of rounds) {
    const lies = own.map((vector, place) =>
      attack.forge({
        slot: { step, phase: 'gradient', iteration: 0, sender: peers - maxFaulty + place },
        recipient: 0,
        peers,
        maxFaulty,
        own: attack.relabel === undefined ? vector : flipped[place]!,
        honest,
        random,
        rule: apply,
        shared,
      }),
    )
    const result = apply([...honest, ...lies.map(lie => lie!)])
    const center = meanOf(honest)
    const error = minus(result, center)
    const rho = Math.sqrt(
      honest.reduce((sum, vector) => sum + squared(minus(vector, center)), 0) / honest.length,
    )
    distance += Math.sqrt(squared(error)) / rho / rounds.length
    product -= inner(result, center) / squared(center) / rounds.length
    spread += rho
    for (let i = 0; i < total.length; i++) total[i]! += error[i]!
  }
  return {
    distance,
    product,
    sum: Math.sqrt(squared(total)) / spread,
    along: Math.abs(inner(total, u)) / spread,
  }
}

function directionOfDrift({ peers, maxFaulty }: Size, { step, honest }: Round): Float64Array {
  const lie = attackNamed('drift').forge({
    slot: { step, phase: 'gradient', iteration: 0, sender: peers - 1 },
    recipient: 0,
    peers,
    maxFaulty,
    own: honest[0]!,
    honest,
    random: randomStream(1, 'adversary').uniform,
    rule: () => honest[0]!,
    shared: new Map(),
  })!
  const push = minus(lie, meanOf(honest))
  const length = Math.sqrt(squared(push))
  return push.map(value => value / length)
}

function meanOf(vectors: readonly Vector[]): Float64Array {
  const sum = new Float64Array(vectors[0]!.length)
  for (const vector of vectors) for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]! / vectors.length
  return sum
}

const minus = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Float64Array.from(a, (value, i) => value - b[i]!)

function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

const squared = (vector: ArrayLike<number>) => inner(vector, vector)
