/** RB-TM: the trimmed middle of vectors from reliable broadcast, of optimal resilience (collaborative-learning, §6). */
import { trimmedMiddle } from '../rules/trimmed-middle.ts'
import type { AveragingProtocol } from './entry.ts'

export const rbTm: AveragingProtocol = {
  name: 'rb-tm',
  form: 'broadcast',
  usesOwn: false,
  dropsFaulty: true,
  rule({ vectors, maxFaulty }) {
    const checked = true
    return trimmedMiddle(vectors, maxFaulty, { checked })
  },
  givesOwn: ({ total, equal, maxFaulty }) => total > 2 * maxFaulty && total - equal <= maxFaulty,
  parts: {
    kind: 'ranks',
    weight: (rank, total, maxFaulty) =>
      (rank === maxFaulty ? 0.5 : 0) + (rank === total - 1 - maxFaulty ? 0.5 : 0),
  },
  guarantees: {
    peersPerFault: { asynchronous: 3, synchronous: 2 },
    reasons: {
      asynchronous: 'reliable broadcast and witnesses need n − f ≥ 2f + 1 (Bracha 1987)',
      synchronous:
        'of the vectors that two peers accept an honest one must be left (Dolev 1982, with signatures)',
    },
    leastQuorum: {
      of: (_, f) => 2 * f + 1, // the vectors that two peers share leave one when f are trimmed at each end
      formula: '2f + 1',
      reason: 'of the vectors that two peers share one must be left when f are trimmed at each end',
    },
    coordinateWise: true,
    contraction: () => 0.5,
    averagingConstant: ({ spread }) => spread,
    iterations: ({ h }, t) => t + Math.log2(h),
  },
}
