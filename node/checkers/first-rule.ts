/**
 * What a rule in the first iteration promises (docs/unequal-data.md): its result lies near the mean of the honest
 * vectors that a peer has used, by its `κ` and by how far these lie apart. It promises no contraction.
 */
import { roundedTo, roundingErrorOf } from '../../agreement/precision.ts'
import { isBroadcastBased } from '../../agreement/protocols/registry.ts'
import { robustnessOf } from '../../agreement/rules/robustness.ts'
import { squaredDistance, type Vector } from '../../agreement/vector.ts'
import type { CheckedRun, Violate } from './checker.ts'
import { measured } from './measures.ts'
import type { Round } from './rounds.ts'

/** @param round the vectors after the first iteration */
export function checkFirstRule(
  { settings, honest, inputs }: CheckedRun,
  round: Round,
  violate: Violate,
): void {
  const { firstRule = '', precision = 'f32', dimension, iterations } = settings
  const kappaOf = robustnessOf(firstRule)
  if (kappaOf === null) return
  for (const [place, used] of round.used.entries()) {
    if (used === null) continue
    const maxFaulty = faultyAmong(settings, used.length)
    // Of m vectors any m − f are a set S of the definition: here all of them are honest.
    const family = used
      .filter(peer => honest.includes(peer))
      .slice(0, used.length - maxFaulty)
      .map(peer => roundedTo(inputs[peer]!, precision))
    const result = round.vectors[place]!
    const { away, spread } = awayFrom(family, result)
    const allowed = Math.sqrt(kappaOf(used.length, maxFaulty) * spread)
    const isRounded = precision !== 'f32' && iterations > 1
    const rounding =
      10 * measured([...family, result]).rounding() +
      (isRounded ? Math.sqrt(dimension) * roundingErrorOf(result, precision) : 0)
    if (away > allowed + rounding)
      violate(
        `first rule: ${firstRule} brought honest peer ${honest[place]} ${away} from the mean of ${family.length} honest vectors; at most √(κ · spread) = ${allowed} is guaranteed`,
      )
  }
}

/** How many of the vectors may be faulty: in signed broadcast fewer, for each author that was silent or excluded. */
function faultyAmong(
  { protocol, synchrony, peers, maxFaulty }: CheckedRun['settings'],
  used: number,
): number {
  const isSigned = isBroadcastBased(protocol) && synchrony === 'synchronous'
  return isSigned ? Math.max(0, maxFaulty - (peers - used)) : maxFaulty
}

/** How far a vector lies from the family's mean, and the mean of the squares of how far the family does. */
export function awayFrom(family: readonly Vector[], vector: Vector): { away: number; spread: number } {
  const center = Float32Array.from(measured(family).mean())
  return {
    away: Math.sqrt(squaredDistance(vector, center)),
    spread: family.reduce((sum, each) => sum + squaredDistance(each, center), 0) / family.length,
  }
}
