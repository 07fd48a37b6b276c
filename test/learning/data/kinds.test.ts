/** Tables of the kinds that people have: each test names its kind, and makes its own small input. */
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { DataSource } from '../../../learning/data/dataset.ts'
import { openData } from '../../../learning/data/open.ts'
import { parseCsv } from '../../../learning/data/table.ts'
import { directoryOf, refused } from './support.ts'

/** Twenty rows of three values that tell each other apart, and what `target` makes of the row's number. */
const ROWS = 20
const values = (row: number) => [`${row}.25`, `${-row}e-1`, `${row % 7}`]
const classes = (row: number) => row % 3
const table = (target: (row: number) => string, separator = ',', header = 'a,b,c,label') =>
  [
    header.split(',').join(separator),
    ...Array.from({ length: ROWS }, (_, row) => [...values(row), target(row)].join(separator)),
  ].join('\n')

async function opened(
  t: ExecutionContext,
  text: string | Uint8Array,
  more = '',
  name = 'data.csv',
): Promise<DataSource> {
  return openData(join(await directoryOf(t, { [name]: text }), name) + more)
}

/** That training and test examples are those of the rows, the fifth of each five for testing. */
function holdsRows(t: ExecutionContext, source: DataSource, labelOf: (row: number) => number): void {
  const rows = Array.from({ length: ROWS }, (_, row) => row)
  const isTest = (row: number) => row % 5 === 4
  const wanted = (chosen: number[]) =>
    chosen.flatMap(row => values(row).map(cell => Math.fround(Number(cell))))
  const train = source.train(Uint32Array.from({ length: source.trainLabels.length }, (_, i) => i))
  const testing = source.test()
  t.deepEqual([...train.examples], wanted(rows.filter(row => !isTest(row))))
  t.deepEqual([...testing.examples], wanted(rows.filter(isTest)))
  t.deepEqual([...train.labels], rows.filter(row => !isTest(row)).map(labelOf))
  t.deepEqual([...testing.labels], rows.filter(isTest).map(labelOf))
}

test('a table as it should be: nothing is noticed', async t => {
  const source = await opened(
    t,
    table(row => String(classes(row))),
  )
  holdsRows(t, source, classes)
  t.deepEqual([source.classes, source.classNames, source.notes], [3, undefined, []])
})

test('a target that no header names is said to be the last column', async t => {
  const unnamed = await opened(
    t,
    table(row => String(classes(row)), ',', 'a,b,c,noise'),
  )
  t.deepEqual(unnamed.notes, ['the target is the last column (noise)'])
  const bare = await opened(t, '1,0\n2,1\n3,0\n4,1\n5,0\n')
  t.deepEqual(bare.notes, ['the target is the last column'])
})

test('a text among the values: the message says which column is the target, and how to name another', async t => {
  const text = 'animal,legs,noise\ncat,4,1\nhen,2,0\n'
  await refused(
    t,
    () => parseCsv(text, 'f'),
    'DATA_NUMBER',
    /line 2, column 1 \(animal\) is "cat", expected a number; the target is the last column \(noise\): call the column label, target, class or y, or put it last$/,
  )
  await refused(
    t,
    () => parseCsv(text.replace('legs', 'label'), 'f'),
    'DATA_NUMBER',
    /is "cat", expected a number; the target is column 2 \(label\)$/,
  )
})

test('a suffix that is none, and tables that are named otherwise: the message says what to write', async t => {
  const folder = await directoryOf(t, { 'b.csv': '1,0\n', 'animals.csv': '1,0\n' })
  await refused(
    t,
    () => openData(join(folder, 'b.csv?mising=mean')),
    'DATA_MISSING',
    /no such file or folder; if "\?mising=mean" is no part of the name, expected \?missing=mean, \?missing=0, \?size=28x28 or \?channels=1$/,
  )
  await refused(
    t,
    () => openData(folder),
    'DATA_MISSING',
    /, or a table by its own name, such as .*animals\.csv$/,
  )
})

test('labels that start at 1: as many classes as there are, and it is said', async t => {
  const source = await opened(
    t,
    table(row => String(classes(row) + 1)),
  )
  holdsRows(t, source, classes)
  t.is(source.classes, 3)
  t.deepEqual(source.classNames, ['1', '2', '3'])
  t.regex(source.notes.join(), /^labels 1 to 3 are classes 0 to 2; every peer must have all/)
})

test('labels -1 and 1, or -1, 0 and 1, are classes; other negative numbers are real targets', async t => {
  const two = await opened(
    t,
    table(row => (row % 2 === 0 ? '-1' : '1')),
  )
  holdsRows(t, two, row => row % 2)
  t.deepEqual(two.classNames, ['-1', '1'])
  t.regex(two.notes.join(), /^labels -1, 1 are classes 0 to 1/)
  holdsRows(
    t,
    await opened(
      t,
      table(row => String(classes(row) - 1)),
    ),
    classes,
  )
  const real = await opened(
    t,
    table(row => String(classes(row) - 2)),
  )
  t.is(real.classes, 0)
})

test('labels that start elsewhere are the classes that there are, and a label that nobody has is said', async t => {
  const digits = [3, 5, 8]
  const some = await opened(
    t,
    table(row => String(digits[classes(row)])),
  )
  holdsRows(t, some, classes)
  t.regex(some.notes.join(), /^labels 3, 5, 8 are classes 0 to 2/)
  const gap = await opened(
    t,
    table(row => String([0, 1, 3][classes(row)])),
  )
  t.is(gap.classes, 4)
  t.regex(gap.notes.join(), /no training example has the label 2/)
})

test('text labels are classes by name, in the order of their letters', async t => {
  const names = ['versicolor', 'setosa', 'Virginica']
  const source = await opened(
    t,
    table(row => names[classes(row)]!),
  )
  // Capital letters come first, on every machine.
  holdsRows(t, source, row => [2, 1, 0][classes(row)]!)
  t.deepEqual(source.classNames, ['Virginica', 'setosa', 'versicolor'])
  t.regex(source.notes.join(), /labels Virginica, setosa, versicolor are classes 0 to 2/)
})

test('text labels: a name among numbers, an unknown name and one class alone are told with their line', async t => {
  const slip = table(row => (row === 7 ? 'x' : String(classes(row))))
  await refused(
    t,
    () => opened(t, slip),
    'DATA_LABEL',
    /line 9, column 4 \(label\) is "x", and the targets before/,
  )
  const two = { 'train.csv': '1,a\n2,b\n', 'test.csv': '1,a\n\n2,c\n' }
  await refused(
    t,
    async () => openData(await directoryOf(t, two)),
    'DATA_LABEL',
    /test\.csv: line 3 has label "c", expected one of a, b/,
  )
  await refused(
    t,
    () =>
      opened(
        t,
        table(() => 'same'),
      ),
    'DATA_LABEL',
    /all labels are "same", expected at least two/,
  )
  const many = `x,label\n${Array.from({ length: 300 }, (_, i) => `1,n${i}`).join('\n')}`
  await refused(
    t,
    () => opened(t, many),
    'DATA_LABEL',
    /line 258, .* "n256", after 256 other labels; .*is this column the target/,
  )
})

test('test labels follow the names of the training labels, whatever order they come in', async t => {
  const files = { 'train.csv': '1,b\n2,a\n', 'test.csv': '1,b\n2,a\n3,b\n' }
  const source = await openData(await directoryOf(t, files))
  t.deepEqual([...source.trainLabels], [1, 0])
  t.deepEqual([...source.test().labels], [1, 0, 1])
})

for (const [name, separator] of Object.entries({ semicolon: ';', tab: '\t' }))
  test(`separator: ${name}`, async t => {
    const source = await opened(
      t,
      table(row => String(classes(row)), separator),
    )
    holdsRows(t, source, classes)
    t.deepEqual(source.notes, [`the columns are separated by ${name}s`])
  })

test('separator: a comma in a header of semicolons, or a semicolon in one of commas, decides nothing', async t => {
  const commas = table(row => String(classes(row)), ';', 'a (m),b,c,label').replace('a (m)', 'a, in m')
  holdsRows(t, await opened(t, commas), classes)
  holdsRows(
    t,
    await opened(
      t,
      table(row => String(classes(row)), ',', 'a;x;y;z,b,c,label'),
    ),
    classes,
  )
  await refused(
    t,
    () => opened(t, '1,5;2,5;0\n3,5;4,5;1'),
    'DATA_NUMBER',
    /line 1, column 1 is "1,5", expected a decimal point/,
  )
})

test('index column: one without a name that numbers the rows is left out, and it is said', async t => {
  const lines = table(row => String(classes(row)), ',', ',a,b,c,label').split('\n')
  const numbered = (numberOf: (row: number) => number | string, name = '') =>
    lines.map((line, i) => (i === 0 ? name + line : `${numberOf(i - 1)},${line}`)).join('\n')
  for (const text of [
    numbered(row => row),
    // As pandas writes a sample.
    numbered(row => (row * 7) % 23),
    numbered(row => row, 'Unnamed: 0'),
    numbered(row => row + 1, 'id'),
    numbered(row => row)
      .split('\n')
      .slice(1)
      .join('\n'),
  ]) {
    const source = await opened(t, text)
    holdsRows(t, source, classes)
    t.regex(source.notes[0]!, /^left out the first column(, ".*")?: it numbers the rows$/)
  }
  for (const text of [
    numbered(row => row, 'age'),
    numbered(row => row % 4),
    numbered(row => `${row}.5`),
    numbered(row => row * 2, 'id'),
  ]) {
    const source = await opened(t, text)
    t.deepEqual([source.shape, source.notes], [[4], []])
  }
  // The only value is no index.
  const lonely = `,label\n${Array.from({ length: 10 }, (_, i) => `${i},${i % 2}`).join('\n')}`
  t.deepEqual((await opened(t, lonely)).shape, [1])
})

test('index column: what the training file leaves out is left out of the test file', async t => {
  const rows = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `${from + i},${i}.5,${i % 2}`).join('\n')
  const files = { 'train.csv': `,a,label\n${rows(0, 8)}`, 'test.csv': `,a,label\n${rows(90, 3)}` }
  const source = await openData(await directoryOf(t, files))
  t.deepEqual(source.shape, [1])
  t.deepEqual([...source.test().examples], [0.5, 1.5, 2.5])
})

const HOLES = ['', ' ', '""', 'NA', 'n/a', 'NaN', 'null', 'None', '?', '#N/A']

test('missing cells: refused with line and column, or filled as the name of the data says', async t => {
  for (const hole of HOLES) {
    const lines = table(row => String(classes(row))).split('\n')
    const text = lines.map((line, i) => (i === 3 ? line.replace('-2e-1', hole) : line)).join('\n')
    await refused(
      t,
      () => opened(t, text),
      'DATA_NUMBER',
      /line 4, column 2 \(b\) has no value; expected a number in every place, or ".*data\.csv\?missing=mean"/,
    )
    const zero = await opened(t, text, '?missing=0')
    t.is(zero.train([2]).examples[1], 0)
    t.deepEqual(zero.notes, ['filled 1 missing value with 0'])
    const mean = await opened(t, text, '?missing=mean')
    const others = Array.from({ length: ROWS }, (_, row) => row).filter(row => row % 5 !== 4 && row !== 2)
    const wanted = others.reduce((sum, row) => sum - row / 10, 0) / others.length
    t.true(Math.abs(mean.train([2]).examples[1]! - wanted) < 1e-6)
    t.regex(mean.notes.join(), /^filled 1 missing value with the mean of the column's training values$/)
  }
})

test('True and False are 1 and 0, in a column that has nothing else; dates are told', async t => {
  const rows = (cells: readonly string[]) => `a,b,label\n${cells.map(cell => `${cell},2,0`).join('\n')}`
  const { examples } = parseCsv(rows(['True', 'false', 'TRUE']), 'f')
  t.deepEqual([...examples], [1, 2, 0, 2, 1, 2])
  const refuses = (cells: string[], says: RegExp) =>
    refused(t, () => parseCsv(rows(cells), 'f'), 'DATA_NUMBER', says)
  await refuses(['1', 'True'], /line 3, column 1 \(a\) is "True", expected a number/)
  await refuses(['True', '1'], /line 3, column 1 \(a\) is "1", expected True or False, as in the rows before/)
  await refuses(
    ['2024-02-29'],
    /is "2024-02-29", expected a number: write a date as the days since a fixed one/,
  )
})

test('missing cells: a row without a target is refused, filled or not', async t => {
  const text = table(row => (row === 5 ? '' : String(classes(row))))
  for (const more of ['', '?missing=mean'])
    await refused(
      t,
      () => opened(t, text, more),
      'DATA_LABEL',
      /line 7, column 4 \(label\) is empty; expected a target/,
    )
})

test('missing cells: how they are filled is a mean or a number, and nothing is filled in pixels', async t => {
  const text = table(row => String(classes(row)))
  for (const how of ['median', '', 'NaN', '1e99'])
    await refused(t, () => opened(t, text, `?missing=${how}`), 'DATA_FORMAT', /expected mean or a number/)
  await refused(t, () => openData('digits?missing=0'), 'DATA_FORMAT', /no value can be missing in pixels/)
  t.deepEqual((await opened(t, text, '?missing=mean')).notes, [])
})

test('no header: a first row with an empty cell is data', async t => {
  const lines = table(row => String(classes(row)))
    .split('\n')
    .slice(1)
  const text = lines.join('\n').replace('0.25', '')
  await refused(t, () => opened(t, text), 'DATA_NUMBER', /line 1, column 1 has no value/)
  const source = await opened(t, text, '?missing=0.25')
  holdsRows(t, source, classes)
})

test('header or data: text above numbers and names of targets are a header, numbers before a text label are data', t => {
  const rows = (text: string) => [...parseCsv(text, 'f').lines]
  t.deepEqual(rows('0,1,2,label\n1,2,3,a\n4,5,6,b'), [2, 3])
  t.deepEqual(rows('0,1,2,kind\n1,2,3,0\n4,5,6,1'), [2, 3])
  t.deepEqual(rows('5.1,3.5,setosa\n4.9,3.0,virginica'), [1, 2])
  t.deepEqual(rows('NA,1,0\n2,3,1'), [1, 2])
  t.deepEqual(rows(',,label\n1,2,3'), [2])
})

test('quoted newlines, doubled quotes and separators in quotes are parts of a cell', t => {
  const text = '"a\nlong, ""very"" long\r\nname",b,label\r\n1,"2",0\r\n\r\n3,4,"x\ny"'.replace('"x\ny"', '1')
  const { names, lines, examples } = parseCsv(text, 'f')
  t.deepEqual(names, ['a\nlong, "very" long\r\nname', 'b', 'label'])
  t.deepEqual([...lines], [4, 6])
  t.deepEqual([...examples], [1, 2, 3, 4])
  t.deepEqual([...parseCsv('a,label\n1,"x\ny"\n2,z', 'f').lines], [2, 4])
})

test('a quote that is never closed, a record without end and a file that is no text are told', async t => {
  await refused(
    t,
    () => parseCsv('a,label\n1,"2\n3,4', 'f'),
    'DATA_FORMAT',
    /a quote is opened and never closed \(line/,
  )
  await refused(
    t,
    () => opened(t, Buffer.alloc(2 ** 24 + 10, '1')),
    'DATA_FORMAT',
    /a record has more than 16777216 bytes/,
  )
  const latin = Buffer.from('x,label\n1,Zürich\n2,Köln\n3,a\n4,a\n5,a\n', 'latin1')
  await refused(t, () => opened(t, latin), 'DATA_LABEL', /not UTF-8/)
})

test('a byte order mark is no part of the first name, and UTF-16 is read', async t => {
  const text = table(row => String(classes(row)), ',', 'label,a,b,c').replace('label', 'LABEL')
  const plain = await opened(t, text)
  t.deepEqual((await opened(t, `\ufeff${text}`)).trainLabels, plain.trainLabels)
  const wide = await opened(t, Buffer.from(`\ufeff${text}`, 'utf16le'))
  t.deepEqual(wide.trainLabels, plain.trainLabels)
})

test('two files whose headers differ are told, with the column', async t => {
  const files = { 'train.csv': 'a,b,label\n1,2,0\n3,4,1', 'test.csv': 'b,a,label\n1,2,0' }
  await refused(
    t,
    async () => openData(await directoryOf(t, files)),
    'DATA_MISMATCH',
    /test\.csv: column 1 is "b", and "a" in .*train\.csv; expected the same columns in the same order/,
  )
})
