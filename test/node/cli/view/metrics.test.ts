/** Metrics as lines: what accuracy hides, and the baseline beside it. */
import test from 'ava'
import type { ClassMetrics, NumberMetrics } from '../../../../learning/evaluation/metrics.ts'
import { metricsLines, worstLines, worstMetrics } from '../../../../node/cli/view/metrics.ts'

const classes: ClassMetrics = {
  kind: 'classes',
  accuracy: 0.91,
  balancedAccuracy: 0.6,
  f1: 0.6543,
  auroc: 0.812,
  recall: [
    { name: 'no', examples: 90, recall: 1 },
    { name: 'yes', examples: 10, recall: 0.2 },
    { name: 'unknown', examples: 0, recall: null },
  ],
  baseline: { accuracy: 0.9, balancedAccuracy: 0.5 },
}

const numbers: NumberMetrics = { kind: 'numbers', rmse: 2.345, r2: 0.4321 }

test('classes: balanced accuracy, F1, AUROC, the baseline, and recall by class', t => {
  t.deepEqual(metricsLines(classes), [
    'balanced accuracy 60.0 %, macro F1 0.654, AUROC 0.812',
    'the most frequent class every time: accuracy 90.0 %, balanced 50.0 %',
    'recall by class: no 100.0 % of 90, yes 20.0 % of 10',
  ])
  t.is(metricsLines({ ...classes, auroc: null })[0], 'balanced accuracy 60.0 %, macro F1 0.654')
  t.is(metricsLines({ ...classes, recall: [] }).length, 2, 'a program of the user may not tell them')
})

test('of many classes the worst are shown, and long names are cut', t => {
  const recall = Array.from({ length: 30 }, (_, i) => ({
    name: i === 29 ? 'x'.repeat(99) : `c${i}`,
    examples: 1,
    recall: 1 - i / 100,
  }))
  const [, , line] = metricsLines({ ...classes, recall })
  t.regex(
    line!,
    /^recall of the 12 worst of 30 classes: x{40}… 71\.0 % of 1, c28 72\.0 % of 1, .*, c18 82\.0 % of 1$/,
  )
})

test('numbers: RMSE and R²; nothing where nothing was measured', t => {
  t.deepEqual(metricsLines(numbers), [
    'RMSE 2.35, R² 0.432; the mean of the targets every time has an R² of 0',
  ])
  t.deepEqual(metricsLines(null), [])
  t.deepEqual(worstLines(null), [])
})

test('the worst peer is that of the lowest balanced accuracy, or the highest RMSE', t => {
  const better = { ...classes, balancedAccuracy: 0.7, accuracy: 0.1 }
  t.is(worstMetrics([better, null, classes, better]), classes)
  t.is(worstMetrics([numbers, { ...numbers, rmse: 1 }]), numbers)
  t.is(worstMetrics([null]), null)
  t.is(worstLines(classes)[0], 'worst honest peer: balanced accuracy 60.0 %, macro F1 0.654, AUROC 0.812')
  t.is(worstLines(classes)[1], metricsLines(classes)[1])
})
