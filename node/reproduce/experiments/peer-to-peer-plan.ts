/** The runs of `peer-to-peer`. */
import { combinations, type Settings, seedsOf } from '../experiment.ts'

/** The fewest peers with which all four agreements tolerate one fault: CVA needs `7f + 1`. */
export const PEERS = 8
export const FAULTS = 1

export const protocols = ['mda', 'cva', 'icwtm', 'rb-tm', 'mean'] as const
export const partitions = ['iid', 'dirichlet:0.5', 'label'] as const
const quickAttacks = ['sign-flip', 'gradient-reverse', 'little', 'label-flip', 'equivocate'] as const
const fullAttacks = [
  ...quickAttacks,
  ...(['empire', 'random', 'zero', 'coordinate-wise', 'norm-confusing', 'mimic', 'huge', 'silence'] as const),
] as const

export type PeerToPeerConfig = {
  readonly data: string
  readonly model: string
  readonly protocol: (typeof protocols)[number]
  readonly attack: (typeof fullAttacks)[number] | null
  readonly partition: (typeof partitions)[number]
  readonly steps: number
  readonly seed: number
}

export function attacksOf({ quick }: Settings): PeerToPeerConfig['attack'][] {
  return [null, ...(quick ? quickAttacks : fullAttacks)]
}

export function configurations(settings: Settings): readonly PeerToPeerConfig[] {
  const { quick, data } = settings
  return combinations({
    data: data.map(({ path }) => path),
    model: [quick ? 'softmax' : 'mlp'],
    seed: seedsOf(settings, 1, 3),
    partition: partitions,
    attack: attacksOf(settings),
    protocol: protocols,
    steps: [quick ? 50 : 200],
  })
}
