/**
 * What oracles are made from and may share: opened data, compiled models, peers' shares. Opening MNIST takes a third of
 * a second, and so does compiling LeNet. So code that makes oracles again and again keeps one cache.
 */
import type { DataSource, Dataset } from '../data/dataset.ts'
import { openData } from '../data/open.ts'
import type { Jax, ModelSettings } from '../models/model.ts'
import { modelNamed } from '../models/registry.ts'
import { compileModel, type Machine } from './machine.ts'
import { type OracleSpec, shareOf } from './spec.ts'

export interface OracleCache {
  /** @throws DataError */
  source(data: string): Promise<DataSource>
  /** @throws ModelError */
  machine(jax: Jax, model: string, data: string, settings?: ModelSettings): Promise<Machine>
  /** The same array for specs that differ only in how examples are altered. @throws DataError */
  share(spec: OracleSpec): Promise<Dataset>
}

/** @param sharesMax shares kept for the next spec; the sets and models are few, and all kept */
export function createOracleCache(sharesMax: number): OracleCache {
  const sources = new Map<string, Promise<DataSource>>()
  const machines = new Map<string, Promise<Machine>>()
  const shares = new Map<string, Promise<Dataset>>()
  const source = (data: string) => remembered(sources, data, () => openData(data))
  return {
    source,
    machine: (jax, model, data, settings = {}) =>
      remembered(machines, JSON.stringify([model, data, settings]), async () =>
        compileModel(jax, modelNamed(model, await source(data), settings)),
      ),
    share(spec) {
      const { data, partition, peer, peers, seed } = spec
      const key = JSON.stringify([data, partition, peer, peers, seed])
      const share = remembered(shares, key, async () => shareOf(spec, await source(data)))
      if (shares.size > sharesMax) shares.delete(shares.keys().next().value!)
      return share
    },
  }
}

function remembered<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}
