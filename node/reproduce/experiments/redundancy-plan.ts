/** The runs of `redundancy`: the problem printed in App. J, and the rules, faults, starts and seeds. */
import type { LeastSquares } from '../../../learning/server/least-squares.ts'
import { combinations, type Settings, seedsOf } from '../experiment.ts'

/** Eq. 132. */
export const problem: LeastSquares = {
  rows: [
    [1, 0],
    [0.8, 0.5],
    [0.5, 0.8],
    [0, 1],
    [-0.5, 0.8],
    [-0.8, 0.5],
  ],
  responses: [0.9108, 1.3349, 1.3376, 1.0033, 0.2142, -0.3615],
}
export const honest = [1, 2, 3, 4, 5]
/** `x_out = x^500` of Table 1. */
export const STEPS = 500
/** As far as Figure 2 goes. */
const STEPS_SHOWN = 1500
/** `x^0` of App. J.3, and of §5: the paper gives both. */
export const starts = { 'App. J': [0, 0], '§5': [-0.0085, -0.5643] } as const

export type DescentConfig = {
  readonly kind: 'descent'
  readonly rule: 'cge-sum' | 'cwtm' | 'mean' | 'fault-free'
  readonly fault: 'gradient-reverse' | 'random'
  readonly start: keyof typeof starts
  readonly steps: number
  readonly seed: number
}

export type RedundancyConfig =
  | DescentConfig
  | { readonly kind: 'redundancy' }
  /** Theorem 2, for this many costs of the faulty agent, and for as few liars as `fewest`. */
  | {
      readonly kind: 'exhaustive'
      readonly faulty: number
      readonly fewest: 0
      readonly seed: number
    }

export const faults = ['gradient-reverse', 'random'] as const

export function configurations(settings: Settings): readonly RedundancyConfig[] {
  const seeds = seedsOf(settings, 5, 20)
  const runs = combinations({
    kind: ['descent' as const],
    rule: ['cge-sum', 'cwtm', 'mean', 'fault-free'] as const,
    fault: faults,
    start: Object.keys(starts) as (keyof typeof starts)[],
    steps: [STEPS_SHOWN],
    seed: seeds,
  })
  // Only the random fault draws anything.
  const descents = runs.filter(
    ({ fault, rule, seed }) => seed === 1 || (fault === 'random' && rule !== 'fault-free'),
  )
  const search = {
    kind: 'exhaustive' as const,
    faulty: settings.quick ? 2000 : 20_000,
    fewest: 0 as const,
    seed: 1,
  }
  return [{ kind: 'redundancy' }, search, ...descents]
}
