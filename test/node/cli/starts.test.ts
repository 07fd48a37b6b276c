/** Where a run starts and what it leaves: `--init` and `--save` of simulate, `init` in a cohort file, `--augment`. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { fieldDigests } from '../../../node/cohort/cohort.ts'
import { readCheckpoint } from '../../../node/files/checkpoint.ts'
import { differingFields } from '../../../node/network/hello.ts'
import { testCohort } from '../cohorts.ts'
import { run } from './concord.ts'
import { runInside } from './inside.ts'
import { place } from './places.ts'

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'concord-'))
  t.teardown(() => rm(path, { recursive: true }))
  return path
}

const softmax = ['--model', 'softmax', '--steps', '5', '--peers', '7', '--batch', '16']

for (const architecture of ['peers', 'server'])
  test(`simulate --architecture ${architecture}: what one run saved, another starts from`, async t => {
    const directory = await folder(t)
    const [first, second] = [join(directory, 'a.safetensors'), join(directory, 'b.safetensors')]
    const args = ['simulate', '--architecture', architecture, ...softmax]
    const learnt = await run(...args, '--save', first)
    t.is(learnt.code, 0, learnt.stderr)
    t.regex(learnt.stdout, /a\.safetensors holds (the parameters of peer 0|its parameters)/)
    const again = await run(...args, '--init', first, '--save', second, '--json')
    t.is(again.code, 0, again.stderr)
    const fresh = await run(...args, '--json')
    t.true(JSON.parse(again.stdout).honest[0].loss < JSON.parse(fresh.stdout).honest[0].loss)
    const { model, tensors } = await readCheckpoint(second)
    t.is(model, 'softmax')
    t.notDeepEqual(tensors, (await readCheckpoint(first)).tensors)
    const other = await run('simulate', '--model', 'mlp', '--steps', '1', '--init', first)
    t.is(other.code, 2)
    t.regex(other.stderr, /a\.safetensors holds linear\.weight, which the model does not have/)
  })

test('simulate --seeds learns no model: neither --init nor --save', async t => {
  for (const name of ['--init', '--save']) {
    const { code, stderr } = await runInside('simulate', '--seeds', '2', name, 'a.safetensors')
    t.is(code, 2)
    t.true(stderr.includes(`${name} is given, but --seeds draws what it runs from each seed`), stderr)
  }
})

test('a member that starts from another checkpoint than the cohort is told which is wanted', async t => {
  const directory = await folder(t)
  const [ours, theirs] = [join(directory, 'ours.safetensors'), join(directory, 'theirs.safetensors')]
  await writeFile(ours, 'ours')
  await writeFile(theirs, 'theirs')
  const digest = (text: string) => createHash('sha256').update(text).digest('hex')
  const { cohortPath, identityPaths } = await place(t, { init: digest('theirs') })
  const joining = ['join', '--cohort', cohortPath, '--identity', identityPaths[0]!, '--no-mdns']
  const missing = await run(...joining)
  t.is(missing.code, 2)
  t.true(
    missing.stderr.includes(
      `--init is missing: the cohort starts from the checkpoint with SHA-256 ${digest('theirs')}`,
    ),
  )
  const wrong = await run(...joining, '--init', ours)
  t.is(wrong.code, 2)
  t.true(wrong.stderr.includes(`whose SHA-256 is ${digest('ours')}`), wrong.stderr)
  const right = await run(...joining, '--init', theirs)
  t.regex(right.stderr, /theirs\.safetensors/, 'that it is no checkpoint is found out afterwards')
  t.notRegex(right.stderr, /SHA-256/)
})

test('cohort create --init names the checkpoint in the file', async t => {
  const directory = await folder(t)
  const [file, checkpoint] = [join(directory, 'c.yaml'), join(directory, 'x.safetensors')]
  await writeFile(checkpoint, 'x')
  const members = testCohort().members.map(({ name, id }) => `${name}=${id}`)
  const made = await runInside('cohort', 'create', file, ...members, '--init', checkpoint)
  t.is(made.code, 0, made.stderr)
  t.regex(
    await readFile(file, 'utf8'),
    new RegExp(`^init: ${createHash('sha256').update('x').digest('hex')}$`, 'm'),
  )
  const gone = await runInside(
    'cohort',
    'create',
    join(directory, 'd.yaml'),
    ...members,
    '--init',
    '/nowhere/x',
  )
  t.is(gone.code, 2)
  t.regex(gone.stderr, /\/nowhere\/x cannot be read: there is no such file/)
})

test('cohorts that differ in their checkpoint, or of which one has none, say so in their hello', t => {
  const hello = (changes: object) => ({
    cohortId: '',
    name: '',
    software: '',
    fields: fieldDigests(testCohort({ ...changes })),
  })
  const [none, a, b] = [hello({}), hello({ init: 'a'.repeat(64) }), hello({ init: 'b'.repeat(64) })]
  t.deepEqual(differingFields(a, b), ['init'])
  t.deepEqual(differingFields(none, a), ['init'])
  t.false(none.fields.has('init'), 'cohorts from before keep their id')
})

test('--augment: images only, our models only', async t => {
  const directory = await folder(t)
  const table = join(directory, 't.csv')
  await writeFile(table, `x,y,label\n${'1,2,0\n2,3,1\n'.repeat(10)}`)
  const flat = await run('simulate', ...softmax, '--data', table, '--augment', 'mirror')
  t.is(flat.code, 2)
  t.regex(flat.stderr, /t\.csv: examples of 2 values cannot be mirrored; expected images/)
  const foreign = await runInside('demo', '--oracle', 'true', '--augment', 'mirror')
  t.is(foreign.code, 2)
  t.regex(foreign.stderr, /--augment is "mirror", but the gradients come from an oracle/)
  const runs = await Promise.all(
    ['none', 'mirror'].map(how => run('simulate', ...softmax, '--augment', how, '--json')),
  )
  const [plain, mirrored] = runs.map(({ stdout }) => JSON.parse(stdout).honest[0].loss)
  t.not(plain, mirrored)
})
