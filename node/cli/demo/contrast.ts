/** The same cohort, data and attack with plain averaging, in the simulator: shown beside what the demo reached. */
import { aggregator } from '../../../agreement/rules/registry.ts'
import { overNeighbourhood } from '../../../learning/gossip/rules.ts'
import type { Evaluation } from '../../../learning/oracle.ts'
import { graphOf } from '../../cohort/gossip.ts'
import { accuracyOf, meanLoss, type Report } from '../../daemon/report.ts'
import { learnByGossip } from '../gossip-learning.ts'
import type { Scenario, ScenarioValues } from '../options.ts'
import { closenessOf, runSimulated } from '../simulated.ts'
import type { Terminal } from '../terminal.ts'
import { percent, significant, whatTheyDid } from '../view/format.ts'
import { createProgress } from '../view/progress.ts'
import { contrastTable } from '../view/result.ts'
import { protocolOver } from '../view/settings.ts'
import type { DemoPage } from './demo-page.ts'
import type { DemoFiles } from './setup.ts'

/** How plain averaging ended. */
interface PlainRun {
  /** Of the honest peers that have some. */
  readonly known: readonly Evaluation[]
  readonly diameter: number | null
  readonly hasDiverged: boolean
}

type Values = Pick<ScenarioValues, 'stepSize' | 'batchSchedule'> & { readonly init: string | null }

export async function showContrast(
  scenario: Scenario,
  { cohort }: DemoFiles,
  values: Values,
  report: Report,
  terminal: Terminal,
  page: DemoPage | null,
): Promise<NonNullable<Report['contrast']>> {
  const { settings, liars, attack } = scenario
  terminal.print('')
  terminal.print('Now the same cohort, data and attack with plain averaging, simulated:')
  const { evaluateEvery: _, ...others } = settings // only the end is shown
  const plain: Scenario = { ...scenario, settings: { ...others, protocol: 'mean', unsafe: true } }
  const graph = graphOf(cohort)
  const progress = await createProgress(terminal, settings.steps)
  const show: Shown = ({ step, loss, parameters }) => {
    progress.update({ step, loss, diameter: parameters })
    page?.contrast({ step, loss, parameters })
  }
  const { known, diameter, hasDiverged } = await (graph === null
    ? agreed(plain, values.init, show)
    : gossiped(plain, values, graph, show))
  progress.stop()
  const accuracy = accuracyOf(known)
  page?.contrasted(accuracy.min)
  const ours = `with ${protocolOver(settings)}`
  const table = await contrastTable(
    [
      {
        title: ours,
        accuracy: report.accuracy,
        loss: meanLoss(report.honest),
        diameter: report.diameter.last,
      },
      { title: 'with plain averaging', accuracy, loss: meanLoss(known), diameter },
    ],
    terminal,
  )
  terminal.print(...table)
  const liarsDid = whatTheyDid(liars, attack?.did ?? 'lied')
  const reached = `${ours} ${reachedText(report.accuracy.min, meanLoss(report.honest))}`
  const theirs = hasDiverged ? 'the learning diverges' : reachedText(accuracy.min, meanLoss(known))
  terminal.print(terminal.paint('bold', `${liarsDid}: ${reached}, with plain averaging ${theirs}.`))
  return { protocol: 'mean', accuracy, diameter }
}

type Shown = (row: {
  readonly step: number
  readonly loss: number | null
  readonly parameters: number | null
}) => void

async function agreed(scenario: Scenario, init: string | null, show: Shown): Promise<PlainRun> {
  const { result, evaluations } = await runSimulated({
    scenario,
    init,
    save: null,
    latencyMs: 1,
    gradientMs: 1,
    onStep: ({ step, loss, diameter }) => show({ step, loss, parameters: diameter?.parameters ?? null }),
  })
  const { diameter } = closenessOf(result.honest.flatMap(peer => result.parameters[peer] ?? []))
  return { known: knownOf(evaluations), diameter, hasDiverged: result.diverged.length > 0 }
}

/** Over the same graph. */
async function gossiped(
  scenario: Scenario,
  values: Values,
  graph: NonNullable<ReturnType<typeof graphOf>>,
  show: Shown,
): Promise<PlainRun> {
  const { evaluations, parameters, diverged } = await learnByGossip({
    scenario: Object.assign({}, scenario, { topology: '', hearing: { kind: 'graph' as const, graph } }),
    rule: overNeighbourhood(aggregator('mean')),
    values,
    save: null,
    onStep: (step, loss) => show({ step, loss, parameters: null }),
  })
  const honest = parameters.filter((_, peer) => !scenario.liars.includes(peer))
  return {
    known: knownOf(evaluations),
    diameter: closenessOf(honest).diameter,
    hasDiverged: diverged !== null,
  }
}

function knownOf(evaluations: readonly (Evaluation | null)[]): readonly Evaluation[] {
  return evaluations.flatMap(evaluation => evaluation ?? [])
}

/** "the worst honest peer reaches 95.2 %", or the loss where there is no accuracy. */
function reachedText(accuracy: number | null, loss: number | null): string {
  if (accuracy !== null) return `the worst honest peer reaches ${percent(accuracy)}`
  return loss === null ? 'the loss is not finite' : `the loss ends at ${significant(loss)}`
}
