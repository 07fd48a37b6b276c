/** Several peers' oracles in threads: the bits of those in this thread, and each is closed by itself. */
import test from 'ava'
import { createJaxOracles } from '../../../learning/oracles/jax-oracle.ts'
import type { OracleSpec } from '../../../learning/oracles/spec.ts'
import { createOracles } from '../../../learning/oracles/worker-oracle.ts'

const specs = Array.from(
  { length: 3 },
  (_, peer): OracleSpec => ({ model: 'softmax', data: 'digits', partition: 'iid', peer, peers: 3, seed: 4 }),
)

test('peers in two threads get the gradients that they get in one', async t => {
  const [threaded, local] = await Promise.all([createOracles(specs, 2), createJaxOracles(specs)])
  const other = local[0]!.initial.map(value => value + 1)
  const requests = [
    { step: 2, parameters: local[0]!.initial, batch: 10 },
    { step: 3, parameters: other, batch: 10 },
  ]
  for (const request of requests)
    t.deepEqual(
      await Promise.all(threaded.map(oracle => oracle.gradient(request))),
      await Promise.all(local.map(oracle => oracle.gradient(request))),
    )
  await threaded[0]!.close()
  await t.throwsAsync(threaded[0]!.gradient(requests[0]!), { code: 'ORACLE_CLOSED' })
  t.deepEqual(await threaded[2]!.evaluate(other), await local[2]!.evaluate(other), 'of the same thread')
  for (const oracle of threaded) await oracle.close()
})

test('if one thread cannot open its data, the others end too', async t => {
  const wrong = specs.map((spec, peer) => (peer === 1 ? { ...spec, data: '/nowhere/at/all' } : spec))
  await t.throwsAsync(createOracles(wrong, 3), { code: 'DATA_MISSING' })
})
