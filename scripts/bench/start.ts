/**
 * `npm run bench -- start [CHECKOUT] [--turns K] [arguments of demo]`: the time from `npm start` to the first step of its
 * seven peers, and the processor time that all its processes take until then. With the path of another checkout, both
 * are started in turns. The first start of each is not counted: it fills the caches.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type BenchRow, compared, median, type RunBench } from './bench.ts'

const TURNS = 5
const OURS = resolve(import.meta.dirname, '../..')
/** Clock ticks of /proc: 100 a second on every Linux that Node runs on. */
const TICK_MS = 10

interface Start {
  readonly ms: number
  /** Of the demo and its peers; NaN where the system does not tell. */
  readonly processorMs: number
}

export const run: RunBench = async ({ args, note }) => {
  const { other, turns, rest } = parsed(args)
  const checkouts = other === null ? [OURS] : [other, OURS]
  const starts = new Map<string, Start[]>(checkouts.map(checkout => [checkout, []]))
  for (let turn = 0; turn <= turns; turn++)
    for (const checkout of checkouts) {
      const start = await startOnce(checkout, rest)
      note(
        `${checkout}: ${(start.ms / 1000).toFixed(2)} s, processors ${(start.processorMs / 1000).toFixed(2)} s`,
      )
      if (turn > 0) starts.get(checkout)!.push(start)
    }
  const [ours, theirs] = [starts.get(OURS)!, other === null ? null : starts.get(other)!]
  return [
    row('to the first step', ours, theirs, ({ ms }) => ms),
    row('processor time until then', ours, theirs, ({ processorMs }) => processorMs),
  ]
}

function row(
  name: string,
  ours: readonly Start[],
  theirs: readonly Start[] | null,
  of: (start: Start) => number,
): BenchRow {
  const ms = median(ours.map(of))
  if (theirs === null) return { case: name, ours_ms: ms, baseline: null, ratio: null, others: {} }
  return compared(name, ms, { name: 'the other checkout', ms: median(theirs.map(of)) })
}

function parsed(args: readonly string[]) {
  const rest = [...args]
  const at = rest.indexOf('--turns')
  const turns = at < 0 ? TURNS : Number(rest.splice(at, 2)[1])
  if (!(Number.isInteger(turns) && turns >= 1))
    throw new Error(`--turns is ${turns}; expected a whole number, at least 1`)
  const isPath = rest[0] !== undefined && !rest[0].startsWith('--')
  const other = isPath ? resolve(rest.shift()!) : null
  if (other !== null && !existsSync(join(other, 'node/cli/main.ts')))
    throw new Error(`${other} has no node/cli/main.ts; expected a checkout of this repository`)
  return { other, turns, rest }
}

/** Starts the demo and ends it after its first step. */
async function startOnce(checkout: string, rest: readonly string[]): Promise<Start> {
  const startedMs = performance.now()
  const demo = spawn(
    process.execPath,
    [...startOf(checkout), '--no-contrast', '--steps', '100000', ...rest],
    {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let said = ''
  let start: Start | null = null
  demo.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (start !== null || !/^step \d/m.test(said)) return
    const peers = [...said.matchAll(/peer \d+ {2}pid +(\d+)/g)].map(([, pid]) => Number(pid))
    start = { ms: performance.now() - startedMs, processorMs: processorMsOf([demo.pid!, ...peers]) }
    demo.kill('SIGINT')
  })
  await once(demo, 'close')
  if (start === null) throw new Error(`the demo ended without a step:\n${said}`)
  return start
}

/** What `npm start` gives to node: the file and the command. */
function startOf(checkout: string): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  const [node, ...rest] = String(scripts?.start).split(' ')
  if (node !== 'node')
    throw new Error(`${checkout}: npm start is "${scripts?.start}"; expected node and a file`)
  return rest
}

function processorMsOf(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids)
    try {
      // The name, in brackets, may hold spaces; user and system time are the 12th and 13th fields behind it.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
      ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      return Number.NaN
    }
  return ticks * TICK_MS
}
