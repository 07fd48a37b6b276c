/** Rows by a schema: the same numbers as by the definition, wherever the columns stand; everything that does not fit is found. */
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { readRecords } from '../../../learning/data/csv-records.ts'
import type { Dataset } from '../../../learning/data/dataset.ts'
import { holdOut } from '../../../learning/data/hold-out.ts'
import { createMisfits } from '../../../learning/data/misfits.ts'
import { checkTable, loadOwnTable } from '../../../learning/data/own-table.ts'
import { type Column, shapeOfSchema, type TableSchema, tableSchema } from '../../../learning/data/schema.ts'
import { createSchemaReader } from '../../../learning/data/schema-reader.ts'
import { shareOf } from '../../../learning/oracles/spec.ts'
import { directoryOf, refused } from './support.ts'

const schema = tableSchema.parse({
  kind: 'table',
  columns: [
    { name: 'age', type: 'number', scale: { mean: 50, deviation: 10 }, missing: 40, indicator: true },
    { name: 'sex', type: 'category', values: ['f', 'm', 'none'] },
    { name: 'smoker', type: 'yes-no', yes: 'ja', no: 'nein', missing: 'nein' },
    { name: 'dose', type: 'number' },
  ],
  target: { name: 'outcome', type: 'class', classes: ['healthy', 'ill'] },
  unused: ['patient'],
})

function read(text: string, by: TableSchema = schema) {
  const misfits = createMisfits('t.csv')
  const reader = createSchemaReader('t.csv', by, misfits, true)
  readRecords(text, 't.csv', reader)
  return { ...reader.end(), misfits }
}

test('a row becomes its numbers: scaled, one-hot, 0 or 1, filled and marked as missing', t => {
  const { examples, labels, perClass, misfits } = read(
    'dose,outcome,smoker,sex,age\n2.5,ill,ja,m,70\n-1,healthy,NA,none,?\n',
  )
  t.deepEqual(misfits.lines(), [])
  t.deepEqual([...examples], [2, 0, 0, 1, 0, 1, 2.5, -1, 1, 0, 0, 1, 0, -1])
  t.deepEqual([...labels], [1, 0])
  t.deepEqual(perClass, [1, 1])
  t.deepEqual(shapeOfSchema(schema), { shape: [7], classes: 2, classNames: ['healthy', 'ill'] })
})

test('a number to be predicted stays in its own units', t => {
  const by = tableSchema.parse({
    kind: 'table',
    columns: [{ name: 'a', type: 'number' }],
    target: { name: 'y', type: 'number', scale: { mean: 100, deviation: 50 } },
  })
  const { values, labels } = read('y,a\n200,1\n75,2\n', by)
  t.deepEqual([...values!], [200, 75])
  t.deepEqual([...labels], [0, 0])
  t.is(shapeOfSchema(by).classes, 0)
})

/** Texts that no separator, quote or missing value is in. */
const word = fc.stringMatching(/^[b-z]{5,8}$/)
const words = (minLength: number) => fc.uniqueArray(word, { minLength, maxLength: 5 })
const decimal = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(value => Number(value.toFixed(3)) + 0)
const scale = fc.option(fc.record({ mean: decimal, deviation: fc.constantFrom(0.5, 3, 250) }), {
  nil: undefined,
})

const column: fc.Arbitrary<Omit<Column, 'name'>> = fc.oneof(
  fc.tuple(scale, decimal, fc.boolean()).map(([scale, missing, indicator]) => ({
    type: 'number' as const,
    ...(scale && { scale }),
    missing,
    indicator,
  })),
  fc.tuple(words(2), fc.boolean()).map(([values, indicator]) => ({
    type: 'category' as const,
    values,
    missing: values[1]!,
    indicator,
  })),
  fc.tuple(words(2), fc.boolean()).map(([[yes, no], indicator]) => ({
    type: 'yes-no' as const,
    yes: yes!,
    no: no!,
    missing: no!,
    indicator,
  })),
)

const tables = fc
  .tuple(fc.array(column, { minLength: 1, maxLength: 6 }), words(2), fc.nat())
  .map(([columns, classes]) =>
    tableSchema.parse({
      kind: 'table',
      columns: columns.map((each, i) => ({ ...each, name: `column ${i}` })),
      target: { name: 'goal', type: 'class', classes },
    }),
  )
  .chain(by =>
    fc.record({
      by: fc.constant(by),
      rows: fc.array(fc.tuple(...by.columns.map(cellOf), fc.constantFrom(...classesOf(by))), {
        minLength: 1,
        maxLength: 20,
      }),
      order: fc.shuffledSubarray([...by.columns.keys(), by.columns.length], {
        minLength: by.columns.length + 1,
      }),
      separator: fc.constantFrom(',', ';', '\t'),
    }),
  )

const classesOf = ({ target }: TableSchema) => (target.type === 'class' ? target.classes : [])

function cellOf(each: Column): fc.Arbitrary<string> {
  const values =
    each.type === 'number'
      ? decimal.map(String)
      : fc.constantFrom(...(each.type === 'category' ? each.values : [each.yes, each.no]))
  return fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: fc.constantFrom('', 'NA', '?') })
}

/** From the definition: one cell after the other, nothing reused. */
function naive(each: Column, cell: string): number[] {
  const isMissing = ['', 'NA', '?'].includes(cell)
  const value = isMissing ? String(each.missing) : cell
  const marks = each.indicator ? [isMissing ? 1 : 0] : []
  if (each.type === 'yes-no') return [value === each.yes ? 1 : 0, ...marks]
  if (each.type === 'category') return [...each.values.map(other => (other === value ? 1 : 0)), ...marks]
  return [
    typeof each.scale === 'object' ? (Number(value) - each.scale.mean) / each.scale.deviation : Number(value),
    ...marks,
  ]
}

test('any table is encoded as by the definition, in whatever order its columns stand', t => {
  fc.assert(
    fc.property(tables, ({ by, rows, order, separator }) => {
      const names = [...by.columns.map(({ name }) => name), 'goal']
      const lines = [names, ...rows].map(cells => order.map(place => cells[place]).join(separator))
      const { examples, labels, misfits } = read(`${lines.join('\n')}\n`, by)
      const expected = rows.flatMap(cells => by.columns.flatMap((each, i) => naive(each, cells[i]!)))
      t.deepEqual(misfits.lines(), [])
      t.deepEqual(examples, Float32Array.from(expected))
      t.deepEqual(
        [...labels],
        rows.map(cells => classesOf(by).indexOf(cells.at(-1)!)),
      )
    }),
  )
})

const head = 'age,sex,smoker,dose,outcome\n'
const misfits: readonly (readonly [string, string, RegExp])[] = [
  [
    'an unknown category',
    `${head}1,x,ja,2,ill\n`,
    /line 2, column 2 \(sex\) is "x"; expected one of f, m, none/,
  ],
  ['another yes', `${head}1,f,yes,2,ill\n`, /line 2, column 3 \(smoker\) is "yes"; expected one of ja, nein/],
  ['text in a number', `${head}1,f,ja,many,ill\n`, /line 2, column 4 \(dose\) is "many"; expected a number$/],
  ['a decimal comma', `${head}1,f,ja,"2,5",ill\n`, /column 4 \(dose\) is "2,5"; expected a decimal point/],
  [
    'a missing cell that nothing fills',
    `${head}1,f,ja,NaN,ill\n`,
    /column 4 \(dose\) is "NaN"; expected a value in every row/,
  ],
  [
    'a class that nobody has',
    `${head}1,f,ja,2,dead\n`,
    /column 5 \(outcome\) is "dead"; expected one of the classes healthy, ill/,
  ],
  ['no target', `${head}1,f,ja,2,\n`, /column 5 \(outcome\) is empty; expected a target in every row/],
  ['a short row', `${head}1,f,ja,2,ill\n1,f\n`, /line 3 has 2 columns; expected 5, as in the header/],
  [
    'a missing column',
    'age,sex,smoker,Dose,outcome\n1,f,ja,2,ill\n',
    /line 1 has no column "dose"; .* the schema does not know "Dose" of this file/,
  ],
  [
    'two columns of one name',
    'age,sex,smoker,dose,age,outcome\n1,f,ja,2,3,ill\n',
    /line 1: columns 1 and 5 are both called "age"; expected one/,
  ],
  [
    'no header',
    '1,f,ja,2,ill\n',
    /line 1 names none of the schema's columns; expected a header with age, sex, smoker, dose, outcome/,
  ],
  ['nothing', '', /it is empty; expected a line of names/],
  ['a header alone', head, /it has a header and no rows/],
]
for (const [kind, text, says] of misfits)
  test(`${kind} is a misfit with its place`, t => {
    const { misfits: found } = read(text)
    t.is(found.count, 1, found.lines().join('\n'))
    t.regex(found.lines()[0]!, says)
  })

test('only the first misfits of a kind and column are kept, in their order; the others are counted', t => {
  const rows = Array.from({ length: 100 }, (_, row) => `1,x${row},ja,${row === 50 ? 'much' : 2},ill\n`)
  const { misfits: found } = read(head + rows.join(''))
  t.is(found.count, 101)
  const lines = found.lines()
  t.is(lines.length, 7)
  t.regex(lines[4]!, /line 6, column 2 \(sex\) is "x4"/)
  t.is(lines[5], 't.csv: and 95 more of this kind in column "sex"')
  t.regex(lines[6]!, /line 52, column 4 \(dose\) is "much"/)
})

test('misfits in a great many columns are counted as well', t => {
  const columns = Array.from({ length: 100 }, (_, i) => ({ name: `c${i}`, type: 'number' }))
  const by = tableSchema.parse({ kind: 'table', columns, target: { name: 'y', type: 'number' } })
  const lines = read('y\n1\n', by).misfits.lines()
  t.is(lines.length, 41)
  t.is(lines.at(-1), 't.csv: and 60 more in other columns')
})

test('no more than the offending cell is said, and of that only the beginning', t => {
  const { misfits: found } = read(`${head}123.75,${'x'.repeat(500)},ja,2,ill\n`)
  const [line] = found.lines()
  t.notRegex(line!, /123\.75|ill/)
  t.true(line!.length < 250)
})

test('a class of the schema that a file lacks, and columns that nobody uses, are no misfits', t => {
  const { misfits: found, notes } = read('patient,ward,,age,sex,smoker,dose,outcome\n7,A,0,1,f,ja,2,ill\n')
  t.is(found.count, 0)
  t.deepEqual(notes, [
    'not in the schema, and not used: "ward"',
    'no row here has the class healthy; the other members may have such rows',
  ])
})

const rowsOf = (dataset: Dataset) =>
  Array.from(dataset.labels, (label, row) => `${dataset.examples[row * 7 + 6]}:${label}`)

async function ownFile(t: ExecutionContext, count: number): Promise<string> {
  const rows = Array.from(
    { length: count },
    (_, row) => `1,f,ja,${row},${row % 10 === 0 ? 'ill' : 'healthy'}\n`,
  )
  return join(await directoryOf(t, { 'ours.csv': head + rows.join('') }), 'ours.csv')
}

test('all rows of an own table are learnt from or held out, each once, as the seed says', async t => {
  const file = await ownFile(t, 1000)
  const open = (seed: number) => loadOwnTable(file, { schema, holdout: 0.2, seed })
  const source = await open(1)
  const spec = { model: 'softmax', data: file, partition: 'own', peer: 1, peers: 3, seed: 1 }
  const [train, held] = [shareOf(spec, source), source.test()]
  t.is(train.labels.length, 800)
  t.is(held.labels.filter(label => label === 1).length, 20)
  t.is(held.labels.length, 200)
  const all = Array.from({ length: 1000 }, (_, row) => `${row}:${row % 10 === 0 ? 1 : 0}`)
  t.deepEqual([...rowsOf(train), ...rowsOf(held)].sort(), all.sort())
  t.deepEqual(rowsOf((await open(1)).test()), rowsOf(held))
  t.notDeepEqual(rowsOf((await open(2)).test()), rowsOf(held))
  t.regex(source.notes.join('\n'), /ours\.csv: 1000 rows; classes of "outcome": healthy 900, ill 100/)
  t.regex(source.notes.join('\n'), /4 columns make 7 inputs; 800 rows to learn from, 200 held out/)
})

test('members that agree on another partition share out one table, each row to one of them', async t => {
  const source = await loadOwnTable(await ownFile(t, 500), { schema, holdout: 0.2, seed: 1 })
  const shares = [0, 1, 2].map(peer =>
    shareOf({ model: 'softmax', data: '', partition: 'iid', peer, peers: 3, seed: 1 }, source),
  )
  const all = shares.flatMap(rowsOf)
  t.is(all.length, 400)
  t.is(new Set(all).size, 400)
})

test('a hold-out leaves both sides a row, and a class its only one', t => {
  const labels = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 60 })
  fc.assert(
    fc.property(labels, fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.nat(), (drawn, share, seed) => {
      const { train, test: held } = holdOut(Uint8Array.from(drawn), share, seed)
      t.deepEqual(
        [...train, ...held].sort((a, b) => a - b),
        drawn.map((_, row) => row),
      )
      t.true(train.length > 0 && held.length > 0)
      const count = (label: number, rows: Iterable<number>) =>
        [...rows].filter(row => drawn[row] === label).length
      const counts = [...new Set(drawn)].map(label => [label, count(label, drawn.keys())] as const)
      for (const [label, all] of counts) {
        const wanted = Math.min(Math.round(share * all), all - 1)
        const isLent = count(label, held) === wanted + 1 && held.length === 1
        t.true(count(label, held) === wanted || isLent)
      }
    }),
  )
})

test('a table that does not fit is refused with its first misfit, a count, and what lists them', async t => {
  const folder = await directoryOf(t, {
    'ours.csv': `${head}1,f,ja,2,ill\n1,x,ja,2,ill\n1,y,ja,2,ill\n`,
    'one.csv': `${head}1,f,ja,2,ill\n`,
    'cut.csv': `${head}1,f,ja,2,ill\n1,f,ja,2,"ill\n`,
    'ours.txt': head,
  })
  const open = (name: string) => loadOwnTable(join(folder, name), { schema, holdout: 0.2, seed: 1 })
  await refused(
    t,
    () => open('ours.csv'),
    'DATA_SCHEMA',
    /line 3, column 2 \(sex\) is "x".*; 1 more do not fit .*data check/,
  )
  await refused(t, () => open('one.csv'), 'DATA_SCHEMA', /one\.csv: it has a single row; expected two/)
  await refused(t, () => open('cut.csv'), 'DATA_SCHEMA', /cut\.csv: a quote is opened and never closed/)
  await refused(t, () => open('ours.txt'), 'DATA_FORMAT', /expected a \.csv, \.tsv or \.parquet file/)
  await refused(t, () => open('none.csv'), 'DATA_MISSING', /none\.csv: no such file/)
  await refused(
    t,
    () => open('ours.csv?missing=mean'),
    'DATA_FORMAT',
    /the schema says what a missing cell becomes/,
  )
})

test('a table is checked as it is loaded: UTF-16, semicolons and quotes', async t => {
  const text = '\ufeffage;sex;smoker;dose;outcome\r\n"50";f;ja;2;"ill"\r\n60; m;nein;;healthy\r\n'
  const file = join(await directoryOf(t, { 'ours.tsv': Buffer.from(text, 'utf16le') }), 'ours.tsv')
  const { misfits: found } = await checkTable(file, schema)
  t.deepEqual(found.lines(), [
    `${file}: line 3, column 4 (dose) is empty; expected a value in every row, or in the schema "missing", what a missing cell becomes`,
  ])
})

test('a column without any value cannot be agreed on: it is refused, with what would help', t => {
  const by = tableSchema.parse({
    kind: 'table',
    columns: [
      { name: 'a', type: 'number', scale: 'agreed', missing: 'agreed' },
      { name: 'b', type: 'number', missing: 0 },
    ],
    target: { name: 'goal', type: 'class', classes: ['no', 'yes'] },
  })
  t.deepEqual(read('a,b,goal\n,,no\n3,,yes\n', by).misfits.lines(), [])
  t.regex(
    read('a,b,goal\n,,no\nNA,,yes\n', by).misfits.lines().join('\n'),
    /^t\.csv: column "a" has no value in any row; expected some, as the members agree on its mean/,
  )
})
