/** What a peer says at its end: how good its model is, and that it is nothing where it is nothing. */
import test from 'ava'
import type { AgreedMetrics } from '../../../../learning/evaluation/agreed.ts'
import type { ClassMetrics, Metrics } from '../../../../learning/evaluation/metrics.ts'
import { createJoinView, eventLines } from '../../../../node/cli/join/join-view.ts'
import { createLogger, createLogView } from '../../../../node/cli/join/log.ts'
import type { Ending } from '../../../../node/daemon/events.ts'
import { ending } from '../demo/events.ts'
import { recordedTerminal } from '../terminals.ts'
import { membership } from './membership.ts'

const alwaysNo: ClassMetrics = {
  kind: 'classes',
  accuracy: 0.9,
  balancedAccuracy: 0.5,
  f1: 0.474,
  auroc: 0.5,
  recall: [
    { name: 'no', examples: 90, recall: 1 },
    { name: 'yes', examples: 10, recall: 0 },
  ],
  baseline: { accuracy: 0.9, balancedAccuracy: 0.5 },
}

async function linesOf(its: Partial<Ending>): Promise<readonly string[]> {
  const terminal = recordedTerminal()
  const view = await createJoinView(membership, null, terminal)
  view.see({ kind: 'finished', ending: ending(its) })
  return terminal.printed.slice(1, -2)
}

test('below the accuracy stand the other measures, and a model that always says no is told of', async t => {
  t.deepEqual(await linesOf({ metrics: alwaysNo }), [
    'done in 2.0 s: accuracy 90.0 %, loss 0.5',
    'balanced accuracy 50.0 %, macro F1 0.474, AUROC 0.5',
    'the most frequent class every time: accuracy 90.0 %, balanced 50.0 %',
    'recall by class: no 100.0 % of 90, yes 0.0 % of 10',
    'this peer has learnt nothing: it reaches 90.0 %, and naming the most frequent class every time reaches 90.0 %',
  ])
})

test('numbers have no accuracy, and an oracle of the user’s has nothing but what it says', async t => {
  const metrics = { kind: 'numbers', rmse: 2, r2: 0.75 } as const
  t.deepEqual(await linesOf({ accuracy: null, metrics }), [
    'done in 2.0 s: loss 0.5',
    'RMSE 2, R² 0.75; the mean of the targets every time has an R² of 0',
  ])
  t.deepEqual(await linesOf({ metrics: null }), ['done in 2.0 s: accuracy 90.0 %, loss 0.5'])
})

const agreed: AgreedMetrics = {
  accuracy: 0.8,
  balancedAccuracy: 0.75,
  f1: 0.6,
  auroc: 0.7,
  rmse: null,
  r2: null,
}
const none: AgreedMetrics = {
  accuracy: null,
  balancedAccuracy: null,
  f1: null,
  auroc: null,
  rmse: null,
  r2: null,
}

test('on the way a line says what the cohort agreed on, and what this peer has', t => {
  const lines = (metrics: Metrics | null, accuracy: number | null, figures: AgreedMetrics) =>
    eventLines({ kind: 'agreed', step: 20, loss: 0.5, accuracy, metrics, agreed: figures }, membership)
  t.deepEqual(lines(alwaysNo, 0.9, agreed), [
    'after step 20, agreed: balanced accuracy 75.0 % (here 50.0 %, baseline 50.0 %), accuracy 80.0 % (here 90.0 %, baseline 90.0 %), macro F1 0.6 (here 0.474), AUROC 0.7 (here 0.5); loss here 0.5',
  ])
  t.deepEqual(lines({ kind: 'numbers', rmse: 2, r2: 0.75 }, null, { ...none, rmse: 3, r2: 0.5 }), [
    'after step 20, agreed: RMSE 3 (here 2), R² 0.5 (here 0.75); loss here 0.5',
  ])
  t.deepEqual(lines(null, 0.9, { ...none, accuracy: 0.8 }), [
    'after step 20, agreed: accuracy 80.0 % (here 90.0 %); loss here 0.5',
  ])
  t.deepEqual(
    eventLines({ kind: 'evaluated', step: 20, loss: 0.5, accuracy: null, metrics: null }, membership),
    [],
  )
})

test('a model is judged by the figures of the cohort', async t => {
  const lines = await linesOf({ metrics: alwaysNo, agreed })
  t.is(lines.at(-1)!.slice(0, 32), 'agreed: balanced accuracy 75.0 %')
  t.false(
    lines.some(line => line.includes('has learnt nothing')),
    'others find what this one has none of',
  )
  const good = { ...alwaysNo, accuracy: 0.99, balancedAccuracy: 0.9 }
  const chance = { ...agreed, accuracy: 0.9, balancedAccuracy: 0.51 }
  t.is(
    (await linesOf({ metrics: good, accuracy: 0.99, agreed: chance })).at(-1),
    'this peer has learnt nothing: it reaches 90.0 %, and naming the most frequent class every time reaches 90.0 %',
  )
})

test('the log has the measures as fields, and warns of a model that is nothing', async t => {
  const lines: string[] = []
  const stream = { write: (text: string) => void lines.push(text) }
  const log = await createLogger({ form: 'json', level: 'info', stream, colours: false })
  const view = createLogView(membership, log, () => 0)
  view.see({ kind: 'finished', ending: ending({ metrics: alwaysNo }) })
  const [done, nothing] = lines.map(line => JSON.parse(line))
  t.like(done, { level: 'info', msg: 'done: accuracy 0.9, loss 0.5' })
  t.deepEqual(done.metrics, alwaysNo)
  t.like(nothing, { level: 'warn', event: 'finished' })
  t.regex(nothing.msg, /^this peer has learnt nothing: it reaches 90\.0 %/)
  view.see({ kind: 'finished', ending: ending({ metrics: { ...alwaysNo, balancedAccuracy: 0.7 } }) })
  t.is(lines.length, 3, 'one line for a model that has learnt something')
})

test('an evaluation that the cohort did not wait for is told of, once, and only when its agreement is past', async t => {
  const terminal = recordedTerminal()
  const view = await createJoinView(membership, null, terminal)
  const own = { loss: 0.5, accuracy: 0.8, metrics: null }
  const step = (number: number) =>
    view.see({
      kind: 'step',
      step: number,
      loss: 0.5,
      traffic: { messages: 0, bytesSent: 0, bytesReceived: 0 },
      memory: { peakBytes: 1 },
      vectors: null,
    })
  const told = () => terminal.printed.filter(line => line.startsWith('after step'))
  step(2)
  view.see({ kind: 'evaluated', step: 2, ...own })
  step(10)
  t.deepEqual(told(), [], 'it may be agreed on yet')
  view.see({ kind: 'evaluated', step: 10, ...own })
  step(20)
  const late =
    'after step 2, not agreed: accuracy here 80.0 %, loss here 0.5; this evaluation took longer than the cohort waits for one'
  t.deepEqual(told(), [late])
  view.see({ kind: 'agreed', step: 10, ...own, agreed })
  step(40)
  t.deepEqual([told().length, told()[1]?.startsWith('after step 10, agreed: ')], [2, true])
  view.see({ kind: 'evaluated', step: 38, ...own })
  view.see({ kind: 'evaluated', step: 40, ...own })
  view.see({ kind: 'finished', ending: ending({ accuracy: 0.8 }) })
  t.deepEqual([told().length, told()[2]?.startsWith('after step 38, not agreed')], [3, true])
})
