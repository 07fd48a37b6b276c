/** The checker of peers that gossip: each promise, kept and broken. */
import test from 'ava'
import type { Message } from '../../../agreement/message.ts'
import type { Vector } from '../../../agreement/vector.ts'
import { createGossipChecker } from '../../../node/checkers/gossip.ts'
import { seal } from '../../agreement/harness.ts'

const at = (...values: number[]): Vector => Float32Array.of(...values)

/** A ring of six with a chord from 0 to 3, so that 0 hears 1, 3 and 5; peer 5 lies. */
function checked(faults = 1) {
  const said: string[] = []
  const cohort = {
    members: Array.from({ length: 6 }, (_, peer) => ({ name: `${peer}`, id: `${peer}`, addresses: [] })),
    seed: 1,
    faults,
    steps: 4,
    topology: [...[0, 1, 2, 3, 4, 5].map(peer => [peer, (peer + 1) % 6] as const), [0, 3] as const],
  }
  const checker = createGossipChecker(cohort, [0, 1, 2, 3, 4], (name, detail) =>
    said.push(`${name}: ${detail}`),
  )!
  const vectorOf = (sender: number, vector: Vector): Message => ({
    kind: 'vector',
    slot: { step: 1, phase: 'parameters', iteration: 0, sender },
    sealed: seal(vector),
  })
  const exchange = { step: 1, phase: 'parameters', iteration: 0 } as const
  checker.output(
    0,
    { kind: 'sealed', slot: { ...exchange, sender: 0 }, vector: at(0), digest: seal(at(0)).digest },
    false,
  )
  checker.received(0, 1, vectorOf(1, at(1)))
  checker.received(0, 3, vectorOf(3, at(3)))
  checker.received(0, 5, vectorOf(5, at(9)))
  return {
    said,
    checker,
    mixes(used: readonly number[], vector: Vector) {
      checker.output(0, { kind: 'iterated', exchange, used, vector }, false)
      return said
    },
  }
}

test('no end is promised where more than f neighbours of one lie or are without memory, and only there', t => {
  const { checker } = checked()
  // Peer 0 has spoken. It and 4 hear the liar 5; 2 is a neighbour of 1 and 3.
  t.false(checker.promisesNoEnd([]))
  t.false(checker.promisesNoEnd([0]), 'it remembers')
  t.false(checker.promisesNoEnd([2]), '1 and 3 miss 2 alone')
  t.true(checker.promisesNoEnd([3]), '4 misses 3, and hears the liar')
  checker.lostDisk(0)
  t.false(checker.promisesNoEnd([0]), '1 and 3 miss 0 alone')
  t.true(checker.promisesNoEnd([0, 2]), '1 misses 0 and 2')
})

test('a mix within the farthest honest neighbour that was used passes, and no farther', t => {
  t.deepEqual(checked().mixes([1, 3], at(3)), [])
  t.regex(checked().mixes([1, 5], at(1.01)).join(), /^mixing: peer 0, step 1: monna brought it 1\.0\d* away/)
})

test('a peer that hears too few keeps its own vector', t => {
  t.deepEqual(checked().mixes([], at(0)), [])
  t.regex(checked().mixes([], at(0.5)).join(), /heard too few, and yet did not keep its own/)
  t.regex(checked().mixes([1], at(0)).join(), /used 1 of 3 vectors; expected all but 1/)
})

test('only neighbours are used, and honest ones only where they have spoken', t => {
  t.regex(checked().mixes([1, 2, 3], at(0)).join(), /used vectors of 2, no neighbours/)
  const { checker, said } = checked()
  const exchange = { step: 2, phase: 'parameters', iteration: 0 } as const
  checker.output(0, { kind: 'iterated', exchange, used: [1, 3], vector: at(0) }, false)
  t.regex(said.join(), /step 2: it used a vector of peer 1 that never came/)
})

test('a second process with the key is held to its own vector', t => {
  const { checker, said } = checked()
  const exchange = { step: 1, phase: 'parameters', iteration: 0 } as const
  const slot = { ...exchange, sender: 0 }
  checker.output(0, { kind: 'sealed', slot, vector: at(8), digest: seal(at(8)).digest }, true)
  checker.output(0, { kind: 'iterated', exchange, used: [], vector: at(8) }, true)
  t.deepEqual(said, [])
  checker.output(0, { kind: 'iterated', exchange, used: [], vector: at(8) }, false)
  t.is(said.length, 1)
})

test('nothing goes along a pair that is no edge', t => {
  const { checker, said } = checked()
  checker.sent(0, 3)
  t.deepEqual(said, [])
  checker.sent(1, 4)
  t.deepEqual(said, ['edges: peer 1 sends to peer 4, no neighbour'])
  const slot = { step: 1, phase: 'state', iteration: 0, sender: 4 } as const
  checker.received(1, 4, { kind: 'report', slot, peers: [] })
  t.is(said[1], 'edges: peer 1 takes a report of peer 4, no neighbour')
})

test('parameters are finite, and nobody has a proof against an honest peer', t => {
  const { checker, said } = checked()
  checker.output(1, { kind: 'finished', parameters: at(1) }, false)
  t.deepEqual(said, [])
  checker.output(1, { kind: 'finished', parameters: at(Number.NaN) }, false)
  checker.output(2, { kind: 'diverged', divergence: { step: 1, of: 'gradient', norm: 1 } }, false)
  t.deepEqual(said, [
    'finite parameters: those of peer 1 are not',
    'finite parameters: those of peer 2 are not',
  ])
  const proof = (sender: number) => {
    const [first, second] = [seal(at(1)), seal(at(2))]
    return { slot: { step: 1, phase: 'parameters', iteration: 0, sender } as const, first, second }
  }
  checker.shown(1, proof(5))
  t.is(said.length, 2)
  checker.shown(1, proof(0))
  t.is(said[2], 'accusations: peer 1 is shown a proof against honest peer 0')
})

test('a cohort without a graph has no such checker', t => {
  const members = [{ name: 'a', id: 'a', addresses: [] }]
  t.is(
    createGossipChecker({ members, seed: 1, faults: 0, steps: 1 }, [0], () => {}),
    null,
  )
})
