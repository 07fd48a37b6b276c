/** Sentences are wrapped at words, below where their text began, and lose nothing. */
import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import { proseLines } from '../../../../node/cli/view/prose.ts'
import { columnsOf } from '../../../../node/cli/view/wrap.ts'

test('what fits is left as it is, spaces and all', t => {
  t.deepEqual(proseLines('  a  b   c', 10), ['  a  b   c'])
  t.deepEqual(proseLines('', 10), [''])
})

test('further lines stand below the text that a label has, or two columns in', t => {
  t.deepEqual(proseLines('  given   L = 1, K = 2, C = 3, σ = 4', 24), [
    '  given   L = 1, K = 2,',
    '          C = 3, σ = 4',
  ])
  t.deepEqual(proseLines('one two three four', 9), ['one two', '  three', '  four'])
  t.deepEqual(proseLines('  one two three', 10), ['  one two', '    three'])
})

test('a label that takes most of the line does not push the text aside', t => {
  t.deepEqual(proseLines('a long label here  text text', 20), ['a long label here', '  text text'])
})

test('a path stays in one piece, a number keeps its unit, and a name its number', t => {
  const path = '/a/very/long/path-to/a-file.json'
  t.deepEqual(proseLines(`see ${path} there`, 12), ['see', `  ${path}`, '  there'])
  t.deepEqual(proseLines('given by L = 2, K = 3', 12), ['given by', '  L = 2,', '  K = 3'])
  t.deepEqual(proseLines('accuracy reaches 95.2 %, well', 22), ['accuracy reaches', '  95.2 %, well'])
})

test('no line is wider than the width, colours count for nothing, and all words are there in order', t => {
  const words = Array.from({ length: 60 }, (_, i) => 'wörd会'.slice(0, 1 + ((i * 7) % 5)))
  const line = `\u001b[33m${words.join(' ')}\u001b[39m`
  for (let width = 10; width <= 80; width++) {
    const lines = proseLines(line, width)
    for (const each of lines) t.true(columnsOf(each) <= width, `${width}: ${each}`)
    t.is(stripVTControlCharacters(lines.map(each => each.trim()).join(' ')), words.join(' '))
  }
})
