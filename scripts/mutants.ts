/**
 * `npm run mutants [-- NAME…]`: breaks the protocols on purpose, one line at a time, in a copy of the sources, and
 * lets the swarm hunt there. Every mutant must be caught within its stated number of seeds: a checker that nothing
 * can fail is worth nothing. What no swarm shows, as gossip in step and broadcast in place of a server, is hunted by its
 * tests. A line that is no longer in the source is an error: the list has to follow the code.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Table from 'cli-table3'
import { type Mutant, mutants } from './mutants/list.ts'

const root = resolve(import.meta.dirname, '..')
const folders = ['agreement', 'learning', 'node', 'package.json'] as const
/** More of it where a test hunts. */
const testFolders = ['test', 'docs', 'ava.config.js'] as const

/** The source with the mutation, or why it cannot be made. */
export function mutate(source: string, { file, line, becomes }: Mutant): string {
  const places = source.split(line).length - 1
  if (places !== 1) throw new Error(`${file}: the line occurs ${places} times instead of once: ${line}`)
  return source.replace(line, () => becomes)
}

interface Hunt {
  readonly mutant: Mutant
  /** Null: not caught within the stated number. */
  readonly seeds: number | null
  readonly caughtBy: string
}

/** Seeds that a mutant survives at most, until the lowest that shows it. */
async function hunt(mutant: Mutant): Promise<Hunt> {
  const folder = mkdtempSync(join(tmpdir(), 'concord-mutant-'))
  try {
    for (const name of folders) cpSync(join(root, name), join(folder, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const path = join(folder, mutant.file)
    writeFileSync(path, mutate(readFileSync(path, 'utf8'), mutant))
    if (mutant.test !== undefined) return await testIn(folder, mutant, mutant.test)
    const { failed } = await swarmIn(folder, mutant)
    if (failed === null) return { mutant, seeds: null, caughtBy: '' }
    return { mutant, seeds: failed.seed + 1 - (mutant.from ?? 0), caughtBy: failed.violation.checker }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What no swarm runs is hunted by its tests. */
async function testIn(folder: string, mutant: Mutant, file: string): Promise<Hunt> {
  for (const name of testFolders) cpSync(join(root, name), join(folder, name), { recursive: true })
  const ava = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.js')
  const child = spawn(process.execPath, [ava, '--tap', file], { cwd: folder })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    said += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code === 0) return { mutant, seeds: null, caughtBy: '' }
  const first = /^not ok \d+ - (.*)$/m.exec(said)?.[1]
  if (first === undefined) throw new Error(`${file} itself failed in the mutated copy: ${said}`)
  return { mutant, seeds: 1, caughtBy: first }
}

interface Failed {
  readonly failed: { readonly seed: number; readonly violation: { readonly checker: string } } | null
}

function swarmIn(folder: string, { within, from = 0, swarm = 'agreement' }: Mutant): Promise<Failed> {
  const program = `
    const { runSwarm } = await import('./node/simulation/swarm/run.ts')
    const { failed } = await runSwarm({ from: ${from}, seeds: ${within}, kind: '${swarm}' })
    console.log(JSON.stringify({ failed }))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: folder })
  const { promise, resolve: done, reject } = Promise.withResolvers<Failed>()
  let said = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    said += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    complaint += text
  })
  child.on('error', reject)
  child.on('close', code => {
    if (code === 0) done(JSON.parse(said))
    else reject(new Error(`the swarm itself failed in the mutated copy: ${complaint}`))
  })
  return promise
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter(name => !mutants.some(mutant => mutant.name === name))
  if (unknown.length > 0) {
    const known = mutants.map(({ name }) => name).join(', ')
    console.error(`mutants: there is none called ${unknown.join(', ')}; expected some of ${known}`)
    process.exitCode = 2
    return
  }
  const chosen = mutants.filter(({ name }) => names.length === 0 || names.includes(name))
  for (const mutant of chosen) mutate(readFileSync(join(root, mutant.file), 'utf8'), mutant)
  const table = new Table({
    head: ['mutant', 'seeds needed', 'at most', 'caught by'],
    style: { head: [], border: [], compact: true },
  })
  let survived = 0
  for (const mutant of chosen) {
    const { seeds, caughtBy } = await hunt(mutant)
    console.error(
      `${mutant.name}: ${seeds === null ? 'SURVIVED' : `caught by ${mutant.test === undefined ? `seed ${(mutant.from ?? 0) + seeds - 1}, ` : ''}${caughtBy}`}`,
    )
    table.push([mutant.name, seeds ?? 'survived', mutant.within, caughtBy])
    if (seeds === null) survived++
  }
  console.log(table.toString())
  if (survived > 0) {
    console.error(`${survived} of ${chosen.length} mutants were not caught`)
    process.exitCode = 1
  }
}

if (import.meta.main) await main(process.argv.slice(2))
