/** The families of vectors on which the papers' bounds are attained, with the attacks that attain them. */
import { honestCount, quorum } from '../../../agreement/thresholds.ts'
import type { Vector } from '../../../agreement/vector.ts'
import type { Setting, View } from './scene.ts'

/** What the adversary does in an iteration, given the honest vectors at its start. */
export type Iterated = (vectors: readonly Vector[]) => readonly View[]

/** `(a ⋆ k, b ⋆ l, …)`: each value repeated (Definition 5), as vectors of one coordinate. */
export function family(...parts: readonly (readonly [value: number, times: number])[]): Vector[] {
  return parts.flatMap(([value, times]) => Array.from({ length: times }, () => Float32Array.of(value)))
}

/** How far from the vectors that a rule keeps a lie may lie and still be kept. */
type Reach = (low: number, middle: number, high: number) => number

/** MDA: the subset with the lies must be narrower than the family; they lie one diameter beyond the middle ones. */
export const mdaReach: Reach = (low, middle, high) => middle - (high - low)

/** CVA: nearer to the peer's own vector than the honest ones at the other end. */
export const cvaReach: Reach = (low, _, high) => low - (high - low)

/**
 * Theorem 5's family and attack for any n: `2·ends` of the honest hold the extremes, the rest one value in between. A
 * peer at one end misses so many of the other end that the rule drops the others there, and is told lies beyond its own
 * end (`margin` of the diameter short of the rule's reach). The middle hears one and the same from everyone.
 */
export function pulledApart(setting: Setting, reach: Reach, margin: number): Iterated {
  const { n, f, synchrony, q } = setting
  const h = honestCount(n, f)
  const ends = endsOf(setting)
  const heard = quorum(n, f, synchrony, q) - f
  return vectors => {
    const values = vectors.map(vector => vector[0]!)
    const [low, high] = [values[0]!, values[h - 1]!]
    const middle = h > 2 * ends ? values[ends]! : (low + high) / 2
    const peers = Array.from(values, (_, peer) => peer)
    const below = reach(low, middle, high) + margin * (high - low)
    const above = -(reach(-high, -middle, -low) + margin * (high - low))
    return peers.map(peer => {
      if (peer < ends) return { hears: peers.slice(0, heard), lies: family([below, f]) }
      if (peer >= h - ends) return { hears: peers.slice(h - heard), lies: family([above, f]) }
      return { hears: peers, lies: [] }
    })
  }
}

/** The family that goes with it: −1, 0 and 1. */
export function threeValues(setting: Setting): Vector[] {
  const h = honestCount(setting.n, setting.f)
  const ends = endsOf(setting)
  return family([-1, ends], [0, h - 2 * ends], [1, ends])
}

/** How many hold each extreme: as many as the honest vectors that a peer need not keep. */
function endsOf({ n, f, synchrony, q }: Setting): number {
  return honestCount(n, f) + 2 * f - quorum(n, f, synchrony, q)
}

/**
 * Theorem 9's attack: half hold one value, half another; each is told its own, and misses as many of the others as it
 * need not wait for.
 */
export function twoHalves({ n, f, synchrony, q }: Setting): { inputs: Vector[]; attack: Iterated } {
  const h = honestCount(n, f)
  const zeros = Math.floor(h / 2)
  const missing = synchrony === 'synchronous' ? 0 : h + f - quorum(n, f, synchrony, q)
  const peers = Array.from({ length: h }, (_, peer) => peer)
  return {
    inputs: family([0, zeros], [1, h - zeros]),
    attack: vectors =>
      peers.map(peer => ({
        hears: peer < zeros ? peers.slice(0, h - missing) : peers.slice(missing),
        lies: Array.from({ length: f }, () => vectors[peer]!),
      })),
  }
}
