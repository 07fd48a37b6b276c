/** CVA: the mean of the vectors nearest to a peer's own (collaborative-learning, §5.4 and Lemma 15; docs/papers.md). */
import { squaredDistancesTo } from '../kernels/index.ts'
import { cva as rule } from '../rules/cva.ts'
import { nearest } from '../rules/nearest.ts'
import type { AveragingProtocol, Counts } from './entry.ts'

const reason = 'two faulty vectors picked by two peers may lie three diameters apart'

export const cva: AveragingProtocol = {
  name: 'cva',
  form: 'standard',
  usesOwn: true,
  dropsFaulty: true,
  rule: ({ vectors, own, keep }) => rule(vectors, own, keep, { checked: true }),
  givesOwn: ({ equal, keep }) => equal >= keep,
  parts: {
    kind: 'subset',
    kept: ({ vectors, own, keep }) => nearest(squaredDistancesTo(vectors, own), keep),
  },
  guarantees: {
    peersPerFault: { asynchronous: 7, synchronous: 5 },
    reasons: { asynchronous: reason, synchronous: reason },
    leastQuorum: {
      of: (h, f) => Math.floor((h + 6 * f) / 2) + 1, // (5f + h − q)/(q − f) < 1
      formula: '⌊(n + 5f)/2⌋ + 1',
      reason,
    },
    coordinateWise: false,
    contraction: ({ maxFaulty: f, h, q }) => (5 * f + h - q) / (q - f),
    averagingConstant: (counts, contraction) => shift(counts) / (1 - contraction),
  },
}

/**
 * By how many diameters one iteration of CVA moves the mean at most. The papers do not say; docs/papers.md has the
 * proof. A faulty vector counts with its reach around each honest peer's *own* vector, and the mean of these is the
 * honest mean: with q = h that costs f, where Lemma 13 has more. Under synchrony peers may keep different numbers of
 * vectors, which costs `c²/4`, `c = f/h`.
 */
function shift({ h, maxFaulty: f, q }: Counts): number {
  const unheard = 2 * f + h - q
  if (q > h) return (f / h) * (1 + (1 - f / (2 * h)) ** 2)
  return ((q - 2 * f) * unheard + f * h) / (h * (q - f))
}
