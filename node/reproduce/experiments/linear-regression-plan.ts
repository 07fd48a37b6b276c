/** The runs of `linear-regression`: sizes, faults, the sweep of N. */
import { combinations, type Settings, seedsOf } from '../experiment.ts'

export const DIMENSION = 20
export const MACHINES = 30
/** Groups, for `q = 3` faulty machines: `2(1 + ε)q ≤ k` with `ε = 2/3`. */
export const GROUPS = 10
export const ROUNDS = 60
/** Distance of `θ₀` from `θ*`, far above every floor. */
export const START = 100

export const faults = ['gradient-reverse', 'random', 'sign-flip'] as const

export type LinearRegressionConfig = {
  readonly rule: 'gmom' | 'mean'
  readonly samples: number
  readonly faulty: number
  readonly fault: (typeof faults)[number] | null
  readonly seed: number
}

export function configurations(settings: Settings): readonly LinearRegressionConfig[] {
  const seed = seedsOf(settings, 3, 10)
  const samples = sizes(settings)
  const middle = samples[Math.floor(samples.length / 2)]!
  return [
    ...combinations({ rule: ['gmom' as const], samples, faulty: [3], fault: faults, seed }),
    ...combinations({
      rule: ['gmom' as const, 'mean' as const],
      samples: [middle],
      faulty: [0],
      fault: [null],
      seed,
    }),
    ...combinations({ rule: ['mean' as const], samples: [middle], faulty: [1], fault: faults, seed }),
  ]
}

function sizes({ quick }: Settings): number[] {
  const count = quick ? 6 : 9
  return Array.from({ length: count }, (_, i) => 3000 * 2 ** i)
}
