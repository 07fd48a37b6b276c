/** Step sizes, batch sizes and the box: values by hand, and the errors for texts that cannot be read. */
import test from 'ava'
import fc from 'fast-check'
import { BATCH_MAX, BatchScheduleError, batchSize, parseBatchSchedule } from '../../learning/batch-size.ts'
import { project } from '../../learning/box.ts'
import { ownGradient } from '../../learning/own-gradient.ts'
import { parseStepSize, StepSizeError, stepSize } from '../../learning/step-size.ts'

const rates = (text: string, rate: number, steps: readonly number[]) =>
  steps.map(stepSize(parseStepSize(text), rate))

test('step sizes: constant, c/(t + 1) from t = 0, and milestones', t => {
  t.deepEqual(rates('constant', 0.5, [1, 2, 100]), [0.5, 0.5, 0.5])
  t.deepEqual(rates('inverse', 1.5, [1, 2, 3]), [1.5, 0.75, 0.5])
  t.deepEqual(rates('milestones:0.5@2,4', 8, [1, 2, 3, 4, 5]), [8, 8, 4, 4, 2])
})

test('the error for an unreadable step size schedule says what is allowed', t => {
  for (const text of [
    '',
    'linear',
    'milestones',
    'milestones:0@3',
    'milestones:0.1@',
    'milestones:0.1@4,2',
    'milestones:.@3',
  ]) {
    const error = t.throws(() => parseStepSize(text), { instanceOf: StepSizeError }, text)
    t.true(error.message.includes(`'${text}'`) && error.message.includes('milestones:0.1@300,600'))
  }
})

test('batches: constant, growing with the step, and with its root', t => {
  const batches = (text: string) => [1, 2, 4, 9].map(batchSize(parseBatchSchedule(text), 10))
  t.deepEqual(batches('constant'), [10, 10, 10, 10])
  t.deepEqual(batches('growing'), [10, 20, 40, 90])
  t.deepEqual(batches('growing:0.5'), [10, 15, 20, 30])
  t.is(batchSize(parseBatchSchedule('growing'), 1000)(10_000), BATCH_MAX)
})

test('the error for an unreadable batch schedule says what is allowed', t => {
  for (const text of ['', 'shrinking', 'growing:', 'growing:0', 'growing:-1', 'growing:9'])
    t.regex(
      t.throws(() => parseBatchSchedule(text), { instanceOf: BatchScheduleError }, text).message,
      /growing:0\.5/,
    )
})

test('projection is onto the nearest point of the box', t => {
  const vector = fc.float32Array({ noNaN: true, minLength: 1, maxLength: 9, min: -50, max: 50 })
  fc.assert(
    fc.property(vector, drawn => {
      const projected = Float32Array.from(drawn)
      project(projected, { low: -2, high: 3 })
      t.deepEqual(
        [...projected],
        [...drawn].map(value => Math.min(3, Math.max(-2, value))),
      )
    }),
  )
})

test('an honest gradient: decay, then clipping, then momentum, each by hand', t => {
  const plain = { momentum: 0, clip: null, weightDecay: 0 }
  const gradient = Float32Array.of(3, 4)
  const at = Float32Array.of(10, 0)
  t.deepEqual([...ownGradient(gradient, at, null, { ...plain, weightDecay: 0.5 })], [8, 4])
  t.deepEqual([...ownGradient(gradient, at, null, { ...plain, clip: 2.5 })], [1.5, 2])
  t.deepEqual([...ownGradient(gradient, at, Float32Array.of(1, 1), { ...plain, momentum: 0.5 })], [2, 2.5])
  t.deepEqual([...ownGradient(gradient, at, null, { ...plain, momentum: 0.75 })], [0.75, 1])
  t.deepEqual([...gradient], [3, 4])
})
