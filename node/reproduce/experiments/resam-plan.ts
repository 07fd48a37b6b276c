/** The runs of `resam`: eight rules against four attacks, with and without momentum (§5.1, App. D). */
import { combinations, type Settings, seedsOf } from '../experiment.ts'
import { type RuleKey, ruleKey } from '../rule-key.ts'

const resilientRules = ['mda', 'cwtm', 'cwmed', 'krum', 'meamed', 'gm'] as const
export const otherRules = ['cge', 'cc'] as const
export const attacks = ['empire', 'little', 'sign-flip', 'label-flip'] as const
/** CC alone is run with this one, too (Figure 4). */
export const CC_MOMENTUM = 0.9

export const WORKERS = 15
const FAULTS = 5
export const BATCH = 25
/** Step sizes of the networks (§5.1, App. D.3). */
const rates: Readonly<Record<string, number>> = { mlp: 0.5, 'resam-cnn': 0.75 }
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
  readonly faults: number
  readonly rate: number
  readonly missing: 'left-out'
  readonly steps: number
  readonly seed: number
}

/** The six resilient rules; with seven faults Multi-Krum* takes the place of Krum* (Figure 5). */
export function resilientAt(faults: number): readonly string[] {
  return resilientRules.map(rule => (rule === 'krum' && faults === 7 ? 'multi-krum' : rule))
}

export function configurations(settings: Settings): readonly ResamConfig[] {
  const { model = 'mlp', faults = FAULTS, momentum: chosen = 0.99 } = settings.grid ?? {}
  const shared = { data: [settings.data[0]!.path], model: [model], partition: ['shared'] }
  const momenta = [...new Set([0, chosen])]
  const rules = [...resilientAt(faults), ...otherRules]
  // Figure 4 belongs to the grid of Figures 1 and 3.
  const forCc = settings.grid === undefined ? [CC_MOMENTUM] : []
  // Sorted by seed first: runs of one seed share their data, which a thread keeps.
  const plan = seedsOf(settings, 1, 5).flatMap(seed => [
    ...combinations({
      ...shared,
      rule: ['mean'],
      attack: [null],
      momentum: [...momenta, ...forCc],
      seed: [seed],
    }),
    ...combinations({ ...shared, attack: attacks, rule: rules, momentum: momenta, seed: [seed] }),
    ...combinations({ ...shared, attack: attacks, rule: ['cc'], momentum: forCc, seed: [seed] }),
  ])
  const known = new Set<string>()
  return plan
    .map(config => ({
      ...config,
      ...ruleKey(config.rule, config.rule === 'cc' ? { tau: CC_RADIUS } : {}),
      faults: config.attack === null ? 0 : faults,
      rate: rates[model]!,
      missing: 'left-out' as const,
      steps: stepsOf(settings, config.momentum),
    }))
    .filter(({ rule, attack, momentum, seed }) => {
      const cell = [rule, attack, momentum, seed].join()
      return !known.has(cell) && known.add(cell)
    })
}

/**
 * Quick runs without momentum have settled, or failed, long before those that first have to fill theirs. The larger the
 * momentum, the more steps that takes ("an even larger β and thus more learning steps", E.3, which gives no number).
 */
function stepsOf({ quick }: Settings, momentum: number): number {
  if (momentum > 0.99) return quick ? 600 : 2000
  return quick ? (momentum < 0.9 ? 150 : 300) : 800
}
