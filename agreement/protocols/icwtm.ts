/** ICwTM: the coordinate-wise trimmed mean, iterated (collaborative-learning, §7, Theorems 6 and 8). */
import { cwtm } from '../rules/cwtm.ts'
import type { AveragingProtocol } from './entry.ts'

const reason =
  'below 5f + 1 a scheduler can keep two halves apart for ever (Dolev et al. 1986; the 4f + 1 of the paper is wrong)'

export const icwtm: AveragingProtocol = {
  name: 'icwtm',
  form: 'standard',
  usesOwn: false,
  dropsFaulty: true,
  rule({ vectors, maxFaulty }) {
    const checked = true
    return cwtm(vectors, maxFaulty, { checked })
  },
  givesOwn: ({ total, equal, maxFaulty }) => total > 2 * maxFaulty && total - equal <= maxFaulty,
  parts: {
    kind: 'ranks',
    weight: (rank, total, maxFaulty) =>
      rank >= maxFaulty && rank < total - maxFaulty ? 1 / (total - 2 * maxFaulty) : 0,
  },
  guarantees: {
    peersPerFault: { asynchronous: 5, synchronous: 3 },
    reasons: { asynchronous: reason, synchronous: reason },
    leastQuorum: {
      of: (h, f) => Math.floor(h / 2) + 2 * f + 1, // q − 2f > ⌊h/2⌋
      formula: '⌊(n − f)/2⌋ + 2f + 1',
      reason: 'each of two halves may see enough of its own vectors to stay where it is',
    },
    coordinateWise: true,
    contraction: ({ maxFaulty: f, h, q }) => 1 - (q - 2 * f - Math.floor(h / 2)) / (2 * (q - 2 * f)),
    averagingConstant: ({ maxFaulty: f, h, q, spread }) => ((2 * f + h - q) / h) * spread,
    // Δ₂ ≤ Δ₂^cw ≤ 2√h·Δ₂: ICwTM contracts the latter and has to make up for the difference (Theorem 8).
    iterations: ({ h }, t, rate) => (2 * (t + 1) * Math.LN2 + Math.log(h)) / (2 * rate),
  },
}
