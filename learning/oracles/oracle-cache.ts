/**
 * What oracles are made from and may share: opened data, compiled models, peers' shares. Opening MNIST takes a third of
 * a second, and so does compiling LeNet. So code that makes oracles again and again keeps one cache.
 */
import type { DataSource, Dataset } from '../data/dataset.ts'
import type { OwnData } from '../data/own-data.ts'
import type { Jax } from '../models/model.ts'
import { modelNamed } from '../models/registry.ts'
import { compileModel, type Machine } from './machine.ts'
import { type OracleSpec, openSource, shareOf } from './spec.ts'

/** What of a spec a compiled model depends on. */
type MachineSpec = Pick<OracleSpec, 'model' | 'data' | 'own' | 'dropout' | 'classWeights'>

export interface OracleCache {
  /** @throws DataError */
  source(data: string, own?: OwnData): Promise<DataSource>
  /** @throws ModelError */
  machine(jax: Jax, spec: MachineSpec): Promise<Machine>
  /** The same array for specs that differ only in how examples are altered. @throws DataError */
  share(spec: OracleSpec): Promise<Dataset>
}

/**
 * @param sharesMax shares kept for the next spec; the sets and models are few, and all kept
 * @param open what data becomes; absent: what its files hold
 */
export function createOracleCache(sharesMax: number, open: typeof openSource = openSource): OracleCache {
  const sources = new Map<string, Promise<DataSource>>()
  const machines = new Map<string, Promise<Machine>>()
  const shares = new Map<string, Promise<Dataset>>()
  const source = (data: string, own?: OwnData) =>
    remembered(sources, JSON.stringify([data, own]), () => open(data, own))
  return {
    source,
    machine: (jax, { model, data, own, dropout, classWeights }) =>
      remembered(machines, JSON.stringify([model, data, own, dropout, classWeights]), async () =>
        compileModel(jax, modelNamed(model, await source(data, own), { dropout, classWeights })),
      ),
    share(spec) {
      const { data, own, partition, peer, peers, seed } = spec
      const key = JSON.stringify([data, own, partition, peer, peers, seed])
      const share = remembered(shares, key, async () => shareOf(spec, await source(data, own)))
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
