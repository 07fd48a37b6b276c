/** What an oracle is made from, as plain data that can be sent to another thread or process. */
import type { BackdoorTask } from '../attacks/backdoor.ts'
import { DataError, type DataSource, type Dataset } from '../data/dataset.ts'
import { openData } from '../data/open.ts'
import type { OwnData } from '../data/own-data.ts'
import { OWN_PARTITION, parsePartition, partitionIndices } from '../data/partition.ts'

/** An oracle in words and numbers, enough to make the same one in another thread. */
export interface OracleSpec {
  /** A name in `models/registry.ts`. */
  readonly model: string
  /** What `openData` takes: `digits`, a directory, a .csv or .parquet file. */
  readonly data: string
  /** The members' schema, by which `data` is read, this peer's own. */
  readonly own?: OwnData
  /** `iid`, `label`, `dirichlet:α`, `quantity:α`, or `own`: all of the data is this peer's. */
  readonly partition: string
  readonly peer: number
  readonly peers: number
  /** Chooses the partition, the batches and the initial parameters. */
  readonly seed: number
  /** Trains on labels `classes − 1 − l` in place of `l` (the attack label-flip). */
  readonly relabel?: 'flip'
  /** A back door that some peers of this run teach (the attack backdoor); evaluations say how far it has come. */
  readonly backdoor?: BackdoorTask
  /** In training, images are mirrored left to right with probability ½ (RESAM, App. D.2: Fashion-MNIST, CIFAR-10). */
  readonly augment?: 'mirror'
  /** The share of each hidden layer's values that is dropped in training; absent: none. */
  readonly dropout?: number | undefined
  /** `balanced`: in training, examples are weighted so that each class of the peer's share counts the same. */
  readonly classWeights?: 'balanced' | undefined
}

/** @throws DataError */
export async function openSource(data: string, own?: OwnData): Promise<DataSource> {
  if (own === undefined) return openData(data)
  const { loadOwnData } = await import('../data/own-data.ts')
  return loadOwnData(data, own)
}

/** The examples that belong to the spec's peer. */
export function shareOf(spec: OracleSpec, source: DataSource): Dataset {
  if (!(Number.isInteger(spec.peer) && spec.peer >= 0 && spec.peer < spec.peers))
    throw new DataError(
      'DATA_PARTITION',
      `peer ${spec.peer} of ${spec.peers}: expected 0 to ${spec.peers - 1}`,
    )
  if (spec.partition === OWN_PARTITION)
    return source.train(Uint32Array.from(source.trainLabels, (_, index) => index))
  return source.train(partitionOf(spec, source)[spec.peer]!)
}

interface KnownPartition {
  readonly key: string
  readonly shares: readonly Uint32Array[]
}

/** By labels, the last partition of them. */
const lastPartitions = new WeakMap<Uint8Array, KnownPartition>()

/** Peers of one cohort ask one after the other, and each needs the partition of all. */
function partitionOf({ partition, peers, seed }: OracleSpec, source: DataSource): readonly Uint32Array[] {
  const key = JSON.stringify([partition, peers, seed])
  const known = lastPartitions.get(source.trainLabels)
  if (known?.key === key) return known.shares
  const shares = partitionIndices(parsePartition(partition), source.trainLabels, source.classes, peers, seed)
  lastPartitions.set(source.trainLabels, { key, shares })
  return shares
}
