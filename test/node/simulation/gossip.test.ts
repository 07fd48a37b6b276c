/**
 * Peers that gossip over a graph in the simulated world, as real ones do, under every kind of injected fault, drawn from
 * seeds: the first sixty, and every seed that ever failed.
 */
import test from 'ava'
import { graphOf, whyUnfit } from '../../../node/cohort/gossip.ts'
import { drawGossipScenario } from '../../../node/simulation/swarm/gossip/scenario.ts'
import { simulateLearning } from '../../../node/simulation/swarm/learning/run.ts'
import { explainSeed, runSeed } from '../../../node/simulation/swarm/swarm.ts'

test('peers that gossip in 60 drawn worlds keep every promise, and are restarted and left behind meanwhile', t => {
  const seen = { restarts: 0, caughtUp: 0, sparse: 0 }
  for (let seed = 0; seed < 60; seed++) {
    const scenario = drawGossipScenario(seed)
    const { violation, restarts, caughtUp } = simulateLearning(scenario)
    t.is(violation, null, `seed ${seed}: ${violation?.checker}: ${violation?.detail}`)
    seen.restarts += restarts
    seen.caughtUp += caughtUp
    const { members } = scenario.cohort
    if (graphOf(scenario.cohort)!.some(others => others.length < members.length - 1)) seen.sparse++
  }
  t.true(
    Object.values(seen).every(count => count > 10),
    JSON.stringify(seen),
  )
})

/** Seeds and the failures that they showed. */
const once: readonly (readonly [number, string])[] = [
  [
    911,
    'a peer that had restarted often was given nothing in its step, for which another waited, and no step was held by enough',
  ],
  [
    5705,
    'a peer that died before it had said anything came back to neighbours too far apart, one of which waited for it',
  ],
]

for (const [seed, showed] of once)
  test(`seed ${seed}, which once failed: ${showed}`, t => {
    const { violation } = runSeed(seed, 'gossip')
    t.is(violation, null, `${violation?.checker}: ${violation?.detail}`)
  })

test('the seeds draw graphs, rules, liars and faults of every kind, and never more than the conditions allow', t => {
  const scenarios = Array.from({ length: 400 }, (_, seed) => drawGossipScenario(seed))
  for (const { seed, cohort, byzantine } of scenarios)
    t.is(whyUnfit(cohort, byzantine.peers), null, `seed ${seed}`)
  const kinds = new Set(
    scenarios.flatMap(({ conditions }) => conditions.injectedFaults.map(({ kind }) => kind)),
  )
  const expected = [
    'apart',
    'clone',
    'crash',
    'disk-flip',
    'disk-full',
    'disk-lost',
    'disk-old',
    'partition',
  ] as const
  t.deepEqual([...kinds].sort(), [...expected, 'pause', 'rollback', 'stall'])
  const topologies = scenarios.map(({ cohort: { topology } }) =>
    typeof topology === 'string' ? topology.replace(/:.*/, '') : 'edges',
  )
  t.deepEqual([...new Set(topologies)].sort(), ['complete', 'edges', 'erdos-renyi', 'regular', 'ring'])
  t.is(new Set(scenarios.map(({ cohort }) => cohort.rule)).size, 6)
  t.deepEqual([...new Set(scenarios.map(({ cohort }) => cohort.faults))].sort(), [0, 1, 2])
  t.true(new Set(scenarios.map(({ attackName }) => attackName)).size > 30)
  const more = scenarios.filter(({ byzantine, cohort }) => byzantine.peers.length > cohort.faults)
  t.true(more.length > 0, 'more liars than f, as no honest peer hears more')
})

test('a seed gives the same world and the same run every time, and a sound one has no counterexample', t => {
  const { cohort, conditions, byzantine } = drawGossipScenario(7)
  const again = drawGossipScenario(7)
  t.deepEqual(again.cohort, cohort)
  t.deepEqual(again.conditions, conditions)
  t.deepEqual(again.byzantine.peers, byzantine.peers)
  t.deepEqual(runSeed(7, 'gossip'), runSeed(7, 'gossip'))
  t.is(explainSeed(3, 'gossip'), null)
})
