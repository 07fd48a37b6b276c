/** The runs of `peer-to-peer`: those of docs/sweeps/papers/peer-to-peer.yaml. */
import type { Settings } from '../experiment.ts'
import { shippedCells } from '../shipped-cells.ts'

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
  const cells = shippedCells('peer-to-peer', settings)
  return settings.data.flatMap(({ path }) =>
    cells.map(({ axes, settings: { model, partition, protocol, steps, seed } }) => ({
      data: path,
      model: model as string,
      seed: seed as number,
      partition: partition as PeerToPeerConfig['partition'],
      attack: axes.attack === 'none' ? null : (axes.attack as PeerToPeerConfig['attack']),
      protocol: protocol as PeerToPeerConfig['protocol'],
      steps: steps as number,
    })),
  )
}
