/** MDA: the mean of the subset of least diameter (collaborative-learning, §5.3 and Lemma 12). */
import { mda as rule } from '../rules/mda.ts'
import { leastDiameterSubset } from '../rules/subset.ts'
import type { AveragingProtocol } from './entry.ts'

const reason =
  'the subsets of least diameter of two peers must overlap in honest vectors (collaborative-learning, Assumption 5)'

export const mda: AveragingProtocol = {
  name: 'mda',
  form: 'standard',
  usesOwn: false,
  dropsFaulty: true,
  rule: ({ vectors, maxFaulty, keep }, distances) =>
    rule(vectors, maxFaulty, { keep, checked: true, distances }),
  givesOwn: ({ total, equal, keep }) => equal >= keep && total - equal < keep,
  parts: {
    kind: 'subset',
    kept: ({ vectors, keep }, squares) => leastDiameterSubset(squares, vectors.length, keep),
  },
  guarantees: {
    peersPerFault: { asynchronous: 6, synchronous: 5 },
    reasons: { asynchronous: reason, synchronous: reason },
    leastQuorum: {
      of: (h, f) => Math.floor((h + 5 * f) / 2) + 1, // (4f + h − q)/(q − f) < 1
      formula: '⌊(n + 4f)/2⌋ + 1',
      reason:
        'two peers that drop different honest vectors and keep different lies end no closer than they were',
    },
    coordinateWise: false,
    contraction: ({ maxFaulty: f, h, q }) => (4 * f + h - q) / (q - f),
    averagingConstant: ({ maxFaulty: f, h, q }, contraction) =>
      ((2 * f + h - q) * q + (q - 2 * f) * f) / (h * (q - f) * (1 - contraction)),
  },
}
