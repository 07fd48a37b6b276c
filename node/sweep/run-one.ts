/** One run of a sweep, in the calling thread: simulated peers, peers that gossip, or workers around a trusted server. */
import type { SeriesPoint } from '../../learning/evaluation/series.ts'
import type { OracleCache } from '../../learning/oracles/oracle-cache.ts'
import { learnByGossip } from '../cli/gossip-learning.ts'
import { gossipReport } from '../cli/gossip-report.ts'
import { learnOnServer, serverReport } from '../cli/server-learning.ts'
import { runSimulated, type SimulatedOptions } from '../cli/simulated.ts'
import { simulatedReport } from '../cli/simulated-report.ts'
import { cohortId } from '../cohort/cohort.ts'
import { type Report, reportedSeries } from '../daemon/report.ts'
import { named, packed } from '../page/shell.ts'
import type { Stop } from './definition.ts'
import type { Digests, Inputs } from './inputs.ts'
import { metricsOf, seriesOf } from './metrics.ts'
import {
  type Prepared,
  type PreparedGossip,
  type PreparedPeers,
  type PreparedServer,
  prepare,
} from './prepare.ts'
import type { Programs } from './programs.ts'
import type { RunRow, Setting } from './rows.ts'
import { type PageOrder, type Recording, recordRun, reportedRun } from './run-page.ts'
import { createWatch, type Watch } from './watch.ts'

/** All that decides a run's result; crosses to a thread. */
export interface Job {
  /** With whole paths. */
  readonly settings: Readonly<Record<string, Setting>>
  readonly stop: Stop
  /** The share of the training set that is held out, and measured on in place of the test set; null: none. */
  readonly holdout: number | null
  /** What its files were when it was planned. */
  readonly inputs: Inputs
}

/** The row's part of what came of a run. */
type Measured = Pick<RunRow, 'status' | 'why' | 'metrics' | 'series' | 'seconds'>

/** What came of a run. */
export interface Outcome {
  readonly measured: Measured
  /** What its page holds, packed; null: none was wanted. */
  readonly page: string | null
}

interface RunContext {
  readonly programs: Programs
  readonly digests: Digests
  /** What earlier runs with this hold-out have opened and compiled. */
  cacheFor(holdout: number | null): OracleCache
  /** How many steps are done. */
  readonly onStep?: (step: number) => void
  /** Absent or null: none is wanted. */
  readonly page?: PageOrder | null
}

/** @throws what is wrong with the settings, the data or the model; OwnFileError where a file has changed since the plan */
export async function runOne(
  { settings, stop, holdout, inputs }: Job,
  context: RunContext,
): Promise<Outcome> {
  const startedMs = performance.now()
  const prepared = await prepare(settings, context.programs.heldTo(inputs))
  const { scenario } = prepared
  const watch = createWatch(stop, prepared.kind === 'server' ? 1 : scenario.peers - scenario.liars.length)
  const oracleCache = context.cacheFor(holdout)
  const told = (step: number, loss: number) => {
    watch.onStep(step, loss)
    context.onStep?.(step)
  }
  const { page = null } = context
  const recording = page?.isFull && prepared.kind === 'peers' ? recordRun(scenario, page) : null
  const learnt = await learnIn(prepared, { watch, oracleCache, onStep: told, recording })
  // Afterwards: a file that has changed before it was read has changed by now, too.
  await context.digests.check(settings, inputs)
  const { report } = learnt
  const ended = watch.ended()
  const isWhole = report.outcome === 'finished' && ended === null
  const measured: Measured = {
    ...(ended === null ? endOf(learnt) : { status: ended.status, why: ended.why }),
    metrics: { ...metricsOf(report), ...ended?.metrics },
    series: seriesOf(learnt.series, isWhole ? { step: scenario.settings.steps, peers: report.honest } : null),
    seconds: (performance.now() - startedMs) / 1000,
  }
  if (page === null) return { measured, page: null }
  const honest = Array.from({ length: scenario.peers }, (_, peer) => peer).filter(
    peer => !scenario.liars.includes(peer),
  )
  const whole = { report, measured, honest, series: learnt.series }
  const run = recording?.ended(whole) ?? reportedRun(whole, page)
  return { measured, page: packed([named(run)]) }
}

type Points = NonNullable<Report['honest'][number]['series']>

interface Learnt {
  readonly report: Report
  /** The evaluations on the way, peer by peer. */
  readonly series: readonly Points[]
  /** Why the run has no result; null: it has one. */
  readonly why: string | null
}

interface Learning {
  readonly watch: Watch
  readonly oracleCache: OracleCache
  readonly onStep: (step: number, loss: number) => void
  /** Null: nobody looks on. */
  readonly recording: Recording | null
}

async function learnIn(
  prepared: Prepared,
  { watch, oracleCache, onStep, recording }: Learning,
): Promise<Learnt> {
  const { scenario } = prepared
  const { isOver } = watch
  if (prepared.kind === 'server') {
    const run = await learnWithServer(prepared, {
      oracleCache,
      onStep,
      isOver,
      onEvaluation: point => watch.onEvaluation(0, point),
    })
    const why = run.finite ? null : `the parameters of step ${run.steps} are not finite`
    const report = serverReport(scenario, prepared.rule.name, run, 0)
    return { report, series: pointsOf(report.honest), why }
  }
  const { liars } = scenario
  const onEvaluation = (peer: number, point: SeriesPoint) => {
    if (!liars.includes(peer)) watch.onEvaluation(peer, point)
  }
  if (prepared.kind === 'gossip') {
    const run = await learnOverGraph(prepared, { oracleCache, onStep, isOver, onEvaluation })
    const where = `the parameters of peer ${run.diverged} in step ${run.steps} are not finite`
    const report = gossipReport(prepared.scenario, prepared.rule.name, run, 0)
    return { report, series: pointsOf(report.honest), why: run.diverged === null ? null : where }
  }
  const run = await learnAmongPeers(prepared, {
    oracleCache,
    isOver,
    onEvaluation,
    onStep: ({ step, loss }) => onStep(step, loss),
    ...(recording !== null && { look: recording.look }),
  })
  const report = simulatedReport(scenario, run, cohortId(run.cohort), 0)
  // In a run that was ended no peer has finished, and the report knows none.
  const all = run.series.filter((_, peer) => !liars.includes(peer)).map(reportedSeries)
  const series = pointsOf(report.honest.length === 0 ? all : report.honest)
  return { report, series, why: whyOf(run.result) }
}

type ServerHooks = Pick<
  Parameters<typeof learnOnServer>[0],
  'oracleCache' | 'onStep' | 'onEvaluation' | 'isOver'
>
type PeerHooks = Pick<SimulatedOptions, 'oracleCache' | 'onStep' | 'onEvaluation' | 'isOver' | 'look'>

/** @throws DataError, ModelError, RuleError */
export function learnWithServer({ scenario, rule, values }: PreparedServer, hooks: ServerHooks) {
  return learnOnServer({ scenario, rule, values, save: null, ...hooks })
}

type GossipHooks = Pick<
  Parameters<typeof learnByGossip>[0],
  'oracleCache' | 'onStep' | 'onEvaluation' | 'isOver'
>

/** @throws DataError, ModelError, RuleError */
function learnOverGraph({ scenario, rule, values }: PreparedGossip, hooks: GossipHooks) {
  return learnByGossip({ scenario, rule, values, save: null, ...hooks })
}

/** @throws DataError, ModelError, OracleError */
export function learnAmongPeers({ scenario, values, world }: PreparedPeers, hooks: PeerHooks) {
  const program = programOf(values)
  return runSimulated({ ...world, scenario, init: values.init, program, save: null, ...hooks })
}

function pointsOf(peers: readonly Pick<Report['honest'][number], 'series'>[]): readonly Points[] {
  return peers.map(({ series = [] }) => series)
}

function programOf({
  oracle,
  oracleTimeout,
  init,
}: Prepared['values']): NonNullable<SimulatedOptions['program']> | null {
  if (oracle === null) return null
  return { command: oracle, timeoutSeconds: oracleTimeout, hasStart: init !== null, onLine() {} }
}

type Result = Awaited<ReturnType<typeof runSimulated>>['result']

function whyOf({ diverged, stuck }: Result): string | null {
  const [first] = diverged
  if (first !== undefined) {
    const { step, of } = first.divergence
    const what = of === 'gradient' ? 'gradient' : 'parameters'
    return `the ${what} of peer ${first.peer} in step ${step} ${of === 'gradient' ? 'is' : 'are'} not finite`
  }
  const [waits] = stuck
  if (waits === undefined) return null
  return `peer ${waits.peer} waits in step ${waits.step} for peers ${waits.waitingFor.join(', ') || 'that are gone'}`
}

function endOf({ report, why }: Learnt): Pick<RunRow, 'status' | 'why'> {
  if (report.outcome === 'finished') return { status: 'done' }
  const status = report.outcome === 'diverged' ? 'diverged' : 'failed'
  return { status, why: why ?? 'no honest peer has finished' }
}
