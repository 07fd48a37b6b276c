/** A schema is proposed from a table: each column's type, what is left out and why. */
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { checkTable } from '../../../learning/data/own-table.ts'
import { proposeSchema } from '../../../learning/data/propose-schema.ts'
import { directoryOf, refused } from './support.ts'

async function fileOf(
  t: ExecutionContext,
  header: string,
  row: (i: number) => string,
  rows = 40,
): Promise<string> {
  const lines = [header, ...Array.from({ length: rows }, (_, i) => row(i))]
  return join(await directoryOf(t, { 'ours.csv': `${lines.join('\n')}\n` }), 'ours.csv')
}

test('columns get their types, missing cells a value, and indices, ids and constants are left out', async t => {
  const header = ',patient_id,name,age,sex,smoker,ward,hospital,visits,empty,outcome'
  const row = (i: number) =>
    [
      ...[i, 1000 + ((i * 7) % 40), `n${i}`, i === 3 ? '' : 30 + i, i % 2 ? 'm' : 'f'],
      ...[i % 3 ? 'No' : 'Yes', `w${i % 4}`, 'north', i % 5, '', i % 10 ? 'well' : 'ill'],
    ].join(',')
  const file = await fileOf(t, header, row)
  const { schema, sentences } = await proposeSchema(file, 'outcome', true)
  t.deepEqual(schema.columns, [
    { name: 'age', type: 'number', scale: 'agreed', missing: 'agreed', indicator: true, unit: 100 },
    { name: 'sex', type: 'category', values: ['f', 'm'], indicator: false },
    { name: 'smoker', type: 'yes-no', yes: 'Yes', no: 'No', indicator: false },
    { name: 'ward', type: 'category', values: ['w0', 'w1', 'w2', 'w3'], indicator: false },
    { name: 'visits', type: 'number', scale: 'agreed', indicator: false, unit: 10 },
  ])
  t.deepEqual(schema.target, { name: 'outcome', type: 'class', classes: ['ill', 'well'] })
  t.deepEqual(schema.unused, ['patient_id', 'name', 'hospital', 'empty'])
  const said = sentences.join('\n')
  t.regex(said, /^A column is left out: it has no name\.$/m)
  t.regex(said, /^"patient_id" is left out: it has another value in each row, and is called an id\.$/m)
  t.regex(said, /^"name" is left out: it has another text in each row\.$/m)
  t.regex(said, /^"hospital" is left out: it has the same value in each row, "north"\.$/m)
  t.regex(said, /^"empty" is left out: it is empty in every row\.$/m)
  t.regex(
    said,
    /^"age" is a number from 30 to 69; 1 cell is missing and becomes the agreed mean, with an indicator beside it\.$/m,
  )
  t.regex(said, /^"visits" is a number from 0 to 4; with 5 different values, it may be a category\.$/m)
  t.regex(said, /^The target "outcome" has 2 classes: ill \(4 rows\), well \(36 rows\)\.$/m)
  t.regex(said, /Numbers are scaled by a mean and a deviation that the members agree on before they learn/)
  t.is((await checkTable(file, schema)).misfits.count, 0)
})

test('without scales numbers are taken as they are, and that is said', async t => {
  const file = await fileOf(t, 'a,y', i => `${i * i},${i / 8}`)
  const { schema, sentences } = await proposeSchema(file, 'y', false)
  t.deepEqual(schema.columns, [{ name: 'a', type: 'number', indicator: false }])
  t.deepEqual(schema.target, { name: 'y', type: 'number' })
  t.true(sentences.includes('Numbers are taken as they are: no column has a "scale".'))
})

test('whole numbers of few kinds are classes in their order; many are a number to be predicted', async t => {
  const few = await fileOf(t, 'a,y', i => `${i * i},${[10, 9, 100][i % 3]}`)
  t.deepEqual((await proposeSchema(few, 'y', true)).schema.target, {
    name: 'y',
    type: 'class',
    classes: ['9', '10', '100'],
  })
  const many = await fileOf(t, 'a,y', i => `${i * i},${i * 3}`)
  t.is((await proposeSchema(many, 'y', true)).schema.target.type, 'number')
})

test('texts in a column of numbers are said with their line, and are for the check to refuse', async t => {
  const file = await fileOf(t, 'a,b,y', i => `${i === 7 ? 'many' : i * 1.5},${i * i},${i % 2}`, 400)
  const { schema, sentences } = await proposeSchema(file, 'y', true)
  t.regex(sentences.join('\n'), /"a" is a number from 0 to 598\.5; but line 9 has "many", which is no number/)
  t.regex((await checkTable(file, schema)).misfits.lines()[0]!, /line 9, column 1 \(a\) is "many"/)
})

test('what no schema can be made of is refused with the reason', async t => {
  const file = await fileOf(t, 'a,b,y', i => `${i * i},"${i},5",${i % 2}`)
  await refused(
    t,
    () => proposeSchema(file, 'z', true),
    'DATA_FORMAT',
    /line 1 has no column "z"; expected a header .*"a", "b", "y"/,
  )
  t.regex(
    (await proposeSchema(file, 'y', true)).sentences.join('\n'),
    /"b" is left out: it has numbers with a decimal comma, such as "0,5"; write a point/,
  )
  const same = await fileOf(t, 'a,y', i => `${i * i},no`)
  await refused(
    t,
    () => proposeSchema(same, 'y', true),
    'DATA_SCHEMA',
    /"y" is "no" in every row; expected two classes/,
  )
  const texts = await fileOf(t, 'a,y', i => `${i * i},n${i}`, 300)
  await refused(t, () => proposeSchema(texts, 'y', true), 'DATA_SCHEMA', /too many different texts/)
  const counted = await fileOf(t, 'a,y', i => `${i},${i % 2}`)
  await refused(
    t,
    () => proposeSchema(counted, 'y', true),
    'DATA_SCHEMA',
    /no column but the target.*"a" is left out: it numbers/,
  )
  const empty = await fileOf(t, 'a,y', () => '', 0)
  await refused(t, () => proposeSchema(empty, 'y', true), 'DATA_FORMAT', /a header and no rows/)
  const uneven = await fileOf(t, 'a,y', i => (i === 9 ? '1' : `${i},${i % 2}`))
  await refused(t, () => proposeSchema(uneven, 'y', true), 'DATA_FORMAT', /line 11 has 1 columns; expected 2/)
  const twice = await fileOf(t, 'y,a,y', i => `1,2,${i}`)
  await refused(t, () => proposeSchema(twice, 'y', true), 'DATA_FORMAT', /two columns "y"/)
})

test('names without end, too many columns and texts without end are left out or refused', async t => {
  const name = 'x'.repeat(300)
  const file = await fileOf(
    t,
    `${name},text,a,y`,
    i => `${i * i},${'t'.repeat(300)}${i % 2},${i % 3},${i % 2}`,
  )
  const { schema, sentences } = await proposeSchema(file, 'y', true)
  t.deepEqual(
    schema.columns.map(column => column.name),
    ['a'],
  )
  t.deepEqual(schema.unused, ['text'])
  t.regex(sentences[0]!, /^"x{40}…" is left out: its name has more than 256 characters\.$/)
  t.regex(sentences[1]!, /^"text" is left out: it has too many different texts/)
  const wide = await fileOf(t, `y${',c'.repeat(4096)}`, () => '1', 1)
  await refused(
    t,
    () => proposeSchema(wide, 'y', true),
    'DATA_FORMAT',
    /line 1 has 4097 columns; expected at most 4096/,
  )
})
