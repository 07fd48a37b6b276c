/** The runs of `learn-theorem`: a problem whose constants are known, and what the theorem asks for on it. */
import { averagingConstantOf, type ProtocolName, peersNeeded } from '../../../agreement/bounds.ts'
import { type LearnBounds, type LearnProblem, learnBounds } from '../../../learning/learn-bounds.ts'
import { randomStream } from '../../../learning/random.ts'
import { combinations, type Settings, seedsOf } from '../experiment.ts'

export const protocols = ['mda', 'cva', 'icwtm', 'rb-tm', 'mean'] as const
const quickAttacks = ['gradient-reverse', 'little', 'equivocate', 'silence'] as const
const fullAttacks = [
  ...quickAttacks,
  ...([
    'sign-flip',
    'empire',
    'random',
    'zero',
    'coordinate-wise',
    'norm-confusing',
    'mimic',
    'huge',
  ] as const),
] as const

export const FAULTS = 1
export const DIMENSION = 3
/** `σ` of a gradient from one example. */
export const DEVIATION = 0.05

export type LearnTheoremConfig = {
  readonly protocol: (typeof protocols)[number]
  readonly attack: (typeof fullAttacks)[number] | null
  readonly delta: number
  /** `T_LEARN(δ)`. */
  readonly steps: number
  readonly seed: number
}

export function attacksOf({ quick }: Settings): LearnTheoremConfig['attack'][] {
  return [null, ...(quick ? quickAttacks : fullAttacks)]
}

export function deltasOf({ quick }: Settings): number[] {
  return quick ? [2] : [2, 1]
}

export function configurations(settings: Settings): readonly LearnTheoremConfig[] {
  return combinations({
    delta: deltasOf(settings),
    seed: seedsOf(settings, 1, 2),
    attack: attacksOf(settings),
    protocol: protocols,
  }).map(config => ({ ...config, steps: boundsFor(config.protocol, config.delta).steps }))
}

/** The fewest peers for the protocol; averaging runs among as many as MDA, by the theorem's numbers for MDA. */
export function peersOf(protocol: LearnTheoremConfig['protocol']): number {
  return peersNeeded(resilient(protocol), FAULTS, 'asynchronous')!
}

const resilient = (protocol: ProtocolName): ProtocolName => (protocol === 'mean' ? 'mda' : protocol)

/**
 * Peer `j` has the loss `½‖θ − x_j‖²`: `L = 1`, `K` is the largest distance between two of the `x_j`, and the optimum is
 * their mean. They are drawn, and scaled so that `K = 1`; `θ₁ = 0`.
 */
export function pointsOf(honest: number): readonly Float32Array[] {
  const random = randomStream(1, 'learn-theorem', 'points')
  const drawn = Array.from({ length: honest }, () => Array.from({ length: DIMENSION }, () => random.normal()))
  const gap = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((x, i) => x - b[i]!))
  const widest = Math.max(...drawn.flatMap(a => drawn.map(b => gap(a, b))))
  return drawn.map(point => Float32Array.from(point, x => x / widest))
}

export function problemFor(protocol: LearnTheoremConfig['protocol'], delta: number): LearnProblem {
  const peers = peersOf(protocol)
  const query = { peers, maxFaulty: FAULTS, synchrony: 'asynchronous', dimension: DIMENSION } as const
  const points = pointsOf(peers - FAULTS)
  return {
    delta,
    smoothness: 1,
    heterogeneity: 1,
    averagingConstant: averagingConstantOf({ ...query, protocol: resilient(protocol) })!,
    honest: peers - FAULTS,
    deviation: DEVIATION,
    decay: 0.5,
    greatestLoss: Math.max(...points.map(point => point.reduce((sum, x) => sum + x * x, 0) / 2)),
  }
}

export function boundsFor(protocol: LearnTheoremConfig['protocol'], delta: number): LearnBounds {
  return learnBounds(problemFor(protocol, delta))
}
