/** Tables that somebody made to harm who reads them: cells, names and rows without end, and what each may cost. */
import test from 'ava'
import { watchIndex } from '../../../learning/data/csv-index.ts'
import { createTableReader } from '../../../learning/data/csv-table.ts'
import { DataError } from '../../../learning/data/dataset.ts'
import { loadTable, parseCsv } from '../../../learning/data/table.ts'
import { classesOf } from '../../../learning/data/targets.ts'
import { directoryOf, type Files, refused } from './support.ts'

/** Longer than any sentence about a table, the names of two files included. */
const SENTENCE = /^.{1,600}$/s
/** One more than a set holds. */
const SET_ROWS = 2 ** 24 + 1
const LONG = 200_000

const rowsOf = (count: number, rowOf: (row: number) => string) =>
  Array.from({ length: count }, (_, row) => rowOf(row))

test('a long row of digits that is no number is refused at once', async t => {
  const cells = ['x', '.x', '.1x', 'e1x', '1.1.1'].map(end => '1'.repeat(LONG) + end)
  for (const cell of [...cells, '1'.repeat(401), `+${'0'.repeat(LONG)}`]) {
    const text = `1,2,0\n${cell},3,1\n`
    await refused(
      t,
      () => parseCsv(text, 'f'),
      'DATA_NUMBER',
      /column 1 is .*a number of at most 400 characters/,
    )
    await refused(t, () => parseCsv(`1,2\n1,${cell}\n`, 'f'), 'DATA_LABEL', SENTENCE)
    await refused(t, () => parseCsv(`${cell},2\n`, 'f'), 'DATA_NUMBER', SENTENCE)
  }
})

test('a number written out in all its digits is one, and so is each form of a short one', t => {
  const full = [`0.${'0'.repeat(340)}1`, `1${'0'.repeat(38)}.${'0'.repeat(300)}`]
  const cells = [...full, '1', '-1.', '+.5', '1.5', '1e2', '1.E-2', '.5e+1']
  const { examples } = parseCsv(cells.map(cell => `${cell},0`).join('\n'), 'f')
  t.deepEqual([...examples], [0, 1e38, 1, -1, 0.5, 1.5, 100, 0.01, 5].map(Math.fround))
})

test('a label has 256 characters at most, and the 257th different one ends the reading', async t => {
  const table = (label: string) => `1,a\n2,${label}\n`
  t.is(parseCsv(table('b'.repeat(256)), 'f').lines.length, 2)
  const says = /^f: line 2, column 2 is "b{40}…", 257 characters; expected a label of at most 256$/
  await refused(t, () => parseCsv(table('b'.repeat(257)), 'f'), 'DATA_LABEL', says)
  const reader = createTableReader('f')
  for (let row = 1; row <= 256; row++) reader.record(['1', `n${row}`], row)
  reader.record(['1', 'n256'], 257)
  t.throws(() => reader.record(['1', 'n257'], 258), {
    instanceOf: DataError,
    message: /line 258, column 2 is "n257", after 256 other labels; expected at most 256; is this/,
  })
})

test('what is said of long names is no longer than a sentence', async t => {
  const opening = async (files: Files) => loadTable(await directoryOf(t, files), '.csv')
  const labels = rowsOf(8, row => `${row}${'\u{1f600}'.repeat(127)}`)
  const rows = rowsOf(16, row => `${row},${row % 3}.5,${labels[row % 8]}`).join('\n')
  const index = `unnamed: ${'0'.repeat(LONG)}`
  const numbered = `${index},a,label\n${rows}`
  const { notes, classNames } = await opening({ 'train.csv': numbered, 'test.csv': numbered })
  t.deepEqual(classNames, labels)
  t.is(notes.length, 2)
  for (const note of notes) {
    t.regex(note, SENTENCE)
    t.true(note.isWellFormed(), 'no character is cut in half')
  }
  const other = `${index}1,a,label\n${rows}`
  const says = /column 1 is "unnamed: 0{31}…", and "unnamed: 0{31}…" in .{1,200}$/
  await refused(t, () => opening({ 'train.csv': numbered, 'test.csv': other }), 'DATA_MISMATCH', says)
  const strange = `${rows}\n17,1,${'\u{1f600}'.repeat(128)}`
  await refused(t, () => opening({ 'train.csv': rows, 'test.csv': strange }), 'DATA_LABEL', SENTENCE)
})

test('a table has a million columns at most, and lines that 32 bits count', t => {
  const reader = createTableReader('f')
  reader.record(
    Array.from({ length: 1_000_000 }, () => '1'),
    1,
  )
  t.is(reader.end().width, 999_999)
  const refuse = (columns: number, line: number) =>
    t.throws(
      () =>
        createTableReader('f').record(
          Array.from({ length: columns }, () => '1'),
          line,
        ),
      {
        instanceOf: DataError,
      },
    )?.message
  t.is(refuse(1_000_001, 7), 'f: line 7 has 1000001 columns, expected at most 1000000')
  t.is(refuse(2, 2 ** 32), 'f: more than 4294967295 lines; expected a smaller file')
})

test('few long records are kept until it is known whether the first is a header', t => {
  const reader = createTableReader('f')
  const record = (line: number) => () => reader.record(['x'.repeat(2 ** 23), 'y'], line)
  record(1)()
  t.throws(record(2), {
    instanceOf: DataError,
    message: /^f: line 2, column 1 \(x{40}…\) is "x{40}…", expected a number/,
  })
})

test('the rows of a large table may be numbered, in order or not', t => {
  const isIndex = (numberOf: (row: number) => number) => {
    const index = watchIndex('', 'f')
    for (let row = 0; row < SET_ROWS; row++) index.see(numberOf(row))
    return index.isIndex()
  }
  t.true(isIndex(row => row + 3))
  t.true(isIndex(row => SET_ROWS - row))
})

test('numbers of rows are all different; those above the safe integers are told apart as a double tells them', t => {
  const isIndex = (...numbers: number[]) => {
    const index = watchIndex('', 'f')
    for (const number of numbers) index.see(number)
    return index.isIndex()
  }
  t.true(isIndex(4, 5, 3))
  t.false(isIndex(3, 4, 5, 4))
  t.true(isIndex(2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2))
  t.false(isIndex(2 ** 53 - 1, 2 ** 53, 2 ** 53))
  t.false(isIndex(1e30, 1e30))
  t.false(isIndex(0, -0))
})

test('whole numbers as targets: millions of different ones are refused or real, not too many for a set', t => {
  const values = Float64Array.from({ length: SET_ROWS }, (_, row) => row)
  const classes = () => classesOf({ kind: 'numbers', values, isReal: false }, { file: 'f' })
  t.throws(classes, { instanceOf: DataError, message: /label 16777216, expected at most 256 classes/ })
  values[7] = -2
  t.is(classes().count, 0)
})

test('of each row only numbers are kept, in arrays of their size', t => {
  const { examples, lines, targets } = parseCsv(rowsOf(5000, row => `${row},${row % 2}`).join('\n'), 'f')
  t.deepEqual(
    [examples, lines, targets.values].map(
      numbers => ArrayBuffer.isView(numbers) && numbers.buffer.byteLength,
    ),
    [4 * 5000, 4 * 5000, 8 * 5000],
  )
})
