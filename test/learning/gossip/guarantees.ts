/** What each rule of gossip allows an honest vector to move, of the honest vectors alone. */
import type { Vector } from '../../../agreement/vector.ts'
import { distance } from './naive.ts'

/** @param delta the weight of the f heaviest neighbours */
type Guarantee = (own: Vector, honest: readonly Vector[], weights: readonly number[], delta: number) => number

export const guarantees: Readonly<Record<string, Guarantee>> = {
  monna: (own, honest) => Math.max(0, ...honest.map(other => distance(other, own))),
  ubar: (own, honest) => Math.max(0, ...honest.map(other => distance(other, own))) / 2,
  'clipped-gossip': (own, honest, weights, delta) => {
    const lengths = honest.map(other => distance(other, own))
    const spread = lengths.reduce((sum, length, j) => sum + weights[j]! * length ** 2, 0)
    return lengths.reduce((sum, length, j) => sum + weights[j]! * length, 0) + Math.sqrt(delta * spread)
  },
}

/** The weight of the `f` heaviest. */
export function heaviest(weights: readonly number[], maxFaulty: number): number {
  return [...weights]
    .sort((a, b) => b - a)
    .slice(0, maxFaulty)
    .reduce((a, b) => a + b, 0)
}
