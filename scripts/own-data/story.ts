/** The story: the commands in their order, each on its member's host, and what came of them. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { searchFor } from './search.ts'
import type { Said, Stage } from './stage.ts'
import { honest, LIAR, SEED, type Subject, type Wanted } from './subject.ts'

/** Balanced accuracies, each the mean over the three members' hold-outs. */
export interface Figures {
  /** As the members agreed at the end. */
  readonly agreed: number
  /** Of the model that a member saved. */
  readonly saved: number
  /** Of one model trained on all honest members' training rows in one place, for as many steps. */
  readonly pooled: number
  /** Of each member's own model, trained for as many steps. */
  readonly alone: Readonly<Record<string, number>>
}

interface Check {
  readonly what: string
  readonly holds: boolean
}

/** All who join, the liar last. */
export const memberNames: readonly string[] = [...honest, LIAR]
/** What is the same for the cohort and for each learning alone. */
const settingsOf = ({ schema, learning }: Subject) => [
  ...['--seed', `${SEED}`, '--momentum', '0.9', ...learning],
  ...(schema === null ? [] : ['--schema', 'schema.yaml', '--class-weights', 'balanced']),
]
const oracleOf = ({ oracle }: Subject) => (oracle === null ? [] : ['--oracle', `${PYTHON} ${oracle}`])

/** Debian's, which has its packages. */
const PYTHON = '/usr/bin/python3'
const run = promisify(execFile)

/** @param seed of the data */
export async function tell(
  stage: Stage,
  subject: Subject,
  seed: number,
): Promise<{ figures: Figures; checks: readonly Check[] }> {
  const wanted = await subject.write(stage.folder, seed)
  const prepared = await prepare(stage, subject)
  const learnt = await learnTogether(stage, subject)
  const used = await useModel(stage, subject)
  const figures = { agreed: learnt.agreed, ...(await compare(stage, subject)) }
  return { figures, checks: [...prepared, ...learnt.checks, ...used, await searchAll(stage, wanted)] }
}

/** Keys, the schema, what does not fit, the cohort. */
async function prepare(stage: Stage, subject: Subject): Promise<Check[]> {
  const { concord } = stage
  const { data, schema, batch } = subject
  const members: string[] = []
  for (const name of memberNames) members.push(`${name}=${await makeKey(concord, name, `${name}.pem`)}`)
  const refused = schema && (await agreeOnSchema(stage, subject, schema))
  const protocol = ['--protocol', 'rb-tm', '--faults', '1', '--grace', '200', '--evaluate-every', '100']
  const others = [...settingsOf(subject), '--batch', `${batch}`, ...members]
  await concord('alice', ['cohort', 'create', 'cohort.yaml', ...protocol, ...others])
  if (schema === null || refused === null) return []
  const checked: Said[] = []
  for (const name of honest)
    checked.push(await concord(name, ['data', 'check', data(name), '--cohort', 'cohort.yaml']))
  return [
    {
      what: `data check names "${schema.lacking}", which the proposed schema lacks`,
      holds: refused.code !== 0 && (refused.out + refused.err).includes(`"${schema.lacking}"`),
    },
    { what: 'with it in the schema, everybody’s data fits', holds: checked.every(({ code }) => code === 0) },
  ]
}

/** @returns what "data check" says of a member's data that has more than the proposer's */
async function agreeOnSchema(
  { folder, concord }: Stage,
  { data }: Subject,
  { proposer, inspected, complete }: NonNullable<Subject['schema']>,
): Promise<Said> {
  await concord(proposer, ['data', 'inspect', data(proposer), ...inspected, '-o', 'schema.yaml'])
  const refused = await concord('bob', ['data', 'check', data('bob'), '--schema', 'schema.yaml'])
  const path = join(folder, 'schema.yaml')
  await writeFile(path, complete(await readFile(path, 'utf8')))
  return refused
}

async function makeKey(concord: Stage['concord'], member: string, file: string): Promise<string> {
  return /12D3KooW\w+/.exec((await concord(member, ['keygen', file])).out)![0]
}

async function learnTogether(
  { folder, concord }: Stage,
  subject: Subject,
): Promise<{ agreed: number; checks: Check[] }> {
  const joining = (name: string) => {
    const own = ['--identity', `${name}.pem`, '--data', subject.data(name)]
    return ['join', '--cohort', 'cohort.yaml', ...own, ...oracleOf(subject)]
  }
  const attack = ['--attack', join(import.meta.dirname, 'liar.ts'), '--linger', '5']
  const lying = concord(LIAR, [...joining(LIAR), ...attack])
  const ends = await Promise.all(
    honest.map(name =>
      concord(
        name,
        [...joining(name), '--report', `${name}.json`, '--save', `${name}.safetensors`, '--linger', '20'],
        `${name}.sent`,
      ),
    ),
  )
  await lying
  const reports = await Promise.all(
    honest.map(async name => JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'))),
  )
  const [first] = reports
  const own = reports.map(({ honest: [mine] }) => mine.metrics.balancedAccuracy)
  const agreed = first.honest[0].agreed.balancedAccuracy
  const { low, high } = { low: Math.min(...own), high: Math.max(...own) }
  return {
    agreed,
    checks: [
      { what: 'all honest members finished', holds: ends.every(({ code }) => code === 0) },
      {
        what: 'the agreed figure lies where the honest members have theirs, whatever the liar claims',
        holds: agreed >= low - ROUNDING && agreed <= high + ROUNDING,
      },
    ],
  }
}

/** Of a figure as a 32-bit float. */
const ROUNDING = 1e-6

async function useModel({ concord }: Stage, { heldOut, oracle }: Subject): Promise<Check[]> {
  if (oracle !== null) return []
  const args = ['alice.safetensors', heldOut('bob'), '-o', 'predictions.csv']
  const predicted = await concord('alice', ['predict', ...args])
  const exported = await concord('alice', ['export', 'alice.safetensors', 'alice.onnx', '--for', 'onnx'])
  return [
    { what: 'a member’s model predicts for another’s examples', holds: predicted.code === 0 },
    { what: 'and is written as ONNX', holds: exported.code === 0 },
  ]
}

async function compare(stage: Stage, subject: Subject): Promise<Omit<Figures, 'agreed'>> {
  const { concord } = stage
  const { data, batch } = subject
  /** The same learning by a cohort of one. */
  const learnAlone = async (member: string, name: string, size: number) => {
    const key = `${name}.alone.pem`
    const me = `me=${await makeKey(concord, member, key)}`
    const create = [`${name}.yaml`, '--protocol', 'mda', '--faults', '0', ...settingsOf(subject)]
    await concord(member, ['cohort', 'create', ...create, '--batch', `${size}`, me])
    const own = ['--cohort', `${name}.yaml`, '--identity', key, '--data', data(name), '--no-mdns']
    await concord(member, ['join', ...own, ...oracleOf(subject), '--save', `${name}.alone.safetensors`])
    return measure(stage, subject, member, `${name}.alone.safetensors`)
  }
  const alone: Record<string, number> = {}
  for (const name of honest) alone[name] = await learnAlone(name, name, batch)
  const pooled = await learnAlone('alice', 'pooled', honest.length * batch)
  return { saved: await measure(stage, subject, 'alice', 'alice.safetensors'), pooled, alone }
}

/** The mean balanced accuracy of a saved model over the members' hold-outs. */
async function measure(
  { folder, concord }: Stage,
  { heldOut, oracle }: Subject,
  member: string,
  model: string,
): Promise<number> {
  if (oracle !== null) {
    const { stdout } = await run(PYTHON, [oracle, model, ...honest.map(heldOut)], { cwd: folder })
    return mean(stdout.trim().split('\n').map(Number))
  }
  const scores: number[] = []
  for (const name of honest) {
    const args = [model, heldOut(name), '-o', `${member}.predictions.csv`, '--json']
    scores.push(JSON.parse((await concord(member, ['predict', ...args])).out).metrics.balancedAccuracy)
  }
  return mean(scores)
}

/** The least that three members send in such a run: with less, nothing was captured. */
const SENT_BYTES_MIN = 1e6

async function searchAll({ folder }: Stage, wanted: ReadonlyMap<string, Wanted>): Promise<Check> {
  let bytes = 0
  const found: string[] = []
  for (const [name, pieces] of wanted) {
    const sent = await readFile(join(folder, `${name}.sent`))
    bytes += sent.length
    found.push(...searchFor(pieces, sent))
  }
  const some = found.slice(0, 3).map(each => `; found ${each}`)
  return {
    what: `nothing of their data is in the ${(bytes / 1e6).toFixed(1)} MB that the members sent${some.join('')}`,
    holds: found.length === 0 && bytes > SENT_BYTES_MIN,
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length
}
