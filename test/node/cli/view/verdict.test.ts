/** The sentence at the end of a run: true whatever came of it. */
import test from 'ava'
import type { ClassMetrics, Metrics } from '../../../../learning/evaluation/metrics.ts'
import {
  learntText,
  lossSentence,
  verdictSentence,
  whyUnguaranteed,
} from '../../../../node/cli/view/verdict.ts'
import { run } from '../concord.ts'

/** Ten classes about as frequent as each other, by default. */
function metrics(accuracy: number, changes: Partial<ClassMetrics> = {}): ClassMetrics {
  return {
    kind: 'classes',
    accuracy,
    balancedAccuracy: accuracy,
    f1: accuracy,
    auroc: null,
    recall: [],
    baseline: { accuracy: 0.113, balancedAccuracy: 0.1 },
    ...changes,
  }
}

const at = (accuracy: number, changes: Partial<ClassMetrics> = {}) => ({
  ...verdict,
  accuracy,
  metrics: metrics(accuracy, changes),
})

const verdict = {
  honest: 6,
  diameter: 0.0123,
  relative: 0.001,
  accuracy: 0.952,
  liars: [6],
  did: 'sent zeros',
  metrics: metrics(0.952),
  firstLoss: 2.3,
  lastLoss: 0.2,
  unguaranteed: null,
}

test('one plain sentence says who agrees, how well, and although what', t => {
  t.is(
    verdictSentence(verdict),
    '6 honest peers agree within 0.0123 (0.1 % of the norm of the parameters) and reach 95.2 %, although peer 6 sent zeros.',
  )
  t.is(
    verdictSentence({ ...verdict, diameter: 0, liars: [5, 6] }),
    '6 honest peers agree exactly and reach 95.2 %, although peers 5 and 6 sent zeros.',
  )
  t.regex(
    verdictSentence({ ...verdict, liars: [5, 6], did: 'sent its vectors reversed' }),
    /although peers 5 and 6 sent their vectors reversed/,
  )
  const quiet = { ...verdict, accuracy: null, metrics: null, relative: null, liars: [], did: null }
  t.is(verdictSentence(quiet), '6 honest peers agree within 0.0123.')
  t.is(verdictSentence({ ...quiet, honest: 1, accuracy: 0.5 }), '1 honest peer is done and reaches 50.0 %.')
})

test('who has learnt nothing does not reach anything', t => {
  t.is(
    verdictSentence({ ...at(0.1), diameter: 0 }),
    '6 honest peers agree exactly, but have learnt nothing: they reach 10.0 %, and naming the most frequent class every time reaches 11.3 %.'.replace(
      '.3 %.',
      '.3 %; peer 6 sent zeros.',
    ),
  )
  t.is(
    learntText(at(0.1), true),
    'has learnt nothing: it reaches 10.0 %, and naming the most frequent class every time reaches 11.3 %',
  )
  t.regex(verdictSentence(at(0.113)), /have learnt nothing/, 'no better is nothing')
  t.notRegex(verdictSentence(at(0.114)), /nothing/)
  t.notRegex(verdictSentence({ ...verdict, accuracy: 0.1, metrics: null }), /nothing/, 'not known')
})

test('a loss that has grown beyond all noise, or beyond all numbers, is a divergence', t => {
  t.regex(
    verdictSentence({ ...at(0.086), firstLoss: 2.35, lastLoss: 1.79e6 }),
    /; peer 6 sent zeros\. The loss went from 2\.35 to 1\.79e\+6: the learning diverges\.$/,
  )
  t.is(lossSentence({ ...verdict, lastLoss: 3 }), '')
  t.is(lossSentence({ ...verdict, firstLoss: null, lastLoss: 1e6 }), '')
  t.regex(lossSentence({ ...verdict, lastLoss: null }), /to what is not finite/)
})

test('where nothing is guaranteed the sentence says so, and why', t => {
  const query = { peers: 4, maxFaulty: 1, synchrony: 'asynchronous' } as const
  t.is(whyUnguaranteed({ ...query, protocol: 'rb-tm' }, 1), null)
  t.is(
    whyUnguaranteed({ ...query, protocol: 'rb-tm' }, 2),
    '2 of 4 peers are Byzantine, and it is to tolerate f = 1',
  )
  const why = whyUnguaranteed({ ...query, protocol: 'mean' }, 1)
  t.regex(why!, /^mean tolerates no faulty peer/)
  t.true(verdictSentence({ ...verdict, unguaranteed: why }).endsWith(` Nothing is guaranteed here: ${why}.`))
})

test('a model that finds a rare class at the price of accuracy has learnt something, and both figures stand there', t => {
  const rare = { balancedAccuracy: 0.75, baseline: { accuracy: 0.9, balancedAccuracy: 0.5 } }
  t.is(
    learntText(at(0.8, rare), true),
    'reaches 80.0 %, balanced 75.0 % (the most frequent class every time: 90.0 %, balanced 50.0 %)',
  )
  t.regex(learntText(at(0.8, { ...rare, balancedAccuracy: 0.51 }), true), /^has learnt nothing/)
})

test('of numbers R² is told, and 0 or less is nothing', t => {
  const of = (r2: number | null): { accuracy: null; metrics: Metrics } & typeof losses => ({
    ...losses,
    accuracy: null,
    metrics: { kind: 'numbers', rmse: 2, r2 },
  })
  const losses = { firstLoss: 2, lastLoss: 1 }
  t.is(learntText(of(0.8767), false), 'reach an R² of 0.877')
  t.is(
    learntText(of(-0.2), false),
    'have learnt nothing: their R² is -0.2, and naming the mean of the targets every time has 0',
  )
  t.is(learntText(of(null), false), '')
  t.regex(
    verdictSentence({ ...verdict, ...of(-0.2) }),
    /, but have learnt nothing: their R² .* has 0; peer 6 sent zeros\.$/,
  )
})

test('plain averaging under attack: nothing is guaranteed, it diverges, and nothing was learnt', async t => {
  const args = ['--protocol', 'mean', '--unsafe', '--attack', 'random', '--peers', '4', '--faults', '1']
  const { code, stdout } = await run('simulate', ...args, '--steps', '20')
  t.is(code, 0)
  t.regex(
    stdout,
    /^3 honest peers agree exactly, but have learnt nothing: they reach .*; peer 3 sent random noise.*\. The loss went from 2\.\d+ to .*: the learning diverges\. Nothing is guaranteed here: mean tolerates no faulty peer/m,
  )
  t.notRegex(stdout, /although/)
})

const closings: readonly (readonly [string, string, number, RegExp])[] = [
  ['at its bound', '--protocol mda', 0, /^within the guarantee$/m],
  ['at its bound, unsafe all the same', '--protocol mda --unsafe', 0, /^within the guarantee$/m],
  [
    'a mean with a liar that drives them apart',
    '--protocol mean --faults 1 --unsafe --iterations 3 --attack huge',
    1,
    /^nothing is guaranteed here, and the honest peers ended farther apart than they began: it diverges; mean tolerates no faulty peer/m,
  ],
  [
    'a mean with a liar that leads them away',
    '--protocol mean --faults 1 --unsafe --iterations 3 --attack random',
    1,
    /^nothing is guaranteed here, and the mean of the honest peers moved farther than they had been apart: they were led away; mean/m,
  ],
  [
    'a mean that contracts at last',
    '--protocol mean --faults 1 --unsafe --iterations 5',
    0,
    /^nothing is guaranteed here, and an iteration drove the honest peers apart, by a factor of 1\.15; mean/m,
  ],
  [
    'below its bound',
    '--protocol mda --peers 4 --faults 1 --unsafe --iterations 3',
    0,
    /^nothing is guaranteed here, and this time the honest peers came together all the same; mda needs n ≥ 6f \+ 1/m,
  ],
  [
    'more liars than f',
    '--protocol mda --byzantine 2 --unsafe --attack zero',
    0,
    /^nothing is guaranteed here, and .*; 2 of 7 peers are Byzantine, and it is to tolerate f = 1/m,
  ],
  [
    'synchrony that is not kept',
    '--protocol mda --synchronous --loss 0.1',
    0,
    /^nothing is guaranteed here, .*; frames are lost, and under synchrony all have to arrive in time/m,
  ],
]

for (const [name, args, exit, said] of closings)
  test(`agree, ${name}: the last line is true`, async t => {
    const { code, stdout, stderr } = await run('agree', ...args.split(' '))
    t.regex(stdout, said, stderr)
    t.is(code, exit)
    if (!/^within/m.test(stdout)) t.notRegex(stdout, /at most –|within the guarantee/)
  })
