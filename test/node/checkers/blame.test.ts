/** What a report calls a violation: an honest peer blamed by another honest one, and nothing else. */
import test from 'ava'
import { wronglyBlamed } from '../../../node/checkers/blame.ts'

test('only honest peers blamed by honest peers', t => {
  const kind = 'equivocation'
  const blames = [
    { observer: 0, peer: 1, kind },
    { observer: 0, peer: 2, kind },
    { observer: 2, peer: 0, kind },
    { observer: 1, peer: null, kind },
  ] as const
  t.deepEqual(wronglyBlamed([0, 1], blames), ['peer 0 blames peer 1 for equivocation, and both are honest'])
})
