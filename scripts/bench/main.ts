/**
 * `npm run bench -- NAME [--json FILE] [arguments of the benchmark]`: runs `scripts/bench/NAME.ts`, prints its rows as
 * a table and writes them as JSON. Exits with 2 if the name or the file is wrong, with 1 if the benchmark fails.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import type { BenchReport, BenchRow, RunBench } from './bench.ts'

const own: ReadonlySet<string> = new Set(['main', 'bench'])

/** Files of this folder; those with a hyphen in their name are parts of a benchmark. */
function benchNames(): readonly string[] {
  return readdirSync(import.meta.dirname)
    .filter(file => /^[a-z]+\.ts$/.test(file))
    .map(file => file.slice(0, -'.ts'.length))
    .filter(name => !own.has(name))
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  return `${model}, ${availableParallelism()} cores, ${process.platform} ${process.arch}, Node ${process.version}`
}

const digits = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3))

export function renderRows(rows: readonly BenchRow[]): string {
  const names = [...new Set(rows.flatMap(row => Object.keys(row.others)))]
  const table = new Table({
    head: ['case', 'ours (ms)', 'baseline', 'baseline (ms)', 'ratio', ...names],
    style: { head: [], border: [] },
  })
  for (const row of rows)
    table.push([
      row.case,
      digits(row.ours_ms),
      row.baseline?.name ?? '',
      row.baseline === null ? '' : digits(row.baseline.ms),
      row.ratio === null ? '' : row.ratio.toFixed(2),
      ...names.map(name => (row.others[name] === undefined ? '' : digits(row.others[name]))),
    ])
  return table.toString()
}

interface Arguments {
  readonly name: string
  readonly json: string | null
  readonly rest: readonly string[]
}

/** Splits off the options of this file; throws with advice if no known benchmark is named. */
export function parseBenchArguments(args: readonly string[], names: readonly string[]): Arguments {
  const { tokens } = parseArgs({
    args: [...args],
    options: { json: { type: 'string' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const named = tokens.find(token => token.kind === 'positional')
  const [json] = tokens.flatMap(token => (token.kind === 'option' && token.name === 'json' ? [token] : []))
  const usage = `usage: npm run bench -- NAME [--json FILE]; NAME is one of: ${names.join(', ')}`
  if (named === undefined) throw new Error(`no benchmark is named; ${usage}`)
  if (!names.includes(named.value)) throw new Error(`there is no benchmark "${named.value}"; ${usage}`)
  if (json !== undefined && json.value === undefined)
    throw new Error(`--json needs the name of a file; ${usage}`)
  const taken = new Set([
    named.index,
    ...(json === undefined ? [] : [json.index, ...(json.inlineValue ? [] : [json.index + 1])]),
  ])
  return { name: named.value, json: json?.value ?? null, rest: args.filter((_, index) => !taken.has(index)) }
}

async function main(): Promise<void> {
  let wanted: Arguments
  try {
    wanted = parseBenchArguments(process.argv.slice(2), benchNames())
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 2
    return
  }
  const { run }: { run: RunBench } = await import(`./${wanted.name}.ts`)
  const rows = await run({ args: wanted.rest, note: line => console.error(line) })
  const report: BenchReport = { name: wanted.name, machine: machine(), rows }
  console.log(report.machine)
  console.log(renderRows(rows))
  if (wanted.json !== null) writeFileSync(wanted.json, `${JSON.stringify(report, null, 2)}\n`)
}

if (import.meta.main) await main()
