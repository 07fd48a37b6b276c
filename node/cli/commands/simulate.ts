/** `concord simulate`: a whole cohort in the simulated world, seeded and replayable. */
import { performance } from 'node:perf_hooks'
import { accuracyOf, cohortSummary, type Report, tally } from '../../daemon/report.ts'
import { loadAttack } from '../../files/attack-file.ts'
import { defineCommand, flag, maybe, option, UsageError } from '../command.ts'
import { learningOptions } from '../learning-options.ts'
import { type Scenario, scenarioOf, scenarioOptions } from '../options.ts'
import { decimal, integer, text } from '../parse.ts'
import { deliverReport, prepareReport } from '../report-output.ts'
import { checkArchitecture, serverOptions, simulateServer } from '../server-run.ts'
import { closenessOf, runSimulated, type SimulatedRun } from '../simulated.ts'
import { swarm } from '../swarm.ts'
import type { Terminal } from '../terminal.ts'
import { counted, duration, megabytes, peerList } from '../view/format.ts'
import { createEstimate, createProgress } from '../view/progress.ts'
import { faultsText, resultTable, verdictSentence } from '../view/result.ts'

const options = {
  ...scenarioOptions,
  ...serverOptions,
  latency: option('--latency <ms>', 'mean one-way latency of the links', decimal({ min: 0, max: 1e6 }), 5),
  gradientTime: option(
    '--gradient-time <ms>',
    'virtual time of a gradient',
    decimal({ min: 0, max: 1e6 }),
    10,
  ),
  seeds: maybe(
    '--seeds <count>',
    'instead: so many averaging agreements, each with everything drawn from its seed, all guarantees checked',
    integer({ min: 1 }),
    'one cohort',
  ),
  learn: flag(
    '--learn',
    'with --seeds: cohorts that learn, with crashes, lost disks, long absences and partitions',
  ),
  from: option('--from <seed>', 'with --seeds: the first seed', integer({ min: 0 }), 0),
  init: learningOptions.init,
  save: maybe(
    '--save <file>',
    'write what the first honest peer, or the server, has learnt as a checkpoint (.safetensors)',
    text,
  ),
  report: maybe('--report <file>', 'write the report, with its trace, as JSON', text),
  json: flag('--json', 'print the report as JSON; progress goes to standard error'),
} as const

export const simulate = defineCommand({
  name: 'simulate',
  summary: 'run a cohort in a simulated network: seeded, replayable, no sockets',
  about:
    'The same peers as the real ones, on virtual time. The same options and seed give the same trace. ' +
    'With --seeds it is not a cohort that learns but a swarm of averaging agreements: protocol, n, f, d, data, network, ' +
    'faults and attack all come from each seed, and the other options are not used.',
  options,
  examples: [
    '--peers 13 --faults 2 --protocol mda --seed 7 --report run.json',
    '--attack empire --steps 300 --data path/to/mnist',
    '--architecture server --rule cge --attack label-flip',
    '--seeds 10000 --report swarm.json',
    '--seeds 2000 --learn',
  ],
  async handler(values, _, terminal) {
    await prepareReport(values, terminal)
    for (const name of ['init', 'save'] as const)
      if (values.seeds !== null && values[name] !== null)
        throw new UsageError(
          `--${name} is "${values[name]}", but --seeds learns no model; expected one of the two`,
        )
    if (values.seeds !== null) return swarm({ ...values, seeds: values.seeds }, terminal)
    checkArchitecture(values, options)
    if (values.architecture === 'server')
      return simulateServer(values, await loadAttack(values.attack), terminal)
    const scenario = scenarioOf(values, await loadAttack(values.attack))
    const startedMs = performance.now()
    const run = await withProgress(scenario, values, terminal)
    const { cohortId } = await import('../../cohort/cohort.ts')
    const report = reportOf(scenario, run, cohortId(run.cohort), (performance.now() - startedMs) / 1000)
    await printResult(scenario, run, report, terminal)
    if (run.saved !== null) terminal.print(`${values.save} holds what peer ${run.saved} has learnt`)
    else if (values.save !== null)
      terminal.warn(`${values.save} was not written: no honest peer has finished`)
    await deliverReport(values, report, terminal)
    return report.outcome === 'finished' ? 0 : 1
  },
})

interface RunValues {
  readonly latency: number
  readonly gradientTime: number
  readonly init: string | null
  readonly save: string | null
}

async function withProgress(
  scenario: Scenario,
  { latency, gradientTime, init, save }: RunValues,
  terminal: Terminal,
): Promise<SimulatedRun> {
  const { peers, settings, liars, attack } = scenario
  const lie =
    attack === null
      ? ''
      : `; ${peerList(liars)} ${liars.length === 1 ? 'is' : 'are'} Byzantine: ${attack.name}`
  terminal.print(
    `Simulating ${counted(peers, 'peer')}, at most ${settings.faults} faulty, ${settings.protocol}, seed ${settings.seed}${lie}`,
  )
  const progress = await createProgress(terminal)
  const estimate = createEstimate(settings.steps)
  try {
    return await runSimulated({
      scenario,
      latencyMs: latency,
      gradientMs: gradientTime,
      init,
      save,
      onStep: ({ step, loss, diameter }) =>
        progress.update({
          step,
          steps: settings.steps,
          loss,
          diameter: diameter.parameters,
          bytes: null,
          secondsLeft: estimate(step, performance.now() / 1000),
        }),
    })
  } finally {
    progress.stop()
  }
}

function reportOf(scenario: Scenario, run: SimulatedRun, id: string, wallSeconds: number): Report {
  const { cohort, result, evaluations } = run
  const ended = result.honest.filter(peer => result.parameters[peer] !== null)
  const closeness = closenessOf(ended.map(peer => result.parameters[peer]!))
  const honest = ended.map((peer, place) => ({
    peer,
    loss: evaluations[peer]?.loss ?? null,
    accuracy: evaluations[peer]?.accuracy ?? null,
    distance: closeness.distances[place]!,
    bytesSent: result.bytesByPeer[peer]!,
    bytesReceived: null,
    eventLoopDelayMs: null,
    ruleMilliseconds: null,
  }))
  return {
    command: 'simulate',
    cohort: cohortSummary(cohort, id),
    seed: cohort.seed,
    byzantine: { peers: [...scenario.liars], attack: scenario.attack?.name ?? null },
    data: scenario.data,
    partition: scenario.partition,
    steps: result.steps.length,
    outcome: result.stuck.length === 0 ? 'finished' : 'stuck',
    honest,
    accuracy: accuracyOf(honest),
    diameter: {
      gradient: result.steps.at(-1)?.diameter.gradient ?? null,
      parameters: result.steps.at(-1)?.diameter.parameters ?? null,
      first: result.steps[0]?.diameter.parameters ?? null,
      last: closeness.diameter,
      relative: closeness.relative,
    },
    messages: result.messages,
    bytes: result.bytes,
    wallSeconds,
    learningSeconds: null,
    virtualSeconds: result.virtualSeconds,
    trace: result.trace,
    faults: tally(result.faults.map(({ fault }) => fault)),
    violations: [...result.violations],
  }
}

async function printResult(
  { liars, attack }: Scenario,
  { cohort, result }: SimulatedRun,
  report: Report,
  terminal: Terminal,
): Promise<void> {
  const rows = cohort.members.map((_, peer) => {
    const own = report.honest.find(entry => entry.peer === peer)
    const seen = result.faults.filter(({ observer }) => observer === peer).map(({ fault }) => fault)
    return {
      peer,
      role: liars.includes(peer) ? `Byzantine: ${attack?.name}` : own === undefined ? 'stuck' : 'honest',
      accuracy: own?.accuracy ?? null,
      loss: own?.loss ?? null,
      distance: own?.distance ?? null,
      bytes: result.bytesByPeer[peer] ?? null,
      faultsSeen: liars.includes(peer) ? '–' : faultsText(tally(seen)),
    }
  })
  terminal.print(...(await resultTable(rows, terminal)))
  const time = `${duration(result.virtualSeconds)} of virtual time, ${duration(report.wallSeconds)} of real time`
  terminal.print(`${megabytes(report.bytes)} in ${report.messages} messages; ${time}`)
  terminal.print(`trace ${result.trace}`)
  for (const { peer, step, waitingFor } of result.stuck)
    terminal.warn(`peer ${peer} is stuck at step ${step}, waiting for ${peerList(waitingFor)}`)
  if (result.stuck.length > 0) return
  const { diameter, accuracy } = report
  const verdict = {
    honest: report.honest.length,
    diameter: diameter.last,
    relative: diameter.relative,
    accuracy: accuracy.min,
    liars,
    did: attack?.did ?? null,
  }
  terminal.print(terminal.paint('bold', verdictSentence(verdict)))
}
