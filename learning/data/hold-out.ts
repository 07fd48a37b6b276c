/** Holds a share of a member's own rows out of its training, to measure there how good the model is. */
import { randomStream } from '../random.ts'

/** How much of a member's own data is held out. */
export interface HoldOut {
  /** The share of the rows, in (0, 1), that is kept out of the training and measured on. */
  readonly holdout: number
  /** Chooses the rows that are held out. */
  readonly seed: number
}

interface HeldOut {
  /** Ascending, as is `test`; together they are all rows. Each has at least one. */
  readonly train: Uint32Array
  readonly test: Uint32Array
}

/**
 * Draws by the seed, the same share of each class. A class with a single row stays in the training set.
 * @param labels at least two
 * @param share in (0, 1)
 */
export function holdOut(labels: Uint8Array, share: number, seed: number): HeldOut {
  const counts = new Map<number, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  const left = new Map(
    [...counts].map(([label, count]) => [label, Math.min(Math.round(share * count), count - 1)]),
  )
  if ([...left.values()].every(count => count === 0)) {
    const [most] = [...counts].sort(([, a], [, b]) => b - a)
    left.set(most![0], 1)
  }
  const isTest = new Uint8Array(labels.length)
  for (const row of randomStream(seed, 'hold-out').shuffle(Uint32Array.from(labels, (_, row) => row))) {
    const wanted = left.get(labels[row]!)!
    if (wanted === 0) continue
    isTest[row] = 1
    left.set(labels[row]!, wanted - 1)
  }
  const rows = (wanted: number) =>
    Uint32Array.from({ length: labels.length }, (_, row) => row).filter(row => isTest[row] === wanted)
  return { train: rows(0), test: rows(1) }
}
