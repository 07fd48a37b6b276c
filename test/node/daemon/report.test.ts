/** The report of a run: its counts, and that it is written whole or not at all. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { classMetrics, numberMetrics } from '../../../learning/evaluation/metrics.ts'
import {
  accuracyOf,
  cohortSummary,
  type Report,
  reportedData,
  reportedMetrics,
  reportSchema,
  tally,
  writeReport,
} from '../../../node/daemon/report.ts'
import { testCohort } from '../cohorts.ts'

function report(changes: Partial<Report> = {}): Report {
  return {
    command: 'demo',
    cohort: cohortSummary(testCohort(), 'ab'),
    seed: 1,
    byzantine: { peers: [6], attack: 'random' },
    data: 'digits',
    partition: 'iid',
    steps: 10,
    outcome: 'finished',
    honest: [],
    accuracy: { min: null, mean: null },
    diameter: { gradient: 0.1, parameters: 0.2, first: 0.3, last: 0.2, relative: 0.01 },
    messages: 3,
    bytes: 4,
    wallSeconds: 1,
    learningSeconds: null,
    faults: [],
    violations: [],
    ...changes,
  }
}

test('accuracy is the worst and the mean of those that have one', t => {
  t.deepEqual(accuracyOf([{ accuracy: 0.5 }, { accuracy: null }, { accuracy: 1 }]), { min: 0.5, mean: 0.75 })
  t.deepEqual(accuracyOf([{ accuracy: null }]), { min: null, mean: null })
})

test('a report has the metrics of what was predicted, and null for what is not a number', t => {
  const predicted = {
    labels: [0, 1, 1],
    predicted: [0, 1, 0],
    scores: [0, 1, -1],
    classes: 2,
    names: ['no', 'yes'],
  }
  const entry = {
    peer: 1,
    loss: 0.5,
    accuracy: 2 / 3,
    distance: 0,
    bytesSent: 1,
    bytesReceived: 1,
    eventLoopDelayMs: null,
    memory: { peakBytes: 70e6 },
    ruleMilliseconds: null,
  }
  const honest = [
    classMetrics(predicted),
    numberMetrics([1, 2], [1, 3]),
    numberMetrics([1, 2], [1e200, 3]),
    numberMetrics([1, 2], [Number.NaN, 3]),
    null,
  ].map(metrics => ({ ...entry, metrics: reportedMetrics(metrics) }))
  const written = reportSchema.parse(report({ honest })).honest.map(({ metrics }) => metrics)
  t.deepEqual(written, [
    {
      kind: 'classes',
      accuracy: 2 / 3,
      balancedAccuracy: 0.75,
      f1: 2 / 3,
      auroc: 0.5,
      recall: [
        { name: 'no', examples: 1, recall: 1 },
        { name: 'yes', examples: 2, recall: 0.5 },
      ],
      baseline: { accuracy: 2 / 3, balancedAccuracy: 0.5 },
    },
    { kind: 'numbers', rmse: Math.sqrt(0.5), r2: -1 },
    { kind: 'numbers', rmse: null, r2: null },
    { kind: 'numbers', rmse: null, r2: null },
    null,
  ])
})

test('faults are counted per peer and kind, strangers first', t => {
  const faults = [
    { peer: 6, kind: 'silent' },
    { peer: null, kind: 'stranger' },
    { peer: 6, kind: 'bad-signature', count: 4 },
    { peer: 6, kind: 'silent', count: 2 },
    { peer: 1, kind: 'silent' },
  ] as const
  t.deepEqual(tally(faults), [
    { peer: null, kind: 'stranger', count: 1 },
    { peer: 1, kind: 'silent', count: 1 },
    { peer: 6, kind: 'bad-signature', count: 4 },
    { peer: 6, kind: 'silent', count: 3 },
  ])
})

test('the cohort of a report has the number of its peers, but not their names', t => {
  const { id, peers, faults, protocol } = cohortSummary(testCohort(), 'ab')
  t.deepEqual({ id, peers, faults, protocol }, { id: 'ab', peers: 7, faults: 1, protocol: 'mda' })
})

test('the cohort of a report has how vectors travel, with the defaults spelt out', t => {
  t.like(cohortSummary(testCohort(), 'ab'), { exchange: 'whole', precision: 'f32', localSteps: 1 })
  const set = { exchange: 'digest-first', precision: 'int8', localSteps: 4 } as const
  t.like(cohortSummary(testCohort(set), 'ab'), set)
})

test('a program of the user’s that was given no data has none in the report', t => {
  t.is(reportedData({ model: 'external' }, 'digits'), null)
  t.is(reportedData({ model: 'external' }, 'a.npy'), 'a.npy')
  t.is(reportedData({ model: 'mlp' }, 'digits'), 'digits')
  t.true(reportSchema.safeParse(report({ data: null })).success)
})

test('a report is written whole, and leaves nothing else behind', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'r.json')
  await writeReport(path, report())
  await writeReport(path, report({ trace: 'ff', virtualSeconds: 2 }))
  t.deepEqual(JSON.parse(await readFile(path, 'utf8')), report({ trace: 'ff', virtualSeconds: 2 }))
  t.deepEqual(await readdir(folder), ['r.json'])
})

test('a report that does not fit its schema is not written', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(folder, { recursive: true }))
  t.false(reportSchema.safeParse(report({ bytes: Number.NaN })).success)
  await t.throwsAsync(writeReport(join(folder, 'r.json'), report({ bytes: Number.NaN })))
  await t.throwsAsync(writeReport(join(folder, 'no', 'r.json'), report()), { code: 'ENOENT' })
  t.deepEqual(await readdir(folder), [])
})
