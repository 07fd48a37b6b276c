/**
 * A rule for the first iteration of an agreement on gradients, in place of the protocol's own (docs/unequal-data.md).
 *
 * Between honest peers with unequal data gradients differ, and MDA and the trimming rules throw the odd ones away, whole
 * classes with them. A rule that mixes first (Allouah et al. 2023, "Fixing by mixing") keeps a share of each. One
 * iteration of it does not contract; the later ones, and the agreement on parameters, are the protocol's as ever.
 */

import type { ProtocolName } from '../protocol-names.ts'
import { protocolNamed } from '../protocols/registry.ts'
import { RuleError } from '../rules/error.ts'
import { type Aggregator, aggregator, mixer } from '../rules/registry.ts'
import type { Vector } from '../vector.ts'
import type { Family } from './family.ts'

const found = new Map<string, Aggregator>()

/**
 * What the first iteration makes of its vectors.
 * @param name `nnm+cwtm`: that rule; `nnm` or `bucketing`, which is no rule: the protocol's own behind it
 */
export function applyFirstRule(
  name: string,
  protocol: ProtocolName,
  family: Family,
  distances: (vectors: readonly Vector[]) => Float64Array,
): Vector {
  const { vectors, own, maxFaulty, keep } = family
  const checked = true
  const mix = mixer(name)
  if (mix === null) {
    const rule = found.get(name) ?? aggregator(name)
    found.set(name, rule)
    return rule.aggregate(vectors, maxFaulty, { checked, ownVector: own })
  }
  const mixed = mix(vectors, maxFaulty, { checked })
  const place = mixed.length === vectors.length ? vectors.indexOf(own) : -1
  return protocolNamed(protocol).rule(
    {
      vectors: mixed,
      own: mixed[place] ?? own,
      maxFaulty,
      keep: Math.max(1, keep - (vectors.length - mixed.length)),
    },
    distances,
  )
}

/** Why a name is neither a rule nor a pre-aggregation; null if it is one. */
export function whyNoFirstRule(name: string): string | null {
  try {
    if (mixer(name) === null) aggregator(name)
    return null
  } catch (error) {
    if (error instanceof RuleError) return error.message
    throw error
  }
}

/**
 * Why no agreement can begin with this rule; null if it can.
 * @param received the fewest vectors that an iteration goes on with: `q`
 * @param peers the most: `n`
 */
export function whyNotFirst(
  name: string,
  received: number,
  maxFaulty: number,
  peers = received,
): string | null {
  // What is too much work for a rule is so for more vectors, too; all else for fewer.
  return whyNotOf(name, received, maxFaulty) ?? (peers > received ? whyNotOf(name, peers, maxFaulty) : null)
}

function whyNotOf(name: string, received: number, maxFaulty: number): string | null {
  try {
    const sample = Array.from({ length: received }, (_, i) => Float32Array.of(i))
    const mix = mixer(name)
    if (mix === null) {
      aggregator(name).aggregate(sample, maxFaulty)
      const isMean = name.split('+').at(-1) === 'mean'
      return isMean && maxFaulty > 0 ? `${name} tolerates no liar, and f is ${maxFaulty}` : null
    }
    const left = mix(sample, maxFaulty).length
    return left > 2 * maxFaulty
      ? null
      : `${name} makes ${left} vectors of ${received}, and behind it more than 2f = ${2 * maxFaulty} are needed`
  } catch (error) {
    if (error instanceof RuleError) return error.message
    throw error
  }
}
