/** The mutants of what only synchronous agreements have: rounds that begin together, and signed broadcast. */
import type { Mutant } from './mutant.ts'

const synchroniser = 'agreement/averaging/synchroniser.ts'
const signedBroadcast = 'agreement/averaging/signed-broadcast.ts'

export const synchronyMutants: readonly Mutant[] = [
  {
    name: 'rounds-without-pulses',
    file: synchroniser,
    line: 'isOpen: () => pulses.size >= honestCount(peers, maxFaulty)',
    becomes: 'isOpen: () => true',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'pulses-nobody-joins-in',
    file: synchroniser,
    line: 'if (pulses.size >= readyAmplification(maxFaulty)) pulse(step)',
    becomes: 'if (pulses.size >= peers) pulse(step)',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'beginnings-expected-too-soon',
    file: 'learning/agreements.ts',
    line: "return roundsLength(lengthOf(step, 'gradient')) + 2",
    becomes: 'return 0',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'nobody-passes-digests-on',
    file: signedBroadcast,
    line: 'if (bound === digest)',
    becomes: "if (bound === '')",
    within: 500,
  },
  {
    name: 'two-digests-accepted',
    file: signedBroadcast,
    line: 'const isAccepted = (author: PeerIndex) => author === self || !excluded.has(author)',
    becomes: 'const isAccepted = (author: PeerIndex) => author >= 0',
    within: 500,
  },
  {
    name: 'echoes-not-waited-for',
    file: signedBroadcast,
    line: 'if (over >= 2 * (iteration + 1)) return true',
    becomes: 'if (over >= 2 * iteration + 1) return true',
    within: 2000,
  },
  {
    name: 'vectors-taken-too-late',
    file: signedBroadcast,
    line: 'return over <= 2 * iteration',
    becomes: 'return over <= 2 * iteration + 1',
    within: 2000,
  },
]
