/** The live fuzz, short: a real peer in a process of its own under some thousand inputs at every layer of its network. */
import test from 'ava'
import { liveFuzz } from '../../scripts/fuzz/live/run.ts'

test('random and mutated bytes at every layer end connections: the process lives, hears, and does not grow', async t => {
  t.timeout(300_000, 'the fuzz ends by itself before')
  const inputs = 3000
  const result = await liveFuzz({ inputs, seed: 1, secondsMax: 200 })
  t.deepEqual(result.findings, [])
  t.true(result.inputs >= inputs)
  t.true(result.layers.every(layer => layer.inputs > 0))
  t.true(result.probes >= 2, 'at the start and at the end')
})
