/** A cohort's id: one for what members must agree on, whatever the order of fields and whatever the addresses. */
import test from 'ava'
import fc from 'fast-check'
import {
  canonicalCohort,
  cohortDocument,
  cohortId,
  differingFields,
  fieldDigests,
} from '../../../node/cohort/cohort.ts'
import { checkCohort } from '../../../node/cohort/file.ts'
import { memberId, members, testCohort } from '../cohorts.ts'

test('the id is a digest, and the same for the same cohort', t => {
  t.regex(cohortId(testCohort()), /^[0-9a-f]{64}$/)
  t.is(cohortId(testCohort()), cohortId(testCohort()))
})

test('the canonical form has sorted keys at every level and no addresses', t => {
  const form = canonicalCohort(testCohort())
  const keys = Object.keys(JSON.parse(form))
  t.deepEqual(keys, [...keys].sort())
  t.deepEqual(Object.keys(JSON.parse(form).members[0]), ['id', 'name'])
  t.deepEqual(Object.keys(JSON.parse(form).iterations), ['gradient', 'parameters'])
  t.false(form.includes('tcp'))
})

/** Ids of files as they were before schedules were held as they are read: no member may be left out by an update. */
const ids: readonly (readonly [changes: object, id: string])[] = [
  [{}, '51a5265597000621a3d65ffbd6be62ac98bb72855cd41f5c4c2e9dff3aed2bd1'],
  [
    { stepSize: 'milestones:0.10@300,600' },
    '16880cdf994ff5e9ee97f6f435a07d77fc201e879d08927c2a7f4449ffb8a03a',
  ],
  [
    { stepSize: 'inverse', batchSchedule: 'growing:0.50', box: 3 },
    '4696a92d4a8dd12094a1a731f4d5521eca9971528b18742a47edd2cb4dda5a8b',
  ],
  [{ batchSchedule: 'growing' }, 'f929d8c58def13de999585edc56a3819476efbe79b8d17bf2b4f4c953cae8fe4'],
]

test('a file keeps its id from version to version, and a schedule its text', t => {
  for (const [changes, id] of ids) t.is(cohortId(testCohort({ ...changes })), id)
  const { stepSize, batchSchedule } = testCohort({
    stepSize: 'milestones:0.10@300',
    batchSchedule: 'growing:0.50',
  })
  t.deepEqual(stepSize, {
    text: 'milestones:0.10@300',
    schedule: { kind: 'milestones', factor: 0.1, after: [300] },
  })
  t.deepEqual(batchSchedule, { text: 'growing:0.50', schedule: { kind: 'growing', power: 0.5 } })
})

test('a cohort as a document is read as the same cohort', t => {
  const cohort = testCohort({ stepSize: 'inverse', batchSchedule: 'growing' })
  t.deepEqual(checkCohort(cohortDocument(cohort), 'test'), cohort)
})

test('addresses are no part of what members agree on', t => {
  const moved = members(7).map(member => ({ ...member, addresses: ['/ip4/10.0.0.9/tcp/1'] }))
  t.is(cohortId(testCohort({ members: moved })), cohortId(testCohort()))
  t.deepEqual(differingFields(testCohort({ members: moved }), testCohort()), [])
})

test('a default spelt out and one left out are the same cohort', t => {
  t.is(cohortId(testCohort({ momentum: 0.9, clip: null, output: 'last' })), cohortId(testCohort()))
})

test('every setting enters the id, and is named where two cohorts differ', t => {
  const changes = {
    name: 'other',
    faults: 0,
    protocol: 'icwtm',
    graceMs: 5,
    timeoutMs: 99,
    schedule: 'theory',
    count: 'paper',
    steps: 11,
    model: 'mlp',
    rate: 0.2,
    momentum: 0,
    clip: 2,
    stepSize: 'inverse',
    batchSchedule: 'growing:0.5',
    box: 3,
    weightDecay: 0.1,
    batch: 9,
    output: 'drawn',
    seed: 2,
    unsafe: true,
  }
  for (const [field, value] of Object.entries(changes)) {
    const other = testCohort({ [field]: value })
    t.not(cohortId(other), cohortId(testCohort()), field)
    t.deepEqual(differingFields(testCohort(), other), [field])
  }
  t.deepEqual(differingFields(testCohort(), testCohort({ iterations: { gradient: 2, parameters: 1 } })), [
    'iterations.gradient',
  ])
})

test('a setting that is not set is no part of the id: cohorts from before it keep theirs', t => {
  t.is(
    cohortId(testCohort({ model: 'mlp' })),
    '11d32f0fb20e4f3a337dc40b32c75db8694cb5022b8c9b8d0b6fa92b9c719fde',
  )
  const dropping = testCohort({ model: 'mlp', dropout: 0.5 })
  t.not(cohortId(dropping), cohortId(testCohort({ model: 'mlp' })))
  t.deepEqual(differingFields(dropping, testCohort({ model: 'mlp' })), ['dropout'])
  t.deepEqual(checkCohort(cohortDocument(dropping), 'test'), dropping)
  const balanced = testCohort({ model: 'mlp', classWeights: 'balanced' })
  t.deepEqual(differingFields(balanced, testCohort({ model: 'mlp' })), ['classWeights'])
  t.deepEqual(differingFields(testCohort({ evaluateEvery: 5 }), testCohort()), ['evaluateEvery'])
  for (const [field, value] of [
    ['precision', 'bf16'],
    ['localSteps', 4],
    ['gradientRule', 'nnm+cwtm'],
  ] as const) {
    const other = testCohort({ [field]: value })
    t.not(cohortId(other), cohortId(testCohort()))
    t.deepEqual(differingFields(other, testCohort()), [field])
    t.deepEqual(checkCohort(cohortDocument(other), 'test'), other)
  }
  const spelt = testCohort({ precision: 'f32', localSteps: 1 })
  t.is(cohortId(spelt), cohortId(testCohort()))
  t.deepEqual(differingFields(spelt, testCohort()), [])
})

test('members differ by place, name and key, and by their number', t => {
  const [first, second, ...rest] = members(7)
  const swapped = testCohort({ members: [second, first, ...rest] })
  t.deepEqual(differingFields(testCohort(), swapped), [
    'members[0].name',
    'members[0].id',
    'members[1].name',
    'members[1].id',
  ])
  const eighth = { name: 'peer-7', id: memberId(7), addresses: [] }
  const grown = testCohort({ members: [...members(7), eighth] })
  t.deepEqual(differingFields(testCohort(), grown), ['members[7].name', 'members[7].id'])
})

test('two cohorts have one id exactly where no field differs', t => {
  const settings = fc.record({
    steps: fc.integer({ min: 1, max: 3 }),
    seed: fc.integer({ min: 0, max: 2 }),
    clip: fc.constantFrom(null, 1, 2),
    output: fc.constantFrom('last', 'drawn'),
  })
  fc.assert(
    fc.property(settings, settings, (a, b) => {
      const [left, right] = [testCohort(a), testCohort(b)]
      t.is(cohortId(left) === cohortId(right), differingFields(left, right).length === 0)
    }),
    { numRuns: 60 },
  )
  t.pass()
})

const schema = {
  kind: 'table',
  columns: [{ name: 'age', type: 'number' }],
  target: { name: 'outcome', type: 'class', classes: ['well', 'ill'] },
}

test('with a schema the partition is "own", said or not; the order of classes is part of the id', t => {
  const cohort = testCohort({ schema })
  t.is(cohortDocument(cohort).partition, 'own')
  t.is(cohortId(testCohort({ schema, partition: 'own' })), cohortId(cohort))
  t.not(cohortId(testCohort({ schema, partition: 'iid' })), cohortId(cohort))
  const classes = ['ill', 'well']
  t.not(
    cohortId(testCohort({ schema: { ...schema, target: { ...schema.target, classes } } })),
    cohortId(cohort),
  )
  t.deepEqual(checkCohort(cohortDocument(cohort), 'test').schema, cohort.schema)
})

test('a cohort without a schema has the id that it had before there were schemas', t => {
  t.notRegex(canonicalCohort(testCohort()), /schema|partition/)
})

test('members whose schemas differ are told so by the digests in their hello', t => {
  const [ours, theirs] = [
    ['well', 'ill'],
    ['well', 'ill', 'dead'],
  ].map(classes => fieldDigests(testCohort({ schema: { ...schema, target: { ...schema.target, classes } } })))
  t.deepEqual(
    [...ours!.keys()].filter(field => ours!.get(field) !== theirs!.get(field)),
    ['schema.target'],
  )
})

test('vectors that travel whole are no news: the id is that of a cohort from before there was a choice', t => {
  const plain = testCohort()
  t.false('exchange' in plain)
  t.is(cohortId(testCohort({ exchange: 'whole' })), cohortId(plain))
  t.deepEqual(differingFields(testCohort({ exchange: 'whole' }), plain), [])
  const byDigest = testCohort({ exchange: 'digest-first' })
  t.not(cohortId(byDigest), cohortId(plain))
  t.deepEqual(differingFields(byDigest, plain), ['exchange'])
})
