/** The rules of gossip as they are defined, in plain arrays of numbers. */
import type { Vector } from '../../../agreement/vector.ts'
import type { Neighbourhood } from '../../../learning/gossip/rules.ts'

export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.sqrt(Array.from(a).reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0))

/** `x_i + Σ_j W_ij clip(x_j − x_i, τ)`. */
export function clippedGossip({ own, others, weights }: Neighbourhood, tau: number): number[] {
  return Array.from(own, (value, c) =>
    others.reduce((sum, other, j) => {
      const length = distance(other, own)
      return sum + weights[j]! * (other[c]! - value) * (length > tau ? tau / length : 1)
    }, value),
  )
}

/** `√(V/δ)`, `V` the least that neighbours of weight `Σ W_ij − δ` can be apart from the peer's own, by trying all orders. */
export function radius({ own, others, weights, maxFaulty }: Neighbourhood): number {
  const delta = [...weights]
    .sort((a, b) => b - a)
    .slice(0, maxFaulty)
    .reduce((a, b) => a + b, 0)
  const wanted = weights.reduce((a, b) => a + b, 0) - delta
  const least = Math.min(
    ...orders(others.length).map(order => {
      let left = wanted
      return order.reduce((sum, j) => {
        const share = Math.max(0, Math.min(left, weights[j]!))
        left -= share
        return sum + share * distance(others[j]!, own) ** 2
      }, 0)
    }),
  )
  return delta === 0 ? Infinity : Math.sqrt(least / delta)
}

/** Nearest-neighbour averaging: the mean of its own and the `m − f − 1` nearest of the others. */
export function nearestNeighbours({ own, others, maxFaulty }: Neighbourhood): number[] {
  const near = [...others]
    .sort((a, b) => distance(a, own) - distance(b, own))
    .slice(0, others.length - maxFaulty)
  return Array.from(
    own,
    (value, c) => near.reduce((sum, other) => sum + other[c]!, value) / (near.length + 1),
  )
}

export function balance(
  { own, others, step, steps }: Neighbourhood,
  alpha: number,
  gamma: number,
  kappa: number,
): number[] {
  const radius =
    gamma *
    Math.exp((-kappa * step) / steps) *
    distance(
      own,
      Array.from(own, () => 0),
    )
  const near = others.filter(other => distance(other, own) <= radius)
  if (near.length === 0) return [...own]
  return Array.from(
    own,
    (value, c) =>
      alpha * value + ((1 - alpha) * near.reduce((sum, other) => sum + other[c]!, 0)) / near.length,
  )
}

/** The nearest but `f`; of these the ones that lose no more than its own, or else the first of the least loss. */
export function ubar(
  { own, others, maxFaulty }: Neighbourhood,
  alpha: number,
  loss: (vector: Vector) => number,
): number[] {
  const near = [...others]
    .sort((a, b) => distance(a, own) - distance(b, own))
    .slice(0, others.length - maxFaulty)
  const good = near.filter(other => loss(other) <= loss(own))
  const least = Math.min(...near.map(loss))
  const kept = good.length > 0 ? good : [near.find(other => loss(other) === least)!]
  return Array.from(
    own,
    (value, c) =>
      alpha * value + ((1 - alpha) * kept.reduce((sum, other) => sum + other[c]!, 0)) / kept.length,
  )
}

function orders(n: number): number[][] {
  if (n === 0) return [[]]
  return orders(n - 1).flatMap(order => Array.from({ length: n }, (_, at) => order.toSpliced(at, 0, n - 1)))
}
