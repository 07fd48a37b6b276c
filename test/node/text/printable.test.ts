/** Text that is not ours: nothing a terminal obeys or a reader cannot see is left in it, and all else is. */
import test from 'ava'
import fc from 'fast-check'
import {
  isPrintable,
  jsonText,
  printable,
  printableJsonLine,
  printableStart,
  quotedLines,
} from '../../../node/text/printable.ts'

/** Anything, and more of what matters than chance would bring. */
const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\u001b[2J',
        '\u009b2J',
        '\u001b]0;title\u0007',
        '\r\n',
        '\u202e',
        '\u2066',
        '\u2028',
        '\u0085',
        '\u007f',
      ),
      fc.constantFrom('\ufeff', '\u00ad', '\ud800', '\u{e0041}', '\\', '"', 'ß', '日本', '👩\u200d🚀'),
    ),
    { maxLength: 8 },
  )
  .map(parts => parts.join(''))

/** What no output may hold, written out by hand: controls, direction marks, separators, tags, lone surrogates. */
const FORBIDDEN =
  /[\p{Cc}\u00ad\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}\ud800-\udfff]/u

test('what a terminal obeys is written out, and ordinary text of any script stays as it is', t => {
  t.is(printable('\u001b[2Jx\u0007\u009b1m'), '\\x1b[2Jx\\x07\\x9b1m')
  t.is(printable('a\r\nb\tc'), 'a\\r\\nb\\tc')
  t.is(printable('\u202egnp.exe\u2029\u{e0041}'), '\\u202egnp.exe\\u2029\\u{e0041}')
  for (const text of ['Ada Łukasiewicz', 'می\u200cرود', '日本', '👩\u200d🚀', 'é', 'C:\\x1b'])
    t.is(printable(text), text)
  fc.assert(
    fc.property(nasty, text => {
      const shown = printable(text)
      t.false(FORBIDDEN.test(shown), JSON.stringify(text))
      t.is(isPrintable(text), shown === text)
      t.is(printable(shown), shown, 'once is enough')
      t.true(isPrintable(printableStart(text, 5)) && [...printableStart(text, 5)].length <= 5)
    }),
  )
})

test('further lines of a text cannot be taken for lines of ours', t => {
  t.deepEqual(quotedLines('a\u001b\nconcord: all is well'), ['a\\x1b', '  | concord: all is well'])
})

test('JSON stays JSON, with every text in it clean', t => {
  t.is(
    jsonText({ 'a\u001b': ['\u0085', 1, null, { b: '\u202e' }] }, 0),
    '{"a\\\\x1b":["\\\\x85",1,null,{"b":"\\\\u202e"}]}',
  )
  fc.assert(
    fc.property(fc.dictionary(nasty, nasty), value => {
      for (const text of [jsonText(value, 0), printableJsonLine(`${JSON.stringify(value)}\n`).slice(0, -1)]) {
        t.false(FORBIDDEN.test(text), text)
        for (const part of Object.entries(JSON.parse(text)).flat() as string[])
          t.false(FORBIDDEN.test(part), text)
      }
    }),
  )
  t.is(printableJsonLine('{"a":1}\n'), '{"a":1}\n')
  t.is(printableJsonLine('no \u001b JSON\n'), 'no \\x1b JSON\n')
})
