/** The story: the commands in their order, each on its member's host, and what came of them. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { holdOut } from '../../learning/data/hold-out.ts'
import { searchForRows } from './search.ts'
import type { Said, Stage } from './stage.ts'
import { hospitals, type Row, rowsOf, tableText } from './tables.ts'

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

/** The cohort's seed, which chooses the rows that are held out. */
const SEED = 1
const HOLDOUT = 0.2
const BATCH = 128
const learning = [
  ...['--schema', 'schema.yaml', '--model', 'softmax', '--steps', '400', '--rate', '1', '--momentum', '0.9'],
  ...['--class-weights', 'balanced'],
]
const honest = hospitals.map(({ name }) => name)
const LIAR = 'dave'
/** All who join, the liar last. */
export const memberNames: readonly string[] = [...honest, LIAR]

/** @param seed of the tables */
export async function tell(
  stage: Stage,
  seed: number,
): Promise<{ figures: Figures; checks: readonly Check[] }> {
  const rows = await writeTables(stage, seed)
  const prepared = await prepare(stage)
  const learnt = await learnTogether(stage)
  const used = await useModel(stage)
  const figures = { agreed: learnt.agreed, ...(await compare(stage)) }
  const same: Check = {
    what: 'the saved model is as good as the members agreed',
    holds: Math.abs(figures.saved - figures.agreed) < 0.005,
  }
  return { figures, checks: [...prepared, ...learnt.checks, ...used, same, await searchAll(stage, rows)] }
}

/** Writes each member's table, its held-out rows for measuring, and all honest training rows in one table. */
async function writeTables({ folder }: Stage, seed: number): Promise<readonly (readonly Row[])[]> {
  const rows = hospitals.map((hospital, place) => rowsOf(hospital, place, seed))
  const training: Row[] = []
  for (const [place, hospital] of hospitals.entries()) {
    const all = rows[place]!
    // As a member draws it: the schema's classes are in alphabetical order.
    const labels = Uint8Array.from(all, ({ outcome }) => (outcome === 'well' ? 1 : 0))
    const { train, test } = holdOut(labels, HOLDOUT, SEED)
    const heldOut = Array.from(test, row => all[row]!)
    training.push(...Array.from(train, row => all[row]!))
    await writeFile(join(folder, `${hospital.name}.csv`), tableText(hospital, all))
    await writeFile(join(folder, `${hospital.name}.held-out.csv`), tableText(hospital, heldOut))
  }
  const [first] = hospitals
  await writeFile(join(folder, 'pooled.csv'), tableText(first!, training))
  await writeFile(join(folder, `${LIAR}.csv`), tableText(first!, rowsOf(first!, 0, seed + 1)))
  return rows
}

/** Keys, the schema, what does not fit, the cohort. */
async function prepare({ folder, concord }: Stage): Promise<Check[]> {
  const members: string[] = []
  for (const name of memberNames) members.push(`${name}=${await makeKey(concord, name, `${name}.pem`)}`)
  await concord('alice', ['data', 'inspect', 'alice.csv', '--target', 'outcome', '-o', 'schema.yaml'])
  const refused = await concord('bob', ['data', 'check', 'bob.csv', '--schema', 'schema.yaml'])
  await addDevice(join(folder, 'schema.yaml'), 'Core')
  const protocol = ['--protocol', 'rb-tm', '--faults', '1', '--seed', `${SEED}`]
  const others = [...learning, '--batch', `${BATCH}`, '--evaluate-every', '100', ...members]
  await concord('alice', ['cohort', 'create', 'cohort.yaml', ...protocol, ...others])
  const checked: Said[] = []
  for (const name of honest)
    checked.push(await concord(name, ['data', 'check', `${name}.csv`, '--cohort', 'cohort.yaml']))
  return [
    {
      what: 'data check names the category that the schema lacks',
      holds: refused.code !== 0 && (refused.out + refused.err).includes('"Core"'),
    },
    { what: 'with it in the schema, all tables fit', holds: checked.every(({ code }) => code === 0) },
  ]
}

async function makeKey(concord: Stage['concord'], member: string, file: string): Promise<string> {
  return /12D3KooW\w+/.exec((await concord(member, ['keygen', file])).out)![0]
}

/** What a person does who knows that there are other makers. */
async function addDevice(path: string, maker: string): Promise<void> {
  const schema = parse(await readFile(path, 'utf8'))
  schema.columns.find(({ name }: { name: string }) => name === 'device').values.push(maker)
  await writeFile(path, stringify(schema))
}

async function learnTogether({ folder, concord }: Stage): Promise<{ agreed: number; checks: Check[] }> {
  const joining = (name: string) => [
    'join',
    '--cohort',
    'cohort.yaml',
    '--identity',
    `${name}.pem`,
    '--data',
    `${name}.csv`,
  ]
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
  return {
    agreed: mean(reports.map(({ honest: [own] }) => (own.agreed ?? own.metrics).balancedAccuracy)),
    checks: [{ what: 'all honest members finished', holds: ends.every(({ code }) => code === 0) }],
  }
}

async function useModel({ concord }: Stage): Promise<Check[]> {
  const predicted = await concord('alice', [
    'predict',
    'alice.safetensors',
    'bob.held-out.csv',
    '-o',
    'predictions.csv',
  ])
  const exported = await concord('alice', ['export', 'alice.safetensors', 'alice.onnx', '--for', 'onnx'])
  return [
    { what: 'a member’s model predicts for another’s rows', holds: predicted.code === 0 },
    { what: 'and is written as ONNX', holds: exported.code === 0 },
  ]
}

async function compare({ concord }: Stage): Promise<Omit<Figures, 'agreed'>> {
  const onHoldOuts = async (member: string, model: string) => {
    const scores: number[] = []
    for (const name of honest) {
      const args = [model, `${name}.held-out.csv`, '-o', `${member}.predictions.csv`, '--json']
      scores.push(JSON.parse((await concord(member, ['predict', ...args])).out).metrics.balancedAccuracy)
    }
    return mean(scores)
  }
  /** The same learning by a cohort of one. */
  const learnAlone = async (member: string, name: string, batch: number) => {
    const key = `${name}.alone.pem`
    const me = `me=${await makeKey(concord, member, key)}`
    const create = [`${name}.yaml`, '--protocol', 'mda', '--faults', '0', '--seed', `${SEED}`, ...learning]
    await concord(member, ['cohort', 'create', ...create, '--batch', `${batch}`, me])
    const own = ['--cohort', `${name}.yaml`, '--identity', key, '--data', `${name}.csv`, '--no-mdns']
    await concord(member, ['join', ...own, '--save', `${name}.alone.safetensors`])
    return onHoldOuts(member, `${name}.alone.safetensors`)
  }
  const alone: Record<string, number> = {}
  for (const name of honest) alone[name] = await learnAlone(name, name, BATCH)
  const pooled = await learnAlone('alice', 'pooled', honest.length * BATCH)
  return { saved: await onHoldOuts('alice', 'alice.safetensors'), pooled, alone }
}

/** The least that three members send in such a run: with less, nothing was captured. */
const SENT_BYTES_MIN = 1e6

async function searchAll({ folder }: Stage, rows: readonly (readonly Row[])[]): Promise<Check> {
  let bytes = 0
  const found: string[] = []
  for (const [place, name] of honest.entries()) {
    const sent = await readFile(join(folder, `${name}.sent`))
    bytes += sent.length
    found.push(...searchForRows(sent, rows[place]!))
  }
  const some = found.slice(0, 3).map(each => `; found ${each}`)
  return {
    what: `nothing of their rows is in the ${(bytes / 1e6).toFixed(1)} MB that the members sent${some.join('')}`,
    holds: found.length === 0 && bytes > SENT_BYTES_MIN,
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length
}
