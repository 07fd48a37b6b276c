/** An iteration's rule as the adversary sees it: what an honest peer makes of the vectors that it is told. */
import type { Vector } from '../vector.ts'
import { aggregate } from './aggregate.ts'
import type { AveragingOptions } from './averaging.ts'
import { keepOf } from './standard-form.ts'

/** @returns the rule of one iteration; its first argument holds the vectors, that of the peer itself first */
export function ruleOf(
  options: Pick<AveragingOptions, 'protocol' | 'peers' | 'maxFaulty' | 'synchrony'>,
): (vectors: readonly Vector[]) => Vector {
  const { protocol, maxFaulty } = options
  return vectors =>
    aggregate(protocol, { vectors, own: vectors[0]!, maxFaulty, keep: keepOf(options, vectors.length) })
}
