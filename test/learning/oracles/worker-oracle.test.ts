/** The oracle in its own thread: it gives the same answers and errors, and closing it ends everything. */
import test from 'ava'
import { OracleError } from '../../../learning/oracles/error.ts'
import { createJaxOracle } from '../../../learning/oracles/jax-oracle.ts'
import type { OracleSpec } from '../../../learning/oracles/spec.ts'
import { createOracle } from '../../../learning/oracles/worker-oracle.ts'

const spec: OracleSpec = { model: 'softmax', data: 'digits', partition: 'label', peer: 3, peers: 20, seed: 2 }

test('it answers with the same bits as the oracle in this thread', async t => {
  const [threaded, local] = await Promise.all([createOracle(spec), createJaxOracle(spec)])
  t.teardown(() => threaded.close())
  t.is(threaded.dimension, 7850)
  t.deepEqual(threaded.initial, local.initial)
  t.is(threaded.examples, local.examples)
  t.deepEqual(threaded.parameters, local.parameters)
  const request = { step: 5, parameters: local.initial, batch: 20 }
  t.deepEqual(await threaded.gradient(request), await local.gradient(request))
  t.deepEqual(await threaded.evaluate(local.initial), await local.evaluate(local.initial))
})

test('errors cross with name, code and message', async t => {
  const lost = await t.throwsAsync(createOracle({ ...spec, data: '/nowhere/at/all' }))
  t.like(lost, { name: 'DataError', code: 'DATA_MISSING' })
  t.regex(lost.message, /no such file or folder/)
  const unknown = await t.throwsAsync(createOracle({ ...spec, model: 'nope' }))
  t.like(unknown, { name: 'ModelError', code: 'MODEL_UNKNOWN' })
  const oracle = await createOracle(spec)
  t.teardown(() => oracle.close())
  const wrong = await t.throwsAsync(oracle.evaluate(new Float32Array(3)))
  t.like(wrong, { name: 'ModelError', code: 'MODEL_DIMENSION' })
  t.is((await oracle.evaluate(oracle.initial)).accuracy !== null, true, 'and goes on afterwards')
})

test('closing fails open requests and later ones; closing again does nothing', async t => {
  const oracle = await createOracle(spec)
  const open = oracle.gradient({ step: 1, parameters: oracle.initial, batch: 8 })
  const closed = oracle.close()
  t.is((await t.throwsAsync(open, { instanceOf: OracleError }))?.code, 'ORACLE_CLOSED')
  await closed
  const late = await t.throwsAsync(oracle.evaluate(oracle.initial), { instanceOf: OracleError })
  t.is(late?.code, 'ORACLE_CLOSED')
  await oracle.close()
})
