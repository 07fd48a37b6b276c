/** An iteration's rule as the adversary sees it: what an honest peer makes of the vectors that it is told. */
import type { Exchange } from '../message.ts'
import type { Vector } from '../vector.ts'
import { aggregate } from './aggregate.ts'
import type { AveragingOptions } from './averaging.ts'
import { keepOf } from './counts.ts'

/** @returns the rule of an exchange, on vectors of which that of the peer itself comes first */
export function ruleOf(
  options: Pick<AveragingOptions, 'protocol' | 'peers' | 'maxFaulty' | 'synchrony' | 'quorum' | 'firstRule'>,
): (exchange: Exchange, vectors: readonly Vector[]) => Vector {
  const { protocol, maxFaulty, firstRule } = options
  return ({ phase, iteration }, vectors) =>
    aggregate(protocol, {
      vectors,
      own: vectors[0]!,
      maxFaulty,
      keep: keepOf(options, vectors.length),
      ...(firstRule !== undefined && phase === 'gradient' && iteration === 0 && { firstRule }),
    })
}
