/** An oracle in a process of its own: its answers, and every way in which it can fail. */
import test from 'ava'
import type { Metrics } from '../../../learning/evaluation/metrics.ts'
import { OracleError, type OracleErrorCode } from '../../../learning/oracles/error.ts'
import { createChildOracle } from '../../../node/oracle/child-oracle.ts'
import { start, task } from './support.ts'

const theta = Float32Array.of(1, 1, 1, 1, 1)
const classes: Metrics = {
  kind: 'classes',
  accuracy: 0.75,
  balancedAccuracy: 0.5,
  f1: 0.4,
  auroc: 0.6,
  recall: [
    { name: 'well', examples: 3, recall: 1 },
    { name: 'ill', examples: 1, recall: 0 },
  ],
  baseline: { accuracy: 0.75, balancedAccuracy: 0.5 },
}
const request = { step: 1, parameters: theta, batch: 8 }

for (const mode of ['good', 'dribble'])
  test(`${mode}: hello, gradient, evaluation, goodbye`, async t => {
    const { oracle, lines } = await start(mode)
    t.is(oracle.dimension, 5)
    t.is(oracle.examples, 12, 'it knows which peer it is')
    t.deepEqual(oracle.parameters, [{ name: 'point', shape: [5] }])
    t.deepEqual([...oracle.initial], [0, 0, 0, 0, 0])
    const { gradient, loss } = await oracle.gradient(request)
    t.deepEqual([...gradient], [0, -1, -2, -3, -4])
    t.is(loss, 15)
    t.deepEqual(await oracle.evaluate(Float32Array.of(1, 2, 3, 4, 5)), {
      loss: 0,
      accuracy: null,
      metrics: null,
    })
    await oracle.close()
    t.deepEqual(lines, [])
  })

const measures: readonly (readonly [mode: string, metrics: Metrics])[] = [
  ['measures', classes],
  ['measures-little', { ...classes, auroc: null, recall: [] }],
  ['measures-numbers', { kind: 'numbers', rmse: 2.5, r2: -0.5 }],
  ['measures-overflow', { kind: 'numbers', rmse: Number.POSITIVE_INFINITY, r2: null }],
]

for (const [mode, metrics] of measures)
  test(`${mode}: the evaluation has its metrics`, async t => {
    const { oracle } = await start(mode)
    t.deepEqual((await oracle.evaluate(theta)).metrics, metrics)
    await oracle.close()
  })

const mismeasures: readonly (readonly [mode: string, message: RegExp])[] = [
  ['measures-too-good', /"evaluation": metrics\.balancedAccuracy: .*<=1/],
  ['measures-otherwise', /"evaluation": metrics: Unrecognized key: "auc"/],
  ['measures-unknown', /"evaluation": metrics\.kind: /],
  ['measures-without-end', /"evaluation": metrics\.recall: .*<=1000/],
]

for (const [mode, message] of mismeasures)
  test(`${mode}: such metrics are refused`, async t => {
    const { oracle } = await start(mode)
    const error = await t.throwsAsync(oracle.evaluate(theta), { instanceOf: OracleError, message })
    t.is(error?.code, 'ORACLE_PROTOCOL')
    await oracle.close()
  })

test('what it prints is heard, line by line, and disturbs nothing', async t => {
  const { oracle, lines } = await start('chatty')
  t.is((await oracle.gradient(request)).loss, 15)
  t.is((await oracle.gradient(request)).loss, 15)
  await oracle.close()
  for (const line of ['epoch 1', 'loading 90 %', 'printed to the wrong place'])
    t.true(lines.includes(line), line)
})

for (const [mode, why] of [
  ['crash', /ended with exit code 9; it printed nothing; starting it again \(1 of at most 3 times\)/],
  ['hang', /no answer to "gradient" in 2 s/],
] as const)
  test(`${mode}: it is started again and asked again`, async t => {
    const { oracle, lines } = await start(mode, { answerMs: 2000 })
    t.is((await oracle.gradient(request)).loss, 15)
    t.regex(lines.join('\n'), why)
    await oracle.close()
  })

const finals: readonly (readonly [mode: string, code: OracleErrorCode, message: RegExp])[] = [
  [
    'crash-always',
    'ORACLE_DIED',
    /exit code 139; it printed last:\nSegmentation[\s\S]*restarted 3 times in vain/,
  ],
  ['hang-always', 'ORACLE_TIMEOUT', /no answer to "gradient" in 0\.5 s[\s\S]*in vain/],
  ['refuse', 'ORACLE_REFUSED', /cannot answer "gradient": KeyError: no such tensor/],
  ['short', 'ORACLE_DIMENSION', /gradient of step 1 has 4 values, expected 5/],
  ['nan', 'ORACLE_NOT_FINITE', /gradient of step 1 is NaN at place 2/],
  ['out-of-turn', 'ORACLE_PROTOCOL', /answers question \d+, but was asked question \d+/],
  ['other-answer', 'ORACLE_PROTOCOL', /answers "evaluation", expected "gradient"/],
  ['nonsense', 'ORACLE_PROTOCOL', /a header of 4294967295 bytes; expected at most/],
  ['grows', 'ORACLE_DIMENSION', /restarted, says dimension 6; before it was 5/],
]

for (const [mode, code, message] of finals)
  test(`${mode}: ${code}`, async t => {
    const { oracle } = await start(mode, mode === 'hang-always' ? { answerMs: 500 } : {})
    const error = await t.throwsAsync(oracle.gradient(request), { instanceOf: OracleError, message })
    t.is(error?.code, code)
    await oracle.close()
  })

const refusals: readonly (readonly [mode: string, code: OracleErrorCode, message: RegExp])[] = [
  ['no-start', 'ORACLE_DIED', /exit code 3; it printed last:\nNo module named torch/],
  ['hang-at-start', 'ORACLE_TIMEOUT', /no answer to "hello" in 1 s/],
  ['old', 'ORACLE_VERSION', /speaks protocol 0, expected 1/],
  ['bad-shape', 'ORACLE_DIMENSION', /dimension 5, but its 1 tensors hold 6 values/],
  ['no-examples', 'ORACLE_PROTOCOL', /"hello": examples: /],
]

for (const [mode, code, message] of refusals)
  test(`at the start, ${mode}: ${code}`, async t => {
    const error = await t.throwsAsync(start(mode, mode === 'hang-at-start' ? { startMs: 1000 } : {}), {
      instanceOf: OracleError,
      message,
    })
    t.is(error?.code, code)
  })

test('a command that there is not', async t => {
  const options = { command: 'no-such-command-at-all', task, onLine() {} }
  const error = await t.throwsAsync(createChildOracle(options), { instanceOf: OracleError })
  t.is(error?.code, 'ORACLE_DIED')
  t.regex(error!.message, /exit code \d+; it printed last:/)
})

test('closing fails what is open and what comes later, and insists with a stubborn process', async t => {
  const { oracle } = await start('stubborn', { endMs: 200 })
  t.is((await oracle.gradient(request)).loss, 15)
  const { oracle: hanging } = await start('hang-always')
  const open = hanging.gradient(request)
  const failure = t.throwsAsync(open, { instanceOf: OracleError })
  await Promise.all([oracle.close(), hanging.close()])
  t.is((await failure)?.code, 'ORACLE_CLOSED')
  const late = await t.throwsAsync(hanging.evaluate(theta), { instanceOf: OracleError })
  t.is(late?.code, 'ORACLE_CLOSED')
})

test('parameters of another length never leave', async t => {
  const { oracle } = await start('good')
  const wrong = { ...request, parameters: new Float32Array(4) }
  t.is((await t.throwsAsync(oracle.gradient(wrong), { instanceOf: OracleError }))?.code, 'ORACLE_DIMENSION')
  await oracle.close()
})
