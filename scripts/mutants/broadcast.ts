/** The mutants of Byzantine broadcast in place of a server. No swarm runs it: its tests hunt them. */
import type { Mutant } from './mutant.ts'

const king = 'learning/server/king.ts'
const test = (name: string) => ({ within: 1, test: `test/learning/server/${name}.test.ts` })

export const broadcastMutants: readonly Mutant[] = [
  {
    name: 'kings-not-heard',
    file: king,
    line: 'votes(ballots, place, bits[place]) >= peers - maxFaulty',
    becomes: 'votes(ballots, place, bits[place]) > maxFaulty',
    ...test('king'),
  },
  {
    name: 'two-bits-proposed',
    file: king,
    line: 'votes(ballots, place, bit) >= peers - maxFaulty',
    becomes: 'votes(ballots, place, bit) > maxFaulty',
    ...test('king'),
  },
  {
    name: 'a-king-too-few',
    file: king,
    line: 'return 3 * (maxFaulty + 1)',
    becomes: 'return 3 * maxFaulty',
    ...test('king'),
  },
  {
    name: 'everyone-decides-alone',
    file: 'learning/server/broadcast.ts',
    line: 'round < kingRounds(maxFaulty)',
    becomes: 'round < 0',
    ...test('broadcast'),
  },
]
