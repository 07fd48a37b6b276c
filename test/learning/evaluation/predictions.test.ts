/** Outputs of models as predictions: which class, which number, and of which example. */
import test from 'ava'
import { classOf, measure } from '../../../learning/evaluation/predictions.ts'

const dataset = {
  name: 'four',
  shape: [1],
  classes: 3,
  examples: new Float32Array(4),
  labels: Uint8Array.of(2, 0, 1, 2),
}

test('the greatest of a row is the class, the first of equal ones; a single score decides by its sign', t => {
  const rows = [0, 1, 1, 5, -1, 5]
  t.is(classOf(rows, 0, 3), 1)
  t.is(classOf(rows, 1, 3), 0)
  t.deepEqual(
    [0, 1, 2].map(row => classOf([-0.1, 0, 0.1], row, 1)),
    [0, 0, 1],
  )
})

test('rows belong to the examples at the indices, and classes have their names', t => {
  const outputs = Float32Array.of(0, 9, 0, 9, 0, 0)
  const metrics = measure('classes', outputs, { ...dataset, classNames: ['a', 'b', 'c'] }, [2, 0])
  t.like(metrics, { kind: 'classes', accuracy: 0.5, balancedAccuracy: 0.5, auroc: null })
  t.deepEqual(metrics.kind === 'classes' && metrics.recall, [
    { name: 'a', examples: 0, recall: null },
    { name: 'b', examples: 1, recall: 1 },
    { name: 'c', examples: 1, recall: 0 },
  ])
})

test('of two classes the scores are ranked, by their difference or by the one score', t => {
  const two = { ...dataset, classes: 2, labels: Uint8Array.of(0, 1, 0, 1) }
  const all = [0, 1, 2, 3]
  // The second score alone would rank the first example above the second.
  t.like(measure('classes', Float32Array.of(9, 8, 0, 1, 5, 0, 2, 4), two, all), { auroc: 1, accuracy: 1 })
  t.like(measure('classes', Float32Array.of(-3, -2, -5, -1), two, all), { auroc: 1, accuracy: 0.5 })
})

test('numbers are compared with real targets', t => {
  const line = { ...dataset, classes: 0, values: Float32Array.of(1, 2, 3, 4) }
  t.deepEqual(measure('numbers', Float32Array.of(4, 2), line, [2, 1]), {
    kind: 'numbers',
    rmse: Math.sqrt(0.5),
    r2: -1,
  })
})
