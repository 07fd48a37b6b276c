/** A cohort's id: one for what members must agree on, whatever the order of fields and whatever the addresses. */
import test from 'ava'
import fc from 'fast-check'
import { canonicalCohort, cohortId, differingFields } from '../../node/cohort.ts'
import { memberId, members, testCohort } from './cohorts.ts'

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
    ...{ name: 'other', faults: 0, protocol: 'icwtm', graceMs: 5, timeoutMs: 99 },
    ...{ schedule: 'theory', count: 'paper', steps: 11, model: 'mlp', rate: 0.2, momentum: 0, clip: 2 },
    ...{ stepSize: 'inverse', batchSchedule: 'growing:0.5', box: 3 },
    ...{ weightDecay: 0.1, batch: 9, output: 'drawn', seed: 2, unsafe: true },
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
