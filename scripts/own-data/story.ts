/** The story itself: the commands in their order, each on its member's host, and what came of them. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { holdOut } from '../../learning/data/hold-out.ts'
import type { Host } from '../lan-test/network.ts'
import { searchForRows } from './search.ts'
import { hospitals, type Row, rowsOf, tableText } from './tables.ts'

export interface StoryOptions {
  /** Three for the honest members, one for the liar. */
  readonly hosts: readonly Host[]
  readonly seed: number
  readonly say: (line: string) => void
}

/** Balanced accuracies, each the mean over the three members' hold-outs. */
export interface Figures {
  /** As the members agreed at the end. */
  readonly agreed: number
  /** Of one model trained on all honest members' training rows in one place. */
  readonly pooled: number
  readonly alone: readonly { readonly name: string; readonly alone: number }[]
  readonly bytesSearched: number
}

export interface Check {
  readonly what: string
  readonly holds: boolean
}

interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

const SEED = 1
const STEPS = 400
const learning = ['--steps', `${STEPS}`, '--model', 'softmax', '--rate', '1', '--momentum', '0.9']
const liar = 'dave'
const program = join(import.meta.dirname, '../../node/cli/main.ts')
const run = promisify(execFile)

export async function tell({
  hosts,
  seed,
  say,
}: StoryOptions): Promise<{ figures: Figures; checks: Check[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-own-data-'))
  const concord = async (
    host: number,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Said> => {
    say(`${[...hospitals.map(({ name }) => name), liar][host]}$ concord ${args.join(' ')}`)
    const [command, ...rest] = [...hosts[host]!.inside, process.execPath, ...importsOf(env), program, ...args]
    const options = { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 }
    const said = await run(command!, rest, options).then(
      ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        out: error.stdout,
        err: error.stderr,
      }),
    )
    if (said.code !== 0)
      say(`  exit code ${said.code}: ${said.err.trim().split('\n').slice(0, 3).join('\n  ')}`)
    return said
  }
  try {
    return await inFolder({ folder, concord, seed })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function importsOf({ CONCORD_CAPTURE }: NodeJS.ProcessEnv): readonly string[] {
  return CONCORD_CAPTURE === undefined ? [] : ['--import', new URL('./capture.ts', import.meta.url).href]
}

interface Stage {
  readonly folder: string
  readonly seed: number
  readonly concord: (host: number, args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Said>
}

async function inFolder(stage: Stage): Promise<{ figures: Figures; checks: Check[] }> {
  const { folder, concord } = stage
  const names = [...hospitals.map(({ name }) => name), liar]
  const { rows, heldOut } = await writeTables(stage)
  const members: string[] = []
  for (const [host, name] of names.entries())
    members.push(`${name}=${await idOf(concord, host, `${name}.pem`)}`)

  await concord(0, ['data', 'inspect', 'alice.csv', '--target', 'outcome', '-o', 'schema.yaml'])
  const refused = await concord(1, ['data', 'check', 'bob.csv', '--schema', 'schema.yaml'])
  await addDevice(join(folder, 'schema.yaml'), 'Core')
  const create = [
    'cohort',
    'create',
    'cohort.yaml',
    '--protocol',
    'rb-tm',
    '--faults',
    '1',
    '--schema',
    'schema.yaml',
  ]
  await concord(0, [
    ...create,
    ...learning,
    '--batch',
    '128',
    '--class-weights',
    'balanced',
    '--evaluate-every',
    '100',
    ...members,
  ])
  const checked: Said[] = []
  for (const [host, { name }] of hospitals.entries())
    checked.push(await concord(host, ['data', 'check', `${name}.csv`, '--cohort', 'cohort.yaml']))

  const joined = await Promise.all(
    names.map((name, host) => {
      const isLiar = name === liar
      const own = ['--identity', `${name}.pem`, '--data', `${name}.csv`]
      const more = isLiar
        ? ['--attack', join(import.meta.dirname, 'liar.ts'), '--linger', '5']
        : ['--report', `${name}.json`, '--save', `${name}.safetensors`]
      return concord(
        host,
        ['join', '--cohort', 'cohort.yaml', ...own, ...more],
        isLiar ? {} : { CONCORD_CAPTURE: join(folder, `${name}.sent`) },
      )
    }),
  )
  const reports = await Promise.all(
    hospitals.map(async ({ name }) => JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'))),
  )
  const agreed = mean(reports.map(agreedIn))

  const predicted = await concord(0, [
    'predict',
    'alice.safetensors',
    'bob.held-out.csv',
    '-o',
    'predictions.csv',
  ])
  const exported = await concord(0, ['export', 'alice.safetensors', 'alice.onnx', '--for', 'onnx'])
  const onHoldOuts = async (host: number, model: string) => {
    const scores: number[] = []
    for (const { name } of hospitals) {
      const { out } = await concord(host, [
        'predict',
        model,
        `${name}.held-out.csv`,
        '-o',
        `${name}.predicted.csv`,
        '--json',
      ])
      scores.push(JSON.parse(out).metrics.balancedAccuracy)
    }
    return mean(scores)
  }
  const alone: { name: string; alone: number }[] = []
  for (const [host, { name }] of hospitals.entries()) {
    await learnAlone(concord, host, `${name}.csv`, '128')
    alone.push({ name, alone: await onHoldOuts(host, `${name}.csv.safetensors`) })
  }
  await learnAlone(concord, 0, 'pooled.csv', '384')
  const pooled = await onHoldOuts(0, 'pooled.csv.safetensors')
  const saved = await onHoldOuts(0, 'alice.safetensors')

  const searched = await Promise.all(
    hospitals.map(async ({ name }, place) =>
      searchForRows(await readFile(join(folder, `${name}.sent`)), rows[place]!),
    ),
  )
  const bytesSearched = searched.reduce((sum, { bytes }) => sum + bytes, 0)
  const found = searched.flatMap(each => each.found)
  const checks: Check[] = [
    {
      what: 'data check finds the category that only bob has',
      holds: refused.code !== 0 && /"Core"/.test(refused.out + refused.err),
    },
    { what: 'with it in the schema, all three files fit', holds: checked.every(({ code }) => code === 0) },
    { what: 'all honest members finished', holds: joined.slice(0, 3).every(({ code }) => code === 0) },
    { what: 'the saved model does what was agreed on', holds: Math.abs(saved - agreed) < 0.01 },
    {
      what: 'predict and export work on the saved model',
      holds: predicted.code === 0 && exported.code === 0,
    },
    {
      what: `none of the rows is in what left the members (${(bytesSearched / 1e6).toFixed(1)} MB searched)${found
        .slice(0, 3)
        .map(each => `; found ${each}`)
        .join('')}`,
      holds: found.length === 0 && heldOut > 0 && bytesSearched > 1e6,
    },
  ]
  return { figures: { agreed, pooled, alone, bytesSearched }, checks }
}

/** Writes each member's table, its held-out rows for measuring, and all honest training rows in one table. */
async function writeTables({ folder, seed }: Stage) {
  const rows = hospitals.map((hospital, place) => rowsOf(hospital, place, seed))
  const training: Row[] = []
  let heldOut = 0
  for (const [place, hospital] of hospitals.entries()) {
    const all = rows[place]!
    // As a member draws it: the schema's classes are in alphabetical order.
    const { train, test } = holdOut(
      Uint8Array.from(all, ({ outcome }) => (outcome === 'well' ? 1 : 0)),
      0.2,
      SEED,
    )
    training.push(...Array.from(train, row => all[row]!))
    heldOut += test.length
    await writeFile(join(folder, `${hospital.name}.csv`), tableText(hospital, all))
    await writeFile(
      join(folder, `${hospital.name}.held-out.csv`),
      tableText(
        hospital,
        Array.from(test, row => all[row]!),
      ),
    )
  }
  await writeFile(join(folder, 'pooled.csv'), tableText(hospitals[0]!, training))
  await writeFile(join(folder, `${liar}.csv`), tableText(hospitals[0]!, rowsOf(hospitals[0]!, 0, seed + 1)))
  return { rows, heldOut }
}

async function idOf(concord: Stage['concord'], host: number, file: string): Promise<string> {
  return /12D3KooW\w+/.exec((await concord(host, ['keygen', file])).out)![0]
}

/** What a person does who knows that there are other makers. */
async function addDevice(path: string, maker: string): Promise<void> {
  const schema = parse(await readFile(path, 'utf8'))
  schema.columns.find(({ name }: { name: string }) => name === 'device').values.push(maker)
  await writeFile(path, stringify(schema))
}

/** The same learning by a cohort of one. */
async function learnAlone(
  concord: Stage['concord'],
  host: number,
  file: string,
  batch: string,
): Promise<void> {
  const id = await idOf(concord, host, `${file}.pem`)
  const create = [
    'cohort',
    'create',
    `${file}.yaml`,
    '--protocol',
    'mda',
    '--faults',
    '0',
    '--schema',
    'schema.yaml',
  ]
  await concord(host, [...create, ...learning, '--batch', batch, '--class-weights', 'balanced', `me=${id}`])
  await concord(host, [
    'join',
    '--cohort',
    `${file}.yaml`,
    '--identity',
    `${file}.pem`,
    '--data',
    file,
    '--no-mdns',
    '--save',
    `${file}.safetensors`,
  ])
}

function agreedIn(report: { readonly agreed: { readonly balancedAccuracy: number } }): number {
  return report.agreed.balancedAccuracy
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length
}
