/** The oracle in the calling thread keeps the contract of oracles. */
import { createJaxOracle } from '../../../learning/oracles/jax-oracle.ts'
import { oracleContract } from './oracle.ts'

const spec = { model: 'softmax', data: 'digits', partition: 'label', peer: 3, peers: 20, seed: 2 }

oracleContract('oracle in this thread', () => createJaxOracle(spec))
