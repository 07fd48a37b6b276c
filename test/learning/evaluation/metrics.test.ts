/** Metrics against their definitions, counted example by example and pair by pair. */
import test from 'ava'
import fc from 'fast-check'
import { auroc } from '../../../learning/evaluation/auroc.ts'
import {
  type ClassMetrics,
  classMetrics,
  isNoBetterThanBaseline,
  numberMetrics,
} from '../../../learning/evaluation/metrics.ts'

const isNear = (a: number, b: number) => Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(a), Math.abs(b))

/** Examples of up to five classes, with what is predicted for each. */
const predictions = fc.integer({ min: 2, max: 5 }).chain(classes =>
  fc.record({
    classes: fc.constant(classes),
    pairs: fc.array(fc.tuple(fc.nat(classes - 1), fc.nat(classes - 1)), { minLength: 1, maxLength: 40 }),
  }),
)

/** Scores with many ties. */
const scored = fc.array(fc.tuple(fc.nat(1), fc.integer({ min: -3, max: 3 })), {
  minLength: 1,
  maxLength: 40,
})

const metricsOf = (pairs: readonly (readonly [label: number, said: number])[], classes: number) =>
  classMetrics({
    classes,
    scores: null,
    labels: pairs.map(([label]) => label),
    predicted: pairs.map(([, said]) => said),
  })

test('accuracy, recall, balanced accuracy and F1 are what their definitions count', t => {
  fc.assert(
    fc.property(predictions, ({ classes, pairs }) => {
      const found = metricsOf(pairs, classes)
      const all = Array.from({ length: classes }, (_, label) => {
        const count = (holds: (label: number, said: number) => boolean) =>
          pairs.filter(([own, said]) => holds(own, said)).length
        const hit = count((own, said) => own === label && said === label)
        const missed = count((own, said) => own === label && said !== label)
        const wrong = count((own, said) => own !== label && said === label)
        const precision = hit / (hit + wrong)
        const recall = hit / (hit + missed)
        return { hit, missed, wrong, precision, recall }
      })
      const occurring = all.filter(({ hit, missed }) => hit + missed > 0)
      const named = all.filter(({ hit, missed, wrong }) => hit + missed + wrong > 0)
      const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
      // The harmonic mean of precision and recall; without a hit it is 0.
      const f1 = named.map(({ hit, precision, recall }) =>
        hit === 0 ? 0 : (2 * precision * recall) / (precision + recall),
      )
      t.true(isNear(found.accuracy, mean(pairs.map(([label, said]) => Number(label === said)))))
      t.true(isNear(found.balancedAccuracy, mean(occurring.map(({ recall }) => recall))))
      t.true(isNear(found.f1, mean(f1)), `${found.f1}, ${mean(f1)}`)
      for (const [label, { hit, missed, recall }] of all.entries())
        t.deepEqual(found.recall[label], {
          name: String(label),
          examples: hit + missed,
          recall: hit + missed === 0 ? null : recall,
        })
    }),
  )
})

test('the baseline is what naming the most frequent class every time reaches', t => {
  fc.assert(
    fc.property(predictions, ({ classes, pairs }) => {
      const { baseline } = metricsOf(pairs, classes)
      const constants = Array.from({ length: classes }, (_, said) =>
        metricsOf(
          pairs.map(([label]) => [label, said] as const),
          classes,
        ),
      )
      t.is(baseline.accuracy, Math.max(...constants.map(({ accuracy }) => accuracy)))
      const best = constants.filter(({ accuracy }) => accuracy === baseline.accuracy)
      for (const { balancedAccuracy } of best) t.true(isNear(baseline.balancedAccuracy, balancedAccuracy))
      t.true(best.every(isNoBetterThanBaseline))
    }),
  )
})

test('the AUROC is the share of pairs that are in order, ties counted half', t => {
  fc.assert(
    fc.property(scored, examples => {
      const [of0, of1] = [0, 1].map(label => examples.filter(([own]) => own === label))
      let inOrder = 0
      for (const [, low] of of0!)
        for (const [, high] of of1!) inOrder += high > low ? 1 : high === low ? 0.5 : 0
      const found = auroc(
        examples.map(([label]) => label),
        examples.map(([, score]) => score),
      )
      const pairs = of0!.length * of1!.length
      if (pairs === 0) t.is(found, null)
      else t.true(isNear(found!, inOrder / pairs), `${found}, ${inOrder / pairs}`)
    }),
  )
})

test('the AUROC does not change with the scale of the scores, and turns over with their sign', t => {
  fc.assert(
    fc.property(scored, examples => {
      const labels = examples.map(([label]) => label)
      const of = (change: (score: number) => number) =>
        auroc(
          labels,
          examples.map(([, score]) => change(score)),
        )
      const plain = of(score => score)
      t.is(
        of(score => score ** 3 + 7),
        plain,
      )
      if (plain !== null) t.true(isNear(of(score => -score)!, 1 - plain))
    }),
  )
})

test('the AUROC is for two classes with numbers as scores', t => {
  const labels = [0, 1, 1]
  const two = { labels, predicted: labels, classes: 2 }
  t.is(classMetrics({ ...two, scores: [0, 1, 2] }).auroc, 1)
  t.is(classMetrics({ ...two, scores: null }).auroc, null)
  t.is(classMetrics({ ...two, classes: 3, scores: [0, 1, 2] }).auroc, null)
  t.is(auroc(labels, [0, Number.NaN, 2]), null)
  t.is(auroc(labels, [Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY]), 1)
})

test('RMSE and R² are what their definitions say, and the mean every time has an R² of 0', t => {
  const number = fc.double({ min: -100, max: 100, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number), { minLength: 2, maxLength: 30 }), pairs => {
      const targets = pairs.map(([target]) => target)
      const mean = targets.reduce((a, b) => a + b, 0) / targets.length
      const errors = pairs.map(([target, said]) => (said - target) ** 2).reduce((a, b) => a + b, 0)
      const spread = targets.map(target => (target - mean) ** 2).reduce((a, b) => a + b, 0)
      fc.pre(spread > 1e-6)
      const found = numberMetrics(
        targets,
        pairs.map(([, said]) => said),
      )
      t.true(isNear(found.rmse, Math.sqrt(errors / pairs.length)))
      t.true(isNear(found.r2!, 1 - errors / spread))
      const always = numberMetrics(targets, Array(targets.length).fill(mean))
      t.true(Math.abs(always.r2!) < 1e-9)
      t.is(numberMetrics(targets, targets).r2, 1)
    }),
  )
})

test('where nothing can be said, there is null', t => {
  t.is(numberMetrics([2, 2], [1, 3]).r2, null, 'the targets do not vary')
  t.deepEqual(numberMetrics([1, 2], [1e200, -1e200]), {
    kind: 'numbers',
    rmse: Number.POSITIVE_INFINITY,
    r2: null,
  })
})

test('a model is called no better than the baseline where both its accuracies are', t => {
  const found: ClassMetrics = {
    ...metricsOf([[0, 0]], 2),
    baseline: { accuracy: 0.9, balancedAccuracy: 0.5 },
  }
  const isNothing = (accuracy: number, balancedAccuracy: number) =>
    isNoBetterThanBaseline({ ...found, accuracy, balancedAccuracy })
  t.true(isNothing(0.9, 0.5), 'it always says no')
  t.true(isNothing(0.4, 0.51), 'chance')
  t.false(isNothing(0.91, 0.55))
  t.false(isNothing(0.8, 0.75), 'it finds the rare class, at a price')
  const numbers = (r2: number | null) => isNoBetterThanBaseline({ kind: 'numbers', rmse: 1, r2 })
  t.true(numbers(0) && numbers(-3))
  t.false(numbers(0.1) || numbers(null))
})
