/** The plain mean, for comparison: no averaging agreement once a peer is faulty. */
import { mean as rule } from '../rules/mean.ts'
import type { AveragingProtocol } from './entry.ts'

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
    reason: 'one faulty vector moves a plain mean anywhere',
    coordinateWise: false,
    contraction: () => 1,
    averagingConstant: () => null,
  },
}
