/** Suggestions for misspelt words. */
import test from 'ava'
import fc from 'fast-check'
import { editDistance, nearest, suggestion } from '../../../node/text/nearest.ts'

test('one insertion, deletion, replacement or swap is one edit', t => {
  for (const [a, b] of [
    ['mda', 'mdaa'],
    ['mda', 'md'],
    ['mda', 'mba'],
    ['mda', 'mad'],
  ] as const)
    t.is(editDistance(a, b), 1, `${a} ${b}`)
  t.is(editDistance('kitten', 'sitting'), 3)
  t.is(editDistance('', 'abc'), 3)
})

test('the distance is symmetric, and zero for equal words alone', t => {
  const word = fc.string({ maxLength: 8 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      t.is(editDistance(a, b), editDistance(b, a))
      t.is(editDistance(a, b) === 0, a === b)
    }),
  )
  t.pass()
})

test('only a near word is suggested', t => {
  const names = ['sign-flip', 'random', 'silence']
  t.is(nearest('sign-flp', names), 'sign-flip')
  t.is(nearest('Signflip', names), 'sign-flip')
  t.is(nearest('slience', names), 'silence')
  t.is(nearest('equivocation', names), null)
  t.is(suggestion('randm', names), '; did you mean random?')
  t.is(suggestion('xyz', names), '')
})
