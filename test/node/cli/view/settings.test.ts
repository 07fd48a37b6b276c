/** What the first line of a run says of how vectors travel, and of what is learnt. */
import test from 'ava'
import { createJoinView } from '../../../../node/cli/join/join-view.ts'
import { learningText, travelText } from '../../../../node/cli/view/settings.ts'
import { cohortId } from '../../../../node/cohort/cohort.ts'
import { testCohort } from '../../cohorts.ts'
import { recordedTerminal } from '../terminals.ts'

const set = { precision: 'bf16', localSteps: 2, exchange: 'digest-first' } as const

test('how vectors travel is said, precision and local steps where they differ from f32 and 1', t => {
  t.is(travelText({}), 'vectors whole')
  t.is(travelText({ precision: 'f32', localSteps: 1, exchange: 'whole' }), 'vectors whole')
  t.is(travelText({ exchange: 'digest-first' }), 'vectors by digest')
  t.is(travelText(set), 'gradients in bf16, 2 local steps a step, vectors by digest')
})

test('what is learnt from which data; of a program without --data, that there is none', t => {
  const learnt = { steps: 10, model: 'mlp', seed: 3 }
  t.is(learningText(learnt, 'digits', 'iid'), '10 steps of mlp on digits (iid), seed 3')
  const external = { ...learnt, steps: 1, model: 'external' }
  t.is(learningText(external, 'digits', 'iid'), '1 step of external (no --data), seed 3')
  t.is(learningText(external, 'a.npy', 'label'), '1 step of external on a.npy (label), seed 3')
})

test('the first line of join ends with how vectors travel', async t => {
  const cohort = testCohort(set)
  const terminal = recordedTerminal()
  const view = await createJoinView({ cohort, cohortId: cohortId(cohort), self: 1 }, null, terminal)
  view.stop()
  t.regex(
    terminal.printed[0]!,
    /of whom 1 may be faulty; gradients in bf16, 2 local steps a step, vectors by/,
  )
})
