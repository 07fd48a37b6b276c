/**
 * `npm run bench -- exchange`: one all-to-all exchange of vectors among seven processes (of the longest: four), as LEARN does it, beside the
 * bare one over the same libp2p streams; and what signatures and the log cost. It ends when the vectors have arrived
 * and are checked; no rule is applied to them. The variants take turns, so that all meet the same machine.
 *
 * `stock` is the bare exchange over libp2p with its defaults; `bare` and all the rest have this program's cipher,
 * windows and settings of the runtime, which make it faster.
 *
 * `npm run bench -- exchange [turns] [quic] [d=1000000 ...]`: over TCP, and with `quic` the same over QUIC in the same
 * turns; of all dimensions, or of those named.
 */
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoint } from '../../node/network/endpoint.ts'
import { type BenchRow, compared, median, type RunBench } from './bench.ts'
import { measureBareExchange } from './exchange-bare.ts'
import type { Assignment, MeasuredRule, Report } from './exchange-inside-worker.ts'
import { benchCohort, heard } from './members.ts'

export interface ExchangeCase {
  readonly peers: number
  /** Floats in a vector. */
  readonly dimension: number
  readonly rounds: number
  /** The first rounds run on cold code and small buffers. */
  readonly warmUpRounds: number
}

interface Case extends ExchangeCase {
  /** So many turns at most, whatever is asked for. */
  readonly turnsMax: number
}

/**
 * The largest one has fewer processes, because it takes 16 times as much memory as the one before, and fewer rounds and
 * turns, because a round takes seconds in each of five variants.
 */
const cases: readonly Case[] = [
  { peers: 7, dimension: 79_510, rounds: 40, warmUpRounds: 10, turnsMax: Infinity },
  { peers: 7, dimension: 431_080, rounds: 20, warmUpRounds: 10, turnsMax: Infinity },
  { peers: 7, dimension: 1_000_000, rounds: 12, warmUpRounds: 5, turnsMax: Infinity },
  { peers: 4, dimension: 11_700_000, rounds: 3, warmUpRounds: 1, turnsMax: 1 },
]

interface Variant {
  readonly signed: boolean
  readonly logged: boolean
  /** Absent: none is applied. */
  readonly rule?: MeasuredRule
}

export interface Measured {
  readonly medianMs: number
  readonly cpuMs: number
}

const variants = {
  links: { signed: false, logged: false },
  signed: { signed: true, logged: false },
  logged: { signed: true, logged: true },
} as const satisfies Record<string, Variant>

export const run: RunBench = async ({ args, note }) => {
  const { turns, transports, chosen } = parseArguments(args)
  const rows: BenchRow[] = []
  for (const each of chosen) {
    const kilobytes = `${(4 * each.dimension) / 1000} KB`
    const measured = transports.map(
      over => ({ over, stock: [], bare: [], links: [], signed: [], logged: [] }) as Exchanges,
    )
    const turnsHere = Math.min(turns, each.turnsMax)
    for (let turn = 1; turn <= turnsHere; turn++)
      for (const { over, stock, bare, ...inside } of measured) {
        note(`${kilobytes} over ${over.toUpperCase()}, turn ${turn} of ${turnsHere}`)
        stock.push(await measureBareExchange({ ...each, over, stock: true }))
        bare.push(await measureBareExchange({ ...each, over }))
        for (const name of ['links', 'signed', 'logged'] as const)
          inside[name].push(await measureInside(each, over, variants[name]))
      }
    for (const { over, bare, ...others } of measured) {
      const where = `${over.toUpperCase()}, ${kilobytes}`
      rows.push(
        rowOf(`LEARN over ${where}`, bare, others.signed, others),
        rowOf(`LEARN with the log, over ${where}`, bare, others.logged, others),
      )
    }
  }
  return rows
}

type Over = Endpoint['over']

interface Arguments {
  readonly turns: number
  readonly transports: readonly Over[]
  readonly chosen: readonly Case[]
}

function parseArguments(args: readonly string[]): Arguments {
  let [turns, transports]: [number, readonly Over[]] = [3, ['tcp']]
  let chosen: readonly Case[] = []
  for (const arg of args) {
    const known = cases.filter(({ dimension }) => `d=${dimension}` === arg)
    if (/^[1-9]\d*$/.test(arg)) turns = Number(arg)
    else if (arg === 'quic') transports = ['tcp', 'quic']
    else if (known.length > 0) chosen = [...chosen, ...known]
    else {
      const dimensions = cases.map(({ dimension }) => `d=${dimension}`).join(', ')
      throw new Error(`${arg}: expected how many turns, such as 3, or quic, or one of ${dimensions}`)
    }
  }
  return { turns, transports, chosen: chosen.length > 0 ? chosen : cases }
}

/** The measurements over one transport, one entry for each turn. */
interface Exchanges extends Record<'stock' | 'bare' | keyof typeof variants, Measured[]> {
  readonly over: Over
}

function rowOf(
  name: string,
  bare: readonly Measured[],
  ours: readonly Measured[],
  all: Readonly<Record<string, readonly Measured[]>>,
): BenchRow {
  const middle = (list: readonly Measured[]) => median(list.map(({ medianMs }) => medianMs))
  const others: Record<string, number> = { 'bare cpu': median(bare.map(({ cpuMs }) => cpuMs)) }
  for (const [part, list] of Object.entries(all)) {
    others[part] = middle(list)
    others[`${part} cpu`] = median(list.map(({ cpuMs }) => cpuMs))
  }
  return compared(name, middle(ours), { name: 'bare exchange', ms: middle(bare) }, others)
}

export async function measureInside(
  { peers, dimension, rounds, warmUpRounds }: ExchangeCase,
  over: Over,
  { signed, logged, rule }: Variant,
): Promise<Measured> {
  const { seeds, cohort } = await benchCohort(peers, over)
  const directory = logged ? await mkdtemp(join(tmpdir(), 'concord-bench-')) : null
  const workers = seeds.map(() =>
    fork(new URL('exchange-inside-worker.ts', import.meta.url), { serialization: 'advanced' }),
  )
  try {
    for (const [self, worker] of workers.entries()) {
      const stateDirectory = directory === null ? null : join(directory, String(self))
      const assignment: Assignment = {
        self,
        seeds,
        cohort,
        dimension,
        rounds: rounds + warmUpRounds,
        signed,
        stateDirectory,
        rule: rule ?? null,
      }
      worker.send(assignment)
    }
    await Promise.all(workers.map(heard))
    for (const worker of workers) worker.send('start')
    const reports = await Promise.all(workers.map(heard<Report>))
    const finished = reports.flatMap(report => (report.kind === 'finished' ? [report] : []))
    const times = finished.flatMap(({ roundsMs }) => roundsMs.slice(warmUpRounds))
    return { medianMs: median(times), cpuMs: finished.reduce((sum, { cpuMs }) => sum + cpuMs, 0) }
  } finally {
    for (const worker of workers) worker.kill()
    if (directory !== null) await rm(directory, { recursive: true, force: true })
  }
}
