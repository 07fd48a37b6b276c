/** A cohort with a schema of images, through the command line: inspect, check, create, join and doctor. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { randomStream } from '../../../learning/random.ts'
import { cohort } from '../../../node/cli/commands/cohort.ts'
import { data } from '../../../node/cli/commands/data.ts'
import { doctor } from '../../../node/cli/commands/doctor.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { cohortId } from '../../../node/cohort/cohort.ts'
import { readCohort } from '../../../node/cohort/file.ts'
import { drawnShape, foldersOf } from '../../learning/data/images.ts'
import { run } from './concord.ts'
import { place } from './places.ts'
import { recordedTerminal } from './terminals.ts'

async function concord(...args: readonly string[]) {
  const terminal = recordedTerminal()
  const program = {
    name: 'concord',
    version: '0',
    summary: '',
    commands: [data, cohort, doctor],
    terminal,
    debug: true,
  }
  const code = await runProgram(program, args)
  const [said, warned, written] = [terminal.printed, terminal.warned, terminal.written].map(lines =>
    lines.join('\n'),
  )
  return { code, said: said!, warned: warned!, written: written! }
}

/** Members' keys, a folder of shapes, and the schema that is proposed for it. */
async function scene(t: ExecutionContext, side = 16) {
  const files = await place(t)
  const random = randomStream(1, 'shapes')
  const images: Record<string, Buffer> = {}
  for (const shape of ['disc', 'stripe', 'cross'] as const)
    for (let i = 0; i < 6; i++) images[`${shape}/${i}.png`] = drawnShape(shape, side, random)
  const ours = await foldersOf(t, images)
  const schema = join(files.folder, 'schema.yaml')
  const { code, said } = await concord('data', 'inspect', ours, '-o', schema)
  t.is(code, 0)
  return {
    ...files,
    ours,
    schema,
    said,
    members: files.cohort.members.map(({ name, id }) => `${name}=${id}`),
  }
}

const settings = ['--protocol', 'rb-tm', '--faults', '1']

test('inspect proposes, check agrees, and a cohort takes the schema into its id', async t => {
  const { folder, ours, schema, said, members } = await scene(t)
  t.regex(said, /The 3 folders are the classes: cross \(6 images\), disc \(6 images\), stripe \(6 images\)\./)
  t.regex(said, /All 18 images are 16 × 16 pixels\./)
  const fits = await concord('data', 'check', ours, '--schema', schema)
  t.is(fits.code, 0, fits.warned)
  t.regex(fits.said, /fits the schema: 18 images; classes: cross 6, disc 6, stripe 6/)
  const [one, other] = [join(folder, 'one.yaml'), join(folder, 'other.yaml')]
  const create = (path: string) =>
    concord('cohort', 'create', path, ...settings, '--model', 'lenet', '--schema', schema, ...members)
  t.is((await create(one)).code, 0)
  t.regex(await readFile(one, 'utf8'), /^partition: own$/m)
  await writeFile(schema, (await readFile(schema, 'utf8')).replace('- stripe', '- stripe\n  - star'))
  t.is((await create(other)).code, 0)
  const [first, second] = [await readCohort(one), await readCohort(other)]
  t.not(cohortId(first), cohortId(second))
  t.regex((await concord('cohort', 'check', one, other)).warned, /they differ in schema\.classes\[3\]/)
  t.is((await concord('data', 'check', ours, '--cohort', one)).code, 0)
  const lacks = await concord('data', 'check', ours, '--cohort', other)
  t.is(lacks.code, 0)
  t.regex(lacks.said, /no image here has the class star; the other members may have such images/)
})

test('check ends with 1, names each image that cannot be read, and counts the rest', async t => {
  const { ours, schema } = await scene(t)
  for (let i = 0; i < 6; i++) await writeFile(join(ours, 'disc', `${i}.png`), 'no image')
  const { code, said, warned } = await concord('data', 'check', ours, '--schema', schema)
  t.is(code, 1)
  t.is(warned.split('\n').length, 6)
  t.true(warned.startsWith(`${ours}: disc/0.png: it is neither PNG nor JPEG`), warned)
  t.true(warned.endsWith(`${ours}: and 1 more of this kind`), warned)
  t.regex(said, /6 things do not fit/)
  const json = await concord('data', 'check', ours, '--schema', schema, '--json')
  t.like(JSON.parse(json.written), { fits: false, misfits: 6, notes: [] })
})

test('wrong usage is said', async t => {
  const { ours, schema, cohortPath } = await scene(t)
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [
      ['inspect', ours, '--target', 'y'],
      /--target is "y", and folders of images have their classes for names/,
    ],
    [
      ['inspect', cohortPath, '--target', 'y', '--size', '2x2'],
      /--size is for images; expected a folder of images, or no --size/,
    ],
    [['inspect', ours, '--size', '2'], /--size is "2"; expected width and height in pixels, such as 28x28/],
    [
      ['inspect', `${ours}?size=2x2`],
      /the schema says to what images are brought; expected .*, without "\?size=2x2"/,
    ],
    [['check', schema, '--schema', schema], /expected a folder with a folder of \.png/],
    [['check', `${ours}x`, '--schema', schema], /no such folder/],
  ]
  for (const [args, says] of cases) {
    const { code, warned } = await concord('data', ...args)
    t.is(code, 2, args.join(' '))
    t.regex(warned, says)
  }
  const { said } = await concord(
    'data',
    'inspect',
    ours,
    '--size',
    '8x6',
    '--no-scale',
    '-o',
    schema,
    '--force',
  )
  t.regex(said, /brought to 8 × 6 pixels; 0 of 18 have this size/)
  const written = await readFile(schema, 'utf8')
  t.regex(written, /size:\n {2}width: 8\n {2}height: 6\nchannels: 1\n/)
  t.notRegex(written, /scale/)
})

test('a model that the images do not suit makes no cohort', async t => {
  const { folder, ours, schema, members } = await scene(t)
  await concord('data', 'inspect', ours, '--size', '12x12', '-o', schema, '--force')
  const create = (model: string) =>
    concord(
      'cohort',
      'create',
      join(folder, 'new.yaml'),
      ...settings,
      '--schema',
      schema,
      '--model',
      model,
      ...members,
    )
  t.regex(
    (await create('lenet')).warned,
    /the model does not fit the schema: model lenet on examples of 12 × 12: expected images, .* at least 16 × 16 pixels/,
  )
  t.regex((await create('linear-regression')).warned, /does not fit the schema: .*real targets/)
  t.is((await create('mlp:16')).code, 0)
})

test('join and doctor refuse what check refuses, before anything listens', async t => {
  const { folder, ours, schema, members, identityPaths } = await scene(t)
  const agreed = join(folder, 'agreed.yaml')
  await concord('cohort', 'create', agreed, ...settings, '--model', 'softmax', '--schema', schema, ...members)
  const asked = (...more: readonly string[]) => concord('doctor', agreed, '--no-mdns', ...more)
  t.regex(
    (await asked()).said,
    /softmax has 771 parameters by the cohort's schema; the member's own data was not looked at/,
  )
  const fits = await asked('--data', ours)
  t.regex(fits.said, /fits it: 18 images; classes: cross 6, disc 6, stripe 6/)
  const joined = async (...more: readonly string[]) => {
    const { code, stdout, stderr } = await run(
      'join',
      '--cohort',
      agreed,
      '--identity',
      identityPaths[0]!,
      '--no-mdns',
      '--state',
      'none',
      ...more,
    )
    t.is(code, 2, stderr)
    t.notRegex(stdout, /listening/)
    return stderr
  }
  t.regex(
    await joined(),
    /--data is missing: .*expected a folder with a folder of \.png or \.jpg images for each class/,
  )
  t.regex(await joined('--data', `${ours}?channels=1`), /expected .*, without "\?channels=1"/)
  await writeFile(join(ours, 'disc', '2.png'), 'no image')
  t.regex(await joined('--data', ours), /disc\/2\.png: it is neither PNG nor JPEG/)
  const refused = await asked('--data', ours)
  t.is(refused.code, 1)
  t.regex(refused.said, /disc\/2\.png: it is neither PNG nor JPEG/)
  t.regex((await asked('--data', `${ours}-gone`)).said, /no such folder/)
})
