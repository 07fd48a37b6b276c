/** `concord data inspect` and `check`, and a cohort with a schema, through the command line. */
import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { cohort } from '../../../node/cli/commands/cohort.ts'
import { data } from '../../../node/cli/commands/data.ts'
import { doctor } from '../../../node/cli/commands/doctor.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { cohortId } from '../../../node/cohort/cohort.ts'
import { readCohort } from '../../../node/cohort/file.ts'
import { run } from './concord.ts'
import { place } from './places.ts'
import { recordedTerminal } from './terminals.ts'

async function concord(...args: readonly string[]) {
  const terminal = recordedTerminal()
  const commands = [data, cohort, doctor]
  const program = { name: 'concord', version: '0', summary: '', commands, terminal, debug: true }
  const code = await runProgram(program, args)
  const [said, warned, written] = [terminal.printed, terminal.warned, terminal.written].map(lines =>
    lines.join('\n'),
  )
  return { code, said: said!, warned: warned!, written: written! }
}

const row = (i: number) =>
  `${i},${20 + (i % 50)},${i % 2 ? 'f' : 'm'},${i % 7 === 0 ? '' : i % 3},${i % 5 ? 'well' : 'ill'}`
const table = (rows = 60) =>
  `patient,age,sex,visits,outcome\n${Array.from({ length: rows }, (_, i) => `${row(i)}\n`).join('')}`

/** Members' keys, a table and its schema. */
async function scene(t: ExecutionContext) {
  const files = await place(t)
  const [ours, schema] = [join(files.folder, 'ours.csv'), join(files.folder, 'schema.yaml')]
  await writeFile(ours, table())
  const { code, said } = await concord('data', 'inspect', ours, '--target', 'outcome', '-o', schema)
  t.is(code, 0)
  return {
    ...files,
    ours,
    schema,
    said,
    members: files.cohort.members.map(({ name, id }) => `${name}=${id}`),
  }
}

test('inspect proposes, check agrees, and a cohort takes the schema into its id', async t => {
  const { folder, ours, schema, said, members } = await scene(t)
  t.regex(said, /"patient" is left out: it numbers the rows/)
  t.regex(said, /wrote .*schema\.yaml/)
  const fits = await concord('data', 'check', ours, '--schema', schema)
  t.is(fits.code, 0, fits.warned)
  t.regex(fits.said, /ours\.csv fits the schema: 60 rows; classes of "outcome": ill 12, well 48/)
  const [one, other] = [join(folder, 'one.yaml'), join(folder, 'other.yaml')]
  const create = ['--protocol', 'mda', '--faults', '0', '--model', 'softmax', ...members]
  t.is((await concord('cohort', 'create', one, ...create, '--schema', schema)).code, 0)
  const changed = (await readFile(schema, 'utf8')).replace('- well', '- well\n    - dead')
  await writeFile(schema, changed)
  t.is((await concord('cohort', 'create', other, ...create, '--schema', schema)).code, 0)
  const [first, second] = [await readCohort(one), await readCohort(other)]
  t.not(cohortId(first), cohortId(second))
  const differ = await concord('cohort', 'check', one, other)
  t.regex(differ.warned, /they differ in schema\.target\.classes\[2\]/)
  t.regex(await readFile(one, 'utf8'), /^partition: own$/m)
  t.is((await concord('data', 'check', ours, '--cohort', one)).code, 0)
  const lacks = await concord('data', 'check', ours, '--cohort', other)
  t.is(lacks.code, 0)
  t.regex(lacks.said, /no row here has the class dead; the other members may have such rows/)
})

test('check ends with 1, says line, column and value, and counts what it leaves out', async t => {
  const { folder, schema } = await scene(t)
  const theirs = join(folder, 'theirs.csv')
  const rows = Array.from({ length: 30 }, (_, i) => `${i},F,1,well,4${i}\n`)
  await writeFile(theirs, `patient,sex,visits,outcome,age\n${rows.join('')}99,f,1,gone\u001b[2J,old\n`)
  const { code, said, warned } = await concord('data', 'check', theirs, '--schema', schema)
  t.is(code, 1)
  t.regex(warned, /theirs\.csv: line 2, column 2 \(sex\) is "F"; expected one of f, m/)
  t.regex(warned, /theirs\.csv: and 25 more of this kind in column "sex"/)
  t.regex(warned, /line 32, column 5 \(age\) is "old"; expected a number/)
  t.regex(warned, /line 32, column 4 \(outcome\) is "gone\\u001b\[2J"; expected one of the classes ill, well/)
  t.is(warned.split('\n').length, 8)
  t.regex(said, /32 things do not fit/)
  const json = await concord('data', 'check', theirs, '--schema', schema, '--json')
  t.is(json.code, 1)
  t.like(JSON.parse(json.written), {
    fits: false,
    misfits: 32,
    notes: ['no row here has the class ill; the other members may have such rows'],
  })
})

test('inspect without -o writes the schema alone to standard output', async t => {
  const { ours, schema } = await scene(t)
  const { code, stdout, stderr } = await run('data', 'inspect', ours, '--target', 'outcome')
  t.is(code, 0)
  t.is(stdout, await readFile(schema, 'utf8'))
  t.regex(stderr, /The target "outcome" has 2 classes/)
})

test('wrong usage of inspect and check is said', async t => {
  const { ours, schema, cohortPath } = await scene(t)
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['inspect', ours], /--target is missing/],
    [['inspect', ours, '--target', 'nothing'], /no column "nothing"; expected a header/],
    [
      ['inspect', ours, '--target', 'outcome', '-o', schema],
      /--out is ".*schema\.yaml", which exists already; .*--force/,
    ],
    [['inspect', join(ours, 'x.csv'), '--target', 'outcome'], /ENOTDIR.*expected a table that can be read/],
    [['check', ours], /--schema and --cohort are missing; expected one of them/],
    [['check', ours, '--schema', schema, '--cohort', cohortPath], /are both given; expected one/],
    [
      ['check', ours, '--cohort', cohortPath],
      /has no schema; expected one that "concord cohort create --schema"/,
    ],
    [['check', `${ours}x`, '--schema', schema], /expected a \.csv, \.tsv or \.parquet file/],
  ]
  for (const [args, says] of cases) {
    const { code, warned } = await concord('data', ...args)
    t.is(code, 2, args.join(' '))
    t.regex(warned, says)
  }
  t.is((await concord('data', 'inspect', ours, '--target', 'outcome', '-o', schema, '--force')).code, 0)
})

test('a schema that the model cannot use makes no cohort, nor does a partition "own" without one', async t => {
  const { folder, schema, members, cohortPath } = await scene(t)
  const path = join(folder, 'new.yaml')
  const create = (...more: readonly string[]) =>
    concord('cohort', 'create', path, '--protocol', 'mda', '--faults', '0', ...more, ...members)
  t.regex(
    (await create('--schema', schema, '--model', 'lenet')).warned,
    /the model does not fit the schema: model lenet/,
  )
  t.regex(
    (await create('--schema', schema, '--model', 'linear-regression')).warned,
    /does not fit the schema: .*real targets/,
  )
  t.regex(
    (await create('--schema', schema, '--model', 'external')).warned,
    /model is "external", and there is a schema; expected none/,
  )
  t.regex((await create('--schema', `${schema}x`)).warned, /no such schema/)
  t.regex(
    (await create('--schema', schema, '--steps', '1')).warned,
    /steps is 1, and step 1 agrees on the statistics of the schema; expected 2 at least/,
  )
  t.regex((await create('--partition', 'own')).warned, /partition is "own", and there is no schema/)
  await t.throwsAsync(access(path))
  t.is((await create('--partition', 'own', '--model', 'external')).code, 0)
  t.regex(await readFile(path, 'utf8'), /^partition: own$/m)
  await writeFile(path, `${await readFile(cohortPath, 'utf8')}partition: own\n`)
  t.regex((await concord('cohort', 'check', path)).warned, /partition is "own", and there is no schema/)
  const external = (await readFile(cohortPath, 'utf8')).replace(/^model: .*$/m, 'model: external')
  await writeFile(path, `${external}partition: own\n`)
  t.is((await concord('cohort', 'check', path)).warned, '', 'programs read files of their own without one')
  await writeFile(path, `${await readFile(cohortPath, 'utf8')}partition: mine\n`)
  t.regex(
    (await concord('cohort', 'check', path)).warned,
    /partition is "mine"; expected own, iid, label, or dirichlet/,
  )
})

/** A cohort file with the schema. */
async function cohortWith({
  folder,
  schema,
  members,
}: Pick<Awaited<ReturnType<typeof scene>>, 'folder' | 'schema' | 'members'>): Promise<string> {
  const path = join(folder, 'agreed.yaml')
  const settings = ['--model', 'softmax', '--faults', '1', '--protocol', 'rb-tm', '--schema', schema]
  await concord('cohort', 'create', path, ...settings, ...members)
  return path
}

test('join refuses what check refuses, and options that do not fit, before it listens', async t => {
  const { folder, ours, schema, members, identityPaths, cohortPath } = await scene(t)
  const agreed = await cohortWith({ folder, schema, members })
  const wrong = join(folder, 'wrong.csv')
  await writeFile(wrong, table().replace(',f,', ',female,'))
  const join_ = (cohortFile: string, ...more: readonly string[]) =>
    run(
      'join',
      '--cohort',
      cohortFile,
      '--identity',
      identityPaths[0]!,
      '--no-mdns',
      '--state',
      'none',
      ...more,
    )
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    [agreed, ['--data', wrong], /line 3, column 3 \(sex\) is "female"; expected one of f, m/],
    [agreed, [], /--data is missing: the cohort has a schema/],
    [agreed, ['--data', ours, '--partition', 'iid'], /--partition is "iid", and the cohort's is own/],
    [
      agreed,
      ['--data', ours, '--oracle', 'python3 x.py'],
      /--oracle cannot be used where the cohort has a schema/,
    ],
    [cohortPath, ['--partition', 'own'], /--partition is "own", which needs a schema/],
    [cohortPath, ['--holdout', '0.5'], /--holdout needs a schema/],
  ]
  for (const [cohortFile, args, says] of cases) {
    const { code, stdout, stderr } = await join_(cohortFile, ...args)
    t.is(code, 2, stderr)
    t.regex(stderr, says)
    t.notRegex(stdout, /listening/)
  }
})

test('doctor looks at a member’s own table', async t => {
  const { folder, ours, schema, members } = await scene(t)
  const agreed = await cohortWith({ folder, schema, members })
  const wrong = join(folder, 'wrong.csv')
  await writeFile(wrong, table().replace(',f,', ',female,').replace(',m,', ',male,'))
  const asked = (...more: readonly string[]) => concord('doctor', agreed, '--no-mdns', ...more)
  const unnamed = await asked()
  t.is(unnamed.code, 0)
  t.regex(
    unnamed.said,
    /softmax has 12 parameters by the cohort's schema; the member's own data was not looked at/,
  )
  t.regex(
    (await asked('--data', ours)).said,
    /ours\.csv fits it: 60 rows; classes of "outcome": ill 12, well 48/,
  )
  const refused = await asked('--data', wrong)
  t.is(refused.code, 1)
  t.regex(refused.said, /column 3 \(sex\) is "male"; expected one of f, m.*, and 1 more/)
  const gone = await asked('--data', `${ours.replace('ours', 'gone')}`)
  t.is(gone.code, 1)
  t.regex(gone.said, /gone\.csv: no such file/)
})
