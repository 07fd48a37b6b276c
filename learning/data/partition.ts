/** Which peer holds which training examples: seeded partitions, the same on every peer. */
import { type RandomStream, randomStream } from '../random.ts'
import { DataError } from './dataset.ts'

/** How the training examples are shared out among the peers, from the same seed on every machine. */
export type Partition =
  /** Every peer a uniform share of equal size. */
  | { readonly kind: 'iid' }
  /** Each class split over the peers in proportions drawn from Dirichlet(α): small α, very unequal shares. */
  | { readonly kind: 'dirichlet'; readonly alpha: number }
  /** Sorted by label and cut in equal pieces: every peer knows one or a few classes only. */
  | { readonly kind: 'label' }
  /** Shares of unequal size in proportions drawn from Dirichlet(α), all of the same mixture of classes. */
  | { readonly kind: 'quantity'; readonly alpha: number }

/** In place of a partition: the data is the peer's own, all of it. */
export const OWN_PARTITION = 'own'

/** Far below every use: the logarithm of a Gamma variable with this shape is still a number. */
const ALPHA_MIN = 1e-300

/** @throws DataError `DATA_PARTITION`, listing what can be said. */
export function parsePartition(text: string): Partition {
  if (text === 'iid' || text === 'label') return { kind: text }
  const [kind, alpha, ...more] = text.split(':')
  if (
    (kind === 'dirichlet' || kind === 'quantity') &&
    alpha &&
    more.length === 0 &&
    Number.isFinite(Number(alpha)) &&
    Number(alpha) >= ALPHA_MIN
  )
    return { kind, alpha: Number(alpha) }
  throw new DataError(
    'DATA_PARTITION',
    `partition '${text}': expected iid, label, or dirichlet:α or quantity:α with a positive α such as dirichlet:0.5`,
  )
}

/**
 * Indices into `labels` for each peer; every index goes to exactly one peer, and every peer has at least one.
 * @throws DataError `DATA_PARTITION` where there are fewer examples than peers.
 */
export function partitionIndices(
  partition: Partition,
  labels: Uint8Array,
  classes: number,
  peers: number,
  seed: number,
): Uint32Array[] {
  if (labels.length < peers)
    throw new DataError(
      'DATA_PARTITION',
      `${labels.length} examples for ${peers} peers: expected at least one each`,
    )
  if (classes === 0 && (partition.kind === 'label' || partition.kind === 'dirichlet'))
    throw new DataError(
      'DATA_PARTITION',
      `partition '${partition.kind}' of data with real targets: it goes by classes, expected iid or quantity:α`,
    )
  const random = randomStream(seed, 'partition', partition.kind)
  const shuffled = random.shuffle(Uint32Array.from(labels, (_, index) => index))
  if (partition.kind === 'iid') return cutEvenly(shuffled, peers)
  if (partition.kind === 'label')
    return cutEvenly(
      shuffled.sort((a, b) => labels[a]! - labels[b]!),
      peers,
    )
  const shares: number[][] = Array.from({ length: peers }, () => [])
  if (partition.kind === 'quantity') cutByDirichlet(shuffled, partition.alpha, random, shares)
  else
    for (let label = 0; label < classes; label++) {
      const members = shuffled.filter(index => labels[index] === label)
      cutByDirichlet(members, partition.alpha, random, shares)
    }
  fillEmpty(shares)
  return shares.map(share => Uint32Array.from(share))
}

function cutEvenly(indices: Uint32Array, peers: number): Uint32Array[] {
  return Array.from({ length: peers }, (_, peer) =>
    indices.slice(
      Math.floor((peer * indices.length) / peers),
      Math.floor(((peer + 1) * indices.length) / peers),
    ),
  )
}

/** Deals the indices out in pieces whose sizes are proportions drawn from Dirichlet(α). */
function cutByDirichlet(
  members: Uint32Array,
  alpha: number,
  random: RandomStream,
  shares: readonly number[][],
): void {
  // Relative to the largest: for a small α all of them are far below what 64 bits hold.
  const logarithms = shares.map(() => random.logGamma(alpha))
  const largest = Math.max(...logarithms)
  const weights = logarithms.map(logarithm => Math.exp(logarithm - largest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let cumulated = 0
  let from = 0
  for (const [peer, share] of shares.entries()) {
    cumulated += weights[peer]! / total
    const to = peer === shares.length - 1 ? members.length : Math.round(cumulated * members.length)
    for (let i = from; i < to; i++) share.push(members[i]!)
    from = Math.max(from, to)
  }
}

/** A peer without a single example has no loss: it takes one from the peer that holds the most. */
function fillEmpty(shares: number[][]): void {
  for (const share of shares) {
    if (share.length > 0) continue
    const richest = shares.reduce((most, other) => (other.length > most.length ? other : most))
    share.push(richest.pop()!)
  }
}
