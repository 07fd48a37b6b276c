/** When a peer gives up because the others have another cohort file: never because of f members alone. */
import test from 'ava'
import fc from 'fast-check'
import { createCohortTally, otherCohortSentence } from '../../../node/network/other-cohorts.ts'

test('a peer ends when at most f of the others can have its file, and f members alone never make it end', t => {
  const sizes = fc
    .integer({ min: 2, max: 30 })
    .chain(n => fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n - 2 })))
  fc.assert(
    fc.property(sizes, ([peers, maxFaulty]) => {
      const tally = createCohortTally(peers, maxFaulty)
      let enough: number | null = null
      for (let peer = 1; peer < peers; peer++) {
        t.is(tally.add(peer, 'x') === null, tally.add(peer, 'x') === null, 'the same member counts once')
        if (tally.add(peer, 'x') !== null) enough ??= peer
      }
      t.true(enough === null || enough > maxFaulty)
      t.true(enough === null || peers - 1 - enough <= maxFaulty)
      t.is(enough === null, maxFaulty + 1 > peers - 1)
    }),
  )
})

test('a peer that has met a member with its own file waits, however many have another', t => {
  const tally = createCohortTally(4, 1)
  t.is(tally.add(3, 'a'), null)
  tally.remove(3)
  t.is(tally.add(1, 'b'), null)
  t.is(tally.add(3, 'c'), null)
  t.is(tally.add(2, 'd'), null)
})

test('the sentence names the members and the difference', t => {
  const nameOf = (peer: number) => 'abc'[peer]!
  t.is(
    otherCohortSentence({ by: [0, 2], peer: 2, detail: 'it differs in rate' }, nameOf),
    'a and c have another cohort file, and without them this peer cannot go on. Of c: it differs in rate ("concord cohort check MINE THEIRS" compares two)',
  )
  t.regex(otherCohortSentence({ by: [1], peer: 1, detail: 'x' }, nameOf), /^b has another .* without it this/)
})
