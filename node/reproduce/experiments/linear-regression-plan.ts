/** The runs of `linear-regression`: sizes, faults, the sweeps of N, of d and of k. */
import { combinations, type Settings, seedsOf } from '../experiment.ts'
import { type RuleKey, ruleKey } from '../rule-key.ts'

export const DIMENSION = 20
/** Beside it, at the middle `N`. In few dimensions the floor varies a lot with the seed. */
const [FEW, MANY] = [5, 80]
export const MACHINES = 30
/** Groups, for `q = 3` faulty machines: `2(1 + ε)q ≤ k` with `ε = 2/3`. */
export const GROUPS = 10
/** Beside it: `k = 3q`, that is `ε = ½`. The floor follows `k` where the share of spoilt groups stays. */
const shares = [
  [1, 3],
  [2, 6],
  [5, 15],
  [10, 30],
] as const
export const ROUNDS = 60
/** Distance of `θ₀` from `θ*`, far above every floor. */
export const START = 100

/** `τ = Θ(d)` (Remark 2), above the gradient at the start, which is as long as the error. */
export const TAU = 10 * DIMENSION

export const faults = ['gradient-reverse', 'random', 'sign-flip'] as const

export type LinearRegressionConfig = RuleKey & {
  readonly samples: number
  /** `d`. */
  readonly dimension: number
  /** `k`, also where averaging has none: there it says where the faulty machines are. */
  readonly groups: number
  readonly faulty: number
  readonly fault: (typeof faults)[number] | null
  /** Whether the faulty machines are the same in every round, or drawn anew for each. */
  readonly liars: 'fixed' | 'rotating'
  readonly seed: number
}

export function configurations(settings: Settings): readonly LinearRegressionConfig[] {
  const seed = seedsOf(settings, 3, 10)
  const samples = sizes(settings)
  const middle = samples[Math.floor(samples.length / 2)]!
  const varied = { rule: ['gmom'], samples: [middle], fault: faults, liars: [FIXED], tau: [null], seed }
  const plan = [
    ...combinations({
      rule: ['gmom'],
      samples,
      faulty: [3],
      fault: faults,
      liars: [FIXED],
      tau: [null],
      seed,
    }),
    ...combinations({ ...varied, faulty: [3], dimension: [FEW], seed: seedsOf(settings, 12, 40) }),
    ...combinations({ ...varied, faulty: [3], dimension: [MANY] }),
    ...shares.flatMap(([q, k]) => combinations({ ...varied, faulty: [q], groups: [k] })),
    ...combinations({
      rule: ['gmom'],
      samples: [middle],
      faulty: [3],
      fault: faults,
      liars: [FIXED, 'rotating' as const],
      tau: [TAU],
      seed,
    }),
    ...combinations({
      rule: ['gmom'],
      samples: [middle],
      faulty: [3],
      fault: faults,
      liars: ['rotating' as const],
      tau: [null],
      seed,
    }),
    ...combinations({
      rule: ['gmom', 'mean'],
      samples: [middle],
      faulty: [0],
      fault: [null],
      liars: [FIXED],
      tau: [null],
      seed,
    }),
    ...combinations({
      rule: ['mean'],
      samples: [middle],
      faulty: [1],
      fault: faults,
      liars: [FIXED],
      tau: [null],
      seed,
    }),
  ]
  return plan.map(({ tau, ...drawn }) => {
    const config = { dimension: DIMENSION, groups: GROUPS, ...drawn }
    return { ...config, ...ruleKey(config.rule, config.rule === 'gmom' ? groupsOf(config, tau) : {}) }
  })
}

const FIXED = 'fixed' as const

/** The median is a `(1 + γ)`-approximation, `γ = 1/N` (Remark 2); our `tolerance` bounds the same ratio. */
function groupsOf(
  { samples, groups }: { readonly samples: number; readonly groups: number },
  tau: number | null,
): Record<string, number> {
  return { k: groups, tolerance: 1 / samples, ...(tau !== null && { tau }) }
}

function sizes({ quick }: Settings): number[] {
  const count = quick ? 6 : 9
  return Array.from({ length: count }, (_, i) => 3000 * 2 ** i)
}
