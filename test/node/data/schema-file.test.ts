/** Schema files: what is wrong is told with file, field, value and what would be right; nothing hostile gets in. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { DataError } from '../../../learning/data/dataset.ts'
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
  const schema = await read(stringify(good))
  t.deepEqual(schema.unused, [])
  t.is(schema.columns[0]!.indicator, false)
  t.deepEqual(await read(formatSchema(schema)), schema)
  const odd = { ...good, columns: [{ ...sex, values: ['yes', '1', 'true', '~', ' x', 'a: b'] }] }
  t.deepEqual((await read(formatSchema(await read(stringify(odd))))).columns, [
    { ...odd.columns[0], indicator: false } as never,
  ])
})

const column = (changes: object) => ({ columns: [changes] })
const target = (changes: object) => ({ target: { ...good.target, ...changes } })
const complaints: readonly (readonly [string, object, RegExp])[] = [
  ['no kind', { kind: undefined }, /^kind is missing; expected one of table/],
  ['another kind', { kind: 'images' }, /^kind is "images"; expected one of table/],
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
