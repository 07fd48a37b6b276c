/**
 * `npm run bench -- exchange`: one all-to-all exchange of vectors among seven processes, as LEARN does it, beside the
 * bare one over the same libp2p streams; and what signatures and the log cost. It ends when the vectors have arrived
 * and are checked; no rule is applied to them. The variants take turns, so that all meet the same machine.
 *
 * `stock` is the bare exchange over libp2p with its defaults; `bare` and all the rest have this program's cipher,
 * windows and settings of the runtime, which make it faster.
 *
 * `npm run bench -- exchange [turns] [quic]`: over TCP, and with `quic` the same over QUIC in the same turns.
 */
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoint } from '../../node/network/endpoint.ts'
import { type BenchRow, compared, median, type RunBench } from './bench.ts'
import { measureBareExchange } from './exchange-bare.ts'
import type { Assignment, Report } from './exchange-inside-worker.ts'
import { benchCohort, heard } from './members.ts'

const PEERS = 7
const WARM_UP_ROUNDS = 10

interface Variant {
  readonly signed: boolean
  readonly logged: boolean
}

interface Measured {
  readonly medianMs: number
  readonly cpuMs: number
}

const variants = {
  links: { signed: false, logged: false },
  signed: { signed: true, logged: false },
  logged: { signed: true, logged: true },
} as const satisfies Record<string, Variant>

export const run: RunBench = async ({ args, note }) => {
  const { turns, transports } = parseArguments(args)
  const rows: BenchRow[] = []
  for (const [dimension, rounds] of [
    [79_510, 40],
    [431_080, 20],
  ] as const) {
    const kilobytes = `${(4 * dimension) / 1000} KB`
    const measured = transports.map(
      over => ({ over, stock: [], bare: [], links: [], signed: [], logged: [] }) as Exchanges,
    )
    for (let turn = 1; turn <= turns; turn++)
      for (const { over, stock, bare, ...inside } of measured) {
        note(`${kilobytes} over ${over.toUpperCase()}, turn ${turn} of ${turns}`)
        stock.push(await measureBareExchange({ peers: PEERS, dimension, rounds, over, stock: true }))
        bare.push(await measureBareExchange({ peers: PEERS, dimension, rounds, over }))
        for (const name of ['links', 'signed', 'logged'] as const)
          inside[name].push(await measureInside(dimension, rounds, over, variants[name]))
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

function parseArguments(args: readonly string[]): { turns: number; transports: readonly Over[] } {
  let [turns, transports]: [number, readonly Over[]] = [3, ['tcp']]
  for (const arg of args) {
    if (/^[1-9]\d*$/.test(arg)) turns = Number(arg)
    else if (arg === 'quic') transports = ['tcp', 'quic']
    else throw new Error(`${arg}: expected how many turns, such as 3, or quic`)
  }
  return { turns, transports }
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

async function measureInside(
  dimension: number,
  rounds: number,
  over: Over,
  { signed, logged }: Variant,
): Promise<Measured> {
  const { seeds, cohort } = await benchCohort(PEERS, over)
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
        rounds: rounds + WARM_UP_ROUNDS,
        signed,
        stateDirectory,
      }
      worker.send(assignment)
    }
    await Promise.all(workers.map(heard))
    for (const worker of workers) worker.send('start')
    const reports = await Promise.all(workers.map(heard<Report>))
    const finished = reports.flatMap(report => (report.kind === 'finished' ? [report] : []))
    const times = finished.flatMap(({ roundsMs }) => roundsMs.slice(WARM_UP_ROUNDS))
    return { medianMs: median(times), cpuMs: finished.reduce((sum, { cpuMs }) => sum + cpuMs, 0) }
  } finally {
    for (const worker of workers) worker.kill()
    if (directory !== null) await rm(directory, { recursive: true, force: true })
  }
}
