/** What a peer says at its end: how good its model is, and that it is nothing where it is nothing. */
import test from 'ava'
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
    'recall by class: no 100.0 %, yes 0.0 %',
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

test('on the way a line says how good the model is by now', t => {
  const lines = (step: number, metrics: Metrics | null, accuracy: number | null) =>
    eventLines({ kind: 'evaluated', step, loss: 0.5, accuracy, metrics }, membership)
  t.deepEqual(lines(0, alwaysNo, 0.9), ['at the start: accuracy 90.0 %, balanced 50.0 %, loss 0.5'])
  t.deepEqual(lines(20, { kind: 'numbers', rmse: 2, r2: 0.75 }, null), [
    'after step 20: RMSE 2, R² 0.75, loss 0.5',
  ])
  t.deepEqual(lines(20, null, null), ['after step 20: loss 0.5'])
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
