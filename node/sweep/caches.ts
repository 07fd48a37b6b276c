/** What the runs of a thread share: opened data, compiled models, peers' shares; with a hold-out in place of the test set. */
import type { DataSource } from '../../learning/data/dataset.ts'
import { holdOut } from '../../learning/data/hold-out.ts'
import { createOracleCache, type OracleCache } from '../../learning/oracles/oracle-cache.ts'
import { openSource } from '../../learning/oracles/spec.ts'

/** Runs of one seed come after each other, and have the same shares: those of so many peers are kept. */
const SHARES_MAX = 96

/** The same examples are held out of every run. */
const HOLDOUT_SEED = 0

/** By share that is held out, one cache for all runs of the thread. */
export function createCaches(): (holdout: number | null) => OracleCache {
  const caches = new Map<number | null, OracleCache>()
  return holdout => {
    const known = caches.get(holdout)
    if (known !== undefined) return known
    const open = async (...args: Parameters<typeof openSource>) => {
      const source = await openSource(...args)
      return holdout === null ? source : heldOut(source, holdout)
    }
    const cache = createOracleCache(SHARES_MAX, open)
    caches.set(holdout, cache)
    return cache
  }
}

/** The same data without its test set: a share of the training set stands for it. */
function heldOut(source: DataSource, share: number): DataSource {
  const { train, test } = holdOut(source.trainLabels, share, HOLDOUT_SEED)
  const measured = source.train(test)
  return {
    ...source,
    trainLabels: Uint8Array.from(train, index => source.trainLabels[index]!),
    train: indices => source.train(Uint32Array.from(indices, index => train[index]!)),
    test: () => measured,
  }
}
