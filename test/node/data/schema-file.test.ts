/** Schema files: what is wrong is told with file, field, value and what would be right; nothing hostile gets in. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { DataError } from '../../../learning/data/dataset.ts'
import type { TableSchema } from '../../../learning/data/schema.ts'
import { formatSchema, readSchema } from '../../../node/data/schema-file.ts'

let folder: string
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'concord-schema-'))
})
test.after.always(() => rm(folder, { recursive: true, force: true }))

const number = { name: 'age', type: 'number' }
const sex = { name: 'sex', type: 'category', values: ['f', 'm'] }
const smoker = { name: 'smoker', type: 'yes-no', yes: 'ja', no: 'nein' }
const good = {
  kind: 'table',
  columns: [number, sex, smoker],
  target: { name: 'outcome', type: 'class', classes: ['well', 'ill'] },
}

let files = 0
async function read(text: string) {
  files += 1
  const path = join(folder, `${files}.yaml`)
  await writeFile(path, text)
  return readSchema(path)
}

async function readTable(text: string): Promise<TableSchema> {
  const schema = await read(text)
  if (schema.kind !== 'table') throw new Error(`a schema of ${schema.kind}`)
  return schema
}

/** What a file with these changes is told, without its name. */
async function complaint(changes: object): Promise<string> {
  try {
    await read(stringify({ ...good, ...changes }))
    return 'none'
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return error.message.replace(/^.*?\.yaml(: |, )/, '')
  }
}

test('a schema comes back as it was written, with its defaults', async t => {
  const schema = await readTable(stringify(good))
  t.deepEqual(schema.unused, [])
  t.is(schema.columns[0]!.indicator, false)
  t.deepEqual(await read(formatSchema(schema)), schema)
  const odd = { ...good, columns: [{ ...sex, values: ['yes', '1', 'true', '~', ' x', 'a: b'] }] }
  t.deepEqual((await readTable(formatSchema(await read(stringify(odd))))).columns, [
    { ...odd.columns[0], indicator: false } as never,
  ])
})

const column = (changes: object) => ({ columns: [changes] })
const target = (changes: object) => ({ target: { ...good.target, ...changes } })
const complaints: readonly (readonly [string, object, RegExp])[] = [
  ['no kind', { kind: undefined }, /^kind is missing; expected one of table, images/],
  ['another kind', { kind: 'audio' }, /^kind is "audio"; expected one of table, images/],
  ['no columns', { columns: [] }, /^columns is \[\]; expected at least 1 of them/],
  [
    'another type',
    column({ ...number, type: 'numeric' }),
    /^columns\[0\]\.type is "numeric"; expected one of number, category, yes-no/,
  ],
  ['a column that is a text', column('age' as never), /^columns\[0\] is "age"; expected/],
  [
    'a misspelt field',
    column({ ...number, mising: 0 }),
    /^columns\[0\]: unknown field mising; did you mean missing\?/,
  ],
  [
    'a misspelt field of the scale',
    column({ ...number, scale: { mean: 0, deviaton: 1 } }),
    /^columns\[0\]\.scale: unknown field deviaton; did you mean deviation\?/,
  ],
  [
    'a misspelt field of the target',
    target({ classe: [] }),
    /^target: unknown field classe; did you mean classes\?/,
  ],
  [
    'a value that YAML takes for a number',
    column({ ...sex, values: ['a', 1] }),
    /^columns\[0\]\.values\[1\] is 1; expected a text, in quotes/,
  ],
  [
    'a single value',
    column({ ...sex, values: ['a'] }),
    /^columns\[0\]\.values is \["a"\]; expected at least 2 of them/,
  ],
  [
    'a value twice',
    column({ ...sex, values: ['a', 'b', 'a'] }),
    /^columns\[0\]\.values\[2\] is "a"; expected a value of its own/,
  ],
  [
    'a class twice',
    target({ classes: ['a', 'a'] }),
    /^target\.classes\[1\] is "a"; expected a class of its own/,
  ],
  [
    'a name twice',
    { columns: [number, sex, { ...number }] },
    /^columns\[2\]\.name is "age"; expected a name that no other column has/,
  ],
  [
    'the target among the columns',
    { columns: [{ ...number, name: 'outcome' }] },
    /^target\.name is "outcome"; expected a name that no other/,
  ],
  [
    'a used column among the unused',
    { unused: ['age'] },
    /^unused\[0\] is "age"; expected a name that no other/,
  ],
  [
    'yes and no alike',
    column({ ...smoker, no: 'ja' }),
    /^columns\[0\]\.no is "ja"; expected another text than yes has/,
  ],
  [
    'a filling that is no value',
    column({ ...sex, missing: 'x' }),
    /^columns\[0\]\.missing is "x"; expected one of the column's own values/,
  ],
  [
    'a text that fills a number',
    column({ ...number, missing: 'mean' }),
    /^columns\[0\]\.missing is "mean"; expected a number/,
  ],
  [
    'an indicator of nothing',
    column({ ...number, indicator: true }),
    /^columns\[0\]\.indicator is true; expected false, or beside it "missing"/,
  ],
  [
    'a deviation of 0',
    column({ ...number, scale: { mean: 1, deviation: 0 } }),
    /^columns\[0\]\.scale\.deviation is 0; expected a number, more than 0/,
  ],
  [
    'numbers beyond 32 bits',
    column({ ...number, missing: 1e39 }),
    /^columns\[0\]\.missing is 1e\+39; expected at most 3\.4e38/,
  ],
  [
    'a filling beyond its scale',
    column({ ...number, missing: 1e30, scale: { mean: 0, deviation: 1e-30 } }),
    /^columns\[0\]\.missing is 1e\+30; expected a value that the scale leaves/,
  ],
  ['not YAML', { kind: undefined, x: undefined }, /^kind is missing/],
]
for (const [kind, changes, says] of complaints)
  test(`${kind} is told with its place`, async t => {
    t.regex(await complaint(changes), says)
  })

const photos = {
  kind: 'images',
  size: { width: 28, height: 20 },
  channels: 3,
  classes: ['cat', 'dog'],
  scale: { mean: [0.5, 0.5, 0.4], deviation: [0.2, 0.2, 0.3] },
}
test('a schema of images comes back as it was written', async t => {
  t.deepEqual(await read(stringify(photos)), photos as never)
  t.deepEqual(await read(formatSchema(photos as never)), photos as never)
  t.regex(formatSchema(photos as never), /A class's folder is found by its name\./)
})

const imageComplaints: readonly (readonly [string, object, RegExp])[] = [
  ['no size', { size: undefined }, /^size is missing; expected a group of named fields/],
  ['a size as a text', { size: '28x28' }, /^size is "28x28"; expected a group of named fields/],
  ['a side of 0', { size: { width: 0, height: 1 } }, /^size\.width is 0; expected a number, at least 1/],
  [
    'a side without end',
    { size: { width: 1, height: 4000 } },
    /^size\.height is 4000; expected a number, at most 1024/,
  ],
  [
    'a misspelt side',
    { size: { width: 1, heigth: 4 } },
    /^size: unknown field heigth; did you mean height\?/,
  ],
  ['four channels', { channels: 4 }, /^channels is 4; expected one of 1, 3/],
  ['one class', { classes: ['cat'] }, /^classes is \["cat"\]; expected at least 2 of them/],
  ['a class twice', { classes: ['cat', 'cat'] }, /^classes\[1\] is "cat"; expected a class of its own/],
  [
    'a class that is a path',
    { classes: ['cat', '../dog'] },
    /^classes\[1\] is "\.\.\/dog"; expected a name that a folder/,
  ],
  [
    'a class that is hidden',
    { classes: ['cat', '.dog'] },
    /^classes\[1\] is "\.dog"; expected a name that a folder/,
  ],
  ['a class that is a number', { classes: ['cat', 7] }, /^classes\[1\] is 7; expected a text, in quotes/],
  [
    'a mean of two channels',
    { scale: { ...photos.scale, mean: [0, 1] } },
    /^scale\.mean is \[0,1\]; expected 3 numbers, one for each channel/,
  ],
  [
    'a mean of bytes',
    { scale: { ...photos.scale, mean: [0, 1, 128] } },
    /^scale\.mean\[2\] is 128; expected a number, at most 1/,
  ],
  [
    'a deviation of 0',
    { scale: { ...photos.scale, deviation: [0, 1, 1] } },
    /^scale\.deviation\[0\] is 0; expected a number, at least 0\.001/,
  ],
  ['columns', { columns: [] }, /^unknown field columns; the fields are kind, size, channels, classes, scale/],
]
for (const [kind, changes, says] of imageComplaints)
  test(`a schema of images with ${kind} is refused with its place`, async t => {
    t.regex(await complaint({ columns: undefined, target: undefined, ...photos, ...changes }), says)
  })

const many = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}${i}`)
const hostile: readonly (readonly [string, object, RegExp])[] = [
  [
    'too many columns',
    { columns: many(5000, 'c').map(name => ({ name, type: 'number' })) },
    /^columns is .*; expected at most 4096 of them/,
  ],
  [
    'too many values',
    column({ ...sex, values: many(1025, 'v') }),
    /^columns\[0\]\.values is .*; expected at most 1024 of them/,
  ],
  [
    'too many classes',
    target({ classes: many(257, 'c') }),
    /^target\.classes is .*; expected at most 256 of them/,
  ],
  [
    'a name without end',
    column({ ...number, name: 'x'.repeat(257) }),
    /^columns\[0\]\.name is .{1,64}; expected at most 256 letters/,
  ],
  [
    'names that none may have',
    column({ ...number, __proto__x: 1, constructor: 1 }),
    /^columns\[0\]: unknown field/,
  ],
]
for (const [kind, changes, says] of hostile)
  test(`a schema with ${kind} is refused with the limit`, async t => {
    const told = await complaint(changes)
    t.regex(told, says)
    t.true(told.length < 400)
  })

test('a schema of too many inputs, aliases, names twice or a megabyte is refused', async t => {
  const columns = Array.from(
    { length: 70 },
    (_, i) => `- {name: c${i}, type: category, values: [${many(1000, 'v').join(',')}]}`,
  )
  const wide = `kind: table\ncolumns:\n${columns.join('\n')}\ntarget: {name: y, type: number}\n`
  await t.throwsAsync(read(wide), {
    message: /columns is .*; expected columns that make at most 65536 inputs/,
  })
  await t.throwsAsync(read('kind: &k table\ncolumns: *k\n'), {
    message: /line 2, column 10: \*k is an alias/,
  })
  await t.throwsAsync(read('kind: table\nkind: table\n'), { message: /line 2, column 1: not YAML: .*unique/ })
  await t.throwsAsync(read('kind: [\n'), { message: /not YAML/ })
  await t.throwsAsync(read(`# ${'x'.repeat(2 ** 20)}\n`), {
    message: /cannot be read .*expected at most 1048576/,
  })
  await t.throwsAsync(readSchema(join(folder, 'none.yaml')), {
    message: /no such schema; "concord data inspect"/,
  })
})
