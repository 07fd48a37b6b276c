/** `concord simulate`: a whole cohort in the simulated world, seeded and replayable. */
import { performance } from 'node:perf_hooks'
import { isDeepStrictEqual } from 'node:util'
import type { PeerIndex } from '../../../agreement/protocol.ts'
import { boundsQuery } from '../../cohort/bounds-query.ts'
import { finiteOrNull, meanLoss, type Report, tally } from '../../daemon/report.ts'
import { loadAttack } from '../../files/attack-file.ts'
import { endOf } from '../../page/end.ts'
import type { SwarmKind } from '../../simulation/swarm/swarm.ts'
import { aloneLines, triggerLines } from '../alone.ts'
import { checkArchitecture } from '../architecture.ts'
import { defineCommand, flag, maybe, type Options, option, UsageError, type Values } from '../command.ts'
import { simulateGossip } from '../gossip-run.ts'
import { externalModel } from '../learning-options.ts'
import { kebab, type Scenario, scenarioOf } from '../options.ts'
import { type PageValues, pageOptions, preparePage } from '../page/page-options.ts'
import type { ShownRun } from '../page/show-run.ts'
import { integer, oneOf, text } from '../parse.ts'
import { chosenProtocol, unguaranteedLines } from '../protocol-choice.ts'
import { deliverReport, prepareReport } from '../report-output.ts'
import { simulateServer } from '../server-run.ts'
import { runOptions, type SimulatedWorld, worldOf } from '../simulate-options.ts'
import { runSimulated, type SimulatedRun } from '../simulated.ts'
import { simulatedReport } from '../simulated-report.ts'
import { swarm } from '../swarm.ts'
import type { Terminal } from '../terminal.ts'
import { counted, duration, megabytes, peerList } from '../view/format.ts'
import { agreedText, worstLines, worstMetrics } from '../view/metrics.ts'
import { createProgress } from '../view/progress.ts'
import { divergenceLines, faultsText, resultTable, stuckLines } from '../view/result.ts'
import { learningText, travelText } from '../view/settings.ts'
import { timelineLine } from '../view/timeline.ts'
import { judged, verdictSentence, whyUnguaranteed } from '../view/verdict.ts'

const onlyProtocols = ['box-geom', 'box-mean'] as const

const options = {
  ...runOptions,
  seeds: maybe(
    '--seeds <count>',
    'in place of one cohort: so many averaging agreements, each with everything drawn from its seed, all guarantees checked',
    integer({ min: 1 }),
    'one cohort',
  ),
  learn: flag(
    '--learn',
    'with --seeds: cohorts that learn, with crashes, lost disks, long absences and partitions; with --architecture gossip over drawn graphs',
  ),
  only: maybe(
    '--only <protocol>',
    'with --seeds: agreements by box-geom or by box-mean, which the swarm does not draw otherwise',
    oneOf(onlyProtocols),
    'all that it draws',
  ),
  from: option('--from <seed>', 'with --seeds: the first seed', integer({ min: 0 }), 0),
  save: maybe(
    '--save <file>',
    'write what the first honest peer, or the server, has learnt as a checkpoint (.safetensors)',
    text,
  ),
  ...pageOptions,
  report: maybe('--report <file>', 'write the report, with its trace, as JSON', text),
  json: flag('--json', 'print the report as JSON; progress goes to standard error'),
} as const

export const simulate = defineCommand({
  name: 'simulate',
  summary: 'run a cohort in a simulated network: seeded, replayable, no sockets',
  about:
    'The same peers as the real ones, on virtual time. The same options and seed give the same trace. ' +
    'With --seeds it is not one cohort but a swarm of averaging agreements, or with --learn of cohorts: protocol, n, f, d, ' +
    'data, network, faults and attack all come from each seed, and the options that would choose them are refused.\n\n' +
    'The steps of injected faults are those of the most advanced honest peer. While so many peers are away that none ' +
    'can go on, a standstill of a certain length (a second, or five steps) counts as a step.',
  options,
  examples: [
    '--peers 13 --faults 2 --protocol mda --seed 7 --report run.json',
    '--attack empire --steps 300 --data path/to/mnist',
    '--architecture server --rule cge --attack label-flip',
    '--architecture broadcast --rule cge --missing eliminated --attack equivocate',
    '--architecture gossip --topology regular:8 --peers 50 --faults 2 --attack little',
    '--peers 13 --crash 3@5 --restart 3@9 --isolate 0,1@12-15 --steps 30',
    '--network wan --loss 0.01 --slow 2:10 --pause 4,5@20-24',
    '--seeds 10000 --report swarm.json',
    '--seeds 2000 --learn',
    '--seeds 2000 --learn --architecture gossip',
    '--seeds 2000 --only box-geom',
  ],
  async handler(values, _, terminal) {
    await prepareReport(values, terminal)
    await preparePage(values)
    if (values.seeds !== null) {
      return swarm({ ...values, seeds: values.seeds, kind: swarmKind(values) }, terminal)
    }
    checkCohort(values)
    checkArchitecture(values, options)
    if (values.architecture === 'server' || values.architecture === 'broadcast')
      return simulateServer(values, await loadAttack(values.attack), terminal)
    if (values.architecture === 'gossip')
      return simulateGossip(values, await loadAttack(values.attack), terminal)
    const { protocol, base } = await chosenProtocol(values)
    const model = externalModel(values)
    const scenario = scenarioOf({ ...values, protocol, model }, await loadAttack(values.attack), base)
    const world = worldOf(values, scenario)
    const startedMs = performance.now()
    const pages: ShownRun[] = []
    const run = await withProgress(scenario, world, values, terminal, pages)
    const { cohortId } = await import('../../cohort/cohort.ts')
    const wallSeconds = (performance.now() - startedMs) / 1000
    const report = {
      ...simulatedReport(scenario, run, cohortId(run.cohort), wallSeconds),
      ...(values.measureEvery !== 1 && { measureEvery: values.measureEvery }),
    }
    const verdict = await printResult(scenario, run, report, terminal)
    if (run.saved !== null) terminal.print(`${values.save} holds the parameters of peer ${run.saved}`)
    else if (values.save !== null)
      terminal.warn(`${values.save} was not written: no honest peer has finished`)
    await deliverReport(values, report, terminal)
    for (const page of pages) await page.ended(endOf(report, verdict))
    return report.outcome === 'finished' && report.violations.length === 0 ? 0 : 1
  },
})

type SimulateValues = Values<typeof options>

/** What --seeds takes beside it; each seed draws all the rest. */
const ofSwarm: readonly string[] = ['seeds', 'from', 'learn', 'only', 'architecture', 'report', 'json']

/** @throws UsageError where an option was given that a swarm has no use for */
function swarmKind(values: SimulateValues): SwarmKind {
  const { architecture, learn, only, seed } = values
  for (const name of ['watch', 'page'] as const)
    if (values[name] !== null)
      throw new UsageError(
        `--${name} is given, but a page shows one run, and --seeds makes many; expected one of the two`,
      )
  if (seed !== options.seed.fallback)
    throw new UsageError(
      `--seed is ${seed}, and with --seeds the first seed is --from; expected --from alone`,
    )
  if (onlyProtocols.some(each => each === values.protocol))
    throw new UsageError(
      `--protocol is ${values.protocol}, and --seeds draws it; expected --only ${values.protocol}`,
    )
  for (const [name, { fallback }] of Object.entries<Options[string]>(options))
    if (!ofSwarm.includes(name) && !isDeepStrictEqual(values[name as keyof SimulateValues], fallback))
      throw new UsageError(
        `--${kebab(name)} is given, but --seeds draws what it runs from each seed; expected one of the two`,
      )
  if (only !== null && learn)
    throw new UsageError(
      `--only is "${only}", and with --learn each seed draws the protocol; expected one of the two`,
    )
  if (architecture === 'server' || architecture === 'broadcast')
    throw new UsageError(
      `--architecture is ${architecture}, and --seeds makes worlds of peers that agree, learn or gossip; expected --learn --architecture gossip, or none`,
    )
  if (architecture === 'gossip' && !learn)
    throw new UsageError(
      '--architecture is gossip, and without --learn --seeds makes agreements, which have none; expected --learn beside it',
    )
  if (architecture === 'gossip') return 'gossip'
  return learn ? 'learning' : (only ?? 'agreement')
}

/** @throws UsageError where an option of a swarm was given to one cohort */
function checkCohort({ only, learn, from }: SimulateValues): void {
  if (only !== null)
    throw new UsageError(`--only is "${only}", and there is one cohort; expected --seeds, or --protocol`)
  if (learn)
    throw new UsageError('--learn is given, and one cohort always learns; expected --seeds beside it')
  if (from !== options.from.fallback)
    throw new UsageError(`--from is ${from}, and there is one cohort; expected --seeds beside it, or --seed`)
}

async function withProgress(
  scenario: Scenario,
  world: SimulatedWorld,
  values: Pick<SimulateValues, 'init' | 'save' | 'oracle' | 'oracleTimeout'> & PageValues,
  terminal: Terminal,
  pages: ShownRun[],
): Promise<SimulatedRun> {
  const { init, save, oracle } = values
  const started = { timeoutSeconds: values.oracleTimeout, hasStart: init !== null }
  const { peers, settings, liars, attack, data, partition } = scenario
  const { faults, protocol, steps } = settings
  const lie =
    attack === null
      ? ''
      : `; ${peerList(liars)} ${liars.length === 1 ? 'is' : 'are'} Byzantine: ${attack.name}`
  terminal.print(
    `Simulating ${counted(peers, 'peer')}, at most ${faults} faulty; ${protocol}, ${travelText(settings)}; ${learningText(settings, data, partition)}${lie}`,
  )
  terminal.print(...unguaranteedLines(protocol).map(line => terminal.paint('yellow', line)))
  const progress = await createProgress(terminal, steps)
  try {
    return await runSimulated({
      ...world,
      scenario,
      init,
      save,
      program: oracle === null ? null : { ...started, command: oracle, onLine: progress.note },
      onNote: progress.note,
      async look(start) {
        const { lookOn } = await import('../page/look-on.ts')
        const look = await lookOn('simulate', scenario, start, values, terminal)
        if (look === null) return null
        pages.push(look.page)
        return look
      },
      onStep: ({ step, loss, diameter }) =>
        progress.update({ step, loss, diameter: diameter?.parameters ?? null }),
    })
  } catch (error) {
    for (const page of pages) await page.broken(`The run has failed: ${(error as Error).message}`)
    throw error
  } finally {
    progress.stop()
  }
}

function measuredText(every: number): string {
  const steps = every === 0 ? 'in the last step alone' : `every ${counted(every, 'step')} and in the last`
  return `How far peers are apart, and whether the guarantees held, was measured ${steps}.`
}

async function printResult(
  { liars, attack }: Scenario,
  { cohort, result, evaluations }: SimulatedRun,
  report: Report,
  terminal: Terminal,
): Promise<readonly string[]> {
  const roleOf = (peer: PeerIndex) => {
    if (liars.includes(peer)) return `Byzantine: ${attack?.name}`
    if (result.gone.includes(peer)) return 'crashed'
    if (result.diverged.some(each => each.peer === peer)) return 'diverged'
    return result.parameters[peer] === null ? 'stuck' : 'honest'
  }
  const rows = cohort.members.map((_, peer) => {
    const own = report.honest.find(entry => entry.peer === peer)
    const seen = result.faults.filter(({ observer }) => observer === peer).map(({ fault }) => fault)
    return {
      peer,
      role: roleOf(peer),
      accuracy: own?.accuracy ?? null,
      loss: own?.loss ?? null,
      distance: own?.distance ?? null,
      bytes: result.bytesByPeer[peer] ?? null,
      faultsSeen: liars.includes(peer) ? '–' : faultsText(tally(seen)),
    }
  })
  const metrics = worstMetrics(evaluations.map(evaluation => evaluation?.metrics ?? null))
  const agreed = evaluations.find(evaluation => evaluation?.agreed)
  terminal.print(...(await resultTable(rows, terminal)), ...worstLines(metrics))
  terminal.print(...triggerLines(report.honest), ...aloneLines(report.honest))
  if (agreed?.agreed) terminal.print(agreedText(agreed.agreed, agreed))
  const time = `${duration(result.virtualSeconds)} of virtual time, ${duration(report.wallSeconds)} of real time`
  terminal.print(`${megabytes(report.bytes)} in ${report.messages} messages; ${time}`)
  if (report.measureEvery !== undefined) terminal.print(measuredText(report.measureEvery))
  terminal.print(`trace ${result.trace}`, ...result.timeline.map(entry => timelineLine(entry, cohort.steps)))
  const unguaranteed = whyUnguaranteed(boundsQuery(cohort), liars.length)
  terminal.warn(...stuckLines(result.stuck, cohort.faults))
  for (const line of divergenceLines(result.diverged, cohort, unguaranteed))
    terminal.warn(terminal.paint('red', line))
  if (report.outcome === 'failed') terminal.warn('No honest peer is left.')
  for (const violation of report.violations)
    terminal.warn(terminal.paint('red', `a guarantee was broken: ${violation}`))
  if (report.outcome !== 'finished') return []
  const { diameter, accuracy } = report
  const verdict = {
    honest: report.honest.length,
    diameter: diameter.last,
    relative: diameter.relative,
    ...(agreed ? judged(agreed) : { accuracy: accuracy.min, metrics }),
    firstLoss: finiteOrNull(result.steps[0]?.loss ?? null),
    lastLoss: meanLoss(report.honest),
    liars,
    did: attack?.did ?? null,
    unguaranteed,
  }
  const sentence = verdictSentence(verdict)
  terminal.print(terminal.paint('bold', sentence))
  return [sentence]
}
