/** Runs `concord demo`: sets up, performs and reports a run, and contrasts it with plain averaging. */

import { wronglyBlamed } from '../../checkers/blame.ts'
import { boundsQueryOf } from '../../cohort/bounds-query.ts'
import { whyUnfit } from '../../cohort/gossip.ts'
import { accuracyOf, cohortSummary, meanLoss, type Report, reportedData, tally } from '../../daemon/report.ts'
import { keepDigits } from '../../data/drawn-digits.ts'
import { loadAttack } from '../../files/attack-file.ts'
import { EXTERNAL_MODEL } from '../../oracle/open.ts'
import { endOf } from '../../page/end.ts'
import { JobError, UsageError } from '../command.ts'
import { cohortScenario } from '../gossip-cohort.ts'
import { honestEntry } from '../join/join-record.ts'
import { checkOracle, type LearningValues, learningArguments, startingFrom } from '../learning-options.ts'
import type { Scenario, ScenarioValues } from '../options.ts'
import type { PageValues } from '../page/page-options.ts'
import { deliverReport, prepareReport, type ReportValues } from '../report-output.ts'
import { type Closeness, closenessOf } from '../simulated.ts'
import type { Terminal } from '../terminal.ts'
import { peerList } from '../view/format.ts'
import { agreedText, worstLines, worstMetrics } from '../view/metrics.ts'
import { createProgress } from '../view/progress.ts'
import { divergenceLines, resultTable } from '../view/result.ts'
import { judged, verdictSentence, whyUnguaranteed } from '../view/verdict.ts'
import { showContrast } from './contrast.ts'
import { type DemoPage, openDemoPage } from './demo-page.ts'
import { type DemoRunEnd, perform } from './demo-run.ts'
import { type DemoFiles, setUp } from './setup.ts'
import type { PeerState } from './state.ts'
import { resultRows } from './view.ts'

interface DemoValues extends ScenarioValues, ReportValues, LearningValues, PageValues {
  readonly timeout: number | null
  readonly contrast: boolean
  readonly quic: boolean
  readonly topology: string | null
  readonly rule: string | null
}

export async function runDemo(values: DemoValues, terminal: Terminal): Promise<number> {
  // A user's oracle computes none of our models, and the cohort says so.
  const model = values.oracle === null ? values.model : EXTERNAL_MODEL
  const scenario = await cohortScenario({ ...values, model }, await loadAttack(values.attack))
  checkOracle(values, model) // refused here rather than by every peer
  await prepareReport(values, terminal)
  const startedMs = performance.now()
  const settings = await startingFrom(values.init, scenario.settings)
  // Drawn once here, and not by every peer.
  if (values.oracle === null && scenario.data === 'digits') await keepDigits()
  const files = await setUp({ ...scenario, settings }, values.quic ? 'quic' : 'tcp')
  let page: DemoPage | null = null
  try {
    page = await openDemoPage({ ...scenario, settings }, files, values, terminal)
    const progress = await createProgress(terminal, settings.steps)
    const { attack, timeout, save, saveEvery } = values
    const end = await perform({
      scenario,
      attack,
      files,
      terminal,
      progress,
      save,
      saveEvery,
      learning: learningArguments(values),
      page,
      timeoutSeconds: timeout,
    })
    if (end.failure !== null) {
      const Failure = end.failure.code === 2 ? UsageError : JobError
      throw new Failure(end.failure.message)
    }
    const summary = summarize(end)
    const verdict = await showResult(scenario, files, end, summary, terminal)
    let report = reportOf(scenario, files, end, summary, (performance.now() - startedMs) / 1000)
    // The simulator runs our models only.
    const canContrast = values.oracle === null
    if (values.contrast && canContrast && end.outcome === 'finished' && scenario.attack !== null)
      report = {
        ...report,
        contrast: await showContrast(scenario, files, values, report, terminal, page),
      }
    report = { ...report, wallSeconds: (performance.now() - startedMs) / 1000 }
    await deliverReport(values, report, terminal)
    await page?.ended(
      endOf(report, verdict),
      end.state.map(({ traffic }) => traffic),
    )
    for (const violation of report.violations)
      terminal.warn(terminal.paint('red', `a guarantee was broken: ${violation}`))
    return end.outcome === 'finished' && report.violations.length === 0 ? 0 : 1
  } catch (error) {
    await page?.broken(`The demo has failed: ${(error as Error).message}`)
    throw error
  } finally {
    await files.remove()
  }
}

interface Summary {
  readonly finishers: readonly PeerState[]
  readonly closeness: Closeness
  readonly honest: Report['honest']
}

function summarize({ state }: DemoRunEnd): Summary {
  const finishers = state.filter(({ isHonest, ending }) => isHonest && ending !== null)
  const closeness = closenessOf(finishers.map(({ ending }) => ending!.parameters))
  const honest = finishers.map(({ peer, ending, series }, place) => ({
    ...honestEntry(peer, ending!, series.points),
    distance: closeness.distances[place]!,
  }))
  return { finishers, closeness, honest }
}

async function showResult(
  { liars, attack, settings }: Scenario,
  { cohort }: DemoFiles,
  { outcome, state }: DemoRunEnd,
  { finishers, closeness, honest }: Summary,
  terminal: Terminal,
): Promise<readonly string[]> {
  const distances = new Map(honest.map(({ peer, distance }) => [peer, distance ?? 0]))
  const rows = resultRows(state, attack?.name ?? null, distances)
  const endings = finishers.map(({ ending }) => ending!)
  const metrics = worstMetrics(endings.map(({ metrics: own }) => own))
  const agreed = endings.find(ending => ending.agreed !== null)
  terminal.print(...(await resultTable(rows, terminal)), ...worstLines(metrics))
  if (agreed?.agreed) terminal.print(agreedText(agreed.agreed, agreed))
  const unguaranteed =
    cohort.topology === undefined
      ? whyUnguaranteed(boundsQueryOf(settings, cohort.members.length), liars.length)
      : whyUnfit(cohort, liars)
  if (outcome === 'finished') {
    const { diameter, relative } = closeness
    const accuracy = accuracyOf(honest).min
    const verdict = verdictSentence({
      honest: finishers.length,
      diameter,
      relative,
      ...(agreed ? judged(agreed) : { accuracy, metrics }),
      firstLoss: meanLoss(finishers.map(({ firstLoss }) => ({ loss: firstLoss }))),
      lastLoss: meanLoss(honest),
      liars,
      did: attack?.did ?? null,
      unguaranteed,
    })
    terminal.print(terminal.paint('bold', verdict))
    const gone = state.filter(({ isHonest, status }) => isHonest && status === 'gone')
    for (const { peer, why, step } of gone)
      terminal.print(`peer ${peer} ${why} after step ${step}; the rest went on.`)
    return [verdict]
  } else {
    const diverged = state.flatMap(({ isHonest, peer, divergence }) =>
      isHonest && divergence !== null ? [{ peer, divergence }] : [],
    )
    for (const line of divergenceLines(diverged, cohort, unguaranteed))
      terminal.warn(terminal.paint('red', line))
    const missing = state
      .filter(({ isHonest, ending, divergence }) => isHonest && ending === null && divergence === null)
      .map(({ peer }) => peer)
    if (missing.length > 0)
      terminal.warn(
        terminal.paint('red', `The demo ended early (${outcome}); ${peerList(missing)} had not finished.`),
      )
    return []
  }
}

function reportOf(
  { settings, liars, attack, data, partition }: Scenario,
  { cohort, cohortId }: DemoFiles,
  { outcome, state, ruler }: DemoRunEnd,
  { finishers, closeness, honest }: Summary,
  wallSeconds: number,
): Report {
  const first = ruler.measurements[0] ?? null
  const last = ruler.measurements.at(-1) ?? null
  const seen = state
    .filter(({ isHonest }) => isHonest)
    .flatMap(({ ending, faults }) => ending?.faults ?? [...faults.values()])
  const honestPeers = [...state.keys()].filter(peer => state[peer]!.isHonest)
  const blames = honestPeers.flatMap(observer => {
    const { ending, faults } = state[observer]!
    return (ending?.faults ?? [...faults.values()]).map(({ peer, kind }) => ({ observer, peer, kind }))
  })
  return {
    command: 'demo',
    cohort: cohortSummary(cohort, cohortId),
    seed: settings.seed,
    byzantine: { peers: [...liars], attack: attack?.name ?? null },
    data: reportedData(cohort, data),
    partition,
    outcome,
    honest,
    steps: Math.min(
      ...state.filter(({ isHonest, status }) => isHonest && status !== 'gone').map(({ step }) => step),
      settings.steps,
    ),
    accuracy: accuracyOf(honest),
    diameter: {
      gradient: last?.gradient ?? null,
      parameters: last?.parameters ?? null,
      first: first?.parameters ?? null,
      last: closeness.diameter,
      relative: closeness.relative,
    },
    messages: state.reduce((sum, { traffic }) => sum + traffic.messages, 0),
    bytes: state.reduce((sum, { traffic }) => sum + traffic.bytesSent, 0),
    wallSeconds,
    learningSeconds:
      finishers.length === 0 ? null : Math.max(...finishers.map(({ ending }) => ending!.learningSeconds)),
    faults: tally(seen),
    violations: wronglyBlamed(honestPeers, blames),
  }
}
