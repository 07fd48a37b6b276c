/** Bounds, contraction and constants of each protocol, as numbers. */
import test from 'ava'
import { bounds, iterationsFor, mostFaults, peersNeeded } from '../../agreement/bounds.ts'
import {
  echoThreshold,
  readyAmplification,
  readyDelivery,
  witnessThreshold,
} from '../../agreement/thresholds.ts'

const asynchronous = (protocol: 'mda' | 'cva' | 'icwtm' | 'rb-tm', peers: number, maxFaulty: number) =>
  bounds({ protocol, peers, maxFaulty, synchrony: 'asynchronous' })

test('peers needed, asynchronous and synchronous', t => {
  for (const f of [0, 1, 2, 5]) {
    t.is(peersNeeded('mda', f, 'asynchronous'), 6 * f + 1)
    t.is(peersNeeded('cva', f, 'asynchronous'), 7 * f + 1)
    t.is(peersNeeded('icwtm', f, 'asynchronous'), 5 * f + 1)
    t.is(peersNeeded('rb-tm', f, 'asynchronous'), 3 * f + 1)
    t.is(peersNeeded('mda', f, 'synchronous'), 5 * f + 1)
    t.is(peersNeeded('icwtm', f, 'synchronous'), 3 * f + 1)
  }
  t.is(peersNeeded('rb-tm', 1, 'synchronous'), 3)
  t.is(mostFaults('mda', 13, 'asynchronous'), 2)
  t.is(mostFaults('rb-tm', 3, 'asynchronous'), 0)
})

test('a bound is feasible exactly where its contraction is below 1; of synchrony the papers ask more', t => {
  for (const protocol of ['mda', 'cva', 'icwtm'] as const)
    for (const synchrony of ['asynchronous', 'synchronous'] as const)
      for (let f = 1; f <= 6; f++)
        for (let n = 3 * f + 1; n <= 50; n++) {
          const query = { protocol, peers: n, maxFaulty: f, synchrony }
          const { feasible } = bounds(query)
          const contracts = iterationsFor(query, 1, 'tight') !== null
          // MDA under synchrony contracts from 4f + 1 by Lemma 12; §8 claims 5f + 1, and that is enforced.
          if (protocol === 'mda' && synchrony === 'synchronous') t.true(contracts || !feasible)
          else t.is(feasible, contracts, JSON.stringify(query))
        }
})

test('ICwTM at n = 5, f = 1 is infeasible, needs 6, and says why', t => {
  const { feasible, needs, why, iterations, contraction } = asynchronous('icwtm', 5, 1)
  t.false(feasible)
  t.is(needs.peers, 6)
  t.regex(why, /5f \+ 1 = 6/)
  t.regex(why, /Dolev/)
  t.deepEqual([iterations.paper, iterations.tight, contraction], [null, null, null])
})

test('MDA at n = 7, f = 1: by hand', t => {
  const { quorum, contraction, iterations, averagingConstant, lowerBound } = asynchronous('mda', 7, 1)
  t.is(quorum, 6)
  t.is(contraction, 4 / 5)
  t.is(iterations.paper![0], Math.ceil(Math.LN2 / (1 / 5)))
  t.is(iterations.tight![0], Math.ceil(Math.LN2 / -Math.log(4 / 5)))
  t.true(Math.abs(averagingConstant! - (2 * 6 + 4) / (6 * 5 * (1 / 5))) < 1e-12)
  t.is(lowerBound, 2 / 6)
})

test('RB-TM halves, t + ⌈log₂ h⌉ times', t => {
  const { contraction, iterations } = asynchronous('rb-tm', 7, 2)
  t.is(contraction, 0.5)
  t.deepEqual(iterations.tight!.slice(0, 3), [4, 5, 6])
})

test('tight counts are never above the paper’s', t => {
  for (const protocol of ['mda', 'cva', 'icwtm', 'rb-tm'] as const) {
    const { iterations } = asynchronous(protocol, 36, 5)
    for (const [i, tight] of iterations.tight!.entries()) t.true(tight <= iterations.paper![i]!)
  }
})

test('thresholds: two echo quorums share an honest peer, two witness sets too', t => {
  for (let f = 0; f <= 10; f++)
    for (let n = 3 * f + 1; n <= 40; n++) {
      t.true(2 * echoThreshold(n, f) - n >= f + 1)
      t.true(echoThreshold(n, f) <= n - f, 'honest peers alone reach it')
      t.true(readyDelivery(f) <= n - f)
      t.true(readyDelivery(f) - f >= readyAmplification(f))
      t.true(2 * witnessThreshold(n, f) - n >= f + 1)
    }
})
