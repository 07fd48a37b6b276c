/**
 * What each rule of gossip allows a peer that mixes, of its own vector and the honest ones that it has used alone: whatever
 * the others are (docs/graphs.md). At most `f` of what it has used are lies.
 */
import { robustnessOf } from '../../agreement/rules/robustness.ts'
import { distance, norm, type Vector } from '../../agreement/vector.ts'
import { BALANCE, UBAR } from '../../learning/gossip/rules.ts'
import { awayFrom } from './first-rule.ts'

/** What a peer has made of a step. */
export interface Mix {
  readonly own: Vector
  readonly next: Vector
  /** What it has used of honest neighbours. */
  readonly honest: readonly Vector[]
  /** `W_ij` of these. */
  readonly weights: readonly number[]
  /** The weight of the `f` heaviest of all that it has used. */
  readonly delta: number
  /** How many it has used, lies among them. */
  readonly used: number
  readonly maxFaulty: number
  readonly step: number
  readonly steps: number
}

interface Bound {
  /** How far the result is from where the rule keeps it. */
  readonly away: number
  /** How far it may be. */
  readonly most: number
}

const bounds: Readonly<Record<string, (mix: Mix) => Bound>> = {
  monna: ({ own, next, honest }) => ({
    away: distance(next, own),
    most: Math.max(0, ...honest.map(other => distance(other, own))),
  }),
  /** What the honest ones give, and what all lies together may: `√(δ_i V_i)`. */
  'clipped-gossip'({ own, next, honest, weights, delta }) {
    const lengths = honest.map(other => distance(other, own))
    const given = lengths.reduce((sum, length, j) => sum + weights[j]! * length, 0)
    const spread = lengths.reduce((sum, length, j) => sum + weights[j]! * length ** 2, 0)
    return { away: distance(next, own), most: given + Math.sqrt(delta * spread) }
  },
  balance({ own, next, step, steps }) {
    const { alpha, gamma, kappa } = BALANCE
    const radius = gamma * Math.exp((-kappa * step) / steps) * norm(own)
    return { away: distance(next, own), most: (1 - alpha) * radius }
  },
  ubar: ({ own, next, honest }) => ({
    away: distance(next, own),
    most: (1 - UBAR.alpha) * Math.max(0, ...honest.map(other => distance(other, own))),
  }),
  /** In each coordinate it stays among the honest ones. */
  cwtm({ own, next, honest }) {
    const family = [own, ...honest]
    const beyond = Array.from(next, (value, c) => {
      const values = family.map(vector => vector[c]!)
      return Math.max(0, Math.min(...values) - value, value - Math.max(...values))
    })
    return { away: Math.max(0, ...beyond), most: 0 }
  },
}

/** The names of the rules with bounds of their own; others may have a `κ`. */
export const boundedRules: readonly string[] = Object.keys(bounds)

/** Of sums of 32-bit floats. */
const ROUNDING = 1e-5

/** In how far a mix is beyond what its rule allows, in words; null if it is within, or nothing is known of the rule. */
export function beyondBound(rule: string, mix: Mix): string | null {
  const bound = bounds[rule] === undefined ? ofRobustness(rule, mix) : bounds[rule](mix)
  if (bound === null) return null
  const { away, most } = bound
  const room = ROUNDING * (1 + most + norm(mix.own))
  return away <= most + room
    ? null
    : `${rule} brought it ${away} away from where it may be; at most ${most} is guaranteed`
}

/** Of `n` vectors, its own among them, any `n − f` are a set `S` of the definition: here all of them are honest. */
function ofRobustness(rule: string, { own, next, honest, used, maxFaulty }: Mix): Bound | null {
  const kappaOf = robustnessOf(rule)
  if (kappaOf === null) return null
  const n = used + 1
  const { away, spread } = awayFrom([own, ...honest].slice(0, n - maxFaulty), next)
  return { away, most: Math.sqrt(kappaOf(n, maxFaulty) * spread) }
}

/** The weight of the `f` heaviest. */
export function heaviest(weights: readonly number[], maxFaulty: number): number {
  return [...weights]
    .sort((a, b) => b - a)
    .slice(0, maxFaulty)
    .reduce((a, b) => a + b, 0)
}
