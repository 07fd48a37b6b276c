/** Agreement on bits: validity and agreement, whatever at most f of 3f + 1 or more peers say to each. */
import test from 'ava'
import fc from 'fast-check'
import { randomStream } from '../../../learning/random.ts'
import { type Ballot, createKing, kingRounds } from '../../../learning/server/king.ts'

type Lie = (context: { round: number; to: number; honest: readonly (Ballot | null)[] }) => Ballot | null

/** The bits with which each honest peer ends. */
function agree(n: number, f: number, liars: readonly number[], bits: (peer: number) => (0 | 1)[], lie: Lie) {
  const peers = Array.from({ length: n }, (_, peer) => peer)
  const kings = new Map(
    peers
      .filter(peer => !liars.includes(peer))
      .map(self => [self, createKing({ self, peers: n, maxFaulty: f, bits: bits(self) })]),
  )
  for (let round = 0; round < kingRounds(f); round++) {
    const honest = peers.map(peer => kings.get(peer)?.say(round) ?? null)
    for (const [to, king] of kings)
      king.hear(
        round,
        peers.map(peer => (liars.includes(peer) ? lie({ round, to, honest }) : honest[peer]!)),
      )
  }
  return [...kings.values()].map(({ bits: ended }) => ended.join(''))
}

const sizes = fc.constantFrom([4, 1], [5, 1], [7, 2], [8, 2], [10, 3])

test('agreement and validity, with liars that vote at random, and are the first kings', t => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.boolean(), ([n, f], seed, first) => {
      const random = randomStream(seed, 'votes')
      const liars = Array.from({ length: f! }, (_, i) => (first ? i : n! - 1 - i))
      const shared = random.uniform() < 0.5 ? 0 : 1
      // The first question has one answer, the others are open.
      const own = Array.from({ length: n! }, () => [
        shared as 0 | 1,
        ...Array.from({ length: 4 }, () => (random.uniform() < 0.5 ? 0 : 1) as 0 | 1),
      ])
      const ends = agree(
        n!,
        f!,
        liars,
        peer => own[peer]!,
        () => (random.uniform() < 0.2 ? null : own[0]!.map(() => (random.uniform() < 0.5 ? 0 : 1))),
      )
      t.is(new Set(ends).size, 1)
      t.is(ends[0]![0], String(shared))
    }),
    { numRuns: 300 },
  )
})

test('agreement where liars say to each half what keeps it apart', t => {
  for (const [n, f] of [
    [4, 1],
    [7, 2],
    [10, 3],
  ] as const) {
    const liars = Array.from({ length: f }, (_, i) => i)
    const ends = agree(
      n,
      f,
      liars,
      peer => [peer % 2 === 0 ? 1 : 0],
      ({ to }) => [to % 2 === 0 ? 1 : 0],
    )
    t.is(new Set(ends).size, 1, `n = ${n}`)
  }
})

test('a liar that would have honest peers propose two bits in the phase of the honest king gains nothing', t => {
  // By round, what peer 0 says to peers 1, 2 and 3, of whom peer 1 begins with 0 and is the second king.
  const said: readonly (readonly (0 | 1 | null)[])[] = [
    [0, null, null],
    [null, null, null],
    [0, 1, 1],
    [0, 1, 1],
    [0, 1, 0],
    [null, null, null],
  ]
  const ends = agree(
    4,
    1,
    [0],
    peer => [peer === 1 ? 0 : 1],
    ({ round, to }) => [said[round]![to - 1]!],
  )
  t.is(new Set(ends).size, 1, ends.join())
})

test('with n = 3f two honest peers can be kept apart: the bound is needed', t => {
  const ends = agree(
    3,
    1,
    [0],
    peer => [peer === 1 ? 1 : 0],
    ({ to }) => [to === 1 ? 1 : 0],
  )
  t.deepEqual(ends, ['1', '0'])
})
