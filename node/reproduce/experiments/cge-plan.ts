/** The runs of `cge`: filters, faults, numbers of faults, batch sizes, weights of averaging. */
import { combinations, type Settings, seedsOf } from '../experiment.ts'

export const filters = ['gm', 'gmom', 'cwtm', 'multi-krum-original', 'cge'] as const
export const faults = [
  'gradient-reverse',
  'coordinate-wise',
  'norm-confusing',
  'label-flip',
  'random',
] as const
const batches = [16, 64] as const

export const WORKERS = 10
export const RATE = 0.1

export type CgeConfig = {
  readonly data: string
  readonly model: string
  readonly partition: string
  /** `mean` if nobody is faulty. */
  readonly rule: string
  readonly fault: (typeof faults)[number] | null
  readonly faulty: number
  readonly batch: number
  /** `α` of §3.5. */
  readonly averaging: number
  readonly steps: number
  readonly seed: number
}

/**
 * multi-Krum averages 2 (§3.3). MoM's groups: five of two agents tolerate one or two faults; for more there have to be
 * more groups.
 */
export function ruleParameters(rule: string, faulty: number): Record<string, number> {
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
  return [...new Map(plan.map(config => [keyOf(config), config])).values()]
}

function keyOf(config: CgeConfig): string {
  const { rule, fault, faulty, batch, averaging, seed } = config
  return [rule, fault, faulty, batch, averaging, seed].join()
}
