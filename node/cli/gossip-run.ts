/**
 * `concord simulate --architecture gossip`: the same data, model, liars and attack with peers that hear only their
 * neighbours in a graph.
 */
import { performance } from 'node:perf_hooks'
import type { Attack } from '../../learning/attacks/attack.ts'
import { rateAdvice } from '../daemon/divergence.ts'
import { finiteOrNull, meanLoss } from '../daemon/report.ts'
import { aloneLines, triggerLines } from './alone.ts'
import {
  degreesText,
  type GossipRun,
  type GossipScenario,
  type GossipValues,
  gossipScenario,
  learnByGossip,
  loadGossipRule,
} from './gossip-learning.ts'
import { gossipReport } from './gossip-report.ts'
import { deliverReport, type ReportValues } from './report-output.ts'
import type { Terminal } from './terminal.ts'
import { counted, duration, megabytes, peerList, percent, whatTheyDid } from './view/format.ts'
import { worstLines, worstMetrics } from './view/metrics.ts'
import { createProgress } from './view/progress.ts'
import { learningText } from './view/settings.ts'
import { verdictSentence } from './view/verdict.ts'

/** @throws UsageError, DataError, RuleError */
export async function simulateGossip(
  values: GossipValues & ReportValues & { readonly save: string | null },
  loaded: Attack | null,
  terminal: Terminal,
): Promise<number> {
  const rule = await loadGossipRule(values)
  const scenario = await gossipScenario(values, rule, loaded)
  const { settings, liars, attack, topology, hearing } = scenario
  const lie =
    attack === null
      ? ''
      : `; ${peersText(liars)} ${liars.length === 1 ? 'is' : 'are'} Byzantine: ${attack.name}`
  terminal.print(
    `${counted(values.peers, 'peer')} gossip by ${rule.name} over ${topology} (${degreesText(hearing)}), at most ${settings.faults} faulty among a peer’s neighbours; ${learningText(settings, values.data, values.partition)}${lie}`,
  )
  const startedMs = performance.now()
  const run = await withProgress(scenario, { rule, values, save: values.save }, terminal)
  const wallSeconds = (performance.now() - startedMs) / 1000
  const report = gossipReport(scenario, rule.name, run, wallSeconds)
  if (run.diverged === null) printResult(scenario, run, report, terminal)
  else {
    const meanwhile = attack === null ? '' : ` Meanwhile ${whatTheyDid(liars, attack.did)}.`
    terminal.warn(
      terminal.paint(
        'red',
        `The learning has diverged: the parameters of peer ${run.diverged} in step ${run.steps} are not finite; before, their norm was ${run.norm.toExponential(2)}. ${rateAdvice(settings.rate, settings.clip)}.${meanwhile}`,
      ),
    )
  }
  terminal.print(`${megabytes(report.bytes)} in ${report.messages} messages; ${duration(wallSeconds)}`)
  if (values.save !== null && run.diverged === null)
    terminal.print(`${values.save} holds the parameters of peer ${report.honest[0]!.peer}`)
  else if (values.save !== null) terminal.warn(`${values.save} was not written: the learning has diverged`)
  await deliverReport(values, report, terminal)
  return run.diverged === null ? 0 : 1
}

const NAMED_MAX = 10

/** A line that names fifty peers is not read; liars are the last ones. */
function peersText(peers: readonly number[]): string {
  return peers.length <= NAMED_MAX ? peerList(peers) : `peers ${peers[0]} to ${peers.at(-1)}`
}

function printResult(
  { liars, attack }: GossipScenario,
  { evaluations, firstLoss }: GossipRun,
  report: ReturnType<typeof gossipReport>,
  terminal: Terminal,
): void {
  const metrics = worstMetrics(evaluations.map(evaluation => evaluation?.metrics ?? null))
  const { accuracy, diameter, honest } = report
  const did = attack === null ? null : attack.did
  const sentence = verdictSentence({
    honest: honest.length,
    diameter: diameter.last,
    relative: diameter.relative,
    liars,
    did,
    unguaranteed: null,
    accuracy: accuracy.min,
    metrics,
    firstLoss: finiteOrNull(firstLoss),
    lastLoss: meanLoss(honest),
  })
  terminal.print(...worstLines(metrics), ...triggerLines(honest), ...aloneLines(honest))
  if (accuracy.mean !== null)
    terminal.print(
      `accuracy: ${percent(accuracy.mean)} on average, ${percent(accuracy.min)} at the worst honest peer`,
    )
  terminal.print(terminal.paint('bold', sentence))
}

async function withProgress(
  scenario: GossipScenario,
  learning: Pick<Parameters<typeof learnByGossip>[0], 'rule' | 'values' | 'save'>,
  terminal: Terminal,
): Promise<GossipRun> {
  const progress = await createProgress(terminal, scenario.settings.steps)
  try {
    return await learnByGossip({
      scenario,
      rule: learning.rule,
      values: learning.values,
      save: learning.save,
      onStep: (step, loss) => progress.update({ step, loss }),
      onNote: progress.note,
    })
  } finally {
    progress.stop()
  }
}
