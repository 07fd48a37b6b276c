/** How many steps a peer has room for: as many as usual where vectors are short, and never too few to go on. */
import test from 'ava'
import { windowOf } from '../../../learning/learn-contract.ts'
import type { Cohort } from '../../../node/cohort/cohort.ts'
import { DEFAULT_KEEP_BYTES, keptBytesMax, keptSteps, stepsAhead } from '../../../node/runtime/room.ts'

const cohortOf = (protocol: Cohort['protocol'], peers: number) =>
  ({
    protocol,
    members: Array.from({ length: peers }, (_, i) => ({ name: `n${i}`, id: `${i}`, addresses: [] })),
    faults: 1,
    synchrony: 'asynchronous',
    schedule: 'practical',
    iterations: { gradient: 1, parameters: 1 },
    count: 'tight',
    steps: 10,
  }) as unknown as Cohort

test('short vectors: 16 steps back and four ahead, for every protocol', t => {
  for (const [protocol, peers] of [
    ['mda', 7],
    ['rb-tm', 4],
    ['cva', 8],
    ['icwtm', 6],
  ] as const) {
    t.is(keptSteps(cohortOf(protocol, peers), 79_510), 16)
    t.is(stepsAhead(peers, 79_510), 4)
  }
})

test('long ones: as many steps as there are bytes for, two at least, and one ahead', t => {
  const rbtm = cohortOf('rb-tm', 4)
  // Of a step: four authors in two exchanges, and the parameters after it.
  t.is(keptBytesMax(rbtm, 11_700_000), keptSteps(rbtm, 11_700_000) * 9 * 4 * 11_700_000)
  t.true(keptBytesMax(rbtm, 11_700_000) <= DEFAULT_KEEP_BYTES)
  t.is(keptSteps(cohortOf('mda', 7), 11_700_000), 16)
  t.is(keptSteps(cohortOf('mda', 7), 1_000_000, 40 * 2 ** 20), 3)
  t.is(keptSteps(cohortOf('mda', 7), 1_000_000, 1), 2)
  t.is(stepsAhead(7, 1_000_000), 1)
  t.is(stepsAhead(7, 50_000_000), 1)
  t.deepEqual(windowOf('mda', 'whole', { ahead: 1, kept: 2 }), { ahead: 1, past: 2, kept: 2 })
  t.deepEqual(windowOf('mda', 'digest-first', { ahead: 4, kept: 9 }), { ahead: 4, past: 9, kept: 9 })
})
