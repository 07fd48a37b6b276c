/**
 * Learning with the trusted server of the older papers in place of the peers' agreements, or by broadcast in place of that
 * server: the options, the checks, the run and its report, for `simulate --architecture server` and `broadcast`, and for
 * sweeps.
 */
import type { Aggregator, RuleParameters } from '../../agreement/rules/registry.ts'
import { norm, type Vector } from '../../agreement/vector.ts'
import { type Attack, poisonsData } from '../../learning/attacks/attack.ts'
import { actsAmongPeersOnly, actsOnBroadcast } from '../../learning/attacks/registry.ts'
import { batchSize } from '../../learning/batch-size.ts'
import { createSeries, type SeriesPoint } from '../../learning/evaluation/series.ts'
import { modelNames } from '../../learning/models/registry.ts'
import type { Evaluation } from '../../learning/oracle.ts'
import type { Asked, OracleGroup } from '../../learning/oracles/jax-oracle.ts'
import type { OracleCache } from '../../learning/oracles/oracle-cache.ts'
import type { OracleSpec } from '../../learning/oracles/spec.ts'
import type { MissingRule } from '../../learning/server/filter.ts'
import type { Server } from '../../learning/server/server.ts'
import { stepSize } from '../../learning/step-size.ts'
import { drawnStep } from '../cohort/learn-options.ts'
import {
  accuracyOf,
  finiteOrNull,
  type Report,
  reportedExtras,
  reportedMetrics,
  reportedSeries,
} from '../daemon/report.ts'
import { EXTERNAL_MODEL, readStart, saveCheckpoint } from '../oracle/open.ts'
import { evaluateAlone } from './alone.ts'
import { flag, maybe, option, UnfitError, UsageError } from './command.ts'
import { type Scenario, type ScenarioValues, scenarioOf } from './options.ts'
import { decimal, oneOf } from './parse.ts'
import { roundsCohort } from './rounds-report.ts'
import { ruleParameter, runRule } from './rule-options.ts'
import { oracleSpec } from './simulated-oracles.ts'

export const serverOptions = {
  architecture: option(
    '--architecture <which>',
    'peers; server: a trusted server applies --rule to the gradients of workers; broadcast: the workers send them to each other by Byzantine broadcast and each applies it; or gossip: each peer applies it to the parameters of its neighbours (docs/graphs.md)',
    oneOf(['peers', 'server', 'broadcast', 'gossip']),
    'peers',
  ),
  rule: maybe(
    '--rule <name>',
    'a rule, as in nnm+cwtm or ./mine.ts: the server’s, or that of gossip; or, among peers, in place of that of a --protocol in standard form, and nothing is then guaranteed (docs/own-rule.md)',
    runRule,
    'cwtm on a server, monna in gossip, that of the protocol among peers',
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

/** In place of a partition, as the papers with a server have it: every worker draws from the whole training set. */
export const SHARED_DATA = 'shared'

/** @throws UsageError where peers that hold their own data were told to share all of it */
export function refuseSharedData(partition: string): void {
  if (partition === SHARED_DATA)
    throw new UsageError(
      `--partition is "${SHARED_DATA}", where every worker of a server draws from the same data; expected iid among peers, or --architecture server`,
    )
}

/** The rule of a server that names none. */
export const DEFAULT_RULE = 'cwtm'

export interface ServerValues extends Omit<ScenarioValues, 'protocol'> {
  /** `broadcast`, or one with a server. */
  readonly architecture: 'peers' | 'server' | 'broadcast' | 'gossip'
  /** Null: `DEFAULT_RULE`. */
  readonly rule: string | null
  readonly param: RuleParameters
  readonly averaging: number
  readonly missing: MissingRule
  readonly forgedFrom: 'vector' | 'gradient'
  readonly rotating: boolean
  readonly init: string | null
  readonly alone: boolean
}

/**
 * @param loaded the attack, if it is the user's own
 * @throws UsageError below the bound, 2f < n or with broadcast 3f < n, without --unsafe, or where the options contradict
 * each other
 */
export function serverScenario(values: ServerValues, loaded: Attack | null): Scenario {
  const { peers } = values
  if (values.model === EXTERNAL_MODEL)
    throw new UsageError(
      `--model is "${EXTERNAL_MODEL}", and a server's workers learn our models; expected one of ${modelNames.join(', ')}`,
    )
  const isBroadcast = values.architecture === 'broadcast'
  const most = Math.max(0, Math.ceil(peers / (isBroadcast ? 3 : 2)) - 1)
  const faults = values.faults ?? most
  if (faults > most && !values.unsafe)
    throw new UnfitError(
      `--faults is ${faults}; ${isBroadcast ? `broadcast stands at most ${most} of ${peers} peers (3f < n)` : `no rule stands more than ${most} of ${peers} workers (2f < n)`}; --unsafe runs it anyway`,
    )
  const byzantine = values.byzantine ?? values.liars?.length ?? faults
  // The bounds of agreements say nothing of a server, which waits for all workers and is trusted.
  const scenario = scenarioOf({ ...values, protocol: 'mean', faults, unsafe: true, byzantine }, loaded)
  if (scenario.liars.length > faults && !values.unsafe)
    throw new UnfitError(
      `--byzantine is ${scenario.liars.length}, more than f = ${faults}; expected at most ${faults}, or --unsafe`,
    )
  checkAttack(values, scenario.attack)
  if (values.rotating && isBroadcast)
    throw new UsageError(
      '--rotating with --architecture broadcast: a peer that lies keeps no estimate to go on with; expected a server',
    )
  if (values.alone && values.partition === SHARED_DATA)
    throw new UsageError(
      `--alone trains each worker on its own share, and with --partition ${SHARED_DATA} none has one; expected another partition`,
    )
  if (values.rotating && values.liars !== null)
    throw new UsageError(
      '--rotating lets other workers lie in every step, and --liars names them; expected --byzantine with their number',
    )
  if (values.rotating && scenario.attack !== null && poisonsData(scenario.attack))
    throw new UsageError(
      `--rotating with --attack ${scenario.attack.name}: a worker's data stay as they are; expected an attack on vectors`,
    )
  return scenario
}

/** @throws UnfitError for an attack that has nothing to act on */
function checkAttack({ attack: name, architecture }: ServerValues, attack: Attack | null): void {
  if (attack === null || !actsAmongPeersOnly(name)) return
  if (architecture !== 'broadcast')
    throw new UnfitError(
      `--attack ${name} acts on what peers say to each other, and a server's workers say nothing but a vector; expected an attack on vectors or data`,
    )
  if (!actsOnBroadcast(name))
    throw new UnfitError(
      `--attack ${name} acts on links or on the agreement of LEARN, and broadcast has neither; expected an attack on vectors, data or messages`,
    )
}

/** How learning with the server, or by broadcast, went. */
export interface ServerRun {
  readonly steps: number
  readonly finite: boolean
  /** Of the parameters before the last step. */
  readonly norm: number
  /** At the start. */
  readonly firstLoss: number
  readonly dimension: number
  readonly evaluation: Evaluation
  /** By worker: what the honest ones learn alone; null where nobody asked. */
  readonly alone: readonly (Evaluation | null)[] | null
  readonly series: readonly SeriesPoint[]
  /** The step before which the parameters that were evaluated stood; null: those of the end. */
  readonly drawn: number | null
  /** Of all steps; null: there is a server. */
  readonly traffic: { readonly rounds: number; readonly messages: number; readonly bytes: number } | null
}

interface ServerLearning {
  readonly scenario: Scenario
  readonly rule: Aggregator
  readonly values: ServerValues
  /** Where to write the parameters; null: nowhere. */
  readonly save: string | null
  /** What earlier runs of this thread have opened and compiled; absent: nothing. */
  readonly oracleCache?: OracleCache
  /** After each step, with the mean loss of the honest workers' batches. */
  readonly onStep?: (step: number, loss: number) => void
  /** After each evaluation on the way. */
  readonly onEvaluation?: (point: SeriesPoint) => void
  /** Asked before each step: true ends the run there. */
  readonly isOver?: () => boolean
  /** Takes what was noticed about the files of the data. */
  readonly onNote?: (line: string) => void
}

/** @throws DataError, ModelError, RuleError */
export async function learnOnServer(learning: ServerLearning): Promise<ServerRun> {
  const { scenario, rule, values, save, oracleCache } = learning
  const { averaging, missing, forgedFrom, rotating, init, architecture } = values
  const { peers, settings, liars, attack } = scenario
  const [{ createOracleGroup }, { createServer }, { digestOf }] = await Promise.all([
    import('../../learning/oracles/jax-oracle.ts'),
    import('../../learning/server/server.ts'),
    import('../signatures/digest.ts'),
  ])
  const { specs, ask } = gradientSources(scenario)
  const group = await createOracleGroup(specs, oracleCache)
  const { momentum, clip, weightDecay, box, seed, faults } = settings
  const start = init === null ? group.initial : await readStart(init, group.oracles[0]!.parameters)
  const own = {
    momentum,
    clip,
    weightDecay,
    rate: stepSize(values.stepSize.schedule, settings.rate),
    batch: batchSize(values.batchSchedule.schedule, settings.batch),
    box: box === null ? null : { low: -box, high: box },
  }
  const server = createServer({
    ...own,
    rule,
    maxFaulty: faults,
    liars,
    attack,
    averaging,
    missing,
    forgedFrom,
    rotating,
    seed,
    workers: peers,
    start,
    gradients: (request, asked) =>
      group.gradients(
        request,
        asked.map(worker => ask(worker, request.step)),
      ),
    ...(architecture === 'broadcast' && { broadcast: { digestOf } }),
  })
  for (const note of group.oracles[0]!.notes ?? []) learning.onNote?.(note)
  const { output, ...followed } = await follow(server, group, learning)
  const { finite } = followed
  const nothing: Evaluation = { loss: Number.NaN, accuracy: null, metrics: null }
  const evaluation = finite ? await group.evaluate(output) : nothing
  const alone = values.alone
    ? await evaluateAlone(group.oracles, honestOf(scenario), start, {
        ...own,
        steps: settings.steps,
        outputStep: followed.drawn,
      })
    : null
  if (save !== null && finite)
    await saveCheckpoint(
      save,
      group.oracles[0]!,
      output,
      { spec: oracleSpec(scenario, 0), command: null },
      { cohort: null, step: followed.drawn === null ? followed.steps : followed.drawn - 1 },
    )
  for (const oracle of group.oracles) await oracle.close()
  return { ...followed, dimension: group.dimension, evaluation, alone }
}

function honestOf({ peers, liars }: Scenario): readonly number[] {
  return Array.from({ length: peers }, (_, worker) => worker).filter(worker => !liars.includes(worker))
}

interface GradientSources {
  readonly specs: readonly OracleSpec[]
  /** Which of these a worker's gradient comes from, and of which step its batch is; absent: of the step itself. */
  readonly ask: (worker: number, step: number) => Asked
}

/** One for each worker; where they share the data, one for all, and one for liars that poison it. */
function gradientSources(scenario: Scenario): GradientSources {
  const { peers, partition, liars } = scenario
  const specs = Array.from({ length: peers }, (_, worker) => oracleSpec(scenario, worker))
  if (partition !== SHARED_DATA) return { specs, ask: worker => ({ worker }) }
  const isPoisoned = ({ relabel, backdoor }: OracleSpec) =>
    relabel !== undefined || backdoor?.poisons === true
  const poisoned = specs.find(isPoisoned)
  const honest = specs.find(spec => !isPoisoned(spec))!
  const whole = [honest, ...(poisoned === undefined ? [] : [poisoned])].map(
    (spec): OracleSpec => ({ ...spec, partition: 'iid', peer: 0, peers: 1 }),
  )
  // Worker w of n draws at step t the batch of step (t − 1)n + w + 1, so that each has its own.
  const ask = (worker: number, step: number) => ({
    worker: poisoned !== undefined && liars.includes(worker) ? 1 : 0,
    step: (step - 1) * peers + worker + 1,
  })
  return { specs: whole, ask }
}

/** Takes the steps, until one is not finite, or the run is over. `output`: the last parameters, or `θ̂`. */
async function follow(
  server: Server,
  group: OracleGroup,
  { scenario, onStep, onEvaluation, isOver }: ServerLearning,
): Promise<Omit<ServerRun, 'dimension' | 'evaluation' | 'alone'> & { output: Vector }> {
  const { steps, evaluateEvery, output: which, seed } = scenario.settings
  // RESAM, Theorem 1: uniform among θ_1 … θ_T, those before a step.
  const drawn = which === 'drawn' ? drawnStep(seed, steps) : null
  let output = server.parameters
  const traffic = { rounds: 0, messages: 0, bytes: 0 }
  const series = createSeries()
  let step = 0
  let finite = true
  const before = new Float32Array(server.parameters.length)
  let firstLoss = Number.NaN
  while (finite && step < steps) {
    if (evaluateEvery !== undefined && step % evaluateEvery === 0) {
      const point = { step, ...(await group.evaluate(server.parameters)) }
      series.add(point)
      onEvaluation?.(point)
    }
    if (isOver?.()) break
    before.set(server.parameters)
    if (step + 1 === drawn) output = new Float32Array(before)
    const done = await server.step()
    step = done.step
    traffic.rounds += done.traffic?.rounds ?? 0
    traffic.messages += done.traffic?.messages ?? 0
    traffic.bytes += done.traffic?.bytes ?? 0
    if (step === 1) firstLoss = done.loss
    finite = done.finite
    onStep?.(step, done.loss)
  }
  return {
    steps: step,
    finite,
    norm: norm(before),
    firstLoss,
    series: series.points,
    output,
    drawn,
    traffic: traffic.rounds === 0 ? null : traffic,
  }
}

/** The report of a run, with the server's parameters as those of every honest worker. */
export function serverReport(scenario: Scenario, rule: string, run: ServerRun, wallSeconds: number): Report {
  const { peers, settings, liars, attack } = scenario
  const { seed } = settings
  // With a server each worker sends a gradient and gets the parameters.
  const messages = run.traffic?.messages ?? 2 * peers * run.steps
  const bytes = run.traffic === null ? 4 * run.dimension * run.steps : run.traffic.bytes / peers
  const { loss, accuracy, metrics } = run.evaluation
  const honest = Array.from({ length: peers }, (_, peer) => peer)
    .filter(peer => !liars.includes(peer))
    .map(peer => ({
      peer,
      accuracy,
      metrics: reportedMetrics(metrics),
      ...reportedExtras(run.evaluation, run.alone?.[peer]),
      ...reportedSeries(run.series),
      distance: 0,
      bytesSent: bytes,
      bytesReceived: bytes,
      loss: finiteOrNull(loss),
      eventLoopDelayMs: null,
      memory: null,
      ruleMilliseconds: null,
    }))
  return {
    command: 'simulate',
    cohort: roundsCohort(
      `${run.traffic === null ? 'server' : 'broadcast'} ${rule}`,
      run.traffic === null ? [rule] : ['broadcast', rule],
      scenario,
    ),
    seed,
    byzantine: { peers: [...liars], attack: attack?.name ?? null },
    data: scenario.data,
    partition: scenario.partition,
    steps: run.steps,
    outcome: run.finite ? 'finished' : 'diverged',
    honest,
    accuracy: accuracyOf(honest),
    diameter: { gradient: 0, parameters: 0, first: 0, last: 0, relative: 0 },
    messages,
    bytes: run.traffic?.bytes ?? 2 * peers * bytes,
    wallSeconds,
    learningSeconds: wallSeconds,
    faults: [],
    violations: [],
  }
}
