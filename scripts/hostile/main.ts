/**
 * `npm run hostile`: cohorts of real processes, attacked by a client that is no part of our network code, one attack
 * after the other; each is compared with the same cohort in which the attacking member is silent, in turns. One turn is
 * enough where the time is far from the limit; otherwise what most of up to five show counts.
 *
 * `--list` names the attacks, `--only NAME[,NAME]` runs some, `--json FILE` writes what was measured; `--steps N` makes
 * the runs longer, and from 2,000 steps on memory has to be flat after the first tenth. Exit code: 0 if all held,
 * 1 if something fell short, 2 if an option is wrong.
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { attackNamed, attacks } from './attacks/list.ts'
import { deadlineMs, isOpen, judge, type Turn, timesMaxOf, timesOf, type Verdict } from './judge.ts'
import { type Run, runHostile } from './run.ts'
import type { Attack } from './scene.ts'

const SILENT_DEADLINE_MS = 180_000
/** Of longer runs, each step. */
const SILENT_STEP_MS = 1000

const silentDeadlineMs = (steps: number | null) => Math.max(SILENT_DEADLINE_MS, SILENT_STEP_MS * (steps ?? 0))

interface Result {
  readonly attack: Attack
  readonly turns: readonly Turn[]
  readonly verdict: Verdict
}

async function attacked(attack: Attack, steps: number | null): Promise<Result> {
  const turns: Turn[] = []
  do {
    if (turns.length > 0) console.error(`  ${timesOf(turns.at(-1)!).toFixed(2)} times the time: once more`)
    const kind = { cohort: attack.cohort, restarts: attack.restarts === true, steps }
    const silent = await runHostile({ ...kind, attack: null, deadlineMs: silentDeadlineMs(steps) })
    if (silent.finished < silent.peers || silent.failures.length > 0) return incomparable(attack, silent)
    turns.push({ silent, run: await runHostile({ ...kind, attack, deadlineMs: deadlineMs(attack, silent) }) })
  } while (isOpen(attack, turns))
  return { attack, turns, verdict: judge(attack, turns) }
}

function incomparable(attack: Attack, silent: Run): Result {
  const why = silent.failures.join('; ') || `step ${silent.step} of ${silent.steps} when the time was up`
  const broken = [`nothing to compare with: the cohort does not finish with a silent member (${why})`]
  return { attack, turns: [{ silent, run: silent }], verdict: { times: 1, broken } }
}

/** The turn that is nearest to the median. */
function typical({ turns, verdict }: Result): Turn {
  const distance = (turn: Turn) => Math.abs(timesOf(turn) - verdict.times)
  return turns.reduce((best, turn) => (distance(turn) < distance(best) ? turn : best))
}

function describe(result: Result): string {
  const { attack, verdict, turns } = result
  const { silent, run } = typical(result)
  const held = verdict.broken.length === 0 ? 'held' : `FELL SHORT: ${verdict.broken.join('; ')}`
  const time = `${verdict.times.toFixed(2)} times the time${turns.length > 1 ? ` in the median of ${turns.length} turns` : ''}`
  const seconds = `${run.seconds.toFixed(1)} s against ${silent.seconds.toFixed(1)} s`
  const cpu = `${shown(run.cpuSeconds)} s of CPU against ${shown(silent.cpuSeconds)}, the attacker ${shown(run.attackerCpuSeconds)}`
  const memory = `${megabytes(run)} MB against ${megabytes(silent)}`
  return `${attack.name}: ${held} (${time}, ${seconds}, ${cpu}, ${memory})`
}

const shown = (seconds: number | null): string => seconds?.toFixed(1) ?? '?'
const megabytes = ({ peakMegabytes }: Run): string => peakMegabytes?.toFixed(0) ?? '?'
const bytes = (count: number): string =>
  count < 1e5 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`

function print(results: readonly Result[]): void {
  const head = [
    ...['attack', 'cohort', 'finished', 's', 's, silent', 'times', 'of turns', 'at most'],
    ...['CPU s', 'silent', 'attacker', 'peak MB', 'silent'],
    ...['connections', 'refused', 'acts', 'sent', 'received', ''],
  ]
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  for (const result of results) {
    const { attack, turns, verdict } = result
    const { silent, run } = typical(result)
    table.push([
      ...[attack.name, attack.cohort, `${run.finished} of ${run.peers}`, run.seconds.toFixed(1)],
      ...[silent.seconds.toFixed(1), verdict.times.toFixed(2), turns.length, timesMaxOf(attack).toFixed(1)],
      ...[shown(run.cpuSeconds), shown(silent.cpuSeconds), shown(run.attackerCpuSeconds)],
      ...[megabytes(run), megabytes(silent), run.tally?.connections ?? 0, run.tally?.refused ?? 0],
      ...[run.tally?.acts ?? 0, bytes(run.tally?.sentBytes ?? 0), bytes(run.tally?.receivedBytes ?? 0)],
      verdict.broken.length === 0 ? 'held' : 'FELL SHORT',
    ])
  }
  console.log(table.toString())
  for (const { attack, verdict } of results)
    for (const reason of verdict.broken) console.log(`${attack.name}: ${reason}`)
}

function plain({ attack, verdict, turns }: Result) {
  return { attack: attack.name, what: attack.what, cohort: attack.cohort, ...verdict, turns }
}

interface Arguments {
  readonly list: boolean
  readonly wanted: readonly Attack[]
  readonly json: string | null
  readonly steps: number | null
}

/** Throws if an option, or an attack, is unknown. */
export function parseHostileArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      list: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      json: { type: 'string' },
      steps: { type: 'string' },
    },
  })
  const names = values.only?.flatMap(list => list.split(',')) ?? null
  const steps = values.steps === undefined ? null : Number(values.steps)
  if (steps !== null && !(Number.isInteger(steps) && steps > 0))
    throw new Error(`--steps is ${values.steps}; expected a whole number of steps, such as 60`)
  return { list: values.list, wanted: names?.map(attackNamed) ?? attacks, json: values.json ?? null, steps }
}

function list(): void {
  for (const { name, cohort, what } of attacks) console.log(`${name.padEnd(20)} ${cohort.padEnd(6)} ${what}`)
}

async function main(): Promise<void> {
  let options: Arguments
  try {
    options = parseHostileArguments(process.argv.slice(2))
  } catch (error) {
    console.error(`hostile: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 2
    return
  }
  if (options.list) return list()
  const results: Result[] = []
  console.error(`${options.wanted.length} attacks, ${availableParallelism()} cores`)
  for (const [index, attack] of options.wanted.entries()) {
    console.error(`[${index + 1}/${options.wanted.length}] ${attack.name}: ${attack.what}`)
    const result = await attacked(attack, options.steps)
    results.push(result)
    console.error(`  ${describe(result)}`)
    if (options.json !== null)
      await writeFile(options.json, `${JSON.stringify(results.map(plain), null, 2)}\n`)
  }
  print(results)
  if (results.some(({ verdict }) => verdict.broken.length > 0)) process.exitCode = 1
}

if (import.meta.main) await main()
