/** Settings of a sweep as options of `simulate`: what is a value, and what says only the default. */
import test from 'ava'
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
