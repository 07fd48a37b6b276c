/** The plain mean, for comparison: no averaging agreement once a peer is faulty. */
import { mean as rule } from '../rules/mean.ts'
import type { AveragingProtocol } from './entry.ts'

const reason = 'one faulty vector moves a plain mean anywhere'

export const mean: AveragingProtocol = {
  name: 'mean',
  form: 'standard',
  usesOwn: false,
  dropsFaulty: false,
  rule: ({ vectors }) => rule(vectors, { checked: true }),
  givesOwn: ({ total, equal }) => equal === total,
  parts: { kind: 'subset', kept: ({ vectors }) => [...vectors.keys()] },
  guarantees: {
    peersPerFault: { asynchronous: 'without-faults', synchronous: 'without-faults' },
    reasons: { asynchronous: reason, synchronous: reason },
    leastQuorum: {
      of: h => Math.floor(h / 2) + 1,
      formula: '⌊n/2⌋ + 1',
      reason: 'two halves that do not hear each other stay where they are',
    },
    coordinateWise: false,
    contraction: ({ maxFaulty: f, h, q }) => (f === 0 ? (h - q) / q : 1),
    averagingConstant: ({ maxFaulty: f, h, q }, contraction) =>
      f === 0 ? (h - q) / h / (1 - contraction) : null,
  },
}
