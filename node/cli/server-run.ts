/**
 * `concord simulate --architecture server`: the same data, model, liars and attack with the trusted server of the
 * older papers in place of the peers' agreements, so that one can see what giving the server up costs.
 */
import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Aggregator, RuleParameters } from '../../agreement/rules/registry.ts'
import { norm } from '../../agreement/vector.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { batchSize } from '../../learning/batch-size.ts'
import { createSeries, type SeriesPoint } from '../../learning/evaluation/series.ts'
import { modelNames } from '../../learning/models/registry.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import type { OracleGroup } from '../../learning/oracles/jax-oracle.ts'
import type { MissingRule, Server } from '../../learning/server/server.ts'
import { stepSize } from '../../learning/step-size.ts'
import { rateAdvice } from '../daemon/divergence.ts'
import { accuracyOf, finiteOrNull, type Report, reportedMetrics, reportedSeries } from '../daemon/report.ts'
import { loadRule } from '../files/rule-file.ts'
import { EXTERNAL_MODEL, readStart, saveCheckpoint } from '../oracle/open.ts'
import { flag, maybe, type Options, option, UsageError } from './command.ts'
import { type Scenario, type ScenarioValues, scenarioOf } from './options.ts'
import { decimal, oneOf } from './parse.ts'
import { deliverReport, type ReportValues } from './report-output.ts'
import { ruleParameter, ruleReference } from './rule-options.ts'
import { oracleSpec } from './simulated-oracles.ts'
import type { Terminal } from './terminal.ts'
import { counted, duration, peerList, significant, whatTheyDid } from './view/format.ts'
import { metricsLines } from './view/metrics.ts'
import { createProgress, type Progress } from './view/progress.ts'
import { type Learnt, learntText, lossSentence } from './view/verdict.ts'

export const serverOptions = {
  architecture: option(
    '--architecture <which>',
    'peers, or server: a trusted server applies --rule to the gradients of workers',
    oneOf(['peers', 'server']),
    'peers',
  ),
  rule: maybe(
    '--rule <name>',
    'a rule, as in nnm+cwtm or ./mine.ts: the server’s; or, among peers, in place of that of a --protocol in standard form, and nothing is then guaranteed (docs/own-rule.md)',
    ruleReference,
    'cwtm on a server, that of the protocol among peers',
  ),
  param: ruleParameter,
  averaging: option(
    '--averaging <alpha>',
    "server: averages each worker's vectors over time, h ← αh + (1 − α)g",
    decimal({ min: 0, below: 1 }),
    0,
  ),
  missing: option(
    '--missing <rule>',
    'server: what counts for a vector that is missing: nothing (left-out), nothing for ever (eliminated), zero',
    oneOf(['left-out', 'eliminated', 'zero']),
    'left-out',
  ),
  forgedFrom: option(
    '--forged-from <what>',
    'server: what liars make their lies of: their vector with momentum, or their gradient of the step',
    oneOf(['vector', 'gradient']),
    'vector',
  ),
  rotating: flag('--rotating', 'server: other workers lie in every step, as many as --byzantine says'),
} as const

interface ServerValues extends Omit<ScenarioValues, 'protocol'>, ReportValues {
  /** Null: cwtm. */
  readonly rule: string | null
  readonly param: RuleParameters
  readonly averaging: number
  readonly missing: MissingRule
  readonly forgedFrom: 'vector' | 'gradient'
  readonly rotating: boolean
  readonly init: string | null
  readonly save: string | null
}

const DEFAULT_RULE = 'cwtm'

/** What only one of the two architectures has; given to the other it would do nothing. */
const peersOnly = [
  ...['protocol', 'synchronous', 'syncTimeout', 'grace', 'schedule', 'iterations', 'count', 'output'],
  ...['precision', 'localSteps', 'gradientRule', 'exchange'],
  ...['latency', 'gradientTime', 'measureEvery', 'network'],
  ...['oracleTimeout', 'loss', 'crash', 'restart', 'isolate', 'pause', 'slow'],
]
/** A page draws what peers do among themselves. */
const shownOfPeers = ['watch', 'page']
const serverOnly = ['averaging', 'missing', 'forgedFrom', 'rotating']

/** @throws UsageError where an option was given that the architecture has no use for */
export function checkArchitecture(values: Readonly<Record<string, unknown>>, options: Options): void {
  const server = values.architecture === 'server'
  for (const name of server ? shownOfPeers : [])
    if (values[name] !== null)
      throw new UsageError(
        `--${name} is given, but a page shows what peers send each other, and a server's workers do not; expected none with --architecture server`,
      )
  if (server && values.oracle !== null)
    throw new UsageError(
      "--oracle is given, but a server's workers learn our models; expected none with --architecture server",
    )
  for (const name of server ? peersOnly : serverOnly) {
    const { fallback, flags } = options[name]!
    if (JSON.stringify(values[name]) === JSON.stringify(fallback)) continue
    throw new UsageError(
      server
        ? `${flags.split(' ')[0]} is about agreement between peers; expected none with --architecture server`
        : `${flags.split(' ')[0]} is about a server; expected --architecture server beside it`,
    )
  }
}

/** @throws UsageError, DataError, RuleError */
export async function simulateServer(
  values: ServerValues,
  loaded: Attack | null,
  terminal: Terminal,
): Promise<number> {
  const { param, peers } = values
  if (values.model === EXTERNAL_MODEL)
    throw new UsageError(
      `--model is "${EXTERNAL_MODEL}", and a server's workers learn our models; expected one of ${modelNames.join(', ')}`,
    )
  const chosen = await loadRule(values.rule ?? DEFAULT_RULE, param)
  const most = Math.max(0, Math.ceil(peers / 2) - 1)
  const faults = values.faults ?? most
  if (faults > most && !values.unsafe)
    throw new UsageError(
      `--faults is ${faults}; no rule stands more than ${most} of ${peers} workers (2f < n)`,
    )
  // The bounds of agreements say nothing of a server, which waits for all workers and is trusted.
  const scenario = scenarioOf(
    { ...values, protocol: 'mean', faults, unsafe: true, byzantine: values.byzantine ?? faults },
    loaded,
  )
  if (scenario.liars.length > faults && !values.unsafe)
    throw new UsageError(
      `--byzantine is ${scenario.liars.length}, more than f = ${faults}; expected at most ${faults}, or --unsafe`,
    )
  if (values.rotating && scenario.attack?.relabel !== undefined)
    throw new UsageError(
      `--rotating with --attack ${scenario.attack.name}: a worker's labels stay as they are; expected an attack on vectors`,
    )
  const { liars, attack } = scenario
  const lie =
    attack === null ? '' : `; ${peerList(liars).replace('peer', 'worker')} Byzantine: ${attack.name}`
  terminal.print(
    `A trusted server with ${chosen.name} and ${counted(peers, 'worker')}, at most ${faults} faulty, seed ${values.seed}${lie}`,
  )
  const startedMs = performance.now()
  const run = await learn(scenario, chosen, values, terminal)
  const report = reportOf(scenario, chosen.name, run, (performance.now() - startedMs) / 1000)
  const { accuracy, loss, metrics } = run.evaluation
  const { rate, clip } = scenario.settings
  const did = attack === null ? null : whatTheyDid(liars, attack.did).replace('peer', 'worker')
  if (run.finite) {
    const learnt: Learnt = {
      accuracy,
      metrics,
      firstLoss: finiteOrNull(run.firstLoss),
      lastLoss: finiteOrNull(loss),
    }
    terminal.print(...metricsLines(metrics))
    terminal.print(terminal.paint('bold', serverSentence(learnt, did)))
  } else {
    const where = `the parameters of step ${run.steps} are not finite; before, their norm was ${run.norm.toExponential(2)}`
    const meanwhile = did === null ? '' : ` Meanwhile ${did}.`
    terminal.warn(
      terminal.paint('red', `The learning has diverged: ${where}. ${rateAdvice(rate, clip)}.${meanwhile}`),
    )
  }
  terminal.print(`${duration(report.wallSeconds)}; the server is trusted, and everything rests on it`)
  if (values.save !== null && run.finite) terminal.print(`${values.save} holds its parameters`)
  else if (values.save !== null) terminal.warn(`${values.save} was not written: the learning has diverged`)
  await deliverReport(values, report, terminal)
  return run.finite ? 0 : 1
}

/** "The server reaches 95.2 %, loss 0.2, although worker 6 sent …." */
function serverSentence(learnt: Learnt, did: string | null): string {
  const grown = lossSentence(learnt)
  const reached = [learntText(learnt, true), `loss ${significant(learnt.lastLoss)}`]
  const lie = did === null ? '' : grown === '' ? `, although ${did}` : `; ${did}`
  return `The server ${reached[0] === '' ? 'is done' : reached[0]}, ${reached[1]}${lie}.${grown}`
}

interface ServerRun {
  readonly steps: number
  readonly finite: boolean
  /** Of the parameters before the last step. */
  readonly norm: number
  /** At the start. */
  readonly firstLoss: number
  readonly dimension: number
  readonly evaluation: Evaluation
  readonly series: readonly SeriesPoint[]
}

async function learn(
  scenario: Scenario,
  rule: Aggregator,
  values: ServerValues,
  terminal: Terminal,
): Promise<ServerRun> {
  const { averaging, missing, forgedFrom, rotating, init, save } = values
  const { peers, settings, liars, attack } = scenario
  const [{ createOracleGroup }, { createServer }] = await Promise.all([
    import('../../learning/oracles/jax-oracle.ts'),
    import('../../learning/server/server.ts'),
  ])
  const group = await createOracleGroup(
    Array.from({ length: peers }, (_, worker) => oracleSpec(scenario, worker)),
  )
  const { momentum, clip, weightDecay, box, seed, faults, steps } = settings
  const server = createServer({
    rule,
    maxFaulty: faults,
    liars,
    attack,
    averaging,
    missing,
    forgedFrom,
    rotating,
    momentum,
    clip,
    weightDecay,
    seed,
    workers: peers,
    start: init === null ? group.initial : await readStart(init, group.oracles[0]!.parameters),
    gradients: (request, asked) =>
      group.gradients(
        request,
        asked.map(worker => ({ worker })),
      ),
    rate: stepSize(values.stepSize.schedule, settings.rate),
    batch: batchSize(values.batchSchedule.schedule, settings.batch),
    box: box === null ? null : { low: -box, high: box },
  })
  const progress = await createProgress(terminal, steps)
  for (const note of group.oracles[0]!.notes ?? []) progress.note(note)
  const followed = await follow(server, group, settings, progress)
  const { finite } = followed
  const nothing: Evaluation = { loss: Number.NaN, accuracy: null, metrics: null }
  const evaluation = finite ? await group.evaluate(server.parameters) : nothing
  if (save !== null && finite)
    await saveCheckpoint(
      save,
      group.oracles[0]!,
      server.parameters,
      { spec: oracleSpec(scenario, 0), command: null },
      { cohort: null, step: followed.steps },
    )
  for (const oracle of group.oracles) await oracle.close()
  return { ...followed, dimension: group.dimension, evaluation }
}

/** Takes the steps, until one is not finite. */
async function follow(
  server: Server,
  group: OracleGroup,
  { steps, evaluateEvery }: Scenario['settings'],
  progress: Progress,
): Promise<Omit<ServerRun, 'dimension' | 'evaluation'>> {
  const series = createSeries()
  let step = 0
  let finite = true
  let before = 0
  let firstLoss = Number.NaN
  try {
    while (finite && step < steps) {
      if (evaluateEvery !== undefined && step % evaluateEvery === 0)
        series.add({ step, ...(await group.evaluate(server.parameters)) })
      before = norm(server.parameters)
      const done = await server.step()
      step = done.step
      if (step === 1) firstLoss = done.loss
      finite = done.finite
      progress.update({ step, loss: done.loss })
    }
  } finally {
    progress.stop()
  }
  return { steps: step, finite, norm: before, firstLoss, series: series.points }
}

/** The report of a run, with the server's parameters as those of every honest worker. */
function reportOf(scenario: Scenario, rule: string, run: ServerRun, wallSeconds: number): Report {
  const { peers, settings, liars, attack } = scenario
  const { faults, schedule, model, batch, rate, momentum, steps, seed } = settings
  const bytes = 4 * run.dimension * run.steps
  const { loss, accuracy, metrics } = run.evaluation
  const honest = Array.from({ length: peers }, (_, peer) => peer)
    .filter(peer => !liars.includes(peer))
    .map(peer => ({
      peer,
      accuracy,
      metrics: reportedMetrics(metrics),
      ...reportedSeries(run.series),
      distance: 0,
      bytesSent: bytes,
      bytesReceived: bytes,
      loss: finiteOrNull(loss),
      eventLoopDelayMs: null,
      memory: null,
      ruleMilliseconds: null,
    }))
  const id = createHash('sha256')
    .update(JSON.stringify([rule, peers, settings]))
    .digest('hex')
  return {
    command: 'simulate',
    cohort: {
      id,
      peers,
      faults,
      protocol: `server ${rule}`,
      synchrony: 'synchronous',
      schedule,
      exchange: 'whole',
      precision: 'f32',
      localSteps: 1,
      model,
      batch,
      rate,
      momentum,
      steps,
      seed,
    },
    seed,
    byzantine: { peers: [...liars], attack: attack?.name ?? null },
    data: scenario.data,
    partition: scenario.partition,
    steps: run.steps,
    outcome: run.finite ? 'finished' : 'diverged',
    honest,
    accuracy: accuracyOf(honest),
    diameter: { gradient: 0, parameters: 0, first: 0, last: 0, relative: 0 },
    messages: 2 * peers * run.steps,
    bytes: 2 * peers * bytes,
    wallSeconds,
    learningSeconds: wallSeconds,
    faults: [],
    violations: [],
  }
}
