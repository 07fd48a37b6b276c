/** The runs of `cge`: filters, faults, numbers of faults, batch sizes, weights of averaging. */
import { combinations, type Settings, seedsOf } from '../experiment.ts'
import { type RuleKey, ruleKey } from '../rule-key.ts'

export const filters = ['gm', 'gmom', 'cwtm', 'multi-krum-original', 'cge', 'cge-sum'] as const
export const faults = [
  'gradient-reverse',
  'coordinate-wise',
  'norm-confusing',
  'label-flip',
  'random',
] as const
const batches = [16, 64] as const

export const WORKERS = 10
const RATE = 0.1

/** `rule` is `mean` if nobody is faulty. */
export type CgeConfig = RuleKey & {
  readonly data: string
  readonly model: string
  readonly partition: string
  readonly fault: (typeof faults)[number] | null
  readonly faulty: number
  readonly batch: number
  /** `α` of §3.5. */
  readonly averaging: number
  readonly rate: number
  readonly missing: 'zero'
  readonly steps: number
  readonly seed: number
}

/**
 * multi-Krum averages 2 (§3.3). MoM's groups: five of two agents tolerate one or two faults; for more there have to be
 * more groups.
 */
function ruleParameters(rule: string, faulty: number): Record<string, number> {
  if (rule === 'multi-krum-original') return { m: 2 }
  return rule === 'gmom' ? { k: faulty <= 2 ? 5 : WORKERS } : {}
}

/** The most interesting corner of the full plan in quick runs: the ends of each sweep. */
export function configurations(settings: Settings): readonly CgeConfig[] {
  const { quick, data } = settings
  const shared = {
    data: [data[0]!.path],
    model: [quick ? 'mlp' : 'lenet'],
    partition: ['shared'],
    steps: [quick ? 150 : 500],
  }
  const sweepRules = ['multi-krum-original', 'cge'] as const
  const plan = seedsOf(settings, 1, 1).flatMap(seed => {
    const at = { ...shared, seed: [seed] }
    const [one, plain] = [{ faulty: [1] }, { averaging: [0] }]
    return [
      ...combinations({ ...at, ...plain, rule: ['mean'], fault: [null], faulty: [0], batch: batches }),
      ...combinations({ ...at, ...one, ...plain, batch: [16], rule: filters, fault: faults }),
      ...combinations({
        ...at,
        ...plain,
        rule: sweepRules,
        fault: quick ? (['gradient-reverse', 'coordinate-wise', 'norm-confusing'] as const) : faults,
        faulty: quick ? [1, 4] : [1, 2, 3, 4],
        batch: batches,
      }),
      ...combinations({
        ...at,
        rule: sweepRules,
        fault: ['coordinate-wise' as const],
        faulty: quick ? [1, 4] : [1, 2, 3, 4],
        batch: [16],
        averaging: quick ? [0, 0.6] : [0, 0.2, 0.4, 0.6],
      }),
    ]
  })
  // The parts overlap: each run once.
  return [...new Map(plan.map(config => [keyOf(config), config])).values()].map(config => ({
    ...config,
    ...ruleKey(config.rule, ruleParameters(config.rule, config.faulty)),
    rate: RATE,
    missing: 'zero',
  }))
}

type Cell = Pick<CgeConfig, 'rule' | 'fault' | 'faulty' | 'batch' | 'averaging' | 'seed'>

function keyOf({ rule, fault, faulty, batch, averaging, seed }: Cell): string {
  return [rule, fault, faulty, batch, averaging, seed].join()
}
