/** What real-models makes of two runs: the verdict, the table, the curves. */
import test from 'ava'
import { fallsAlike, type Learnt, shareOfFall } from '../../../scripts/real-models/learnt.ts'
import { drawCurves, tableOf } from '../../../scripts/real-models/shown.ts'

function learnt(losses: readonly number[], firstStep: number): Learnt {
  return {
    dimension: 1000,
    losses,
    evaluations: losses.map((loss, place) => ({ step: firstStep + place, loss, accuracy: 1 / loss })),
    stepSeconds: 0.5,
    peakBytes: null,
  }
}

const baseline = learnt([5, 4, 3], 0)

test('peers fall alike if they reach four fifths of the fall of the baseline', t => {
  t.is(shareOfFall(learnt([4.5, 3], 1), baseline), 1)
  t.is(shareOfFall(learnt([4.5, 4], 1), baseline), 0.5)
  t.true(fallsAlike(learnt([4.5, 3.3], 1), baseline))
  t.false(fallsAlike(learnt([4.5, 3.5], 1), baseline))
  t.false(fallsAlike(learnt([4.5, 6], 1), baseline))
  t.false(fallsAlike(learnt([4.5, Number.NaN], 1), baseline))
})

test('where the baseline does not fall there is nothing to reach', t => {
  const flat = learnt([5, 5], 0)
  t.is(shareOfFall(learnt([4], 1), flat), null)
  t.false(fallsAlike(learnt([4], 1), flat))
})

const compared = {
  title: 'A model',
  attack: 'sign-flip',
  run: {
    python: 'python3',
    job: {
      program: '',
      words: [],
      data: '',
      learning: { steps: 2, batch: 4, rate: 1, clip: null, momentum: 0 },
    },
    peers: 4,
    steps: 2,
    evaluateEvery: 1,
  },
  peers: { ...learnt([4.25, 3.125], 1), peakBytes: { peer: 4e8, program: 3e8 } },
  baseline,
}

test('the table has both beside each other at each step, and what a peer used', t => {
  const text = tableOf(compared)
  t.regex(text, /│ +0 │ +│ +│ +│ +5\.000 │/)
  t.regex(text, /│ +1 │ +4\.250 │ +5\.000 │ +4\.250 │ +4\.000 │ +0\.235 │ +0\.250 │/)
  t.regex(text, /a peer uses 400 MB, its PyTorch process 300 MB/)
  t.regex(text, /falls by 94 % of what the baseline's does/)
})

test('a long run has a table of about twenty lines', t => {
  const steps = 1000
  const long = { ...compared, run: { ...compared.run, steps } }
  const lines = tableOf(long)
    .split('\n')
    .filter(line => /^│ +\d/.test(line))
  t.true(lines.length >= 20 && lines.length <= 24, `${lines.length}`)
})

test('the curves are SVG that says which is which', async t => {
  t.regex(await drawCurves(compared), /^<svg .*black, broken: one process, all honest/s)
})
