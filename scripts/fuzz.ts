/**
 * `npm run fuzz -- --inputs N [--seed S] [--target NAME]`: feeds every decoder with N inputs in all, near well-formed
 * ones, and the kept corpus before. What breaks a decoder is printed as a line for test/fuzz/corpus.json.
 *
 * `npm run fuzz -- --live --inputs N [--seed S] [--minutes M]`: the same for a peer that runs, at every layer of its
 * network: its process must keep running, its listener must answer, its memory must stay flat. It ends after M minutes
 * at the latest.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import type { Memory } from './cohort/measure.ts'
import { liveFuzz } from './fuzz/live/run.ts'
import { feedCorpus, fuzz } from './fuzz/run.ts'
import type { Target } from './fuzz/target.ts'
import { targets } from './fuzz/targets.ts'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
    live: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '30' },
  },
})

async function main(): Promise<void> {
  const corpus = JSON.parse(
    readFileSync(join(import.meta.dirname, '../test/fuzz/corpus.json'), 'utf8'),
  ) as Record<string, string[]>
  const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target)
  if (chosen.length === 0) {
    console.error(
      `fuzz: no target ${values.target}; expected one of ${targets.map(({ name }) => name).join(', ')}`,
    )
    process.exitCode = 2
    return
  }
  console.log(`seed ${values.seed}`)
  const total = chosen.reduce((sum, { weight }) => sum + weight, 0)
  const head = ['decoder', 'inputs', 'a second', 'slowest', 'heap grown', 'findings']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const target of chosen) {
    const share = Math.ceil((Number(values.inputs) * target.weight) / total)
    table.push(await row(target, share, corpus[target.name] ?? []))
  }
  console.log(table.toString())
}

async function row(target: Target, inputs: number, corpus: readonly string[]) {
  const old = await feedCorpus(target, corpus)
  const {
    inputs: fed,
    findings,
    seconds,
    slowestMs,
    grownBytes,
  } = await fuzz(target, inputs, Number(values.seed))
  for (const { input, what } of [...old, ...findings]) {
    console.error(`${target.name}: ${what}\n  corpus line: "${input}"`)
    process.exitCode = 1
  }
  return [
    ...[target.name, fed, Math.round(fed / seconds), `${slowestMs.toFixed(2)} ms`],
    ...[`${(grownBytes / 2 ** 20).toFixed(1)} MB`, old.length + findings.length],
  ]
}

async function live(): Promise<void> {
  const { inputs, seed, minutes } = values
  console.log(`seed ${seed}`)
  const result = await liveFuzz({
    inputs: Number(inputs),
    seed: Number(seed),
    secondsMax: 60 * Number(minutes),
    progress: line => console.log(line),
  })
  const head = ['layer', 'one input is', 'inputs', 'connections', 'not let in']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const layer of result.layers)
    table.push([layer.name, layer.unit, layer.inputs, layer.connections, layer.refused])
  console.log(table.toString())
  const { early, late } = result.memory
  const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20)
  const held = (memory: Memory | null) =>
    memory === null
      ? 'unknown'
      : `${megabytes(memory.liveBytes)} MB alive (${megabytes(memory.residentBytes)} MB resident)`
  const rate = Math.round(result.inputs / result.seconds)
  console.log(
    `${result.inputs} inputs in ${Math.round(result.seconds)} s, ${rate} a second; a member that behaves was let in ${result.probes} times; memory after a tenth: ${held(early)}, at the end: ${held(late)}`,
  )
  if (result.inputs < Number(inputs) && result.findings.length === 0)
    console.log(`ended by --minutes ${minutes}, before ${inputs} inputs`)
  for (const finding of result.findings) {
    console.error(`live: ${finding}`)
    process.exitCode = 1
  }
}

if (values.live) await live()
else await main()
