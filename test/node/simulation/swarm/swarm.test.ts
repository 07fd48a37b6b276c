/** The swarm: seeds that once failed, and 300 more; the same table on one thread or two; the report of a failure. */
import test from 'ava'
import { simulateAgreement } from '../../../../node/simulation/agree.ts'
import { runSwarm } from '../../../../node/simulation/swarm/run.ts'
import { boxProtocols, drawScenario, swarmProtocols } from '../../../../node/simulation/swarm/scenario.ts'
import { createSwarmTable, explainSeed, runSeed } from '../../../../node/simulation/swarm/swarm.ts'
import { knownSeeds } from '../known-seeds.ts'

test('seeds that once failed pass', t => {
  for (const seed of knownSeeds) {
    t.is(runSeed(seed, 'agreement').violation, null, `seed ${seed}`)
    // They failed in worlds in which vectors travelled whole.
    t.is(simulateAgreement(drawScenario(seed, 'whole')).violation, null, `seed ${seed}, whole`)
  }
})

test('300 seeds: every guarantee holds, whatever the network, the faults and the attack', async t => {
  const { runs, failed, rows } = await runSwarm({ from: 0, seeds: 300 })
  t.is(failed, null, JSON.stringify(failed))
  t.is(runs, 300)
  for (const { contraction, averaging } of rows) {
    t.true((contraction ?? 0) <= 1 + 1e-3)
    t.true((averaging ?? 0) <= 1)
  }
})

test('25 seeds of each kind of hyperbox, which no other seed draws', async t => {
  for (const kind of boxProtocols) {
    const { failed, rows } = await runSwarm({ from: 0, seeds: 25, kind })
    t.is(failed, null, JSON.stringify(failed))
    t.deepEqual([...new Set(rows.map(({ protocol }) => protocol))], [kind])
  }
  const drawn = new Set(Array.from({ length: 400 }, (_, seed) => drawScenario(seed).settings.protocol))
  t.deepEqual([...drawn].sort(), [...swarmProtocols].sort())
  const { settings } = drawScenario(7, 'box-geom')
  t.deepEqual(drawScenario(7, 'box-geom').settings, settings)
})

test('one thread and two give the same table', async t => {
  const alone = await runSwarm({ from: 500, seeds: 33, threads: 1 })
  const together = await runSwarm({ from: 500, seeds: 33, threads: 2 })
  t.deepEqual(together, alone)
})

test('a seed draws the same scenario and gives the same result every time', t => {
  const { settings, inputs, conditions, byzantine } = drawScenario(7)
  const again = drawScenario(7)
  t.deepEqual(again.settings, settings)
  t.deepEqual(again.inputs, inputs)
  t.deepEqual(again.conditions, conditions)
  t.deepEqual(again.byzantine.peers, byzantine.peers)
  t.deepEqual(runSeed(7, 'agreement'), runSeed(7, 'agreement'))
})

test('the swarm draws all protocols, both synchronies, and faults of every kind', t => {
  const scenarios = Array.from({ length: 400 }, (_, seed) => drawScenario(seed))
  const kinds = new Set(
    scenarios.flatMap(({ conditions }) => conditions!.injectedFaults.map(({ kind }) => kind)),
  )
  t.deepEqual([...kinds].sort(), ['crash', 'disk-full', 'partition', 'pause', 'stall'])
  const protocols = new Set(scenarios.map(({ settings }) => `${settings.protocol} ${settings.synchrony}`))
  t.is(protocols.size, 8)
  const forms = scenarios.map(({ settings }) => `${settings.protocol} ${settings.digestFrom}`)
  t.is(new Set(forms).size, 4 * 3)
  t.true(new Set(scenarios.map(({ attackName }) => attackName)).size > 20)
})

test('the table keeps the worst of each cell, and a sound seed has no counterexample', t => {
  const table = createSwarmTable()
  const base = { seed: 1, protocol: 'mda', attack: 'lie', events: 1, violation: null }
  table.add({ ...base, contraction: 0.5, averaging: null })
  table.add({ ...base, contraction: 0.7, averaging: 0.1 })
  table.add({ ...base, protocol: 'cva', contraction: null, averaging: null })
  t.deepEqual(table.rows(), [
    { protocol: 'cva', attack: 'lie', runs: 1, violations: 0, contraction: null, averaging: null },
    { protocol: 'mda', attack: 'lie', runs: 2, violations: 0, contraction: 0.7, averaging: 0.1 },
  ])
  t.is(explainSeed(3, 'agreement'), null)
})
