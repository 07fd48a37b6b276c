/** A cell's settings as something that can run: the values of all options, the scenario, and the server's rule. */
import { type Aggregator, aggregator } from '../../agreement/rules/registry.ts'
import type { Attack } from '../../learning/attacks/attack.ts'
import { UsageError } from '../cli/command.ts'
import { type Scenario, scenarioOf } from '../cli/options.ts'
import { checkArchitecture, serverScenario } from '../cli/server-learning.ts'
import { type RunValues, runOptions, type SimulatedWorld, worldOf } from '../cli/simulate-options.ts'
import type { Setting } from './rows.ts'
import { valuesOf } from './settings.ts'

/** A run that can begin. */
export type Prepared =
  | {
      readonly kind: 'server'
      readonly values: RunValues
      readonly scenario: Scenario
      readonly rule: Aggregator
    }
  | {
      readonly kind: 'peers'
      readonly values: RunValues
      readonly scenario: Scenario
      readonly world: SimulatedWorld
    }

/**
 * @param settings with whole paths
 * @param attack that of a file; null: one of ours, by name
 * @throws UsageError, RuleError, AttackError
 */
export function prepare(settings: Readonly<Record<string, Setting>>, attack: Attack | null): Prepared {
  const values = valuesOf(settings)
  checkArchitecture(values, runOptions)
  if (values.architecture === 'server') {
    const scenario = serverScenario(values, attack)
    return { kind: 'server', values, scenario, rule: aggregator(values.rule, values.param) }
  }
  const scenario = scenarioOf(values, attack)
  return { kind: 'peers', values, scenario, world: worldOf(values, scenario) }
}

/**
 * Why a cell is not run: too many faults for its protocol or rule. Null: it is run.
 * @throws what is wrong with the settings otherwise
 */
export function whySkipped(
  settings: Readonly<Record<string, Setting>>,
  attack: Attack | null,
): string | null {
  try {
    tryRule(prepare(settings, attack))
    return null
  } catch (error) {
    if ((error as { code?: unknown }).code === 'too-many-faults') return (error as Error).message
    if (!(error instanceof UsageError) || settings.unsafe === true) throw error
    // What is wrong without unsafe alone is the bound; anything else is wrong with it, too.
    prepare({ ...settings, unsafe: true }, attack)
    return error.message
  }
}

/** A rule says only of vectors whether it takes so many faults. @throws RuleError */
function tryRule(prepared: Prepared): void {
  if (prepared.kind === 'peers') return
  const { rule, scenario } = prepared
  const vectors = Array.from({ length: scenario.peers }, (_, i) => Float32Array.of(Math.sin(i), Math.cos(i)))
  rule.aggregate(vectors, scenario.settings.faults)
}
