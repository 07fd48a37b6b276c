/** `concord bounds --gradient-rule`: what a rule in the first iteration on gradients promises (docs/unequal-data.md). */
import { whyNotFirst } from '../../../agreement/averaging/first-rule.ts'
import type { Bounds } from '../../../agreement/bounds.ts'
import { leastRobustness, robustnessOf } from '../../../agreement/rules/robustness.ts'

/** Of the rule on the vectors that a peer waits for. */
interface RuleBounds {
  readonly name: string
  /** Why no agreement can begin with it; null: it can. */
  readonly why: string | null
  /** `κ`; null: none is proved. */
  readonly robustness: number | null
  /** No rule has a smaller one. */
  readonly least: number | null
}

export function ruleBounds(name: string, { quorum, maxFaulty, peers }: Bounds): RuleBounds {
  const why = whyNotFirst(name, quorum, maxFaulty, peers)
  const isMinority = quorum > 2 * maxFaulty
  return {
    name,
    why,
    robustness: why === null ? (robustnessOf(name)?.(quorum, maxFaulty) ?? null) : null,
    least: isMinority ? leastRobustness(quorum, maxFaulty) : null,
  }
}

const short = (value: number | null) => (value === null ? '–' : String(Number(value.toPrecision(4))))

/** In words, for one protocol. */
export function ruleText({ name, why, robustness, least }: RuleBounds, { quorum, feasible }: Bounds): string {
  if (why !== null) return `${name} cannot begin the agreements on gradients: ${why}`
  const kappa =
    robustness === null
      ? 'no κ of it is proved'
      : `κ = ${short(robustness)} on ${quorum} vectors, of which no rule has less than ${short(least)}`
  const later = feasible
    ? 'the protocol’s guarantees hold from the second iteration on'
    : 'the protocol guarantees nothing at these numbers'
  return `${name} begins the agreements on gradients: ${kappa}; it contracts nothing, and ${later}`
}
