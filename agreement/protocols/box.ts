/**
 * BOX-GEOM and BOX-MEAN: the middle of two boxes, on vectors from reliable broadcast and witnesses (Cambus, Melnyk,
 * Milentijević and Schmid 2025; Cambus and Melnyk 2023). The counts are those with which we can prove it, whatever each
 * peer has received: `f` trimmed at each end, subsets of `q − f` (docs/unequal-data.md).
 */
import { boxGeom as geom, boxMean as means, whyTooManySubsets } from '../rules/box.ts'
import type { AveragingProtocol, Guarantees } from './entry.ts'

const guarantees: Guarantees = {
  peersPerFault: { asynchronous: 3, synchronous: 'never' },
  reasons: {
    asynchronous: 'reliable broadcast and witnesses need n − f ≥ 2f + 1 (Bracha 1987)',
    synchronous: 'a vector that only some peers accept would change how many the others trim',
  },
  leastQuorum: {
    of: (_, f) => 2 * f + 1, // as of RB-TM
    formula: '2f + 1',
    reason: 'of the vectors that two peers share one must be left when f are trimmed at each end',
  },
  coordinateWise: true,
  // The shared vectors' two boxes meet, and lie in both of each peer: the middles of these are half a range apart.
  contraction: () => 0.5,
  averagingConstant: ({ spread }) => spread, // no vector leaves the honest range
  iterations: ({ h }, t) => t + Math.log2(h),
}

const box: Omit<AveragingProtocol, 'name' | 'rule'> = {
  form: 'broadcast',
  usesOwn: false,
  dropsFaulty: true,
  givesOwn: ({ total, equal, maxFaulty }) => total > 2 * maxFaulty && total - equal <= maxFaulty,
  guarantees,
}

export const boxGeom: AveragingProtocol = {
  ...box,
  name: 'box-geom',
  rule: ({ vectors, maxFaulty, keep }) => geom(vectors, maxFaulty, { keep, checked: true }),
  // A peer may come to hold the vectors of all.
  whyTooMuch: (peers, maxFaulty, q) => whyTooManySubsets(peers, q - maxFaulty),
}

export const boxMean: AveragingProtocol = {
  ...box,
  name: 'box-mean',
  rule: ({ vectors, maxFaulty, keep }) => means(vectors, maxFaulty, { keep, checked: true }),
}
