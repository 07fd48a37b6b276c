/**
 * `npm run bench -- exchange`: one all-to-all exchange of vectors among seven processes, as LEARN does it, beside the
 * bare one over the same libp2p streams; and what signatures and the log cost. It ends with the vectors in hand and
 * checked; what a rule then makes of them is not in it. The variants take turns, so that all meet the same machine.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cohort, cohortSchema } from '../../node/cohort.ts'
import { identityFromSeed } from '../../node/identity.ts'
import { freePorts } from '../../node/network/free-ports.ts'
import { type BenchRow, compared, median, type RunBench } from './bench.ts'
import { measureBareExchange } from './exchange-bare.ts'
import type { Assignment, Report } from './exchange-inside-worker.ts'

const PEERS = 7
const WARM_UP_ROUNDS = 5

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
  const turns = Number(args[0] ?? 3)
  const rows: BenchRow[] = []
  for (const [dimension, rounds] of [
    [79_510, 40],
    [431_080, 15],
  ] as const) {
    const bare: Measured[] = []
    const inside = { links: [] as Measured[], signed: [] as Measured[], logged: [] as Measured[] }
    for (let turn = 1; turn <= turns; turn++) {
      note(`${(4 * dimension) / 1000} KB, turn ${turn} of ${turns}`)
      bare.push(await measureBareExchange({ peers: PEERS, dimension, rounds }))
      for (const name of ['links', 'signed', 'logged'] as const)
        inside[name].push(await measureInside(dimension, rounds, variants[name]))
    }
    rows.push(
      rowOf(`LEARN, ${(4 * dimension) / 1000} KB`, bare, inside.signed, inside),
      rowOf(`LEARN with the log, ${(4 * dimension) / 1000} KB`, bare, inside.logged, inside),
    )
  }
  return rows
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
  { signed, logged }: Variant,
): Promise<Measured> {
  const seeds = Array.from({ length: PEERS }, () => new Uint8Array(randomBytes(32)))
  const cohort = await benchCohort(seeds)
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
    await Promise.all(workers.map(worker => heard(worker)))
    for (const worker of workers) worker.send('start')
    const reports = await Promise.all(workers.map(worker => heard(worker)))
    const finished = reports.flatMap(report => (report.kind === 'finished' ? [report] : []))
    const times = finished.flatMap(({ roundsMs }) => roundsMs.slice(WARM_UP_ROUNDS))
    return { medianMs: median(times), cpuMs: finished.reduce((sum, { cpuMs }) => sum + cpuMs, 0) }
  } finally {
    for (const worker of workers) worker.kill()
    if (directory !== null) await rm(directory, { recursive: true, force: true })
  }
}

async function heard(worker: ChildProcess): Promise<Report> {
  const [report] = (await Promise.race([
    once(worker, 'message'),
    once(worker, 'exit').then(([code]) =>
      Promise.reject(new Error(`a process of the exchange ended with ${code}`)),
    ),
  ])) as [Report]
  return report
}

export async function benchCohort(seeds: readonly Uint8Array[]): Promise<Cohort> {
  const ports = await freePorts(seeds.length)
  const members = seeds.map((seed, i) => ({
    name: `peer-${i}`,
    id: identityFromSeed(seed).id,
    addresses: [`/ip4/127.0.0.1/tcp/${ports[i]}`],
  }))
  return cohortSchema.parse({
    members,
    faults: 0,
    protocol: 'mean',
    steps: 1,
    model: 'mlp',
    rate: 1,
    batch: 1,
    seed: 1,
  })
}
