/** The runs of `resam`: eight rules against four attacks, with and without momentum (§5.1, App. D). */
import { combinations, type Settings, seedsOf } from '../experiment.ts'
import { type RuleKey, ruleKey } from '../rule-key.ts'

export const resilientRules = ['mda', 'cwtm', 'cwmed', 'krum', 'meamed', 'gm'] as const
export const otherRules = ['cge', 'cc'] as const
export const rules = [...resilientRules, ...otherRules]
export const attacks = ['empire', 'little', 'sign-flip', 'label-flip'] as const
export const momenta = [0, 0.99] as const

export const WORKERS = 15
export const FAULTS = 5
export const BATCH = 25
/** Of the multi-layer perceptron (App. D.3). */
const RATE = 0.5
export const CLIP = 2
/** The radius that CC clips to, of which the paper says nothing. */
const CC_RADIUS = 1
export const DECAY = 1e-4

/** `rule` is `mean` if nobody attacks. */
export type ResamConfig = RuleKey & {
  readonly data: string
  readonly model: string
  readonly partition: string
  readonly attack: (typeof attacks)[number] | null
  readonly momentum: number
  readonly rate: number
  readonly missing: 'left-out'
  readonly steps: number
  readonly seed: number
}

export function configurations(settings: Settings): readonly ResamConfig[] {
  const shared = { data: [settings.data[0]!.path], model: ['mlp'], partition: ['shared'] }
  // Sorted by seed first: runs of one seed share their data, which a thread keeps.
  const plan = seedsOf(settings, 1, 5).flatMap(seed => [
    ...combinations({ ...shared, rule: ['mean'], attack: [null], momentum: momenta, seed: [seed] }),
    ...combinations({ ...shared, attack: attacks, rule: rules, momentum: momenta, seed: [seed] }),
  ])
  return plan.map(config => ({
    ...config,
    ...ruleKey(config.rule, config.rule === 'cc' ? { tau: CC_RADIUS } : {}),
    rate: RATE,
    missing: 'left-out',
    steps: stepsOf(settings, config.momentum),
  }))
}

/** Quick runs without momentum have settled, or failed, long before those that first have to fill theirs. */
function stepsOf({ quick }: Settings, momentum: number): number {
  return quick ? (momentum === 0 ? 150 : 300) : 800
}
