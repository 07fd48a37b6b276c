/**
 * What it costs a run to be watched: the processor time (user and system, of all its processes) of the same cohort with a
 * page that follows it (`--watch`, and a reader of its stream) over that without. The two run in pairs, in turns first, and
 * the median of the pairs' ratios counts: the clock's time bears too much of what else a machine does. `--only NAME`
 * measures one case, `--turns COUNT` sets the number of pairs.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compared, median, type RunBench } from './bench.ts'

interface WatchCase {
  readonly name: string
  readonly command: readonly string[]
  /** In the report: the time that the run itself took. */
  readonly time: 'wallSeconds' | 'learningSeconds'
}

const cases: readonly WatchCase[] = [
  {
    name: 'simulate, mda, n = 7, 40 steps of mlp',
    command: ['simulate', '--peers', '7', '--faults', '1', '--steps', '40'],
    time: 'wallSeconds',
  },
  {
    name: 'simulate, rb-tm, n = 4, 40 steps of mlp',
    command: ['simulate', '--protocol', 'rb-tm', '--peers', '4', '--steps', '40'],
    time: 'wallSeconds',
  },
  {
    name: 'demo, mda, 7 processes, 60 steps of mlp',
    command: ['demo', '--no-contrast', '--steps', '60'],
    time: 'learningSeconds',
  },
]

const main = join(import.meta.dirname, '..', '..', 'node', 'cli', 'main.ts')

export const run: RunBench = async ({ args, note }) => {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, turns: { type: 'string', default: '5' } },
  })
  const chosen = cases.filter(({ name }) => values.only === undefined || name.includes(values.only))
  const rows = []
  for (const each of chosen) {
    note(each.name)
    const [plain, watched]: [Spent[], Spent[]] = [[], []]
    for (let turn = 0; turn < Number(values.turns); turn++)
      for (const isWatched of turn % 2 === 0 ? [false, true] : [true, false])
        (isWatched ? watched : plain).push(await timeOf(each, isWatched))
    const pairs = (of: keyof Spent) =>
      plain.map((one, turn) => watched[turn]![of] / one[of]).sort((a, b) => a - b)
    const cpu = pairs('cpuMs')
    note(`  ${each.name}: CPU ratios ${cpu.map(ratio => ratio.toFixed(3)).join(', ')}`)
    const baseline = { name: 'not watched', ms: median(plain.map(({ wallMs }) => wallMs)) }
    rows.push(
      compared(each.name, median(watched.map(({ wallMs }) => wallMs)), baseline, {
        'CPU ms': median(watched.map(({ cpuMs }) => cpuMs)),
        'its CPU ms': median(plain.map(({ cpuMs }) => cpuMs)),
        'median of CPU ratios': median(cpu),
        least: cpu[0]!,
        most: cpu.at(-1)!,
      }),
    )
  }
  return rows
}

interface Spent {
  readonly wallMs: number
  /** Of the command and the processes that it starts, their start included. */
  readonly cpuMs: number
}

async function timeOf({ command, time }: WatchCase, isWatched: boolean): Promise<Spent> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-bench-'))
  try {
    const report = join(folder, 'report.json')
    const usage = join(folder, 'usage.json')
    const counting = ['--import', join(import.meta.dirname, 'simulate-usage.ts')]
    const child = spawn(
      process.execPath,
      [...counting, main, ...command, '--report', report, ...(isWatched ? ['--watch'] : [])],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, CONCORD_BENCH_USAGE: usage },
      },
    )
    let told = ''
    let isFollowed = false
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text
      const url = /watch it on (\S+)\n/.exec(told)?.[1]
      if (url === undefined || isFollowed) return
      isFollowed = true
      get(`${url}events`, answer => answer.resume().on('error', () => {})).on('error', () => {})
    })
    const code = await new Promise(resolve => child.on('close', resolve))
    if (code !== 0) throw new Error(`concord ${command.join(' ')} ended with ${code}`)
    if (isWatched && !isFollowed) throw new Error('no page was served')
    const { cpuMs, childrensCpuMs } = JSON.parse(await readFile(usage, 'utf8'))
    const wallMs = 1000 * JSON.parse(await readFile(report, 'utf8'))[time]
    return { wallMs, cpuMs: cpuMs + childrensCpuMs }
  } finally {
    await rm(folder, { recursive: true })
  }
}
