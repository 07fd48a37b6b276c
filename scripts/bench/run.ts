/**
 * `npm run bench -- run [turns] [steps=300] [--data DIR] [options of the demo]`: whole runs of seven real peers, one of
 * which lies, beside `simulate` of the same cohort, and beside a trusted server in PyTorch (run-torch.ts) where there is
 * one and MNIST lies in DIR. All take turns. Further options go to the demo and to `simulate`: `--precision bf16`, say.
 *
 * `ours_ms` is the time of a step while they learn, without opening the data, and without the judgement at the end.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Report } from '../../node/daemon/report.ts'
import { type BenchRow, compared, median, type RunBench } from './bench.ts'
import { runTorch } from './run-torch.ts'

const main = fileURLToPath(new URL('../../node/cli/main.ts', import.meta.url))

interface Arguments {
  readonly turns: number
  readonly steps: number
  readonly data: string | null
  /** For the demo and `simulate`. */
  readonly rest: readonly string[]
}

export const run: RunBench = async ({ args, note }) => {
  const { turns, steps, data, rest } = parseArguments(args)
  const times = { demo: [] as number[], simulate: [] as number[], torch: [] as number[] }
  const accuracies: Record<string, number> = {}
  const starts: number[] = []
  for (let turn = 1; turn <= turns; turn++) {
    for (const command of ['demo', 'simulate'] as const) {
      note(`${command}, turn ${turn} of ${turns}`)
      const report = await reportOf(command, steps, rest)
      times[command].push((1000 * learningSeconds(report)) / steps)
      accuracies[`${command} accuracy, %`] = 100 * accuracyOf(report)
      if (command === 'demo') starts.push(1000 * (report.wallSeconds - learningSeconds(report)))
      else if (data !== null) {
        note(`trusted server in PyTorch, turn ${turn} of ${turns}`)
        const torch = runTorch(likeIn(report, data, steps))
        if (torch === null) continue
        times.torch.push(torch.stepMs)
        accuracies['PyTorch accuracy, %'] = 100 * torch.accuracy
      }
    }
  }
  if (times.torch.length === 0)
    note('no Python with PyTorch, or no MNIST (--data DIR): no trusted server beside it')
  return rowsOf(times, { 'demo, start and end, ms': median(starts), ...accuracies })
}

function rowsOf(
  { demo, simulate, torch }: Readonly<Record<'demo' | 'simulate' | 'torch', readonly number[]>>,
  others: Readonly<Record<string, number>>,
): BenchRow[] {
  const simulated = { name: 'simulate', ms: median(simulate) }
  const rows = [compared('a step of seven real peers', median(demo), simulated, others)]
  if (torch.length === 0) return rows
  const server = { name: 'trusted server in PyTorch', ms: median(torch) }
  rows.push(compared('a step of seven real peers', median(demo), server))
  rows.push(compared('a step of simulate', simulated.ms, server))
  return rows
}

function parseArguments(args: readonly string[]): Arguments {
  let [turns, steps]: [number, number] = [1, 300]
  const rest: string[] = []
  for (const arg of args) {
    const [, count] = /^steps=(\d+)$/.exec(arg) ?? []
    if (count !== undefined) steps = Number(count)
    else if (rest.length === 0 && /^[1-9]\d*$/.test(arg)) turns = Number(arg)
    else rest.push(arg)
  }
  const at = rest.indexOf('--data')
  return { turns, steps, data: at < 0 ? null : (rest[at + 1] ?? null), rest }
}

/** One run of a command, in a process of its own. */
async function reportOf(
  command: 'demo' | 'simulate',
  steps: number,
  rest: readonly string[],
): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-bench-'))
  const path = join(folder, 'report.json')
  const only = command === 'demo' ? ['--no-contrast'] : []
  try {
    const options = ['--steps', String(steps), '--report', path, ...only, ...rest]
    const { status, stderr } = spawnSync(process.execPath, [main, command, ...options], { encoding: 'utf8' })
    if (status !== 0)
      throw new Error(`concord ${command} ${options.join(' ')} ended with ${status}: ${stderr}`)
    return JSON.parse(await readFile(path, 'utf8'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function learningSeconds({ learningSeconds: seconds, wallSeconds }: Report): number {
  return seconds ?? wallSeconds
}

function accuracyOf({ honest }: Report): number {
  return median(honest.flatMap(({ accuracy }) => accuracy ?? []))
}

/** The cohort's figures, for the trusted server. */
function likeIn({ cohort, byzantine }: Report, data: string, steps: number) {
  const { faults, batch, rate, momentum, seed } = cohort
  const liars = byzantine.peers.length
  return { data, workers: cohort.peers - liars, liars, faults, batch, rate, momentum, steps, seed }
}
