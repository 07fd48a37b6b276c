/** The schedules and the box of a cohort, as LEARN gets them. */
import test from 'ava'
import { checkCohort } from '../../../node/cohort/file.ts'
import { learnOptions } from '../../../node/cohort/learn-options.ts'
import { cohortDocument, testCohort } from '../cohorts.ts'

const optionsOf = (change: Parameters<typeof testCohort>[0]) => learnOptions(testCohort(change), 0, 10)
const overSteps = (value: (step: number) => number) => [1, 2, 4].map(value)

test('step sizes follow their schedule', t => {
  t.deepEqual(overSteps(optionsOf({ rate: 0.5 }).rate), [0.5, 0.5, 0.5])
  t.deepEqual(overSteps(optionsOf({ rate: 1, stepSize: 'inverse' }).rate), [1, 0.5, 0.25])
  t.deepEqual(overSteps(optionsOf({ rate: 1, stepSize: 'milestones:0.5@2' }).rate), [1, 1, 0.5])
})

test('batches follow their schedule', t => {
  t.deepEqual(overSteps(optionsOf({ batch: 10 }).batch), [10, 10, 10])
  t.deepEqual(overSteps(optionsOf({ batch: 10, batchSchedule: 'growing' }).batch), [10, 20, 40])
})

test('the box is symmetric, and absent where the cohort has none', t => {
  t.is(optionsOf({ box: null }).box, null)
  t.deepEqual(optionsOf({ box: 7 }).box, { low: -7, high: 7 })
})

test('a cohort file with a schedule that cannot be read says which field, and what can', t => {
  for (const [field, value] of [
    ['stepSize', 'linear'],
    ['batchSchedule', 'shrinking'],
  ]) {
    const document = cohortDocument({ [field!]: value })
    t.throws(() => checkCohort(document, 'c.yaml'), {
      message: new RegExp(`^c\\.yaml: ${field} is "${value}"; expected constant, `),
    })
  }
})
