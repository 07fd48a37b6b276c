/**
 * The fewest vectors that an iteration may wait for (collaborative-learning, §2.1 allows any `q ≤ n − f`, Assumptions 5
 * and 6 say how small it may be). docs/papers.md derives them, and shows what happens one below.
 */
import type { ProtocolName } from './protocol-names.ts'

/** The least `q` with which `protocol` contracts among `n` peers, `f` of them faulty: above `n − f` where none does. */
export function leastQuorum(protocol: ProtocolName, peers: number, f: number): number {
  const h = peers - f
  switch (protocol) {
    case 'mda': // (4f + h − q)/(q − f) < 1
      return Math.floor((h + 5 * f) / 2) + 1
    case 'cva': // (5f + h − q)/(q − f) < 1
      return Math.floor((h + 6 * f) / 2) + 1
    case 'icwtm': // q − 2f > ⌊h/2⌋
      return Math.floor(h / 2) + 2 * f + 1
    case 'rb-tm': // the vectors that two peers share leave one when f are trimmed at each end
      return 2 * f + 1
    case 'mean':
      return Math.floor(h / 2) + 1
  }
}

/** The same, for people. */
export const quorumFormulas: Record<ProtocolName, string> = {
  mda: '⌊(n + 4f)/2⌋ + 1',
  cva: '⌊(n + 5f)/2⌋ + 1',
  icwtm: '⌊(n − f)/2⌋ + 2f + 1',
  'rb-tm': '2f + 1',
  mean: '⌊n/2⌋ + 1',
}

export const quorumReasons: Record<ProtocolName, string> = {
  mda: 'two peers that drop different honest vectors and keep different lies end no closer than they were',
  cva: 'two faulty vectors picked by two peers may lie three diameters apart',
  icwtm: 'each of two halves may see enough of its own vectors to stay where it is',
  'rb-tm': 'of the vectors that two peers share one must be left when f are trimmed at each end',
  mean: 'two halves that do not hear each other stay where they are',
}
