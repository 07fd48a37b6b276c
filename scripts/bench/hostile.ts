/**
 * `npm run bench -- hostile`: the exchange among six honest processes while the seventh member is silent, and while it
 * sends as fast as it can: valid vectors for wrong slots, garbage, requests. Times and peak memory of the honest.
 */
import { fork } from 'node:child_process'
import { type BenchRow, compared, median, type RunBench } from './bench.ts'
import type { Flood, HostileAssignment, HostileReport } from './hostile-worker.ts'
import { benchCohort, heard } from './members.ts'

const floods: readonly Flood[] = ['silence', 'wrong slots', 'garbage', 'requests']
const PEERS = 7
const DIMENSION = 79_510
const ROUNDS = 40
const WARM_UP_ROUNDS = 5

interface Measured {
  readonly medianMs: number
  readonly peakMegabytes: number
  readonly faults: number
}

export const run: RunBench = async ({ args, note }) => {
  const turns = Number(args[0] ?? 3)
  const measured = new Map<Flood, Measured[]>(floods.map(flood => [flood, []]))
  for (let turn = 1; turn <= turns; turn++)
    for (const flood of floods) {
      note(`${flood}, turn ${turn} of ${turns}`)
      measured.get(flood)!.push(await measure(flood))
    }
  const of = (flood: Flood, key: keyof Measured) => median(measured.get(flood)!.map(each => each[key]))
  const silent = { name: 'a silent member', ms: of('silence', 'medianMs') }
  return floods
    .filter(flood => flood !== 'silence')
    .map(
      (flood): BenchRow =>
        compared(flood, of(flood, 'medianMs'), silent, {
          'peak MB': of(flood, 'peakMegabytes'),
          'peak MB, silent': of('silence', 'peakMegabytes'),
          faults: of(flood, 'faults'),
        }),
    )
}

async function measure(flood: Flood): Promise<Measured> {
  const { seeds, cohort: drawn } = await benchCohort(PEERS)
  const cohort = { ...drawn, faults: 1 }
  const workers = seeds.map(() =>
    fork(new URL('hostile-worker.ts', import.meta.url), { serialization: 'advanced' }),
  )
  try {
    for (const [self, worker] of workers.entries())
      worker.send({
        self,
        seeds,
        cohort,
        dimension: DIMENSION,
        rounds: ROUNDS + WARM_UP_ROUNDS,
        flood: self === PEERS - 1 ? flood : null,
      } satisfies HostileAssignment)
    await Promise.all(workers.map(heard))
    for (const worker of workers) worker.send('start')
    const reports = await Promise.all(workers.slice(0, -1).map(heard<HostileReport>))
    const finished = reports.flatMap(report => (report.kind === 'finished' ? [report] : []))
    return {
      medianMs: median(finished.flatMap(({ roundsMs }) => roundsMs.slice(WARM_UP_ROUNDS))),
      peakMegabytes: Math.max(...finished.map(({ peakBytes }) => peakBytes)) / 1e6,
      faults: finished.reduce((sum, { faults }) => sum + faults, 0),
    }
  } finally {
    for (const worker of workers) worker.kill('SIGKILL')
  }
}
