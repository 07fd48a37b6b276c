/** Settings of a sweep as options of `simulate`: what is a value, and what says only the default. */
import test from 'ava'
import { overPeers } from '../../../node/sweep/metrics.ts'
import { prepare } from '../../../node/sweep/prepare.ts'
import { createPrograms } from '../../../node/sweep/programs.ts'
import { isFallback, valuesOf } from '../../../node/sweep/settings.ts'

test('none is a value of its own where there is a default: clip: none clips nothing', t => {
  t.is(valuesOf({ clip: 'none' }).clip, null)
  t.false(isFallback('clip', 'none'))
  t.is(valuesOf({ clip: '2' }).clip, 2)
  t.true(isFallback('clip', '2'))
  t.true(isFallback('box', 'none'))
})

test('an empty list is what is not set', t => {
  t.deepEqual(valuesOf({ param: '' }).param, {})
  t.true(isFallback('param', ''))
  t.true(isFallback('crash', ''))
  t.deepEqual(valuesOf({ param: 'm=2' }).param, { m: 2 })
})

test('only workers of a server share their data', async t => {
  const shared = { partition: 'shared', model: 'softmax' }
  const onServer = await prepare({ ...shared, architecture: 'server' }, createPrograms())
  t.is(onServer.scenario.partition, 'shared')
  await t.throwsAsync(prepare(shared, createPrograms()), {
    name: 'UsageError',
    message: /--partition is "shared".*expected iid among peers, or --architecture server/,
  })
})

test('the mean of equal figures is that figure, to the bit', t => {
  const peer = { loss: 0.1, accuracy: 0.7545, metrics: null }
  const metrics = overPeers(Array(9).fill(peer))
  t.is(metrics.accuracyMean, 0.7545)
  t.is(metrics.lossMean, 0.1)
})

test('a quorum is nothing of a server', async t => {
  const error = await t.throwsAsync(
    prepare({ architecture: 'server', peers: 7, quorum: 5 }, createPrograms()),
  )
  t.regex(error!.message, /--quorum is about agreement between peers/)
})
