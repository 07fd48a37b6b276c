/**
 * `concord simulate --architecture server`: the same data, model, liars and attack with the trusted server of the
 * older papers in place of the peers' agreements, so that one can see what giving the server up costs. And `broadcast`: the
 * workers do by Byzantine broadcast what that server would.
 */
import { performance } from 'node:perf_hooks'
import type { Aggregator } from '../../agreement/rules/registry.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { rateAdvice } from '../daemon/divergence.ts'
import { finiteOrNull } from '../daemon/report.ts'
import { loadRule } from '../files/rule-file.ts'
import { aloneLines, triggerLines } from './alone.ts'
import type { Scenario } from './options.ts'
import { deliverReport, type ReportValues } from './report-output.ts'
import {
  DEFAULT_RULE,
  learnOnServer,
  type ServerRun,
  type ServerValues,
  serverReport,
  serverScenario,
} from './server-learning.ts'
import type { Terminal } from './terminal.ts'
import { counted, duration, megabytes, peerList, significant, whatTheyDid } from './view/format.ts'
import { metricsLines } from './view/metrics.ts'
import { createProgress } from './view/progress.ts'
import { type Learnt, learntText, lossSentence } from './view/verdict.ts'

/** @throws UsageError, DataError, RuleError */
export async function simulateServer(
  values: ServerValues & ReportValues & { readonly save: string | null },
  loaded: Attack | null,
  terminal: Terminal,
): Promise<number> {
  const { param, peers } = values
  const chosen = await loadRule(values.rule ?? DEFAULT_RULE, param)
  const scenario = serverScenario(values, loaded)
  const { faults } = scenario.settings
  const { liars, attack } = scenario
  const isBroadcast = values.architecture === 'broadcast'
  const who = isBroadcast ? 'peer' : 'worker'
  const lie = attack === null ? '' : `; ${peerList(liars).replace('peer', who)} Byzantine: ${attack.name}`
  const begins = isBroadcast
    ? `${counted(peers, 'peer')} broadcast to each other and filter by ${chosen.name}`
    : `A trusted server with ${chosen.name} and ${counted(peers, 'worker')}`
  terminal.print(`${begins}, at most ${faults} faulty, seed ${values.seed}${lie}`)
  const startedMs = performance.now()
  const run = await withProgress(scenario, chosen, values, terminal)
  const report = serverReport(scenario, chosen.name, run, (performance.now() - startedMs) / 1000)
  const { accuracy, loss, metrics } = run.evaluation
  const { rate, clip } = scenario.settings
  const did = attack === null ? null : whatTheyDid(liars, attack.did).replace('peer', who)
  if (run.finite) {
    const learnt: Learnt = {
      accuracy,
      metrics,
      firstLoss: finiteOrNull(run.firstLoss),
      lastLoss: finiteOrNull(loss),
    }
    terminal.print(...metricsLines(metrics))
    terminal.print(...triggerLines(report.honest), ...aloneLines(report.honest))
    if (run.drawn !== null) terminal.print(`θ̂ is drawn: the parameters before step ${run.drawn}`)
    terminal.print(terminal.paint('bold', serverSentence(learnt, did, isBroadcast)))
  } else {
    const where = `the parameters of step ${run.steps} are not finite; before, their norm was ${run.norm.toExponential(2)}`
    const meanwhile = did === null ? '' : ` Meanwhile ${did}.`
    terminal.warn(
      terminal.paint('red', `The learning has diverged: ${where}. ${rateAdvice(rate, clip)}.${meanwhile}`),
    )
  }
  terminal.print(
    run.traffic === null
      ? `${duration(report.wallSeconds)}; the server is trusted, and everything rests on it`
      : `${duration(report.wallSeconds)}; every honest peer had the same estimate after each step, to the bit; ${run.traffic.rounds} rounds, ${megabytes(run.traffic.bytes)} in ${run.traffic.messages} messages`,
  )
  if (values.save !== null && run.finite)
    terminal.print(`${values.save} holds ${isBroadcast ? 'their' : 'its'} parameters`)
  else if (values.save !== null) terminal.warn(`${values.save} was not written: the learning has diverged`)
  await deliverReport(values, report, terminal)
  return run.finite ? 0 : 1
}

/** "The server reaches 95.2 %, loss 0.2, although worker 6 sent …." */
function serverSentence(learnt: Learnt, did: string | null, isBroadcast: boolean): string {
  const grown = lossSentence(learnt)
  const reached = [learntText(learnt, true), `loss ${significant(learnt.lastLoss)}`]
  const lie = did === null ? '' : grown === '' ? `, although ${did}` : `; ${did}`
  const who = isBroadcast ? 'Every honest peer' : 'The server'
  return `${who} ${reached[0] === '' ? 'is done' : reached[0]}, ${reached[1]}${lie}.${grown}`
}

async function withProgress(
  scenario: Scenario,
  rule: Aggregator,
  values: ServerValues & { readonly save: string | null },
  terminal: Terminal,
): Promise<ServerRun> {
  const progress = await createProgress(terminal, scenario.settings.steps)
  try {
    return await learnOnServer({
      scenario,
      rule,
      values,
      save: values.save,
      onStep: (step, loss) => progress.update({ step, loss }),
      onNote: progress.note,
    })
  } finally {
    progress.stop()
  }
}
