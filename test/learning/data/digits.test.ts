/** The embedded data set: reproducible example by example, balanced, and neither blank nor all alike. */
import { hash } from 'node:crypto'
import test from 'ava'
import { DIGITS_TEST, DIGITS_TRAIN, digits } from '../../../learning/data/digits.ts'

const SIZE = 28 * 28

test('its size and shape', t => {
  const source = digits()
  t.deepEqual(source.shape, [28, 28])
  t.is(source.classes, 10)
  t.is(source.trainLabels.length, DIGITS_TRAIN)
  t.is(source.test().labels.length, DIGITS_TEST)
  t.is(source.test().examples.length, DIGITS_TEST * SIZE)
  t.is(source.test(), source.test(), 'drawn once')
})

test('every class is equally frequent', t => {
  const counts = new Uint32Array(10)
  for (const label of digits().trainLabels) counts[label]! += 1
  t.deepEqual(
    [...counts],
    Array.from({ length: 10 }, () => DIGITS_TRAIN / 10),
  )
})

test('an example depends on the seed and its index alone, not on who else is drawn', t => {
  const together = digits(3).train([5, 900, 41])
  const alone = digits(3).train([900])
  t.deepEqual(together.examples.slice(SIZE, 2 * SIZE), alone.examples)
  t.is(together.labels[1], alone.labels[0])
  t.is(alone.labels[0], digits(3).trainLabels[900])
})

test('another seed, another index, and the test set are other pictures', t => {
  const pictures = [digits(1).train([0]), digits(2).train([0]), digits(1).train([10])].map(
    part => part.examples,
  )
  pictures.push(digits(1).test().examples.slice(0, SIZE))
  t.is(new Set(pictures.map(picture => picture.join())).size, pictures.length)
})

test('the pixels are pinned: a change here changes every recorded figure', t => {
  const part = digits().train(Uint32Array.from({ length: 50 }, (_, index) => index))
  t.is(hash('sha256', part.examples), '299f1e0b4d7f1003e5712dfe88b02fb061c2efdec8dcdd156c3664ad77d007b5')
})

test('every picture has ink, and background', t => {
  const { examples, labels } = digits().test()
  for (let row = 0; row < labels.length; row++) {
    let dark = 0
    for (let i = row * SIZE; i < (row + 1) * SIZE; i++) if (examples[i]! > 120) dark += 1
    if (dark < 15 || dark > 400) t.fail(`example ${row} (a ${labels[row]}) has ${dark} inked pixels`)
  }
  t.pass()
})
